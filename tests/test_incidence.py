"""The one answer: hazards become a win probability and two clocks that agree with each other."""

from __future__ import annotations

import numpy as np
import pytest

from features.outcomes import Labels
from models.clock import Clock, learn_clock
from models.incidence import Incidence, clock_at, clock_median, from_hazards
from tests.model_checks import check_coherent

EDGES = np.array([10.0, 30.0])


def test_two_intervals_by_hand() -> None:
    answer = from_hazards(EDGES, np.array([[0.2, 0.3]]), np.array([[0.3, 0.1]]))
    won, lost = 0.2 + 0.5 * 0.3, 0.3 + 0.5 * 0.1
    rest = 0.5 * 0.6
    assert answer.win.tolist() == pytest.approx([won + rest * 0.3 / 0.4])
    assert answer.win_by([10, 30])[0].tolist() == pytest.approx([0.2, won])
    assert answer.loss_by([10, 30])[0].tolist() == pytest.approx([0.3, lost])


def test_within_an_interval_the_clock_runs_evenly() -> None:
    assert clock_at(EDGES, np.array([[0.4, 0.8]]), [0, 5, 10, 20, 30])[0].tolist() == pytest.approx(
        [0, 0.2, 0.4, 0.6, 0.8]
    )


def test_beyond_the_last_edge_what_remains_goes_on_at_the_last_pace() -> None:
    clock = np.array([[0.2, 0.6]])
    assert clock_at(EDGES, clock, [50, 70])[0].tolist() == pytest.approx([1 - 0.4 / 2, 1 - 0.4 / 4])
    assert clock_at(EDGES, clock, [1e9])[0].tolist() == [1]


def test_each_clock_may_be_asked_for_days_of_its_own() -> None:
    clock = np.array([[0.4, 0.8], [0.4, 0.8]])
    assert clock_at(EDGES, clock, np.array([[10.0], [20.0]]))[:, 0].tolist() == pytest.approx([0.4, 0.6])


@pytest.mark.parametrize(
    ("clock", "median"),
    [
        ([0.25, 0.75], 20),
        ([0.5, 0.9], 10),
        ([0.2, 0.6], 25),
        ([0.1, 0.2], 30 + 20 * np.log(0.8 / 0.5) / np.log(0.9 / 0.8)),
        ([0.2, 0.2], np.inf),
    ],
)
def test_the_median_is_where_the_clock_reaches_one_half(clock: list[float], median: float) -> None:
    found = clock_median(EDGES, np.array([clock]))
    assert found[0] == pytest.approx(median)
    if np.isfinite(median):
        assert clock_at(EDGES, np.array([clock]), found)[0, 0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("win", "loss"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.9, 0.9), (1.0, 1.0), (1e-12, 1.0), (0.3, 0.2)]
)
@pytest.mark.parametrize("edges", [[0.5], [1.0, 400.0], [3.0, 10.0, 30.0, 90.0]])
def test_any_hazards_give_coherent_probabilities(win: float, loss: float, edges: list[float]) -> None:
    shape = (2, len(edges))
    check_coherent(from_hazards(np.array(edges), np.full(shape, win), np.full(shape, loss)))


def test_random_hazards_give_coherent_probabilities() -> None:
    win, loss = np.random.default_rng(1).random((2, 300, 4)) ** 3
    check_coherent(from_hazards(np.array([1.0, 5.0, 20.0, 80.0]), win, loss))


def test_equal_hazards_are_won_half_of_the_time_and_hazards_that_never_were_say_half() -> None:
    for hazard in (0.25, 0.0):
        hazards = np.full((1, 2), hazard)
        assert from_hazards(EDGES, hazards, hazards).win.tolist() == pytest.approx([0.5])


def test_some_of_the_opportunities_are_taken_by_place_or_by_mask() -> None:
    clock = np.array([[0.1, 0.2], [0.3, 0.4]])
    answer = Incidence(EDGES, np.array([0.2, 0.7]), clock, clock)
    for rows in (np.array([1]), np.array([False, True])):
        assert (answer.take(rows).win.tolist(), answer.take(rows).win_clock.tolist()) == ([0.7], [[0.3, 0.4]])


def test_the_pooled_clock_counts_the_open_ones_for_as_long_as_they_were_watched() -> None:
    labels = Labels(np.array([5.0, 15.0, 40.0, 8.0]), np.array([1, 2, 0, 0]), np.array([40.0, 40.0, 40.0, 8.0]))
    clock = learn_clock(labels, EDGES)
    assert clock.win.tolist() == pytest.approx([1.005 / 4, 0.005 / 3])
    assert clock.loss.tolist() == pytest.approx([0.005 / 4, 1.005 / 3])


def test_a_clock_comes_back_from_its_description_and_takes_win_probabilities_as_they_are() -> None:
    clock = Clock(EDGES, np.array([0.1, 0.2]), np.array([0.3, 0.1]))
    again = Clock.from_dict(clock.to_dict())
    answer = again.with_win(np.array([0.25, 0.75]))
    assert answer.win.tolist() == [0.25, 0.75]
    assert np.array_equal(answer.win_clock, np.repeat(clock.incidence().win_clock, 2, axis=0))
