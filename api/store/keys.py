"""API keys in the database: made, listed, revoked. Of a key only its SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import func, insert, or_, select, update

from api.store.tables import KEYS
from features.errors import RequestError
from features.history.database.engine import Database
from features.instants import instant

SCOPES = ("score", "read", "write", "admin")
"""What a key may be good for; none includes another."""
PREFIX = "dok_"
_RANDOM_BYTES = 32


@dataclass(frozen=True)
class Grant:
    """Who asks, and what for."""

    key_id: str
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class KeyRow:
    """A key as it is listed."""

    grant: Grant
    created_at: pd.Timestamp
    last_used_at: pd.Timestamp | None
    revoked_at: pd.Timestamp | None


def digest_of_key(key: bytes) -> str:
    """Digest a key. Keys have 256 random bits, so that a plain hash cannot be guessed through."""
    return hashlib.sha256(key).hexdigest()


def scopes_of(text: str, separator: str = ",") -> frozenset[str]:
    """Read scopes.

    Raises
    ------
    RequestError
        One is unknown, or there is none.

    Examples
    --------
    >>> sorted(scopes_of("read, score"))
    ['read', 'score']
    """
    named = {word.strip() for word in text.split(separator) if word.strip()}
    wrong = sorted(named - set(SCOPES))
    if wrong or not named:
        found = f"the scope {wrong[0]!r}" if wrong else "no scope"
        raise RequestError(found, f"some of {', '.join(SCOPES)}", "correct the scopes")
    return frozenset(named)


def create_key(
    database: Database, name: str, scopes: Iterable[str], actor: str, now: Callable[[], pd.Timestamp]
) -> tuple[str, str]:
    """Make a key.

    Parameters
    ----------
    actor
        Who makes it, for the audit log.

    Returns
    -------
    Its id, and the key itself, which is nowhere else.
    """
    key, key_id = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES), secrets.token_hex(6)
    with database.writing(actor, "key created", now) as writing:
        row = {"key_id": key_id, "name": name, "digest": digest_of_key(key.encode())}
        row |= {"scopes": ",".join(scope for scope in SCOPES if scope in set(scopes))}
        writing.connection.execute(insert(KEYS), row | {"created_at": writing.recorded_at})
        writing.subject, writing.rows = key_id, 1
    return key_id, key


def revoke_key(database: Database, key_id: str, actor: str, now: Callable[[], pd.Timestamp]) -> None:
    """Let a key be good for nothing from now on; services notice within seconds.

    Raises
    ------
    RequestError
        No such key is in use.
    """
    with database.writing(actor, "key revoked", now) as writing:
        wanted = (KEYS.c.key_id == key_id) & KEYS.c.revoked_at.is_(None)
        done = writing.connection.execute(update(KEYS).where(wanted).values(revoked_at=writing.recorded_at))
        if done.rowcount == 0:
            raise RequestError(f"the key {key_id!r}", "the id of a key in use", "see: dealodds keys list")
        writing.subject, writing.rows = key_id, 1


def all_keys(database: Database) -> list[KeyRow]:
    """List every key, revoked ones too, in the order of their making."""
    with database.reading() as connection:
        rows = connection.execute(select(KEYS).order_by(KEYS.c.created_at)).all()
    return [
        KeyRow(
            Grant(row.key_id, row.name, frozenset(row.scopes.split(","))),
            instant(row.created_at),
            None if row.last_used_at is None else instant(row.last_used_at),
            None if row.revoked_at is None else instant(row.revoked_at),
        )
        for row in rows
    ]


def find_grant(database: Database, digest: str) -> Grant | None:
    """Find who a key belongs to; None when it is unknown or revoked."""
    asked = select(KEYS.c.key_id, KEYS.c.name, KEYS.c.scopes).where(
        KEYS.c.digest == digest, KEYS.c.revoked_at.is_(None)
    )
    with database.reading() as connection:
        row = connection.execute(asked).first()
    return None if row is None else Grant(row.key_id, row.name, frozenset(row.scopes.split(",")))


def find_digest(database: Database, key_id: str) -> str | None:
    """Find the digest of the key of an id; None when there is no such key."""
    with database.reading() as connection:
        found = connection.execute(select(KEYS.c.digest).where(KEYS.c.key_id == key_id)).scalar()
    return None if found is None else str(found)


def write_uses(database: Database, uses: Mapping[str, int]) -> None:
    """Write when keys were last used, in microseconds; a later instant stays."""
    with database.changing() as connection:
        for key_id, at in uses.items():
            earlier = or_(KEYS.c.last_used_at.is_(None), KEYS.c.last_used_at < at)
            connection.execute(update(KEYS).where(KEYS.c.key_id == key_id, earlier).values(last_used_at=at))


def keys_in_use(database: Database) -> int:
    """Count the keys that are not revoked."""
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).where(KEYS.c.revoked_at.is_(None))).scalar_one())
