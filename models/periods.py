"""Person-periods: each snapshot once for every interval ahead in which it was watched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.outcomes import CENSORED, LOST, WON, Labels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_SHARES = (0.1, 0.25, 0.45, 0.65, 0.85, 0.97)
_SHORTEST = 0.5


@dataclass(frozen=True)
class Periods:
    """Rows of the hazard models; arrays of shape (m,).

    ``snapshot`` is the row of the snapshot, ``interval`` the interval's place, ``won`` and
    ``lost`` tell whether it closed so within the interval.
    """

    snapshot: Ints
    interval: Ints
    won: Bools
    lost: Bools


def choose_edges(labels: Labels) -> Floats:
    """Choose the ends of the intervals from the times to close, days, shape (J,).

    Quantiles of the days to close of those that closed, at least half a day apart and
    rounded to three figures. One interval of 30 days when nothing closed.

    Examples
    --------
    >>> closed = np.arange(1.0, 101.0)
    >>> choose_edges(Labels(closed, np.ones(100, int), closed))
    array([10.9, 25.8, 45.6, 65.4, 85.1, 97. ])
    """
    closed = labels.days[labels.outcome != CENSORED]
    if not len(closed):
        return np.array([30.0])
    edges: list[float] = []
    for quantile in np.quantile(closed, _SHARES):
        edge = float(f"{quantile:.3g}")
        if edge >= (edges[-1] if edges else 0) + _SHORTEST:
            edges.append(edge)
    return np.array(edges or [max(float(closed.max()), _SHORTEST)])


def log_ahead(edges: Floats) -> Floats:
    """Say how far ahead each interval lies: the logarithm of its middle, standardised, shape (J,); 0 for one alone.

    The first interval begins now; its middle is taken at half its end.

    Examples
    --------
    >>> log_ahead(np.array([10.0, 20.0, 40.0, 80.0])).round(2)
    array([-1.45, -0.29,  0.48,  1.26])
    >>> log_ahead(np.array([30.0]))
    array([0.])
    """
    starts = np.concatenate([[edges[0] / 4], edges[:-1]])
    ahead = np.log(starts * edges) / 2
    return np.asarray((ahead - ahead.mean()) / max(float(ahead.std()), 1e-9), dtype=np.float64)


def expand(labels: Labels, edges: Floats) -> Periods:
    """Repeat each snapshot for the intervals in which it was at risk and watched to the end.

    An interval that was not watched to its end is left out, closed in it or not: taking only
    those that closed would overstate the hazard.

    Examples
    --------
    >>> periods = expand(Labels(np.array([12.0]), np.array([1]), np.array([50.0])), np.array([10.0, 30.0, 60.0]))
    >>> periods.interval, periods.won
    (array([0, 1]), array([False,  True]))
    """
    starts = np.concatenate([[0.0], edges[:-1]])
    at_risk = (labels.days[:, None] > starts) | (starts == 0)
    watched = labels.watched[:, None] >= edges
    snapshot, interval = np.nonzero(at_risk & watched)
    closed_here = labels.days[snapshot] <= edges[interval]
    outcome = labels.outcome[snapshot]
    return Periods(
        snapshot.astype(np.int64),
        interval.astype(np.int64),
        closed_here & (outcome == WON),
        closed_here & (outcome == LOST),
    )
