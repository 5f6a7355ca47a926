"""API keys: kept as digests, checked from memory, revoked within seconds, and good for a while without the database."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from sqlalchemy import select

from api.key_ring import FRESH_SECONDS, KEPT_SECONDS, KeyRing, given_grants
from api.store.keys import PREFIX, all_keys, create_key, revoke_key, scopes_of
from api.store.tables import KEYS
from features.errors import DatabaseUnavailableError, DealoddsError, RequestError
from features.history.database.engine import Database
from features.history.database.tables import COMMITS
from tests.databases import away

NOW = pd.Timestamp("2026-03-31T12:00:00Z")


@dataclasses.dataclass
class Seconds:
    """A clock that a test sets."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def _made(database: Database, scopes: str = "read,score") -> tuple[str, bytes]:
    key_id, key = create_key(database, "the CRM", scopes_of(scopes), "test", lambda: NOW)
    return key_id, key.encode()


def test_a_key_is_kept_as_its_digest_only_and_never_twice_the_same(database: Database) -> None:
    keys = [_made(database)[1] for _ in range(20)]
    with database.reading() as connection:
        rows = connection.execute(select(KEYS)).all()
        commits = connection.execute(select(COMMITS.c.actor, COMMITS.c.action, COMMITS.c.subject)).all()
    assert len(set(keys)) == 20
    assert all(key.startswith(PREFIX.encode()) and len(key) == len(PREFIX) + 43 for key in keys)  # 256 bits in base64
    assert not [key for key in keys for row in [*rows, *commits] if key.decode()[len(PREFIX) :] in str(row)]
    assert {(commit.actor, commit.action) for commit in commits} == {("test", "key created")}
    assert {commit.subject for commit in commits} == {row.key_id for row in rows}


def test_a_key_is_good_until_it_is_revoked_and_some_seconds(database: Database) -> None:
    seconds = Seconds()
    ring = KeyRing((), database, seconds)
    key_id, key = _made(database)
    grant = ring.asked(key)
    assert grant is not None
    assert (grant.key_id, grant.name, grant.scopes) == (key_id, "the CRM", {"read", "score"})
    revoke_key(database, key_id, "test", lambda: NOW)
    remembered = ring.remembered(key)
    assert remembered is not None
    assert remembered.grant == grant
    seconds.now += FRESH_SECONDS
    assert ring.remembered(key) is None
    assert ring.asked(key) is None
    with pytest.raises(RequestError, match="key in use"):
        revoke_key(database, key_id, "test", lambda: NOW)


def test_while_the_database_is_away_known_keys_stay_good_for_minutes_and_unknown_ones_are_not_judged(
    database: Database,
) -> None:
    seconds = Seconds()
    ring = KeyRing(("given",), database, seconds)
    _, key = _made(database)
    grant = ring.asked(key)
    with away(database):
        seconds.now += FRESH_SECONDS
        assert ring.asked(key) == grant
        assert ring.remembered(key) is not None, "the database is asked again at every request while it is away"
        with pytest.raises(DatabaseUnavailableError):
            ring.asked(b"dok_unknown")
        given = ring.remembered(b"given")
        assert given is not None
        assert given.grant is not None
        seconds.now += KEPT_SECONDS
        with pytest.raises(DatabaseUnavailableError):
            ring.asked(key)
    assert ring.asked(key) == grant


def test_when_a_key_was_last_used_is_written_later_and_not_lost_while_the_database_is_away(database: Database) -> None:
    ring = KeyRing((), database)
    key_id, key = _made(database)
    grant = ring.asked(key)
    assert grant is not None
    ring.used(grant, 1_700_000_000.0)
    assert [row.last_used_at for row in all_keys(database)] == [None]
    with away(database):
        ring.write_uses()
    ring.write_uses()
    assert [row.last_used_at for row in all_keys(database)] == [pd.Timestamp(1_700_000_000, unit="s", tz="UTC")]
    ring.used(grant, 1_600_000_000.0)
    ring.write_uses()
    assert [row.last_used_at for row in all_keys(database)] == [pd.Timestamp(1_700_000_000, unit="s", tz="UTC")]
    assert key_id == all_keys(database)[0].grant.key_id


def test_keys_given_at_start_are_good_for_scores_unless_they_say_more() -> None:
    grants = {grant.name: grant.scopes for grant in given_grants(["a", "b:read+write"]).values()}
    assert grants == {"environment-1": {"score"}, "environment-2": {"read", "write"}}
    with pytest.raises(DealoddsError, match="key 1 of DEALODDS_API_KEYS") as refused:
        given_grants(["secret-word:everything"])
    assert "secret-word" not in str(refused.value)


@pytest.mark.parametrize("text", ["", ",", "score,all"])
def test_unknown_scopes_are_refused(text: str) -> None:
    with pytest.raises(RequestError):
        scopes_of(text)
