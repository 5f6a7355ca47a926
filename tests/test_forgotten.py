"""Forgotten opportunities are found by their silence, no longer watched, and scored as what became of their like."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api.champion import score_live
from api.schemas import Opportunity
from features.as_of import known_as_of
from features.forgotten import FEWEST_CLOSED, TIMES, Limits, is_forgotten, limits_of, stop_watching
from features.history.history import History
from features.history.live import opportunity_to_request
from features.history.schema import ACTIVITY_KINDS
from features.history.simulated import simulate
from features.instants import DAY, micros
from features.labels import labels_of
from features.outcomes import CENSORED, LOST, WON
from features.snapshots import build_snapshots, catalogue_of, view_of
from models.artifact import Artifact, read_artifact, write_artifact
from models.blend import censored_log_likelihood
from models.periods import choose_edges
from models.stage_rates import StageRates
from scoring.forgotten import limits_from
from scoring.score import Score, score_opportunities
from tests.histories import Row, activity, at, history, keys, opportunity, stage, value
from tests.planted import with_forgotten
from training.dataset import Dataset, build_dataset
from training.expected_wins import expected_and_actual
from training.grid import open_at, training_grid
from training.pipeline import train

CUTOFF = pd.Timestamp("2025-06-01", tz="UTC")
LIMITS = Limits(silent_days=20)
OPEN = (opportunity(), stage("identified", 0))


def closed_ones(silence: float, count: int = FEWEST_CLOSED) -> list[Row]:
    """Opportunities that were silent for so many days and then lost."""
    return [
        row
        for place in range(count)
        for row in (opportunity(f"c{place}"), stage("lost", silence, of=f"c{place}"))
    ]  # fmt: skip


def forgotten_on(known: History, *days: float, limits: Limits = LIMITS) -> list[bool]:
    return is_forgotten(view_of(known, keys(*(("o1", day) for day in days))), limits).tolist()


def test_the_limit_is_three_times_the_longest_silence_of_the_closed_and_needs_enough_of_them() -> None:
    found = limits_of(history(*closed_ones(8), *OPEN, observed_until=at(24)))
    assert found is not None
    assert found.silent_days == pytest.approx(TIMES * 8)
    assert (found.seen, found.count) == (0, 0)
    later = limits_of(history(*closed_ones(8), *OPEN, observed_until=at(25)))
    assert later is not None
    assert (later.seen, later.won, later.closed, later.count) == (1, 0, 0, 1)
    assert limits_of(history(*closed_ones(8, FEWEST_CLOSED - 1), observed_until=at(99))) is None


def test_one_that_was_won_after_its_silence_is_counted() -> None:
    found = limits_of(history(*closed_ones(8, 200), *OPEN, stage("won", 60), observed_until=at(99)))
    assert found is not None
    assert (found.seen, found.won, found.closed, found.count) == (1, 1, 1, 0)


def test_it_is_forgotten_once_it_was_silent_for_longer_than_the_limit_and_taken_up_by_a_record() -> None:
    known = history(*OPEN, activity("call", 30, 32), stage("won", 70))
    assert forgotten_on(known, 20, 20.01, 31.9, 32, 52, 52.01, 70) == [False, True, True, False, False, True, False]


def test_what_machines_do_and_what_is_planned_is_no_sign_of_life() -> None:
    known = history(
        *OPEN,
        activity("email_opened", 15, automated=True),
        activity("meeting", 40, 16, planned=True),
        value("grade", "x", 17),
    )
    assert forgotten_on(known, 21) == [True]
    assert forgotten_on(history(*OPEN, value("amount", "9", 17)), 21) == [False]


def test_where_activities_are_not_collected_nobody_can_tell_silence() -> None:
    limits = replace(LIMITS, kinds=("call",))
    assert forgotten_on(history(*OPEN, collected={"call": None}), 30, limits=limits) == [True]
    assert forgotten_on(history(*OPEN, collected={}), 30, limits=limits) == [False]
    since = history(*OPEN, collected={"call": at(25)})
    assert forgotten_on(since, 30, 45, 45.01, limits=limits) == [False, False, True]


def test_it_is_blind_to_the_future() -> None:
    known = with_forgotten(simulate(120, 1), 0.2)
    limits = limits_of(known)
    ids = known.opportunities.loc[known.opportunities["recorded_at"] <= CUTOFF, "opportunity_id"]
    asked = pd.DataFrame({"opportunity_id": ids, "as_of": CUTOFF})
    whole, cut = (is_forgotten(view_of(part, asked), limits) for part in (known, known_as_of(known, CUTOFF)))
    assert whole.any()
    assert whole.tolist() == cut.tolist()


def test_watching_ends_when_it_is_forgotten_and_what_came_before_is_kept() -> None:
    known = history(
        *OPEN, stage("proposal", 10), stage("won", 60),
        opportunity("o2"), stage("identified", 0, of="o2"), stage("lost", 15, of="o2"),
    )  # fmt: skip
    asked = keys(("o1", 5), ("o2", 5))
    found = stop_watching(labels_of(known, asked, at(90)), view_of(known, asked), LIMITS)
    assert found.days.tolist() == [25, 10]
    assert found.outcome.tolist() == [CENSORED, LOST]
    # What closed is watched on to the end: else who is judged would depend on the outcome.
    assert found.watched.tolist() == [25, 85]
    assert labels_of(known, asked, at(90)).outcome.tolist() == [WON, LOST]


def test_the_grid_leaves_out_the_forgotten_and_takes_them_in_again() -> None:
    known = history(*OPEN, activity("call", 40), observed_until=at(100))
    days = micros(pd.Index([at(10), at(30), at(45), at(99)]))
    assert open_at(known, days, LIMITS)["as_of"].tolist() == [at(10), at(45)]
    assert len(open_at(known, days)) == 4


def judged(dataset: Dataset, clean: History) -> tuple[float, float]:
    """Loss and expected over actual wins of stage rates on the opportunities that are not forgotten."""
    labels = dataset.labels()
    rates = StageRates().fit(dataset.snapshots, labels, choose_edges(labels))
    asked = open_at(clean, micros(pd.Index([CUTOFF])) + np.arange(0, 181, 30, dtype=np.int64) * DAY)
    later = labels_of(clean, asked, clean.observed_until)
    answer = rates.predict(build_snapshots(clean, asked))
    expected, actual = expected_and_actual(answer, later)
    return -float(censored_log_likelihood(answer, later).mean()), float(expected.sum() / actual.sum())


def test_forgotten_ones_do_not_bend_the_rates_of_the_rest() -> None:
    clean = simulate(900, 2)
    dirty = known_as_of(with_forgotten(clean, 0.1), CUTOFF)
    known = known_as_of(clean, CUTOFF)
    limits = limits_of(dirty)
    grids = (
        build_dataset(
            known, training_grid(known, CUTOFF, limits=limits_of(known)), catalogue_of(known), CUTOFF, limits_of(known)
        ),
        build_dataset(dirty, training_grid(dirty, CUTOFF, limits=limits), catalogue_of(dirty), CUTOFF, limits),
        build_dataset(dirty, training_grid(dirty, CUTOFF), catalogue_of(dirty), CUTOFF),
    )
    (loss, ratio), (kept_loss, kept_ratio), (bent_loss, bent_ratio) = (judged(grid, clean) for grid in grids)
    assert abs(kept_loss - loss) < 0.03
    assert abs(kept_ratio - ratio) < 0.05
    assert bent_loss - loss > 4 * abs(kept_loss - loss)
    assert bent_loss - loss > 0.1


@pytest.fixture(scope="module")
def dirty() -> History:
    return with_forgotten(simulate(400, 1), 0.1)


@pytest.fixture(scope="module")
def artifact(dirty: History) -> Artifact:
    return train(dirty, CUTOFF).artifact


def scored(known: History, artifact: Artifact, name: str) -> Score:
    return score_opportunities(known, pd.DataFrame({"opportunity_id": [name], "as_of": [CUTOFF]}), artifact)[0]


def test_a_score_of_a_forgotten_one_says_so_and_falls_to_the_rate_of_such(dirty: History, artifact: Artifact) -> None:
    limits = limits_from(artifact.training)
    assert limits is not None
    assert (limits.seen, limits.won, limits.count) == (40, 0, 40)
    score = scored(dirty, artifact, "forgotten_0")
    assert score.status == "forgotten"
    assert score.status_reason is not None
    assert "of 40 such opportunities 0 were won" in score.status_reason[0]
    assert "此类商机40个中赢单0个" in score.status_reason[1]
    snapshot = build_snapshots(
        dirty, pd.DataFrame({"opportunity_id": ["forgotten_0"], "as_of": [CUTOFF]}), artifact.catalogue
    )
    model = float(artifact.win.predict(snapshot).win[0])
    assert score.win_probability == pytest.approx(10 * model / 50)
    assert score.horizons[-1].loss_probability is not None
    assert score.horizons[-1].loss_probability < 0.25
    fresh = open_at(simulate(400, 1), micros(pd.Index([CUTOFF])), limits)["opportunity_id"].iloc[-1]
    assert scored(dirty, artifact, fresh).status in ("ok", "little_data")


def test_a_request_without_activities_is_not_called_forgotten_and_one_with_them_is(
    dirty: History, artifact: Artifact
) -> None:
    written = json.dumps(opportunity_to_request(dirty, "forgotten_0", CUTOFF))
    raw = Opportunity.model_validate_json(written).model_dump()
    assert score_live(artifact, [raw], CUTOFF, [30])[0][0].status == "forgotten"
    assert score_live(artifact, [raw | {"activities": None}], CUTOFF, [30])[0][0].status != "forgotten"


def test_the_limits_come_back_from_disk(artifact: Artifact, tmp_path: Path) -> None:
    write_artifact(artifact, tmp_path / "model")
    again = limits_from(read_artifact(tmp_path / "model").training)
    assert again == limits_from(artifact.training)
    assert again is not None
    assert set(asdict(again)["kinds"]) <= set(ACTIVITY_KINDS)
