"""Reading a body: JSON only, and never more than fits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from fastapi import Request

from api.problems import HttpError, Part

MOST_BYTES = 8 * 1024 * 1024
_MOST_BYTES_OF_LINES = 32 * 1024 * 1024
_MOST_DRAINED = 64 * 1024 * 1024
_LINES = ("application/x-ndjson", "application/jsonl")


async def read_body(request: Request) -> bytes:
    """Read the body of a request as JSON; see ``read_within``."""
    return await read_within(request, MOST_BYTES)


async def read_within(request: Request, most: int, more_types: Collection[str] = ()) -> bytes:
    """Read the body of a request.

    Parameters
    ----------
    most
        Bytes that are taken at most.
    more_types
        Media types taken beside JSON.

    Raises
    ------
    HttpError
        415 when its type is not taken by its headers, 413 when it is too long, whether
        its length was announced or not.
    """
    _check_type(request, more_types)
    taken = bytearray()
    stream = request.stream()
    async for part in stream:
        taken += part
        if len(taken) > most:
            await _drain(stream, len(taken))
            raise _too_large(most)
    return bytes(taken)


async def read_events(request: Request) -> tuple[bytes, bool]:
    """Read a body of events: JSON, or one JSON object a line; the second tells which.

    Raises
    ------
    HttpError
        As ``read_body``; lines may be 32 MB together.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_lines = media in _LINES
    return await read_within(request, _MOST_BYTES_OF_LINES if is_lines else MOST_BYTES, _LINES), is_lines


async def _drain(stream: AsyncIterator[bytes], received: int) -> None:
    """Read on without keeping: a sender that is cut off while sending may never see the answer."""
    async for part in stream:
        received += len(part)
        if received > _MOST_DRAINED:
            return


def _too_large(most: int) -> HttpError:
    part = Part(
        pointer="",
        found=f"a body of more than {most:,} bytes",
        expected=f"at most {most:,} bytes",
        do="send fewer rows in a request",
    )
    return HttpError(413, part)


def _check_type(request: Request, more_types: Collection[str]) -> None:
    given = request.headers.get("content-type", "")
    media, *parameters = (word.strip().lower() for word in given.split(";"))
    charsets = {word.partition("=")[2].strip('"') for word in parameters if word.startswith("charset=")}
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    json = media == "application/json" or (media.startswith("application/") and media.endswith("+json"))
    if not (json or media in more_types) or not charsets <= {"utf-8"} or coding != "identity":
        part = Part(
            pointer="",
            found=f"Content-Type {given[:80]!r}, Content-Encoding {coding[:80]!r}",
            expected="application/json in UTF-8, not compressed",
            do="send JSON with the header Content-Type: application/json",
        )
        raise HttpError(415, part)
