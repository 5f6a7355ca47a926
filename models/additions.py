"""What features add within one member: where it starts, and what each feature adds to its log-odds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled

Floats = NDArray[np.float64]

_NARROW, _LEAST = 1e-6, 1e-9
_NODES, _WIDTHS = np.polynomial.legendre.leggauss(8)
STEPS: Floats = (_NODES + 1) / 2
WIDTHS: Floats = _WIDTHS / 2
"""Shares of the additions at which slopes are looked at, and how much each counts (Gauss and Legendre)."""


class Additions(Protocol):
    """What the features of n opportunities add in one member."""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features."""
        ...

    @property
    def start(self) -> float:
        """Log-odds of the win probability of the typical open opportunity."""
        ...

    def log_odds(self) -> Floats:
        """Log-odds of the win probability when the shares ``STEPS`` of all additions are made, shape (n, k)."""
        ...

    def credits(self, slope: Floats) -> Floats:
        """What each feature brings on the way, shape (n, f), for the slope at each step, shape (n, k)."""
        ...


@dataclass(frozen=True)
class OddsAdditions:
    """Additions to the log-odds of the win probability itself; ``parts`` has shape (n, f)."""

    features: tuple[str, ...]
    start: float
    parts: Floats

    def log_odds(self) -> Floats:
        """Log-odds at each step, shape (n, k)."""
        return np.asarray(self.start + self.parts.sum(axis=1)[:, None] * STEPS, dtype=np.float64)

    def credits(self, slope: Floats) -> Floats:
        """Credit each feature with its own addition, shape (n, f)."""
        return np.asarray(slope.sum(axis=1)[:, None] * self.parts, dtype=np.float64)


@dataclass(frozen=True)
class HazardAdditions:
    """Additions to the log-odds of the hazards.

    Parameters
    ----------
    features
        Names of the features.
    start_win, start_loss
        Log-odds of the hazards of the typical open opportunity, shape (J,).
    win, loss
        What each feature adds in each interval, shape (n, J, f), or (n, 1, f) when it is
        the same in all.
    """

    features: tuple[str, ...]
    start_win: Floats
    start_loss: Floats
    win: Floats
    loss: Floats
    typical: float | None = None

    @cached_property
    def start(self) -> float:
        """Log-odds of the win probability of the typical open opportunity."""
        return win_log_odds(self.start_win, self.start_loss) if self.typical is None else self.typical

    @cached_property
    def _on_the_way(self) -> tuple[Floats, Floats, Floats]:
        totals = np.empty((2, len(self.win), len(self.start_win)))
        _sum_features(self.win, totals[0])
        _sum_features(self.loss, totals[1])
        return _way(self.start_win, self.start_loss, totals[0], totals[1], STEPS)

    def log_odds(self) -> Floats:
        """Log-odds at each step, shape (n, k)."""
        return self._on_the_way[0]

    def credits(self, slope: Floats) -> Floats:
        """Credit each feature with what its additions to the hazards bring, shape (n, f)."""
        _, by_win, by_loss = self._on_the_way
        found = np.zeros((len(slope), len(self.features)))
        _credit(np.ascontiguousarray(slope), by_win, self.win, by_loss, self.loss, found)
        return found


def win_log_odds(start_win: Floats, start_loss: Floats) -> float:
    """Log-odds of the win probability that follows from the log-odds of the hazards, shape (J,) each."""
    nothing = np.zeros((1, len(start_win)))
    return float(_way(start_win, start_loss, nothing, nothing, np.zeros(1))[0][0, 0])


@compiled
def _sum_features(added: Floats, total: Floats) -> None:
    for row in range(len(added)):
        for j in range(total.shape[1]):
            place, found = min(j, added.shape[1] - 1), 0.0
            for f in range(added.shape[2]):
                found += added[row, place, f]
            total[row, j] = found


@compiled
def _credit(slope: Floats, by_win: Floats, win: Floats, by_loss: Floats, loss: Floats, found: Floats) -> None:
    """Credit the features of each row, interval by interval."""
    for row in range(len(slope)):
        for j in range(by_win.shape[2]):
            place, of_win, of_loss = min(j, win.shape[1] - 1), 0.0, 0.0
            for k in range(slope.shape[1]):
                of_win += slope[row, k] * by_win[row, k, j]
                of_loss += slope[row, k] * by_loss[row, k, j]
            for f in range(found.shape[1]):
                found[row, f] += of_win * win[row, place, f] + of_loss * loss[row, place, f]


def _way(
    start_win: Floats, start_loss: Floats, win: Floats, loss: Floats, steps: Floats
) -> tuple[Floats, Floats, Floats]:
    """Log-odds of the win probability on the way, shape (n, k), and their derivatives, shape (n, k, J)."""
    n, k, intervals = len(win), len(steps), len(start_win)
    odds = np.empty((n, k))
    by_win, by_loss = np.empty((n, k, intervals)), np.empty((n, k, intervals))
    _walk(start_win, start_loss, win, loss, steps, odds, by_win, by_loss)
    return odds, by_win, by_loss


@compiled
def _walk(
    start_win: Floats, start_loss: Floats, win: Floats, loss: Floats, steps: Floats,
    odds: Floats, by_win: Floats, by_loss: Floats,
) -> None:  # fmt: skip
    """Win probability by the recursion from the last interval back, and its derivatives.

    With V(j) the win probability given open at the start of interval j:
    V(j) = w(j) + (1 - w(j) - l(j)) V(j + 1), and beyond the last V = w / (w + l) of the last.
    """
    n, intervals = win.shape
    value = np.empty(intervals + 1)
    w, l = np.empty(intervals), np.empty(intervals)  # noqa: E741
    for row in range(n):
        for k in range(len(steps)):
            for j in range(intervals):
                w[j] = 1 / (1 + np.exp(-(start_win[j] + steps[k] * win[row, j])))
                l[j] = 1 / (1 + np.exp(-(start_loss[j] + steps[k] * loss[row, j])))
                total = w[j] + l[j]
                if total > 1:
                    w[j], l[j] = w[j] / total, l[j] / total
                w[j], l[j] = max(w[j], _LEAST), max(l[j], _LEAST)
            last = intervals - 1
            value[intervals] = w[last] / (w[last] + l[last])
            for j in range(last, -1, -1):
                value[j] = w[j] + (1 - w[j] - l[j]) * value[j + 1]
            chance = min(max(value[0], _NARROW), 1 - _NARROW)
            odds[row, k] = np.log(chance / (1 - chance))
            still_open = 1.0
            for j in range(intervals):
                # From the hazard's log-odds to the log-odds of the win probability.
                scale = still_open / (chance * (1 - chance))
                by_win[row, k, j] = scale * (1 - value[j + 1]) * w[j] * (1 - w[j])
                by_loss[row, k, j] = -scale * value[j + 1] * l[j] * (1 - l[j])
                still_open *= max(1 - w[j] - l[j], 0.0)
            beyond = still_open / (chance * (1 - chance)) / (w[last] + l[last]) ** 2
            by_win[row, k, last] += beyond * l[last] * w[last] * (1 - w[last])
            by_loss[row, k, last] -= beyond * w[last] * l[last] * (1 - l[last])
