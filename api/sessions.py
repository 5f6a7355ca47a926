"""Who is signed in: a signed cookie that names a key, and is good for no longer than the key is."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

COOKIE = "dealodds_session"
SECONDS = 12 * 3600
"""A session is good for a working day."""
FORM_SECONDS = 3600
_FILE, _BYTES = "session-secret", 32

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Session:
    """What a cookie says: the key's id, and a mark that only this very key has."""

    key_id: str
    mark: str


class Sessions:
    """Writes and reads the cookies of one installation.

    Parameters
    ----------
    home
        Folder where the secret is made when it is first needed, readable by its owner only.
    secret
        The secret; that of the folder when empty.

    Examples
    --------
    >>> sessions = Sessions(Path("unused"), "a secret")
    >>> cookie = sessions.begun("key-1", "digest of the key")
    >>> found = sessions.read(cookie)
    >>> found.key_id, sessions.is_of(found, "digest of the key"), sessions.is_of(found, "that of another")
    ('key-1', True, False)
    >>> Sessions(Path("unused"), "another secret").read(cookie) is None
    True
    """

    def __init__(self, home: Path, secret: str = "") -> None:
        self._home, self._given = home, secret

    @cached_property
    def _secret(self) -> bytes:
        return self._given.encode() if self._given else _kept_secret(self._home)

    def begun(self, key_id: str, digest: str) -> str:
        """Write the cookie of a new session; neither the key nor its digest is in it."""
        return str(self._signed("session").dumps([key_id, self._mark(digest)]))

    def read(self, cookie: str | None) -> Session | None:
        """Read a cookie; None when it is none of ours, or too old."""
        found = self._loaded("session", cookie, SECONDS)
        return Session(*found) if isinstance(found, list) and len(found) == 2 else None

    def is_of(self, session: Session, digest: str) -> bool:
        """Tell whether a session was begun with the key of this digest."""
        return hmac.compare_digest(session.mark, self._mark(digest))

    def form_token(self, about: str) -> str:
        """Write a token for a form; ``about`` is what it is bound to, such as a session's mark."""
        return str(self._signed("form").dumps(about))

    def is_form_token(self, token: str, about: str) -> bool:
        """Tell whether a form was ours, and is not too old."""
        return bool(about) and self._loaded("form", token, FORM_SECONDS) == about

    def _mark(self, digest: str) -> str:
        return hmac.new(self._secret, digest.encode(), hashlib.sha256).hexdigest()

    def _signed(self, salt: str) -> URLSafeTimedSerializer:
        kwargs: dict[str, Any] = {"digest_method": hashlib.sha256}
        made: URLSafeTimedSerializer = URLSafeTimedSerializer(
            self._secret, salt=f"dealodds.{salt}", signer_kwargs=kwargs
        )
        return made

    def _loaded(self, salt: str, text: str | None, seconds: int) -> Any:
        if not text:
            return None
        try:
            return self._signed(salt).loads(text, max_age=seconds)
        except BadData:
            return None


def _kept_secret(home: Path) -> bytes:
    """Read the secret of an installation; made by whichever worker is first."""
    path = home / _FILE
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        return path.read_bytes()
    except OSError as problem:
        _log.warning("sessions end with this process: no secret can be kept (%s)", type(problem).__name__)
        return secrets.token_bytes(_BYTES)


def _make(path: Path) -> None:
    """Write the whole secret, then name it: no reader finds half of one, and the first one stays."""
    handle, name = tempfile.mkstemp(dir=path.parent)  # readable by its owner only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(_BYTES).encode())
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink(missing_ok=True)
