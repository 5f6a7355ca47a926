"""The trend over the time of training: of what drifts, the last state is the best guess of the next."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.evidence import regress

Floats = NDArray[np.float64]


def years_before_the_end(snapshots: pd.DataFrame) -> Floats:
    """Years from each snapshot to the last one, at most 0, shape (n,)."""
    as_of = pd.DatetimeIndex(snapshots.index.get_level_values("as_of"))
    return np.asarray((as_of - as_of.max()) / pd.Timedelta(days=365), dtype=np.float64)


def straight_trend(years: Floats, happened: NDArray[np.bool_], repeats: float) -> tuple[float, float]:
    """Log-odds at the end of training, and what a year adds to them, shrunk towards nothing.

    Parameters
    ----------
    years
        Years from each row to the end, at most 0, shape (m,).
    happened
        Whether it happened, shape (m,).
    repeats
        Rows that tell as much as one.

    Examples
    --------
    >>> years = np.linspace(-2, 0, 20_000)
    >>> happened = np.random.default_rng(0).random(20_000) < 1 / (1 + np.exp(2 + years))
    >>> [round(value, 1) for value in straight_trend(years, happened, 1.0)]
    [-2.1, -1.0]
    """
    if not happened.any():
        return -12.0, 0.0
    slope, end = regress(years[:, None], np.zeros(len(years), np.int64), happened, repeats).coefficients
    return float(end), float(slope)
