"""Targets, commits, teams and rates in a forecast: as they held and were known at its instant, on tiny pipelines."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from features.errors import DataError
from features.history.dated_inputs import DatedInputs, inputs_of
from features.history.history import History
from scoring.calendar_periods import Calendar
from scoring.forecast import Forecast, forecast
from scoring.standing import standing_at
from scoring.stated_inputs import currency_at, goals_at, rates_at, with_teams
from scoring.stated_periods import unmatched
from tests.forecasts import CALENDAR, DAY, chances, deal, pipeline
from tests.histories import at, stage

# Day 100 of 2026 is 11 April: the second quarter.
QUARTER = {"period_start": "2026-04-01", "period_end": "2026-06-30"}
MONTH = {"period_start": "2026-04-01", "period_end": "2026-04-30"}


def told(kind: str, *rows: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Rows of one kind, each told on day 90 unless it says another, and holding from day 0."""
    periods = QUARTER | {"currency": "EUR"} if kind in ("targets", "commits") else {}
    names = {"name": None} if kind == "targets" else {}
    return {kind: pd.DataFrame([{"valid_from": at(0), "recorded_at": at(90)} | names | periods | row for row in rows])}


def asked(known: History, inputs: DatedInputs, win: list[float], **more: Any) -> Forecast:
    """Forecast the quarter as of day 100, with what was known by then."""
    period = CALENDAR.period("quarter", at(DAY))
    standing = with_teams(standing_at(known, at(DAY)), inputs)
    currency = currency_at(standing, inputs, more.pop("currency", None))
    goals = goals_at(inputs, at(DAY), period, more.get("by"), currency, CALENDAR)
    rates = rates_at(standing, inputs, currency)
    return forecast(standing, chances(standing.open(), win), period, CALENDAR, rates=rates, goals=goals, **more)


def test_a_target_that_was_given_later_does_not_count() -> None:
    known = pipeline(deal("a", 100.0))
    before, after = (
        inputs_of(told("targets", {"scope": "company", "amount": 100.0, "recorded_at": at(day)})) for day in (100, 101)
    )
    assert asked(known, before, [0.7]).totals["amount"].target_probability == pytest.approx(0.7, abs=0.05)
    line = asked(known, after, [0.7]).totals["amount"]
    assert (line.target, line.target_probability) == (None, None)


def test_a_target_that_is_raised_later_counts_as_it_was_then() -> None:
    rows = ({"scope": "company", "amount": 100.0}, {"scope": "company", "amount": 900.0, "recorded_at": at(150)})
    assert asked(pipeline(deal("a")), inputs_of(told("targets", *rows)), [0.5]).totals["amount"].target == 100


def test_a_target_of_another_period_does_not_count() -> None:
    inputs = inputs_of(told("targets", {"scope": "company", "amount": 100.0} | MONTH))
    found = asked(pipeline(deal("a")), inputs, [0.5])
    assert found.totals["amount"].target is None
    assert not any("matches no" in note.en for note in found.notes), "a month is a period, although not the one asked"


def test_what_is_stated_for_days_of_no_period_is_said_with_the_days_that_are_meant() -> None:
    known = pipeline(deal("a", owner_id="ann"), deal("b", owner_id="bob"))
    short, other = {"period_end": "2026-06-29"}, {"period_start": "2026-07-02", "period_end": "2026-07-31"}
    targets = told(
        "targets",
        {"scope": "company", "amount": 500_000.0} | short,
        {"scope": "company", "amount": 7.0} | other,
        {"scope": "team", "name": "north", "amount": None, "wins": None, "currency": None} | MONTH | short,
    )
    commits = told("commits", *({"owner_id": owner, "wins": 2.0} | MONTH | short for owner in ("ann", "bob")))
    found = asked(known, inputs_of(targets | commits), [0.5, 0.5])
    assert found.totals["amount"].target is None
    assert [note.en for note in found.notes if "no month" in note.en] == [
        "a target of 500,000 EUR for 2026-04-01 to 2026-06-29 matches no month, quarter or year and is not counted: "
        "it would have to end on 2026-06-30",
        "2 commits for 2026-04-01 to 2026-06-29 match no month, quarter or year and are not counted: "
        "they would have to end on 2026-06-30",
    ]
    assert any(note.zh.endswith("未计入：应于2026-06-30结束") for note in found.notes)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-01", "2026-11-30", None),
        ("2026-04-01", "2027-03-31", None),
        ("2026-01-01", "2026-12-31", "the nearest is 2026-04-01 to 2027-03-31"),
        ("2026-11-02", "2026-11-30", "it would have to begin on 2026-11-01"),
        ("2026-10-31", "2026-12-01", "it would have to run from 2026-11-01 to 2026-11-30"),
        ("2026-10-05", "2026-10-11", "the nearest is 2026-10-01 to 2026-10-31"),
    ],
)
def test_days_of_no_period_of_the_fiscal_year_are_near_to_one(first: str, last: str, said: str | None) -> None:
    rows = pd.DataFrame([{"period_start": first, "period_end": last, "wins": 3.0}])
    found = unmatched(rows, "commits", Calendar("Asia/Shanghai", fiscal_start=4))
    assert [note.en.split(": ")[1] for note in found] == ([] if said is None else [said])


def test_a_target_of_wins_is_one_of_numbers_and_one_of_a_team_stands_beside_it() -> None:
    known = pipeline(deal("a", team="north"), deal("b", team="south"))
    rows = ({"scope": "company", "wins": 2.0}, {"scope": "team", "name": "north", "wins": 1.0})
    found = asked(known, inputs_of(told("targets", *rows)), [0.9, 0.5], by="team")
    assert found.totals["amount"].target is None
    assert (found.totals["count"].target, found.totals["count"].target_probability) == (2, pytest.approx(0.45, abs=0.1))
    north, south = found.lines["count"]
    assert (north.target, north.target_probability) == (1, pytest.approx(0.9, abs=0.05))
    assert (south.target, south.target_probability) == (None, None)


