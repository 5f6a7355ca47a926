"""What became of each class, and thresholds for the time there is; and that nothing later is in any report."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.as_of import known_as_of
from features.history.history import History, build_history
from features.reporting_calendar import ReportingCalendar
from scoring.class_outcomes import class_outcomes, suggested_thresholds
from scoring.diagnosis import diagnoses
from scoring.funnel import funnel
from scoring.man_counts import man_counts
from scoring.pipeline import Pipeline, pipeline_of, score_table
from scoring.planning import plan_for
from scoring.quadrant import quadrant
from scoring.report import plain
from scoring.score import score_opportunities
from scoring.segments_compared import side_by_side
from scoring.size_mix import bands_of, size_mix
from scoring.stated_and_learned import stated_and_learned
from scoring.surprise_wins import surprise_wins
from scoring.version_zero import version_zero
from tests.histories import at, opportunity
from tests.pipelines_of_rows import deal, pipeline, scored

AS_OF = pd.Timestamp("2025-06-01", tz="UTC")


def _past(*rows: tuple[str, float, str, float]) -> pd.DataFrame:
    found = [(name, at(day), key, chance) for name, day, key, chance in rows]
    return pd.DataFrame(found, columns=["opportunity_id", "as_of", "opportunity_class", "probability"])


def test_each_class_is_followed_from_its_first_score() -> None:
    deals = [
        deal("a", ("identified", 0), ("won", 30)),
        deal("b", ("identified", 0), ("lost", 160)),
        deal("c", ("identified", 0), ("won", 95)),
        deal("d", ("identified", 0)),
    ]
    past = _past(
        ("a", 10, "active", 0.5),
        ("b", 10, "active", 0.3),
        ("c", 10, "hidden", 0.2),
        ("c", 50, "active", 0.6),
        ("d", 150, "potential", 0.1),
        ("a", 300, "active", 0.5),
    )
    active, potential, hidden = class_outcomes(pipeline(deals, 200), past, horizon_days=90)
    assert (active.rate.won, active.rate.lost, active.watched) == (2, 1, 3)
    assert active.within == {"won": 2, "lost": 0, "open": 1}
    assert (active.median_days_to_win, active.mean_probability) == ((20 + 45) / 2, pytest.approx(1.4 / 3))
    assert (potential.watched, potential.rate.still_open) == (0, 1)
    assert (hidden.later, hidden.within) == (
        {"active": 1, "potential": 0, "hidden": 0},
        {"won": 1, "lost": 0, "open": 0},
    )
    assert hidden.name.zh == "隐性机会"


def test_a_threshold_leaves_what_can_be_worked() -> None:
    deals = [deal(f"d{i}", ("identified", 0), amount=100) for i in range(5)]
    scores = scored(*((f"d{i}", chance, None, "active") for i, chance in enumerate((0.9, 0.6, 0.6, 0.2, 0.1))))
    found = {capacity: suggested_thresholds(pipeline(deals, 10, scores), capacity) for capacity in (1, 2, 3, 9)}
    chance = {capacity: (one.threshold, one.worked) for capacity, (one, _) in found.items()}
    assert chance == {1: (0.9, 1), 2: (0.9, 1), 3: (0.6, 3), 9: (0.1, 5)}
    assert found[3][0].share == pytest.approx(2.1 / 2.4)
    assert found[3][0].said.en == "you can work 3: take those with win probability of 60.0 % or more, 3"
    assert found[3][1].threshold == 60
    none, _ = suggested_thresholds(pipeline(deals, 10, scores), 3, classes=["hidden"])
    assert (none.threshold, none.worked, none.said.zh) == (None, 0, "没有可排序的商机")
    same = scored(*((f"d{i}", 0.5, None, "active") for i in range(5)))
    assert suggested_thresholds(pipeline(deals, 10, same), 3)[0].threshold is None


def _reports(found: Pipeline, past: pd.DataFrame) -> dict[str, Callable[[], object]]:
    year = ReportingCalendar("Asia/Shanghai").period_of(AS_OF, "year")
    new, old = {"customer_type": "new"}, {"customer_type": "existing"}
    return {
        "funnel": lambda: funnel(found, year),
        "segments": lambda: side_by_side(found, year, new, old),
        "plan": lambda: plan_for(found, bands_of([28, 7, 2, 1])),
        "man": lambda: man_counts(found),
        "quadrant": lambda: quadrant(found),
        "diagnoses": lambda: diagnoses(found),
        "surprises": lambda: surprise_wins(found, year),
        "stated": lambda: stated_and_learned(found),
        "classes": lambda: class_outcomes(found, past),
        "thresholds": lambda: suggested_thresholds(found, 40),
        "sizes": lambda: size_mix(found.open["value"].to_numpy(np.float64)),
    }


@pytest.fixture(scope="module")
def scores(simulated: History) -> pd.DataFrame:
    opened = pipeline_of(simulated, AS_OF).open["opportunity_id"]
    asked = pd.DataFrame({"opportunity_id": opened, "as_of": AS_OF})
    return score_table(score_opportunities(simulated, asked, version_zero()))


@pytest.fixture(scope="module")
def past(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.assign(as_of=AS_OF - pd.Timedelta(days=100))


def test_no_report_knows_what_was_recorded_later(simulated: History, scores: pd.DataFrame, past: pd.DataFrame) -> None:
    whole = _reports(pipeline_of(simulated, AS_OF, scores), past)
    cut = _reports(pipeline_of(known_as_of(simulated, AS_OF), AS_OF, scores), past)
    assert len(simulated.stage_history) > len(known_as_of(simulated, AS_OF).stage_history)
    for name, report in whole.items():
        assert plain(report()) == plain(cut[name]()), name


def test_every_report_is_json_without_nan(simulated: History, scores: pd.DataFrame, past: pd.DataFrame) -> None:
    for known in (scores, None):
        for report in _reports(pipeline_of(simulated, AS_OF, known), past).values():
            json.dumps(plain(report()), allow_nan=False)


def test_every_report_says_something_without_data() -> None:
    nothing = pipeline_of(build_history({}), AS_OF)
    without_stages = pipeline([[opportunity("a")]])
    for found in (nothing, without_stages):
        none = pd.DataFrame({name: [] for name in ("opportunity_id", "as_of", "opportunity_class", "probability")})
        for report in _reports(found, none.astype({"as_of": "datetime64[us, UTC]"})).values():
            json.dumps(plain(report()), allow_nan=False)


def test_reports_of_the_simulated_history_are_plausible(
    simulated: History, scores: pd.DataFrame, past: pd.DataFrame
) -> None:
    found = pipeline_of(simulated, AS_OF, scores)
    codes = {one.code: one for one in man_counts(found)}
    assert sum(one.count for one in codes.values()) == len(found.open)
    assert (codes["MAN"].rate.raw or 0) > (codes["maN"].rate.raw or 0)
    placed = quadrant(found)
    assert sum(one.count for one in placed.quarters) + placed.unplaced == len(found.open)
    assert sum(one.in_hand for one in diagnoses(found)) == found.open["owner"].notna().sum()
    plan = plan_for(found, bands_of([28, 7, 2, 1]))
    rates = [stage.rate.rate or 0 for stage in plan.stages]
    assert rates[0] > rates[-1]
    assert 100 < (plan.stages[-1].learned or 0) < 300
