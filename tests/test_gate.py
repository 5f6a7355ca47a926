"""The whole candidate step: what learned from signal passes, what learned from noise does not."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.history.history import History
from features.history.simulated import simulate
from features.instants import instant, micros
from models.encoding import Encoding
from models.ridge_hazards import RidgeHazards
from tests.planted import with_attribute, with_field
from training.account_figures import account_lines
from training.audit_ends import ends_of
from training.candidate import Candidate, make_candidate
from training.dataset import Dataset, closing_instant
from training.gate import SHARE, earlier_material, fresh_answers, judge
from training.pipeline import Trained, prepare, train
from training.serving_checks import SECONDS, latency_check, parity_check
from training.verdict import Check

CUTOFF = pd.Timestamp("2025-09-01", tz="UTC")


def ticking(step: float) -> Callable[[], float]:
    """A timer that goes on by so many seconds at each look."""
    looks = itertools.count()
    return lambda: next(looks) * step


def shuffled(history: History, seed: int = 0) -> History:
    """Deal the outcomes out anew among the closings: nothing that is recorded tells who is won."""
    stages = history.stage_history.copy()
    rows = np.flatnonzero(stages["stage"].isin(["won", "lost"]))
    dealt = np.random.default_rng(seed).permutation(stages["stage"].to_numpy()[rows])
    stages.loc[stages.index[rows], "stage"] = dealt
    return replace(history, tables={**history.tables, "stage_history": stages})


def row(checks: tuple[Check, ...], name: str) -> Check:
    return next(check for check in checks if check.name == name)


@pytest.fixture(scope="module")
def candidate() -> Candidate:
    return make_candidate(simulate(700, 3), None, None, ticking(0.01))


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(simulate(300, 1), CUTOFF)


@pytest.fixture(scope="module")
def latest(trained: Trained) -> Dataset:
    return trained.dataset.take(np.arange(len(trained.dataset.keys) - 5, len(trained.dataset.keys)))


def test_what_learned_from_signal_passes_with_a_row_for_every_check(candidate: Candidate) -> None:
    verdict = candidate.verdict
    assert verdict.passed, verdict.reason
    judged = [check.name for check in verdict.checks if check.passed is not None]
    assert judged == [
        "log_likelihood.fixed_weights",
        "log_likelihood.stage_rates",
        "log_likelihood.constant",
        "outcome_log_likelihood.constant",
        "expected_over_actual",
        "parity",
        "latency",
    ]
    reported = {check.name for check in verdict.checks if check.passed is None}
    methods, days = ("fixed_weights", "stage_rates", "constant"), (14, 30, 60, 90)
    accounts = {f"account_need_confirmed.{part}" for part in ("above", "below")}
    assert reported == {f"horizon_log_loss.{d}d.{m}" for d in days for m in methods} | accounts


def test_the_model_of_accounts_is_reported_beside_the_decision(candidate: Candidate) -> None:
    report = candidate.artifact.classification["accounts"]["report"]
    for part in ("above", "below"):
        found = row(candidate.verdict.checks, f"account_need_confirmed.{part}")
        assert (found.figure, found.passed) == (report[part]["share_confirmed_in_90_days"], None)
    assert report["above"]["enough"]
    above, *_ = account_lines(candidate.artifact.classification)
    share = f"{100 * report['above']['share_confirmed_in_90_days']:.0f} %"
    assert above.startswith("not judged 不参与评判: accounts above the threshold of an earlier model")
    assert "高于早先模型阈值的客户" in above
    assert above.endswith(share)
    assert account_lines({"accounts": {"report": None}}) == []


def test_the_run_holds_the_horizon_losses_with_open_ones_counted(candidate: Candidate) -> None:
    found = {(r["method"], r["horizon"]) for r in candidate.record.table if r["metric"] == "log_loss_censored"}
    assert {("learned", 14.0), ("learned", 90.0), ("stage_rates", 30.0)} <= found


def test_the_artifact_says_what_was_judged_and_that_all_data_were_learned_from(candidate: Candidate) -> None:
    training = candidate.artifact.training
    judged, later = training["judged"], candidate.verdict.later
    assert later is not None
    assert judged["trained_until"] < judged["judged_until"] == training["cutoff"]
    assert (judged["snapshots"], judged["refitted_on_all"]) == (len(later.keys), True)
    assert judged["opportunities"] == later.keys["opportunity_id"].nunique() < training["opportunities"]
    kept = {check["name"]: check["figure"] for check in judged["checks"]}
    assert kept["log_likelihood.stage_rates"] == row(candidate.verdict.checks, "log_likelihood.stage_rates").figure
    assert "latency" not in kept
    assert "judged" not in candidate.record.parameters


def test_where_only_the_time_can_be_learned_the_verdict_says_that_won_is_not_told_from_lost() -> None:
    verdict = make_candidate(shuffled(simulate(700, 3)), None, None, ticking(0.01)).verdict
    assert not verdict.passed
    assert row(verdict.checks, "log_likelihood.constant").passed
    assert row(verdict.checks, "outcome_log_likelihood.constant").passed is False
    assert "no better than the constant at telling won from lost:" in verdict.reason


def test_a_champion_is_compared_on_what_is_newer_than_its_training_and_nothing_else() -> None:
    history = simulate(600, 3)
    whole = train(history)
    end = closing_instant(whole.dataset, SHARE)
    assert end is not None
    # Trained, as the challenger that is judged, up to the same instant: they are equals.
    equal = train(history, end).artifact
    compared = row(judge(whole.dataset, equal, 0, lambda line: None).checks, "log_likelihood.champion")
    assert compared.figure == pytest.approx(0, abs=1e-12)
    assert compared.limit == "high < 0.002"
    later = whole.dataset.between(end, whole.dataset.until)
    middle = later.as_of[len(later.keys) // 2]
    newer = replace(equal, training={**equal.training, "cutoff": instant(int(middle)).isoformat()})
    found = fresh_answers(newer, later)
    assert found is not None
    assert (later.as_of[found[1]] >= middle).all()
    assert (later.as_of[: found[1][0]] < middle).all()
    seen_all, foreign = whole.artifact, replace(equal, training={**equal.training, "origin": "import"})
    assert [fresh_answers(unfit, later) for unfit in (seen_all, foreign, None)] == [None] * 3


def test_the_model_that_is_judged_knows_no_doubt_and_no_silence_of_later() -> None:
    clean = simulate(600, 3)
    whole = prepare(clean)
    end = closing_instant(whole.dataset, SHARE)
    assert end is not None
    # The same past and another later part: nothing is closed after the end.
    stages = clean.stage_history
    kept = ~(stages["stage"].isin(["won", "lost"]) & (stages["recorded_at"] > end))
    silent = replace(clean, tables={**clean.tables, "stage_history": stages[kept].reset_index(drop=True)})
    limits = [earlier_material(known, end).dataset.limits for known in (clean, silent)]
    assert limits[0] == limits[1]
    assert limits[0] != whole.dataset.limits
    # Back-filled after the close, but only since the end: a doubt that nobody could have had before.
    ends = ends_of(clean)
    closed_later = np.flatnonzero(ends.is_closed & (ends.closed > micros(pd.Index([end]))[0]))
    marked = with_attribute(clean, "interest", "low")
    filled = with_field(marked, "interest", [(int(place), "high", -9, 4) for place in closed_later])
    material = prepare(filled)
    assert "back-filled" in material.left_out["interest"]
    earlier = earlier_material(filled, end)
    assert earlier.left_out == {}
    # It is judged all the same: the later snapshots are given to it with the features that it has.
    verdict = judge(material.dataset, None, 0, lambda line: None)
    assert verdict.later is not None
    assert list(verdict.later.snapshots) == list(material.dataset.snapshots)
    assert set(earlier.dataset.snapshots) - set(material.dataset.snapshots) == {"attribute_interest"}


def test_what_was_excluded_before_there_was_any_of_it_is_no_error_in_the_gate() -> None:
    clean = simulate(150, 3)
    end = pd.Timestamp("2025-01-01", tz="UTC")
    activities = clean.activities.copy()
    late = activities["recorded_at"] > end
    activities.loc[late & (activities["kind"] == "call"), "kind"] = "webinar"
    known = replace(clean, tables={**clean.tables, "activities": activities})
    assert "activity_webinar_7d" in prepare(known, exclude=["activity_webinar_7d"]).catalogue.excluded
    assert earlier_material(known, end, exclude=["activity_webinar_7d", "overdue"]).catalogue.excluded == ("overdue",)


def test_parity_holds_for_a_trained_model(trained: Trained, latest: Dataset) -> None:
    check = parity_check(trained.artifact, latest)
    assert (check.figure, check.passed) == (0, True)


def test_a_snapshot_that_differs_when_built_alone_fails_parity(trained: Trained, latest: Dataset) -> None:
    changed = latest.snapshots.copy()
    changed.iloc[2, changed.columns.get_loc("days_in_stage")] += 1e-12  # type: ignore[index]
    check = parity_check(trained.artifact, replace(latest, snapshots=changed))
    assert (check.figure, check.passed) == (1, False)


def test_a_model_that_is_not_what_was_written_fails_parity(
    trained: Trained, latest: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turned(raw: dict[str, object]) -> Encoding:
        numbers = list(raw["numbers"])  # type: ignore[call-overload]
        return Encoding(tuple(numbers[::-1]), {c: tuple(w) for c, w in raw["words"]})  # type: ignore[attr-defined]

    # As once happened: columns came back from disk in another order.
    monkeypatch.setattr(Encoding, "from_dict", turned)
    assert any(isinstance(member, RidgeHazards) for member in trained.artifact.win.members)
    check = parity_check(trained.artifact, latest)
    assert (check.figure, check.passed) == (5, False)


def test_a_model_that_takes_too_long_fails(trained: Trained, latest: Dataset) -> None:
    slow = latency_check(trained.artifact, latest, ticking(SECONDS))
    assert (slow.figure, slow.passed) == (SECONDS, False)
    fast = latency_check(trained.artifact, latest, ticking(SECONDS / 2))
    assert (fast.figure, fast.passed) == (SECONDS / 2, True)
