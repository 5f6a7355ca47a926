"""What the audit finds is kept out of training, and the pipeline learns nothing where there is nothing to learn."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.history.history import History
from features.history.simulated import simulate
from models.artifact import read_artifact, write_artifact
from tests.planted import learned_auc, outcome_with_errors, with_attribute, with_field, with_shuffled_outcomes
from training.audit import doubted_attributes
from training.audit_ends import ends_of
from training.pipeline import prepare, train

CUTOFF = pd.Timestamp("2025-06-01", tz="UTC")


@pytest.fixture(scope="module")
def leaking() -> History:
    """A history with the outcome, 2 % of it wrong, declared as known at creation."""
    clean = simulate(400, seed=21)
    return with_attribute(clean, "grade", outcome_with_errors(clean, 0.02).fillna("B"))


def test_a_leak_declared_known_at_creation_is_left_out_of_training_and_recorded(
    leaking: History, tmp_path: Path
) -> None:
    said: list[str] = []
    trained = train(leaking, CUTOFF, report=said.append)
    names = {attribute.name for attribute in trained.artifact.catalogue.attributes}
    assert names == {"fit_score", "segment"}
    assert "attribute_grade" not in trained.dataset.snapshots.columns
    assert any(line.startswith("left out of training: grade (predicts too well") for line in said)
    write_artifact(trained.artifact, tmp_path / "model")
    assert set(read_artifact(tmp_path / "model").training["left_out"]) == {"grade"}


def test_a_user_who_names_the_column_has_it_trained_on(leaking: History) -> None:
    material = prepare(leaking, CUTOFF, include=["grade"])
    assert "attribute_grade" in material.dataset.snapshots.columns
    assert material.left_out == {}


def test_honest_attributes_are_not_doubted_in_training() -> None:
    assert doubted_attributes(simulate(400, seed=22)) == {}


def test_a_strong_rating_is_trained_on() -> None:
    clean = simulate(400, seed=23)
    rated = with_attribute(clean, "rating", outcome_with_errors(clean, 0.1).fillna("B"))
    assert doubted_attributes(rated) == {}


def test_an_attribute_whose_later_values_are_back_filled_is_left_out() -> None:
    clean = simulate(400, seed=24)
    marked = with_attribute(clean, "interest", "low")
    closed = ends_of(clean).is_closed.nonzero()[0]
    late = with_field(marked, "interest", [(int(place), "high", -9, 4) for place in closed])
    assert "back-filled" in doubted_attributes(late)["interest"]
    in_time = with_field(marked, "interest", [(int(place), "high", -9, -9) for place in closed])
    assert doubted_attributes(in_time) == {}


def test_with_shuffled_outcomes_nothing_is_learned_unless_a_leak_is_let_in() -> None:
    cutoff = pd.Timestamp("2025-01-01", tz="UTC")
    shuffled = with_shuffled_outcomes(simulate(1_200, seed=1), seed=1)
    leaking = with_attribute(shuffled, "grade", outcome_with_errors(shuffled, 0.02).fillna("B"))
    nothing, judged, won = learned_auc(leaking, cutoff)
    assert min(won, judged - won) > 60
    # Three standard errors with so few; benchmarks/shuffled_outcomes.py measures it to 0.01.
    assert abs(nothing - 0.5) < 0.1
    assert learned_auc(leaking, cutoff, include=["grade"])[0] > 0.9
