"""Cumulative incidence by hand, and against worlds whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from features.outcomes import CENSORED, LOST, WON, Labels
from models.incidence import Incidence
from tests.model_checks import constant_hazards, slow_losses
from training.aalen_johansen import compare_incidence, cumulative_incidence
from training.draws import draw_opportunities

# Six followed: won on 1, lost on 2 and 2, last seen open on 2, won on 4, last seen open on 5.
DAYS = np.array([1.0, 2.0, 2.0, 2.0, 4.0, 5.0])
OUTCOME = np.array([WON, LOST, LOST, CENSORED, WON, CENSORED])


def test_incidence_by_hand() -> None:
    won, lost = cumulative_incidence(DAYS, OUTCOME, [0.5, 1, 2, 3, 4, 9])
    # S(1−) = 1, S(2−) = 5/6, S(4−) = 5/6 · 3/5 = 1/2.
    assert won == pytest.approx([0, 1 / 6, 1 / 6, 1 / 6, 1 / 6 + 1 / 2 * 1 / 2, 1 / 6 + 1 / 4])
    assert lost == pytest.approx([0, 0, 5 / 6 * 2 / 5, 1 / 3, 1 / 3, 1 / 3])


def test_both_causes_and_the_share_still_open_sum_to_one() -> None:
    given = constant_hazards(300).labels
    asked = [3.0, 20.0, 77.0]
    won, lost = cumulative_incidence(given.days, given.outcome, asked)
    still_open = []
    for day in asked:
        times = np.unique(given.days[(given.outcome != CENSORED) & (given.days <= day)])
        closed = np.array([((given.days == t) & (given.outcome != CENSORED)).sum() for t in times])
        at_risk = np.array([(given.days >= t).sum() for t in times])
        still_open.append(np.prod(1 - closed / at_risk))
    assert won + lost + still_open == pytest.approx(np.ones(3))


def test_without_censoring_it_is_the_share_that_closed_so() -> None:
    outcome = np.array([WON, LOST, LOST, WON])
    won, lost = cumulative_incidence(np.array([1.0, 2.0, 3.0, 4.0]), outcome, [2, 9])
    assert (won.tolist(), lost.tolist()) == ([0.25, 0.5], [0.25, 0.5])


def test_a_weight_of_two_is_a_row_that_is_there_twice() -> None:
    weights = np.array([2.0, 1.0, 0.0, 1.0, 1.0, 3.0])
    rows = np.repeat(np.arange(6), weights.astype(int))
    weighted = cumulative_incidence(DAYS, OUTCOME, [1, 2, 4], weights)
    repeated = cumulative_incidence(DAYS[rows], OUTCOME[rows], [1, 2, 4])
    assert np.array(weighted) == pytest.approx(np.array(repeated))


def test_the_truth_of_competing_exponentials_is_found_although_a_part_is_censored() -> None:
    given, asked = slow_losses(6000), np.array([15.0, 60.0, 150.0])
    won, lost = cumulative_incidence(given.labels.days, given.labels.outcome, asked)
    assert won == pytest.approx(0.3 * (1 - np.exp(-asked / 30)), abs=0.02)
    assert lost == pytest.approx(0.7 * (1 - np.exp(-asked / 150)), abs=0.02)
    closed = given.labels.outcome != CENSORED
    naive = (given.labels.outcome[closed] == WON).mean()
    assert naive > 0.36  # what those that closed alone would say


EDGES = np.array([30.0, 60.0, 120.0, 300.0])


def truth(size: int) -> Incidence:
    def clock(mean: float) -> NDArray[np.float64]:
        return np.tile(1 - np.exp(-EDGES / mean), (size, 1))

    return Incidence(EDGES, np.full(size, 0.3), clock(30), clock(150))


def test_a_true_answer_has_a_gap_like_chance_and_a_wrong_one_a_larger() -> None:
    labels = slow_losses(3000).labels
    answers = {"learned": truth(3000), "fixed_weights": replace(truth(3000), win=np.full(3000, 0.5))}
    draws = draw_opportunities(np.arange(3000).astype(object), 0, samples=60)
    records, gaps = compare_incidence(answers, labels, draws, [30, 60, 120])
    by = {(gap["method"], gap["cause"]): gap for gap in gaps}
    for cause in ("won", "lost"):
        assert by["learned", cause]["mean"] < 2.5 * by["learned", cause]["chance"]
        assert by["fixed_weights", cause]["mean"] > 5 * by["fixed_weights", cause]["chance"]
        assert by["learned", cause]["integrated"] == pytest.approx(120 * by["learned", cause]["mean"])
    learned = [r for r in records if r["method"] == "learned" and r["cause"] == "won"]
    assert [r["days"] for r in learned] == [30, 60, 120]
    assert all(r["low"] < r["actual"] < r["high"] for r in learned)
    assert [r["expected"] for r in learned] == pytest.approx((0.3 * (1 - np.exp(-np.array([1.0, 2.0, 4.0])))).tolist())


def test_the_gap_is_the_area_between_the_lines_by_hand() -> None:
    size = 40
    labels = Labels(np.full(size, 10.0), np.full(size, CENSORED), np.full(size, 10.0))
    half = np.full((size, 1), 0.5)
    answer = Incidence(np.array([10.0]), np.full(size, 0.4), half, half)
    _, gaps = compare_incidence(
        {"learned": answer}, labels, draw_opportunities(np.arange(size).astype(object), 0), [10]
    )
    # Nobody was won; 0.2 were expected by day 10: a triangle.
    assert gaps[0] == {"method": "learned", "cause": "won", "until": 10, "integrated": 1.0, "mean": 0.1, "chance": 0}


def test_days_that_too_few_were_watched_for_are_left_out() -> None:
    labels = Labels(np.full(40, 10.0), np.full(40, CENSORED), np.where(np.arange(40) < 29, 99.0, 10.0))
    draws = draw_opportunities(np.arange(40).astype(object), 0, samples=5)
    records, _ = compare_incidence({"learned": truth(40)}, labels, draws, [10, 99])
    assert {r["days"] for r in records} == {10}
    assert compare_incidence({"learned": truth(40)}, labels, draws, [99]) == ([], [])
