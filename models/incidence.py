"""The answer every model gives: will it be won, and when will it be won or lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features.compiled import compiled

Floats = NDArray[np.float64]

_LEAST = 1e-9
NARROW = 1e-6
"""Distance from 0 and 1 within which log-odds are not told apart."""


@dataclass(frozen=True)
class Incidence:
    """Win probability and the two clocks of n opportunities.

    Parameters
    ----------
    edges
        Ends of the intervals ahead, days, ascending and above 0, shape (J,).
    win
        Probability that the opportunity is ever won, shape (n,).
    win_clock, loss_clock
        Probability of having closed by each edge, given a win, or given a loss, shape (n, J);
        rising, at most 1. Beyond the last edge the rest closes at the pace of the last interval.

    Notes
    -----
    P(won by t) = win · win_clock(t) and P(lost by t) = (1 − win) · loss_clock(t), so the two
    rise with t and sum to at most 1.
    """

    edges: Floats
    win: Floats
    win_clock: Floats
    loss_clock: Floats

    def __len__(self) -> int:
        """Count the opportunities."""
        return len(self.win)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Incidence:
        """Select some of the opportunities."""
        return Incidence(self.edges, self.win[rows], self.win_clock[rows], self.loss_clock[rows])

    def on_edges(self, edges: Floats) -> Incidence:
        """Give the same answer in other intervals, so that likelihoods of two answers can be compared.

        Examples
        --------
        >>> clock = np.array([[0.5, 1.0]])
        >>> Incidence(np.array([10.0, 30.0]), np.array([0.4]), clock, clock).on_edges(np.array([5.0, 20.0])).win_clock
        array([[0.25, 0.75]])
        """
        if np.array_equal(edges, self.edges):
            return self
        clocks = (clock_at(self.edges, clock, edges) for clock in (self.win_clock, self.loss_clock))
        return Incidence(edges, self.win, *clocks)

    def win_by(self, days: ArrayLike) -> Floats:
        """Probability of being won within ``days``, shape (n, h).

        ``days`` is of shape (h,), or (n, h) with a row for each opportunity.

        Examples
        --------
        >>> clock = np.array([[0.5, 1.0]])
        >>> Incidence(np.array([10.0, 30.0]), np.array([0.4]), clock, clock).win_by([5, 20, 90])
        array([[0.1, 0.3, 0.4]])
        """
        return self.win[:, None] * clock_at(self.edges, self.win_clock, days)

    def loss_by(self, days: ArrayLike) -> Floats:
        """Probability of being lost within ``days``, shape (n, h)."""
        return (1 - self.win)[:, None] * clock_at(self.edges, self.loss_clock, days)

    def median_days_to_win(self) -> Floats:
        """Days until half of the wins have come, given a win, shape (n,); infinite if they never do.

        Examples
        --------
        >>> clock = np.array([[0.25, 0.75]])
        >>> Incidence(np.array([10.0, 30.0]), np.array([0.4]), clock, clock).median_days_to_win()
        array([20.])
        """
        return clock_median(self.edges, self.win_clock)


def certain_clock(edges: Floats, win: Floats) -> Incidence:
    """Win probabilities, shape (n,), of which it is not known when: all closes within the first interval."""
    sure = np.ones((len(win), len(edges)))
    return Incidence(edges, win, sure, sure)


def clock_at(edges: Floats, clock: Floats, days: ArrayLike) -> Floats:
    """Read clocks at any days ahead.

    Linear within an interval; beyond the last edge what remains goes on at the hazard of
    the last interval. ``days`` is of shape (h,), or (n, h) with a row for each clock.
    """
    asked = np.atleast_1d(np.asarray(days, dtype=np.float64))
    # A copy, so that the loop is not compiled again for an array that may not be written to.
    asked = np.array(np.broadcast_to(asked, (len(clock), asked.shape[-1])), order="C")
    reached = np.empty(asked.shape)
    _read_clocks(edges, np.ascontiguousarray(clock), asked, reached)
    return reached


@compiled
def _read_clocks(edges: Floats, clock: Floats, asked: Floats, reached: Floats) -> None:
    last = len(edges) - 1
    for row in range(len(clock)):
        start = edges[last - 1] if last > 0 else 0.0
        before = max(1 - (clock[row, last - 1] if last > 0 else 0.0), _LEAST)
        hazard = np.log(before / max(1 - clock[row, last], _LEAST)) / (edges[last] - start)
        for h in range(asked.shape[1]):
            t, place = asked[row, h], 0
            while place < last and edges[place] < t:
                place += 1
            begin, low = (edges[place - 1], clock[row, place - 1]) if place > 0 else (0.0, 0.0)
            share = min(max((t - begin) / (edges[place] - begin), 0.0), 1.0)
            inside = low + share * (clock[row, place] - low)
            reached[row, h] = 1 - (1 - inside) * np.exp(-hazard * max(t - edges[last], 0.0))


def clock_median(edges: Floats, clock: Floats) -> Floats:
    """Days by which each clock reaches one half; infinite if it never does."""
    median = np.empty(len(clock))
    _find_medians(edges, np.ascontiguousarray(clock), median)
    return median


@compiled
def _find_medians(edges: Floats, clock: Floats, median: Floats) -> None:
    last = len(edges) - 1
    for row in range(len(clock)):
        place = 0
        while place < last and clock[row, place] < 0.5:
            place += 1
        begin, low = (edges[place - 1], clock[row, place - 1]) if place > 0 else (0.0, 0.0)
        end, high = edges[place], clock[row, place]
        if clock[row, last] >= 0.5:
            step = (0.5 - low) / max(high - low, _LEAST) if high > low else 0.0
            median[row] = begin + min(max(step, 0.0), 1.0) * (end - begin)
            continue
        start = edges[last - 1] if last > 0 else 0.0
        left, before = max(1 - clock[row, last], _LEAST), max(1 - (clock[row, last - 1] if last > 0 else 0.0), _LEAST)
        hazard = np.log(before / left) / (edges[last] - start)
        median[row] = edges[last] + np.log(left / 0.5) / max(hazard, _LEAST) if hazard > 0 else np.inf


def from_hazards(edges: Floats, win: Floats, loss: Floats) -> Incidence:
    """Turn cause-specific hazards into win probability and clocks.

    Parameters
    ----------
    edges
        Ends of the intervals, days, shape (J,).
    win, loss
        Probability of being won, or lost, in each interval given open at its start, shape (n, J).

    Notes
    -----
    Competing risks in discrete time (Tutz and Schmid 2016, ch. 8): S(j) = Π(1 − win − loss),
    incidence = Σ S(j−1) · hazard. What is still open at the last edge is shared out by the
    hazards of the last interval: win = incidence(T) + S(T) · win/(win + loss).

    Examples
    --------
    >>> half = np.full((1, 1), 0.25)
    >>> answer = from_hazards(np.array([30.0]), half, half)
    >>> answer.win, answer.win_by([30])
    (array([0.5]), array([[0.25]]))
    """
    shape = win.shape
    ever_won, win_clock, loss_clock = np.empty(shape[0]), np.empty(shape), np.empty(shape)
    _compete(np.ascontiguousarray(win), np.ascontiguousarray(loss), ever_won, win_clock, loss_clock)
    return Incidence(edges, ever_won, win_clock, loss_clock)


def from_log_odds(edges: Floats, win: Floats, loss: Floats) -> Incidence:
    """Turn the log-odds of cause-specific hazards, shape (n, J), into win probability and clocks."""
    hazards = np.empty((2, *win.shape))
    _turn_into_hazards(np.ascontiguousarray(win), hazards[0])
    _turn_into_hazards(np.ascontiguousarray(loss), hazards[1])
    return from_hazards(edges, hazards[0], hazards[1])


@compiled
def _turn_into_hazards(odds: Floats, hazard: Floats) -> None:
    for row in range(odds.shape[0]):
        for j in range(odds.shape[1]):
            hazard[row, j] = 1 / (1 + np.exp(-odds[row, j]))


@compiled
def _compete(win: Floats, loss: Floats, ever_won: Floats, win_clock: Floats, loss_clock: Floats) -> None:
    """Add up the incidences row by row, so that a row's sums do not depend on others."""
    intervals = win.shape[1]
    for row in range(len(win)):
        still_open, won, lost, w, l = 1.0, 0.0, 0.0, 0.0, 0.0  # noqa: E741
        for j in range(intervals):
            too_much = max(win[row, j] + loss[row, j], 1.0)
            w, l = max(win[row, j] / too_much, _LEAST), max(loss[row, j] / too_much, _LEAST)  # noqa: E741
            won += still_open * w
            lost += still_open * l
            still_open *= max(1 - w - l, 0.0)
            win_clock[row, j], loss_clock[row, j] = won, lost
        rest = still_open / (w + l)
        ever_won[row], ever_lost = won + rest * w, lost + rest * l
        for j in range(intervals):
            win_clock[row, j] /= ever_won[row]
            loss_clock[row, j] /= ever_lost


def log_odds(win: Floats) -> Floats:
    """Log-odds of probabilities, kept within 1e-6 of 0 and 1."""
    kept = np.minimum(np.maximum(win, NARROW), 1 - NARROW)
    return np.asarray(np.log(kept / (1 - kept)), dtype=np.float64)


def mean_log_odds(win: Floats) -> float:
    """Mean log-odds of probabilities; those of one half when there are none."""
    return float(log_odds(win).mean()) if len(win) else 0.0
