"""Past weeks played again on a small simulated history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import NotEnoughDataError
from features.history.dated_inputs import inputs_of
from features.history.history import History
from features.history.simulated import simulate
from features.labels import labels_of
from features.outcomes import WON
from scoring.comparison import compare
from training.earlier_answers import weeks_before
from training.grid import open_at
from training.past_forecasts import EarlierModel, past_forecasts
from training.replay import Replay, replay

DAYS = 30.0


@pytest.fixture(scope="module")
def known() -> History:
    return simulate(300, seed=4)


@pytest.fixture(scope="module")
def weeks(known: History) -> list[pd.Timestamp]:
    return weeks_before(known, 3, DAYS, pd.Timestamp("2025-08-01", tz="UTC"))


@pytest.fixture(scope="module")
def played(known: History, weeks: list[pd.Timestamp]) -> Replay:
    return replay(known, weeks, DAYS, by=("team", "class"), retrain_every=3, draws=200)


def rows(played: Replay, **wanted: str) -> pd.DataFrame:
    found = played.forecasts
    for column, value in wanted.items():
        found = found[found[column] == value]
    return found.reset_index(drop=True)


def test_what_came_agrees_with_an_independent_count(known: History, weeks: list[pd.Timestamp], played: Replay) -> None:
    for week in weeks:
        keys = open_at(known, np.array([week.value // 1000], dtype=np.int64))
        labels = labels_of(known, keys, known.observed_until)
        won = ((labels.outcome == WON) & (labels.days <= DAYS)).sum()
        judged = rows(played, scope="open", measure="count", by="", method="learned")
        assert judged.set_index("cutoff").loc[week, "actual"] == won
        assert (played.opportunities["cutoff"] == week).sum() == len(keys)


def test_groups_sum_to_the_total_of_each_week_and_method(played: Replay) -> None:
    for by in ("team", "class"):
        for measure in ("amount", "count"):
            keys = ["cutoff", "method"]
            parts = rows(played, scope="open", measure=measure, by=by).groupby(keys)[["forecast", "actual"]].sum()
            whole = rows(played, scope="open", measure=measure, by="").set_index(keys)[["forecast", "actual"]]
            pd.testing.assert_frame_equal(parts.sort_index(), whole.sort_index())


def test_what_was_created_later_counts_in_all_and_not_in_what_was_open(played: Replay) -> None:
    of_open, of_all = (rows(played, scope=scope, measure="count", by="", method="learned") for scope in ("open", "all"))
    assert (of_all["forecast"] > of_open["forecast"]).all()
    assert (of_all["actual"] >= of_open["actual"]).all()


def test_what_came_later_has_no_effect_on_what_was_said(
    known: History, weeks: list[pd.Timestamp], played: Replay
) -> None:
    last = weeks[-1]
    tables = dict(known.tables)
    # Everything recorded later ends otherwise: all are lost.
    stages = tables["stage_history"].copy()
    later = (stages["recorded_at"] > last) & (stages["stage"] == "won")
    stages.loc[later, "stage"] = "lost"
    changed = replay(
        replace(known, tables={**tables, "stage_history": stages}), weeks, DAYS, by=(), retrain_every=3, draws=200
    )
    said = [
        one.forecasts[(one.forecasts["by"] == "") & (one.forecasts["scope"] == "open")]
        .drop(columns=["actual", "group"])
        .reset_index(drop=True)
        for one in (played, changed)
    ]
    pd.testing.assert_frame_equal(*said)
    assert later.any()


def test_a_comparison_of_a_replay_has_every_figure(played: Replay) -> None:
    found = compare(played.forecasts, played.opportunities, days=DAYS, origin=played.origin)
    there = {(r["method"], r["figure"]) for r in found.figures if r["by"] is None and r["scope"] == "open"}
    for name in ("wape", "bias", "pinball", "expected_over_actual", "log_loss"):
        assert {("learned", name), ("fixed_weights", name), ("stage_rates", name)} <= there
    for name in ("coverage_80", "coverage_50", "width_80"):
        assert ("learned", name) in there
    assert found.weeks == 3
    assert found.origin == "simulated"


def test_the_final_outcome_is_judged_on_those_that_closed(known: History, weeks: list[pd.Timestamp]) -> None:
    found = replay(known, weeks[:1], None, by=(), draws=100)
    assert set(found.opportunities["outcome"]) == {"won", "lost"}
    judged = rows(found, measure="count", method="fixed_weights")
    assert judged["forecast"].iloc[0] == pytest.approx(found.opportunities["fixed_weights"].sum())
    assert judged["actual"].iloc[0] == (found.opportunities["outcome"] == "won").sum()
    assert set(found.forecasts["scope"]) == {"open"}


def test_what_the_fixed_weights_count_is_what_is_stated_to_close_within_the_days(
    known: History, played: Replay
) -> None:
    weeks = played.opportunities.groupby("cutoff")
    said = rows(played, scope="open", measure="count", method="fixed_weights").query("by == ''").set_index("cutoff")
    for at, week in weeks:
        counted = week[week["counted"] > 0]
        assert 0 < len(counted) < len(week)
        assert counted["fixed_weights"].sum() == pytest.approx(said.at[at, "forecast"])
    assert not (played.opportunities["won"] * played.opportunities["lost"]).any()
    found = compare(played.forecasts, played.opportunities, days=DAYS, origin="simulated").to_dict()
    assert found["rule_counted"]["counted"] == played.opportunities["counted"].sum()
    assert {(one["scope"], one["measure"]) for one in found["series"]} == {
        (scope, measure) for scope in ("open", "all") for measure in ("amount", "count")
    }


def test_weeks_are_left_out_and_counted_while_the_record_is_younger_than_the_forecasts_are_long(known: History) -> None:
    first = known.opportunities["recorded_at"].min()
    weeks = [first + pd.Timedelta(days=days) for days in (10, 36, 38)]
    said: list[str] = []
    played = replay(known, weeks, DAYS, by=(), draws=50, report=said.append)
    assert sorted(played.forecasts["cutoff"].unique()) == [weeks[2]]
    assert played.left_out == 2
    assert any("left out: a record of 36 days" in line for line in said)
    found = compare(played.forecasts, played.opportunities, days=DAYS, origin="simulated", left_out=played.left_out)
    assert found.to_dict()["left_out"] == 2
    assert past_forecasts(known, first + pd.Timedelta(days=70), 60.0, weeks=4) == []


def test_past_forecasts_hold_only_what_is_known_by_the_instant(known: History) -> None:
    as_of = pd.Timestamp("2025-08-01", tz="UTC")
    found = past_forecasts(known, as_of, DAYS, weeks=3)
    assert len(found) == 3
    assert all(one.win.sum() > 0 and one.weight == pytest.approx(7 / 30) for one in found)
    assert all(one.won <= len(one.win) for one in found)


def test_one_earlier_model_answers_for_several_lengths_and_has_seen_none_of_their_weeks(
    known: History,
) -> None:
    as_of = pd.Timestamp("2025-08-01", tz="UTC")
    earlier = EarlierModel(known, as_of, [DAYS, 90.0], weeks=3)
    short, long = earlier.past(DAYS), earlier.past(90.0)
    assert (len(short), len(long)) == (3, 3)
    assert earlier.trained_at == weeks_before(known, 3, 90.0, as_of)[0]
    # The longest alone is asked of the same model, whatever is asked first.
    for one, other in zip(long, past_forecasts(known, as_of, 90.0, weeks=3), strict=True):
        assert np.array_equal(one.win, other.win)
        assert one.won == other.won


def test_past_forecasts_of_a_period_to_come_leave_out_what_is_won_before_it(known: History) -> None:
    as_of = pd.Timestamp("2025-08-01", tz="UTC")
    to_the_end, before, within = (
        past_forecasts(known, as_of, 60.0, weeks=3, skip=skip)[0] for skip in (0.0, 60.0 - 1e-9, 20.0)
    )
    assert before.won == 0
    assert before.win.sum() == pytest.approx(0, abs=1e-9)
    assert 0 < within.win.sum() < to_the_end.win.sum()
    assert within.won <= to_the_end.won
    assert within.weight == pytest.approx(7 / 40)


def test_a_period_that_is_not_over_is_left_out(known: History) -> None:
    said: list[str] = []
    with pytest.raises(NotEnoughDataError, match="no past week"):
        replay(known, [pd.Timestamp("2025-12-20", tz="UTC").as_unit("us")], DAYS, by=(), report=said.append)
    assert any("are not over" in line for line in said)


def _commits(owners: list[str], told: str = "2025-06-01", **more: float) -> pd.DataFrame:
    row = {"period_start": "2025-06-01", "period_end": "2025-06-30", "amount": None, "currency": None} | more
    instant = pd.Timestamp(told, tz="UTC")
    return pd.DataFrame([{"owner_id": one, **row, "valid_from": instant, "recorded_at": instant} for one in owners])


def _owners(known: History) -> list[str]:
    return sorted(known.opportunities["owner_id"].dropna().astype("str").unique())


def test_commits_are_a_method_of_the_month_that_they_were_given_for_as_they_were_known(
    known: History, weeks: list[pd.Timestamp]
) -> None:
    owners = _owners(known)
    # One of them lowers it in the last week, and once more when the month is over.
    told = [
        _commits(owners, wins=2.0),
        _commits(owners[:1], str(weeks[2] - pd.Timedelta(days=1))[:10], wins=1.0),
        _commits(owners[:1], "2025-07-02", wins=0.0),
    ]
    inputs = inputs_of({"commits": pd.concat(told, ignore_index=True)})
    found = replay(known, weeks, DAYS, by=(), retrain_every=3, draws=100, inputs=inputs)
    judged = rows(found, scope="committed", measure="count", by="", method="commit")
    assert list(judged["cutoff"]) == [week for week in weeks if week.month == 6]
    whole = 2.0 * len(owners)
    assert judged["forecast"].tolist() == [whole - (week == weeks[2]) for week in judged["cutoff"]]
    stages = known.stage_history
    won = stages[(stages["stage"] == "won") & (stages["occurred_at"] >= "2025-06-01")]
    assert (judged["actual"] == (won["occurred_at"] < "2025-07-01").sum()).all()
    methods = set(rows(found, scope="committed", by="", measure="count")["method"])
    assert methods == {"learned", "fixed_weights", "stage_rates", "commit"}
    assert set(rows(found, scope="committed")["measure"]) == {"count"}
    shown = compare(found.forecasts, found.opportunities, days=DAYS, origin=found.origin).findings
    assert {(one.weeks, one.by) for one in shown if one.rule == "commit"} >= {(len(judged), None)}


def test_where_an_owner_did_not_commit_only_those_who_did_are_judged(known: History, weeks: list[pd.Timestamp]) -> None:
    owners = _owners(known)
    inputs = inputs_of({"commits": _commits(owners[:2], wins=1.0)})
    found = rows(replay(known, weeks[:1], DAYS, by=(), draws=50, inputs=inputs), scope="committed")
    assert set(found["by"]) == {"owner"}
    assert set(found["group"]) == set(owners[:2])


def test_sums_of_a_past_week_are_by_the_rates_of_then(known: History, weeks: list[pd.Timestamp]) -> None:
    tables = dict(known.tables)
    opportunities = tables["opportunities"].copy()
    own = str(opportunities["currency"].dropna().iloc[0])
    opportunities.loc[::2, "currency"] = "XTS"
    mixed = replace(known, tables={**tables, "opportunities": opportunities})
    instants = pd.DatetimeIndex(["2025-01-01", "2025-07-01"], tz="UTC")
    rates = pd.DataFrame({"currency": "XTS", "to_currency": own, "rate": [1.0, 3.0], "valid_from": instants})
    inputs = inputs_of({"rates": rates.assign(recorded_at=instants)})
    plain, converted = (
        rows(replay(one, weeks[:1], DAYS, by=(), draws=50, **more), measure="amount", method="fixed_weights")
        for one, more in ((known, {}), (mixed, {"inputs": inputs, "currency": own}))
    )
    assert converted["forecast"].tolist() == pytest.approx(plain["forecast"].tolist())


def test_a_week_whose_rate_was_not_known_then_is_left_out(known: History, weeks: list[pd.Timestamp]) -> None:
    opportunities = known.opportunities.copy()
    own = str(opportunities["currency"].dropna().iloc[0])
    opportunities.loc[::2, "currency"] = "XTS"
    mixed = replace(known, tables={**known.tables, "opportunities": opportunities})
    row = {"currency": "XTS", "to_currency": own, "rate": 1.0}
    told = {"valid_from": weeks[1], "recorded_at": weeks[1]}
    inputs, said = inputs_of({"rates": pd.DataFrame([row | told])}), list[str]()
    found = replay(
        mixed, weeks, DAYS, by=(), retrain_every=3, draws=50, inputs=inputs, currency=own, report=said.append
    )
    assert sorted(found.forecasts["cutoff"].unique()) == weeks[1:]
    assert any("left out: no exchange rate" in line for line in said)
