"""The spread of what moves all opportunities together, learned from what past forecasts missed."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.amount_risk import AmountRisk
from scoring.forecast_draws import draw_open, draw_shared
from scoring.forecast_lines import bounds
from scoring.shared_factor import PastForecast, Spread, centred, fit_spread

SIZE = 400


def past_of(sigma: float, periods: int, seed: int, weight: float = 1.0) -> list[PastForecast]:
    """Past periods in which log-odds moved together by ``sigma``."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(periods):
        win = rng.beta(1, 4, SIZE)
        moved = centred(win, np.array([sigma]))[0] + sigma * rng.standard_normal()
        found.append(PastForecast(win, float((rng.random(SIZE) < 1 / (1 + np.exp(-moved))).sum()), weight))
    return found


@pytest.mark.parametrize("sigma", [0.0, 0.3, 0.6])
def test_the_spread_of_past_shocks_is_found_again(sigma: float) -> None:
    found = np.mean([fit_spread(past_of(sigma, 40, seed)).mean for seed in range(8)])
    assert sigma - 0.02 <= found <= sigma + 0.15


def test_a_level_that_is_always_off_counts_as_a_shock() -> None:
    win = np.full(SIZE, 0.25)
    assert fit_spread([PastForecast(win, 140.0)] * 12).mean > 0.35
    assert fit_spread([PastForecast(win, 100.0)] * 12).mean < 0.1


def test_without_proof_the_forecast_is_wider_not_narrower() -> None:
    few, many = (fit_spread(past_of(0.0, periods, 1)).mean for periods in (2, 40))
    assert many < few < fit_spread([]).mean


def test_overlapping_periods_count_for_less() -> None:
    assert fit_spread(past_of(0.0, 8, 1, weight=0.25)).mean > fit_spread(past_of(0.0, 8, 1)).mean


def test_periods_with_nothing_open_teach_nothing() -> None:
    found = fit_spread([PastForecast(np.zeros(0), 0.0)])
    assert found.periods == 0
    assert np.array_equal(found.share, fit_spread([]).share)


@pytest.mark.parametrize("sigma", [0.2, 0.6, 1.0])
@pytest.mark.parametrize("win", [0.02, 0.2, 0.5, 0.9])
def test_the_shared_factor_leaves_the_mean_where_it_is(win: float, sigma: float) -> None:
    z = np.random.default_rng(0).standard_normal(200_000)
    moved = centred(np.array([win]), np.array([sigma]))[0, 0] + sigma * z
    assert (1 / (1 + np.exp(-moved))).mean() == pytest.approx(win, rel=0.02)


def covered(correlated: float, spread: Spread, trials: int = 150) -> float:
    """Share of 80 % intervals that held the number of wins when log-odds moved together."""
    held = 0
    for trial in range(trials):
        rng = np.random.default_rng([7, trial])
        win = rng.beta(1, 4, SIZE)
        moved = centred(win, np.array([correlated]))[0] + correlated * rng.standard_normal()
        won = (rng.random(SIZE) < 1 / (1 + np.exp(-moved))).sum()
        risk, stage = AmountRisk(np.zeros(0), np.zeros(0, object), np.ones(1)), np.full(SIZE, "x", object)
        shared, one = draw_shared(spread, 400, rng), np.zeros(SIZE, np.int64)
        low, high = bounds(draw_open(win, np.ones(SIZE), stage, one, 1, risk, shared, rng).count[:, 0], "count", 0.8)
        held += low <= won <= high
    return held / trials


def test_independent_draws_understate_the_spread_and_the_learned_factor_does_not() -> None:
    independent = Spread(np.eye(1, len(fit_spread([]).share))[0], 0)
    assert covered(0.5, independent) < 0.5
    assert 0.7 <= covered(0.5, fit_spread(past_of(0.5, 26, 3))) <= 0.9
    assert covered(0.0, independent) == pytest.approx(0.8, abs=0.08)
