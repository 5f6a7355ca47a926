"""The pooled clock: when wins come and when losses come, over all opportunities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.outcomes import Labels
from models.incidence import Incidence, from_hazards
from models.periods import expand

Floats = NDArray[np.float64]

_PRIOR_ROWS = 1.0


@dataclass(frozen=True)
class Clock:
    """Pooled hazards of n groups, and what they say.

    ``win`` and ``loss`` are shares of person-periods, shape (J,).
    """

    edges: Floats
    win: Floats
    loss: Floats

    def incidence(self) -> Incidence:
        """What the pooled hazards say of one opportunity."""
        return from_hazards(self.edges, self.win[None, :], self.loss[None, :])

    def with_win(self, win: Floats) -> Incidence:
        """Combine win probabilities of other origin, shape (n,), with this clock."""
        pooled, rows = self.incidence(), np.zeros(len(win), dtype=np.int64)
        return Incidence(self.edges, win, pooled.win_clock[rows], pooled.loss_clock[rows])

    def to_dict(self) -> dict[str, Any]:
        """Describe the clock in JSON; ``Clock.from_dict`` reads it back."""
        return {"edges": self.edges.tolist(), "win": self.win.tolist(), "loss": self.loss.tolist()}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Clock:
        """Read what ``to_dict`` wrote."""
        return cls(np.array(raw["edges"]), np.array(raw["win"]), np.array(raw["loss"]))


def learn_clock(labels: Labels, edges: Floats) -> Clock:
    """Learn the pooled hazards, open opportunities included for as long as they were watched.

    Each interval counts as if one more had been watched that was neither won nor lost but
    for half a win and half a loss in a hundred, so that no hazard is exactly zero.

    Examples
    --------
    >>> labels = Labels(np.array([5.0, 5.0, 40.0, 40.0]), np.array([1, 2, 0, 0]), np.full(4, 40.0))
    >>> learn_clock(labels, np.array([10.0])).win.round(2)
    array([0.2])
    """
    periods = expand(labels, edges)
    at_risk = np.bincount(periods.interval, minlength=len(edges))
    won = np.bincount(periods.interval[periods.won], minlength=len(edges))
    lost = np.bincount(periods.interval[periods.lost], minlength=len(edges))
    rows = at_risk + _PRIOR_ROWS
    return Clock(edges, (won + 0.005 * _PRIOR_ROWS) / rows, (lost + 0.005 * _PRIOR_ROWS) / rows)