def test_a_commit_that_is_missing_is_unknown_and_not_zero() -> None:
    known = pipeline(deal("a", owner_id="ann"), deal("b", owner_id="bob"))
    found = asked(known, inputs_of(told("commits", {"owner_id": "ann", "amount": 70.0})), [0.5] * 2, by="owner")
    assert {line.group: line.commit for line in found.lines["amount"]} == {"ann": 70, "bob": None}
    total = found.totals["amount"]
    assert (total.commit, total.commit_given, total.committed, total.owners) == (None, 70, 1, 2)
    count = found.totals["count"]
    assert (count.commit, count.commit_given) == (None, None)


def test_a_commit_of_nothing_is_zero_and_the_sum_of_all_is_the_commit() -> None:
    known = pipeline(deal("a", owner_id="ann"), deal("b", owner_id="bob"))
    rows = ({"owner_id": "ann", "amount": 70.0, "wins": 1.0}, {"owner_id": "bob", "amount": 0.0, "wins": 0.0})
    found = asked(known, inputs_of(told("commits", *rows)), [0.5] * 2)
    assert (found.totals["amount"].commit, found.totals["count"].commit) == (70, 1)
    assert found.to_dict()["totals"]["amount"]["commit"] == 70


def test_an_owner_who_committed_with_nothing_in_hand_is_there() -> None:
    rows = ({"owner_id": "ann", "amount": 70.0}, {"owner_id": "new", "amount": 30.0})
    found = asked(pipeline(deal("a", owner_id="ann")), inputs_of(told("commits", *rows)), [0.5], by="owner")
    assert {line.group: (line.open, line.commit) for line in found.lines["amount"]} == {"ann": (1, 70), "new": (0, 30)}
    assert found.totals["amount"].commit == 100


def test_each_opportunity_is_in_the_team_of_its_owner_when_it_closed_or_now() -> None:
    known = pipeline(
        deal("open", 10.0, owner_id="ann", team="old"),
        deal("other", 5.0, owner_id="bob", team="old"),
        [*deal("won", 20.0, created=80, owner_id="ann", team="old"), stage("won", 92, of="won")],
    )
    rows = (
        {"owner_id": "ann", "team": "north"},
        {"owner_id": "ann", "team": "south", "valid_from": at(95)},
        {"owner_id": "ann", "team": "west", "valid_from": at(98), "recorded_at": at(130)},
    )
    found = asked(known, inputs_of(told("teams", *rows)), [1.0, 1.0], by="team")
    lines = {line.group: (line.open, line.won) for line in found.lines["amount"]}
    assert lines == {"north": (0, 20), "old": (1, 0), "south": (1, 0)}
    # What is not created yet comes to the team that the owner is in now.
    new = {line.group: line.expected_new for line in found.lines["count"]}
    assert new["south"] > 0
    assert new["north"] == 0


def test_commits_of_a_team_are_those_of_who_is_in_it_now() -> None:
    known = pipeline(deal("a", owner_id="ann", team="old"), deal("b", owner_id="bob", team="old"))
    inputs = inputs_of(
        told("commits", {"owner_id": "ann", "amount": 70.0}) | told("teams", {"owner_id": "ann", "team": "north"})
    )
    found = asked(known, inputs, [0.5] * 2, by="team")
    assert {line.group: line.commit for line in found.lines["amount"]} == {"north": 70, "old": None}


def test_sums_are_in_one_currency_by_the_rate_that_was_known() -> None:
    known = pipeline(deal("a", 100.0), deal("b", 80.0, currency="CNY"))
    rows = (
        {"currency": "CNY", "to_currency": "EUR", "rate": 0.125},
        {"currency": "CNY", "to_currency": "EUR", "rate": 0.5, "valid_from": at(99), "recorded_at": at(120)},
    )
    targets = told("targets", {"scope": "company", "amount": 800.0, "currency": "CNY"})
    found = asked(known, inputs_of(told("rates", *rows) | targets), [0.5, 0.5])
    assert (found.currency, found.totals["amount"].expected_open, found.totals["amount"].target) == ("EUR", 55, 100)
    in_yuan = asked(known, inputs_of(told("rates", *rows)), [0.5, 0.5], currency="CNY")
    assert (in_yuan.currency, in_yuan.totals["amount"].expected_open) == ("CNY", 440)


def test_without_a_rate_nothing_is_summed_and_a_target_is_left_out_with_a_note() -> None:
    targets = told("targets", {"scope": "company", "amount": 800.0, "wins": 3.0, "currency": "USD"})
    found = asked(pipeline(deal("a")), inputs_of(targets), [0.5])
    assert (found.totals["amount"].target, found.totals["count"].target) == (None, 3)
    assert any("in USD are left out" in note.en and "以USD计" in note.zh for note in found.notes)
    with pytest.raises(DataError, match="amounts in CNY, EUR"):
        asked(pipeline(deal("a"), deal("b", currency="CNY")), inputs_of({}), [0.5, 0.5])


def test_amounts_without_a_currency_are_taken_for_that_of_the_target() -> None:
    targets = told("targets", {"scope": "company", "amount": 100.0, "currency": "CNY"})
    found = asked(pipeline(deal("a", currency=None)), inputs_of(targets), [0.5])
    assert found.totals["amount"].target == 100
    assert any("taken for CNY" in note.en for note in found.notes)
