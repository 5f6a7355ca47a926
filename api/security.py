"""Who may do what: the key of a request, its scope, and how often. A key is never written to a log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from anyio import to_thread
from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api import clock
from api.key_ring import KeyRing
from api.problems import HttpError, Part
from api.rate_limits import RateLimits
from api.sessions import COOKIE, Sessions
from api.store.keys import SCOPES, Grant

Scope = Literal["score", "read", "write", "admin"]

_BEARER = HTTPBearer(auto_error=False, description="Authorization: Bearer <key>")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="X-API-Key: <key>")

ANYBODY = Grant("none", "anybody on this machine", frozenset(SCOPES))
"""Who asks where no key is asked for."""


@dataclass(frozen=True)
class Access:
    """What requests are held against; ``keys`` is None where no key is asked for."""

    keys: KeyRing | None
    rates: RateLimits
    sessions: Sessions


Check = Callable[[Request, HTTPAuthorizationCredentials | None, str | None], Awaitable[None]]


def keys_in(text: str) -> tuple[str, ...]:
    """Split keys that are separated by commas.

    Examples
    --------
    >>> keys_in("one, two,")
    ('one', 'two')
    """
    return tuple(key.strip() for key in text.split(",") if key.strip())


def needs(scope: Scope) -> Check:
    """Make the check of a route: a key with this scope. ``request.state.actor`` then names who asks.

    What only reads is also answered to who is signed in: a browser sends its cookie by itself, so that
    it must never be enough to change anything.
    """

    async def check(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        header: Annotated[str | None, Security(_HEADER)],
    ) -> None:
        access = cast(Access, request.app.state.access)
        given = [key for key in (bearer.credentials if bearer else None, header) if key is not None]
        is_reading = scope == "read" and request.method in ("GET", "HEAD")
        if access.keys is None:
            grant = ANYBODY
        elif not given and is_reading and COOKIE in request.cookies:
            grant = await _signed_in(request, access, access.keys)
        else:
            grant = await _grant(request, access, access.keys, given)
        request.state.actor, request.state.key_id = grant.name, grant.key_id
        await access.rates.count(grant.key_id)
        if scope not in grant.scopes:
            raise _forbidden(scope, grant)

    check.scope = scope  # type: ignore[attr-defined]
    return check


async def _grant(request: Request, access: Access, keys: KeyRing, given: list[str]) -> Grant:
    if not given:
        raise _refused("no API key", "Bearer")
    for text in given:
        # Headers arrive as Latin-1.
        key = text.encode("latin-1", "replace")
        answer = keys.remembered(key)
        if answer is None:
            grant = await to_thread.run_sync(keys.asked, key)
            if grant is None:  # keys that are good count for themselves: many may come through one proxy
                await access.rates.count_unknown(request.client.host if request.client else "")
        else:
            grant = answer.grant
        if grant is not None:
            keys.used(grant, clock.since_1970())
            return grant
    raise _refused("an API key that is not accepted", 'Bearer error="invalid_token"')


async def _signed_in(request: Request, access: Access, keys: KeyRing) -> Grant:
    """Find the key of a session; one that was revoked since ends it."""
    session = access.sessions.read(request.cookies[COOKIE])
    digest = None if session is None else await to_thread.run_sync(keys.digest_of_id, session.key_id)
    if session is None or digest is None or not access.sessions.is_of(session, digest):
        raise _refused("a session that has ended", "Bearer")
    answer = keys.remembered_by(digest)
    grant = answer.grant if answer is not None else await to_thread.run_sync(keys.asked_by, digest)
    if grant is None:
        raise _refused("a session whose key is no longer accepted", "Bearer")
    request.state.session = session
    keys.used(grant, clock.since_1970())
    return grant


def _refused(found: str, challenge: str) -> HttpError:
    part = Part(
        pointer="",
        found=found,
        expected="a key that this service accepts",
        do="send the header Authorization: Bearer <key>, or X-API-Key: <key>",
    )
    return HttpError(401, part, {"WWW-Authenticate": challenge})


def _forbidden(scope: Scope, grant: Grant) -> HttpError:
    part = Part(
        pointer="",
        found=f"a key with {', '.join(name for name in SCOPES if name in grant.scopes)}",
        expected=f"a key with the scope {scope}",
        do="use a key with this scope: dealodds keys create",
    )
    challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
    return HttpError(403, part, {"WWW-Authenticate": challenge})
