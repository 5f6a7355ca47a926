"""Reading a body: JSON only, and never more than fits."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Request

from api.problems import HttpError, Part

MOST_BYTES = 8 * 1024 * 1024
_MOST_DRAINED = 32 * 1024 * 1024


async def read_body(request: Request) -> bytes:
    """Read the body of a request.

    Raises
    ------
    HttpError
        415 when it is not JSON by its headers, 413 when it is longer than 8 MB, whether
        its length was announced or not.
    """
    _check_type(request)
    taken = bytearray()
    stream = request.stream()
    async for part in stream:
        taken += part
        if len(taken) > MOST_BYTES:
            await _drain(stream, len(taken))
            raise _too_large()
    return bytes(taken)


async def _drain(stream: AsyncIterator[bytes], received: int) -> None:
    """Read on without keeping: a sender that is cut off while sending may never see the answer."""
    async for part in stream:
        received += len(part)
        if received > _MOST_DRAINED:
            return


def _too_large() -> HttpError:
    part = Part(
        pointer="",
        found=f"a body of more than {MOST_BYTES:,} bytes",
        expected=f"at most {MOST_BYTES:,} bytes",
        do="send fewer opportunities or accounts in a request",
    )
    return HttpError(413, part)


def _check_type(request: Request) -> None:
    given = request.headers.get("content-type", "")
    media, *parameters = (word.strip().lower() for word in given.split(";"))
    charsets = {word.partition("=")[2].strip('"') for word in parameters if word.startswith("charset=")}
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    json = media == "application/json" or (media.startswith("application/") and media.endswith("+json"))
    if not json or not charsets <= {"utf-8"} or coding != "identity":
        part = Part(
            pointer="",
            found=f"Content-Type {given[:80]!r}, Content-Encoding {coding[:80]!r}",
            expected="application/json in UTF-8, not compressed",
            do="send JSON with the header Content-Type: application/json",
        )
        raise HttpError(415, part)
