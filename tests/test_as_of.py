"""The one cut by time: what was recorded later does not exist."""

from __future__ import annotations

from features.as_of import known_as_of
from tests.histories import activity, at, contact, history, opportunity, stage, value

KNOWN = history(
    opportunity("o1", 0),
    opportunity("o2", 3, told=8),
    contact("c1", "user", 1, told=9),
    stage("identified", 0),
    stage("won", 4, told=7),
    value("amount", "5", 2, told=8),
    activity("call", 1, activity_id="a"),
    activity("meeting", 2, told=6, activity_id="a"),
    activity("demo", 20, told=5, activity_id="b", planned=True),
)


def test_every_table_is_cut_by_when_its_rows_were_recorded_and_the_bound_is_inclusive() -> None:
    before, after = known_as_of(KNOWN, at(7.999999)), known_as_of(KNOWN, at(8))
    assert {name: len(frame) for name, frame in before.tables.items()} == {
        "accounts": 0, "contacts": 0, "opportunities": 1, "stage_history": 2, "field_history": 0, "activities": 2,
    }  # fmt: skip
    assert (len(after.opportunities), len(after.field_history), len(after.contacts)) == (2, 1, 0)


def test_of_several_records_of_one_activity_the_last_known_one_remains() -> None:
    for day, kinds in ((5, ["call", "demo"]), (6, ["meeting", "demo"])):
        assert list(known_as_of(KNOWN, at(day)).activities["kind"]) == kinds


def test_what_is_planned_for_later_is_known() -> None:
    assert list(known_as_of(KNOWN, at(5)).activities["planned"]) == [False, True]


def test_the_past_is_known_up_to_the_instant_and_never_beyond_its_own_end() -> None:
    assert known_as_of(KNOWN, at(5)).observed_until == at(5)
    assert known_as_of(KNOWN, at(500)).observed_until == KNOWN.observed_until == at(9)


def test_to_cut_twice_is_to_cut_at_the_earlier_instant() -> None:
    twice, once = known_as_of(known_as_of(KNOWN, at(7)), at(5)), known_as_of(KNOWN, at(5))
    assert {name: frame.shape for name, frame in twice.tables.items() if name != "activities"} == {
        name: frame.shape for name, frame in once.tables.items() if name != "activities"
    }


def test_the_history_itself_stays_whole() -> None:
    known_as_of(KNOWN, at(0))
    assert len(KNOWN.activities) == 3
