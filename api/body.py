"""Reading a body: of the right type, never more than fits, and never for longer than it may take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import cast

from fastapi import Request

from api.problems import HttpError, Part
from api.settings import Settings

_LINES = ("application/x-ndjson", "application/jsonl")


async def read_body(request: Request) -> bytes:
    """Read the body of a request as JSON; see ``read_within``."""
    return await read_within(request, _settings(request).body_bytes)


async def read_events(request: Request) -> tuple[bytes, bool]:
    """Read a body of events: JSON, or one JSON object a line; the second tells which.

    Raises
    ------
    HttpError
        As ``read_within``; lines may be longer together than JSON.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_lines, settings = media in _LINES, _settings(request)
    return await read_within(request, settings.events_bytes if is_lines else settings.body_bytes, _LINES), is_lines


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
        its length was announced or not, 408 when it takes too long to arrive.
    """
    _check_type(request, more_types)
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


def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


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
        names = " or ".join(("application/json", *more_types))
        part = Part(
            pointer="",
            found=f"Content-Type {given[:80]!r}, Content-Encoding {coding[:80]!r}",
            expected=f"{names} in UTF-8, not compressed",
            do="send JSON with the header Content-Type: application/json",
        )
        raise HttpError(415, part)
