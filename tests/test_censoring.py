from __future__ import annotations

from math import log

import numpy as np
import pytest

from features.outcomes import CENSORED, LOST, WON, Labels
from training.censoring import horizon_losses, horizon_weights, watching_reaches


def _labels(days: list[float], outcome: list[int]) -> Labels:
    return Labels(np.array(days), np.array(outcome), np.full(len(days), 99.0))


LABELS = _labels([1, 2, 3, 4, 5], [WON, CENSORED, LOST, CENSORED, CENSORED])


def test_the_weights_of_a_small_case_are_those_worked_out_by_hand() -> None:
    # Four are in sight on day 2, of whom one is watched no longer: three quarters are watched beyond it.
    assert watching_reaches(LABELS, np.array([2.0, 2.1, 4.0])).tolist() == [1, 0.75, 0.75]
    assert horizon_weights(LABELS, 3.5).tolist() == pytest.approx([1, 0, 4 / 3, 4 / 3, 4 / 3])
    assert horizon_weights(LABELS, 1.5).tolist() == [1, 1, 1, 1, 1]


def test_who_is_watched_to_the_very_horizon_is_known_to_be_open_there() -> None:
    assert horizon_weights(LABELS, 4).tolist() == pytest.approx([1, 0, 4 / 3, 4 / 3, 4 / 3])


def test_a_closing_comes_before_an_end_of_watching_at_the_same_time() -> None:
    tied = _labels([2, 2, 3], [WON, CENSORED, CENSORED])
    assert watching_reaches(tied, np.array([2.5])).tolist() == [0.5]
    assert horizon_weights(tied, 2.5).tolist() == [1, 0, 2]


def test_weights_sum_to_the_number_of_snapshots() -> None:
    draw = np.random.default_rng(0)
    days, outcome = draw.integers(1, 30, 500).astype(float), draw.integers(0, 3, 500)
    assert horizon_weights(_labels(list(days), list(outcome)), 20).sum() == pytest.approx(500)


def test_the_loss_is_that_of_a_win_within_the_horizon() -> None:
    losses = horizon_losses(np.full(3, 0.2), _labels([1, 9, 9], [WON, WON, LOST]), 5)
    assert losses.tolist() == pytest.approx([-log(0.2), -log(0.8), -log(0.8)])


def test_the_weighted_loss_is_the_one_without_censoring_where_leaving_it_out_is_not() -> None:
    draw = np.random.default_rng(1)
    size, horizon = 40_000, 30.0
    days, wins = draw.exponential(40, size), draw.random(size) < 0.4
    watched = draw.exponential(30, size)
    ended = days > watched
    whole = Labels(days, np.where(wins, WON, LOST), np.full(size, 1e9))
    seen = Labels(np.minimum(days, watched), np.where(ended, CENSORED, whole.outcome), watched)
    win = np.full(size, 0.2)
    truth = horizon_losses(win, whole, horizon).mean()
    weights = horizon_weights(seen, horizon)
    losses = horizon_losses(win, seen, horizon)
    assert (weights * losses).sum() / weights.sum() == pytest.approx(truth, abs=0.01)
    closed_only = losses[seen.outcome != CENSORED].mean()
    assert abs(closed_only - truth) > 0.05
