"""API keys: where they come from, and who may pass. A key is never written to a log."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.problems import HttpError, Part
from features.errors import DealoddsError

VARIABLE = "DEALODDS_API_KEYS"

_BEARER = HTTPBearer(auto_error=False, description="Authorization: Bearer <key>")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="X-API-Key: <key>")


def keys_from_environment(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Read the keys that are accepted, separated by commas.

    Examples
    --------
    >>> keys_from_environment({"DEALODDS_API_KEYS": "one, two,"})
    ('one', 'two')
    """
    return tuple(key.strip() for key in environment.get(VARIABLE, "").split(",") if key.strip())


Guard = Callable[[HTTPAuthorizationCredentials | None, str | None], Awaitable[None]]


def guard(keys: Sequence[str]) -> Guard:
    """Make the check that every guarded route passes through.

    Raises
    ------
    DealoddsError
        No key is configured: a service that nobody can use, or worse, that anybody can.
    """
    if not any(keys):
        raise DealoddsError(
            "no API key",
            f"at least one key in the environment variable {VARIABLE}, separated by commas",
            f"set {VARIABLE}, or serve without authentication on loopback",
        )
    accepted = tuple(_digest(key.encode()) for key in keys if key)

    async def check(
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        header: Annotated[str | None, Security(_HEADER)],
    ) -> None:
        given = [key for key in (bearer.credentials if bearer else None, header) if key is not None]
        if not given:
            raise _refused("no API key", "Bearer")
        # Headers arrive as Latin-1. Every key is compared, so that the time taken tells nothing.
        digests = [_digest(key.encode("latin-1", "replace")) for key in given]
        if not sum(hmac.compare_digest(digest, key) for digest in digests for key in accepted):
            raise _refused("an API key that is not accepted", 'Bearer error="invalid_token"')

    return check


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _refused(found: str, challenge: str) -> HttpError:
    part = Part(
        pointer="",
        found=found,
        expected="a key that this service accepts",
        do="send the header Authorization: Bearer <key>, or X-API-Key: <key>",
    )
    return HttpError(401, part, {"WWW-Authenticate": challenge})
