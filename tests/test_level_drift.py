"""The drift study on two seeds: expected wins come back to the true expected within four weeks."""

from __future__ import annotations

from types import ModuleType

import pandas as pd
import pytest

from tests.benchmarks import benchmark

AFTER = 4
"""Weeks after the drift."""


@pytest.fixture(scope="module")
def study() -> ModuleType:
    return benchmark("level_drift")


@pytest.fixture(scope="module")
def found(study: ModuleType) -> pd.DataFrame:
    """Mean ratio of the two seeds by drift, horizon and service, four weeks after the drift."""
    frames = []
    for seed in range(2):
        model = study.trained(study.make_world(seed, (1.0, 1.0)))
        for drift in ("none", "wins", "pace"):
            world = study.make_world(seed, study.DRIFTS[drift])
            records = pd.DataFrame(list(study.run(world, model, study.DRIFT - 1, study.DRIFT + AFTER)))
            frames.append(records[records["week"] == AFTER].assign(drift=drift))
    means = pd.concat(frames).groupby(["drift", "horizon", "service"])["ratio"].mean()
    return means.unstack("service")


def test_without_recalibration_a_fall_of_the_win_rate_leaves_expected_wins_a_third_too_high(
    found: pd.DataFrame,
) -> None:
    assert found.loc[("wins", "ever"), "in service"] > 1.25
    assert found.loc[("wins", "28 days"), "in service"] > 1.45


@pytest.mark.parametrize("horizon", ["ever", "28 days"])
@pytest.mark.parametrize("drift", ["none", "wins", "pace"])
def test_four_weeks_later_expected_wins_are_within_a_tenth_of_the_true(
    found: pd.DataFrame, drift: str, horizon: str
) -> None:
    assert 0.90 < found.loc[(drift, horizon), "recalibrated"] < 1.10


def test_what_the_gate_lets_into_service_is_back_too(found: pd.DataFrame) -> None:
    assert 0.90 < found.loc[("wins", "ever"), "recalibrated, gated"] < 1.10
    assert 0.90 < found.loc[("wins", "28 days"), "recalibrated, gated"] < 1.15


def test_the_win_probability_stays_when_all_slows_down(found: pd.DataFrame) -> None:
    # A shift learned from wins alone would have taken the slower wins for fewer.
    assert found.loc[("pace", "ever"), "recalibrated"] == pytest.approx(1, abs=0.1)
    assert found.loc[("pace", "28 days"), "in service"] > 1.4
