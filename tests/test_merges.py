"""Accounts that are one by merges, told one by one: thousands of them too."""

from __future__ import annotations

import random
import time

import pandas as pd

from features.history.database.engine import Database
from features.history.database.merges import Merged, Pair, tell_merge
from features.history.database.writes import append_events

NOW = pd.Timestamp("2026-03-31T12:00:00Z")
MANY = 1_500


def in_turn(pairs: list[Pair]) -> dict[str, str]:
    """The name of each account, found the long way round: every account is looked at for every merge."""
    names = {one: one for pair in pairs for one in pair}
    for pair in pairs:
        gone, kept = (names[one] for one in pair)
        name = pair[1] if gone == kept else kept
        names |= {one: name for one, its in names.items() if its in (gone, kept)}
    return names


def test_merges_in_any_order_give_every_account_its_name_and_its_group() -> None:
    draw = random.Random(0)
    for _ in range(500):
        pairs = [(draw.choice("abcdefg"), draw.choice("abcdefg")) for _ in range(draw.randint(1, 12))]
        names, merged = in_turn(pairs), Merged.by(pairs)
        assert merged.names == names
        for one, name in names.items():
            assert merged.one_with(one) == tuple(sorted(other for other in names if names[other] == name))


def test_those_that_have_another_name_since_are_told_of_each_merge() -> None:
    members: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    found = [tell_merge(pair, members, names) for pair in [("a", "b"), ("a", "b"), ("c", "a"), ("b", "a"), ("d", "d")]]
    assert found == [{"a"}, set(), {"c"}, {"a", "b", "c"}, set()]
    assert names == {"a": "a", "b": "a", "c": "a", "d": "d"}


def test_many_merges_into_one_account_are_followed_at_once() -> None:
    began = time.perf_counter()
    assert len(Merged.by((f"a{n}", "hub") for n in range(20_000)).one_with("hub")) == 20_001
    assert time.perf_counter() - began < 5


def test_many_merges_taken_back_in_one_push_are_taken_back_at_once(database: Database) -> None:
    merges = [{"type": "account_merge", "event_id": f"m{n}", "account_id": f"a{n}", "into": "hub"} for n in range(MANY)]
    back = [{"type": "retraction", "event_id": f"r{n}", "retracts": f"m{n}"} for n in range(MANY)]
    again = [{"type": "account_merge", "event_id": "again", "account_id": "hub", "into": "a7"}]
    with database.writing("test", "events", lambda: NOW) as writing:
        append_events(writing, merges)
    began = time.perf_counter()
    with database.writing("test", "events", lambda: NOW) as writing:
        assert {one.error for one in append_events(writing, [*back, *again])} == {None}
    assert time.perf_counter() - began < 5, "commits wait for each other"
