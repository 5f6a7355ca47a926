"""Past weeks played again on a small simulated history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import NotEnoughDataError
from features.history.history import History
from features.history.simulated import simulate
from features.labels import labels_of
from features.outcomes import WON
from scoring.comparison import compare
from training.grid import open_at
from training.replay import Replay, past_forecasts, replay, weeks_before

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


def test_past_forecasts_hold_only_what_is_known_by_the_instant(known: History) -> None:
    as_of = pd.Timestamp("2025-08-01", tz="UTC")
    found = past_forecasts(known, as_of, DAYS, weeks=3)
    assert len(found) == 3
    assert all(one.win.sum() > 0 and one.weight == pytest.approx(7 / 30) for one in found)
    assert all(one.won <= len(one.win) for one in found)


def test_a_period_that_is_not_over_is_left_out(known: History) -> None:
    said: list[str] = []
    with pytest.raises(NotEnoughDataError, match="no past week"):
        replay(known, [pd.Timestamp("2025-12-20", tz="UTC").as_unit("us")], DAYS, by=(), report=said.append)
    assert any("are not over" in line for line in said)
