"""One estimator from no data on: a fast version of the size study."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.history.simulated import simulate, simulate_outcomes
from features.history.simulated_world import END
from features.instants import micros
from features.past_results import freeze, recorded_results
from features.snapshots import build_snapshots
from scoring.version_zero import version_zero
from training.evaluate import log_loss
from training.grid import open_at
from training.learning import learn, win_members
from training.pipeline import prepare

Judged = tuple[object, pd.DataFrame, np.ndarray]


@pytest.fixture(scope="module")
def judged() -> Judged:
    """Opportunities open at the end of a history of their own, and whether each was won in the end."""
    history, outcomes = simulate(2500, 77), simulate_outcomes(2500, 77)
    keys = open_at(history, micros(pd.Index([END])))
    last = outcomes[outcomes["closed_at"] > END].drop_duplicates("opportunity_id").set_index("opportunity_id")
    outcome = keys["opportunity_id"].map(last["outcome"])
    return history, keys[outcome.notna()].reset_index(drop=True), (outcome.dropna() == "won").to_numpy(float)


def losses(judged: Judged, size: int, seed: int) -> dict[str, float]:
    history, keys, won = judged
    material = prepare(simulate(size, seed), END)
    win = learn(material.dataset, win_members(seed), lambda line: None)
    snapshots = build_snapshots(history, keys, material.catalogue, freeze(recorded_results(material.known), END))
    answers = {"learned": win.predict(snapshots), **win.predict_members(snapshots)}
    return {name: log_loss(answer.win, won) for name, answer in answers.items()}


def test_without_any_data_the_answer_is_the_fixed_weight_exactly(judged: Judged) -> None:
    history, keys, _ = judged
    zero = version_zero()
    snapshots = build_snapshots(history, keys, zero.catalogue)
    assert np.array_equal(zero.win.predict(snapshots).win, snapshots["fixed_weight"])


@pytest.mark.parametrize(("size", "seed"), [(40, 1), (150, 2), (400, 3)])
def test_the_blend_is_about_as_good_as_its_best_member_at_every_size(judged: Judged, size: int, seed: int) -> None:
    found = losses(judged, size, seed)
    learned = found.pop("learned")
    assert learned < min(found.values()) + 0.01
    assert learned < found["fixed_weights"] - 0.05


def test_two_hundred_opportunities_are_enough_to_beat_stage_rates(judged: Judged) -> None:
    found = losses(judged, 200, 1)
    assert "ridge_hazards" in found
    assert found["learned"] < found["stage_rates"] - 0.005


def test_a_chance_run_of_wins_gives_the_fixed_weights_no_share_beside_the_stage_rates() -> None:
    """In this history the later opportunities were won so often that the fixed weights would get a ninth."""
    model = learn(prepare(simulate(200, 6), END).dataset, win_members(6), lambda line: None)
    assert [member.name for member in model.members][:2] == ["fixed_weights", "stage_rates"]
    assert model.blend.weights[0] == 0
