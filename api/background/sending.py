"""One attempt to deliver a message: signed, to a judged address, within a time, and what came of it."""

from __future__ import annotations

import asyncio
import email.utils
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from api.background.destinations import chosen_address, destination_of
from features.errors import RequestError

TIMEOUT_SECONDS = 15.0
_GONE = 410
_BUSY = (429, 502, 503, 504)
_LONGEST_WAIT = 86_400.0


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt.

    ``answer`` is what happened in words, without anything that the receiver wrote.
    ``is_away``: the endpoint as a whole does not take messages now. ``retry_after`` is in seconds.
    """

    is_delivered: bool
    answer: str
    is_gone: bool = False
    is_away: bool = False
    retry_after: float | None = None


async def send(
    client: httpx.AsyncClient,
    url: str,
    signed_with: Sequence[str],
    message_id: str,
    payload: str,
    now: Callable[[], datetime],
    *,
    private: bool,
    seconds: float = TIMEOUT_SECONDS,
) -> Outcome:
    """Try to deliver a message once; whatever goes wrong is an outcome, not an error.

    The convention is that of Standard Webhooks: the headers ``webhook-id``,
    ``webhook-timestamp`` and ``webhook-signature``, which has a signature by each secret of
    ``signed_with``. Redirects are not followed.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _send(client, url, signed_with, message_id, payload, now(), private=private)
    except TimeoutError:
        return Outcome(False, f"no answer within {seconds:g} s", is_away=True)
    except httpx.HTTPError as problem:
        return Outcome(False, f"no answer: {type(problem).__name__}", is_away=True)
    except (OSError, UnicodeError) as problem:
        return Outcome(False, f"no connection: {type(problem).__name__}", is_away=True)
    except RequestError as problem:
        return Outcome(False, f"not sent: {problem.found}", is_away=True)


async def _send(
    client: httpx.AsyncClient,
    url: str,
    signed_with: Sequence[str],
    message_id: str,
    payload: str,
    at: datetime,
    *,
    private: bool,
) -> Outcome:
    to = destination_of(url)
    found = await asyncio.get_running_loop().getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    address = chosen_address(found, private=private)
    if address is None:
        return Outcome(False, "not sent: the URL leads to a private address", is_away=True)
    headers = {
        "host": to.host_header,
        "content-type": "application/json",
        "user-agent": "dealodds",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(
            Webhook(secret).sign(message_id, at.astimezone(UTC), payload) for secret in signed_with
        ),
    }
    # TLS is checked against the name, although the connection is made to the address that was judged.
    extensions = {"sni_hostname": to.host}
    body = payload.encode()
    async with client.stream("POST", to.at(address), content=body, headers=headers, extensions=extensions) as answer:
        return _outcome(answer, at)  # the body is not read: nothing depends on it


def _outcome(answer: httpx.Response, at: datetime) -> Outcome:
    status = answer.status_code
    return Outcome(
        answer.is_success,
        f"answered {status}",
        is_gone=status == _GONE,
        is_away=status in _BUSY,
        retry_after=None if answer.is_success else retry_after(answer.headers.get("retry-after"), at),
    )


def retry_after(text: str | None, now: datetime) -> float | None:
    """Read the header Retry-After as seconds from now, a day at most; None when it says nothing.

    Examples
    --------
    >>> now = datetime(2026, 3, 1, tzinfo=UTC)
    >>> retry_after("120", now), retry_after("Sun, 01 Mar 2026 00:01:00 GMT", now), retry_after("soon", now)
    (120.0, 60.0, None)
    """
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        seconds = float(text.strip()[:9])
    else:
        try:
            seconds = (email.utils.parsedate_to_datetime(text) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
