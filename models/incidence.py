"""The answer every model gives: will it be won, and when will it be won or lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    asked = np.broadcast_to(asked, (len(clock), asked.shape[-1]))
    bounds = np.concatenate([[0.0], edges])
    values = np.concatenate([np.zeros((len(clock), 1)), clock], axis=1)
    place = np.clip(np.searchsorted(bounds, asked, side="left") - 1, 0, len(edges) - 1)
    share = np.clip((asked - bounds[place]) / (bounds[place + 1] - bounds[place]), 0, 1)
    low, high = np.take_along_axis(values, place, 1), np.take_along_axis(values, place + 1, 1)
    inside = low + share * (high - low)
    beyond = np.maximum(asked - edges[-1], 0)
    reached: Floats = 1 - (1 - inside) * np.exp(-_tail_hazard(bounds, values)[:, None] * beyond)
    return reached


def clock_median(edges: Floats, clock: Floats) -> Floats:
    """Days by which each clock reaches one half; infinite if it never does."""
    bounds = np.concatenate([[0.0], edges])
    values = np.concatenate([np.zeros((len(clock), 1)), clock], axis=1)
    place = np.clip((values < 0.5).sum(axis=1) - 1, 0, len(edges) - 1)
    rows = np.arange(len(clock))
    low, high = values[rows, place], values[rows, place + 1]
    step = np.where(high > low, (0.5 - low) / np.maximum(high - low, _LEAST), 0)
    inside = bounds[place] + np.clip(step, 0, 1) * (bounds[place + 1] - bounds[place])
    hazard = _tail_hazard(bounds, values)
    left = np.maximum(1 - values[:, -1], _LEAST)
    with np.errstate(divide="ignore"):
        beyond = edges[-1] + np.where(hazard > 0, np.log(left / 0.5) / np.maximum(hazard, _LEAST), np.inf)
    median: Floats = np.where(values[:, -1] >= 0.5, inside, beyond)
    return median


def _tail_hazard(bounds: Floats, values: Floats) -> Floats:
    before, after = np.maximum(1 - values[:, -2], _LEAST), np.maximum(1 - values[:, -1], _LEAST)
    return np.asarray(np.log(before / after) / (bounds[-1] - bounds[-2]), dtype=np.float64)


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
    total = win + loss
    too_much = np.maximum(total, 1.0)
    win, loss = np.maximum(win / too_much, _LEAST), np.maximum(loss / too_much, _LEAST)
    after = np.cumprod(np.maximum(1 - win - loss, 0), axis=1)
    before = np.concatenate([np.ones((len(win), 1)), after[:, :-1]], axis=1)
    won, lost = np.cumsum(before * win, axis=1), np.cumsum(before * loss, axis=1)
    rest = after[:, -1] / (win[:, -1] + loss[:, -1])
    ever_won, ever_lost = won[:, -1] + rest * win[:, -1], lost[:, -1] + rest * loss[:, -1]
    return Incidence(edges, ever_won, won / ever_won[:, None], lost / ever_lost[:, None])


def log_odds(win: Floats) -> Floats:
    """Log-odds of probabilities, kept within 1e-6 of 0 and 1."""
    kept = np.clip(win, NARROW, 1 - NARROW)
    return np.asarray(np.log(kept / (1 - kept)), dtype=np.float64)


def mean_log_odds(win: Floats) -> float:
    """Mean log-odds of probabilities; those of one half when there are none."""
    return float(log_odds(win).mean()) if len(win) else 0.0
