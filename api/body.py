"""Reading a body: of the right type, never more than fits, and never for longer than it may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast
from urllib.parse import parse_qsl

from fastapi import Request

from api.problems import HttpError, Part
from api.settings import Settings

FORM = "application/x-www-form-urlencoded"
_FORM_BYTES = 16 * 1024
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")


async def read_body(request: Request) -> bytes:
    """Read a body of JSON.

    Raises
    ------
    HttpError
        415 when it is not JSON by its headers, 413 when it is longer than allowed, whether
        its length was announced or not, 408 when it takes too long to arrive.
    """
    _check_type(request, ())
    return await _read(request, _settings(request).body_bytes)


async def read_events(request: Request) -> bytes:
    """Read a body of JSON or NDJSON with many events; raises as ``read_body``."""
    _check_type(request, NDJSON)
    return await _read(request, _settings(request).events_bytes)


async def read_form(request: Request) -> dict[str, str]:
    """Read the fields of a form in a browser; raises as ``read_body``."""
    if _media(request) != FORM:
        part = Part(pointer="", found="a body of another type", expected=FORM, do="send the form of the page")
        raise HttpError(415, part)
    text = (await _read(request, _FORM_BYTES)).decode("utf-8", "replace")
    return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=20))


def is_ndjson(request: Request) -> bool:
    """Tell whether the body is a line of JSON for each event."""
    return _media(request) in NDJSON


def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


async def _read(request: Request, most: int) -> bytes:
    seconds = _settings(request).body_seconds
    try:
        async with asyncio.timeout(seconds):
            return await _taken(request, most)
    except TimeoutError:
        part = Part(
            pointer="",
            found=f"a body that did not arrive within {seconds:g} s",
            expected="all of it by then",
            do="send it again, in smaller parts if need be",
        )
        raise HttpError(408, part, {"Connection": "close"}) from None


async def _taken(request: Request, most: int) -> bytes:
    taken = bytearray()
    stream = request.stream()
    async for part in stream:
        taken += part
        if len(taken) > most:
            await _drain(stream, len(taken), 4 * most)
            raise _too_large(most)
    return bytes(taken)


async def _drain(stream: AsyncIterator[bytes], received: int, most: int) -> None:
    """Read on without keeping: a sender that is cut off while sending may never see the answer."""
    async for part in stream:
        received += len(part)
        if received > most:
            return


def _too_large(most: int) -> HttpError:
    part = Part(
        pointer="",
        found=f"a body of more than {most:,} bytes",
        expected=f"at most {most:,} bytes",
        do="send fewer opportunities, accounts or events in a request",
    )
    return HttpError(413, part)


def _media(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _check_type(request: Request, others: tuple[str, ...]) -> None:
    given = request.headers.get("content-type", "")
    media, *parameters = (word.strip().lower() for word in given.split(";"))
    charsets = {word.partition("=")[2].strip('"') for word in parameters if word.startswith("charset=")}
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    json = media == "application/json" or (media.startswith("application/") and media.endswith("+json"))
    if not (json or media in others) or not charsets <= {"utf-8"} or coding != "identity":
        names = " or ".join(("application/json", *others[:1]))
        part = Part(
            pointer="",
            found=f"Content-Type {given[:80]!r}, Content-Encoding {coding[:80]!r}",
            expected=f"{names} in UTF-8, not compressed",
            do="send JSON with the header Content-Type: application/json",
        )
        raise HttpError(415, part)
