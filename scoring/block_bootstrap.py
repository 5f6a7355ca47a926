"""Bootstrap over blocks of consecutive weeks: forecasts of overlapping periods err together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SAMPLES = 1000
SURE = 0.8
"""How sure an interval is."""


def block_weights(weeks: int, block: int, seed: int, samples: int = SAMPLES) -> Floats:
    """How often each week is in each sample of blocks, shape (samples, weeks).

    Blocks run round the end (circular block bootstrap, Politis and Romano 1992), so that every
    week is drawn equally often.

    Examples
    --------
    >>> found = block_weights(10, 3, 0)
    >>> found.shape, set(found.sum(axis=1).tolist())
    ((1000, 10), {10.0})
    """
    rng = np.random.default_rng(seed)
    block = min(max(block, 1), max(weeks, 1))
    starts = rng.integers(0, max(weeks, 1), (samples, -(-weeks // block)))
    drawn = ((starts[:, :, None] + np.arange(block)) % max(weeks, 1)).reshape(samples, -1)[:, :weeks]
    weights = np.zeros((samples, weeks))
    np.add.at(weights, (np.arange(samples)[:, None], drawn), 1.0)
    return weights


def sure_between(values: Floats) -> tuple[float, float] | None:
    """Bounds that hold the middle 80 % of the samples in which a figure exists.

    None where it exists in none, and where all are the same: a single block of weeks says nothing of chance.
    """
    known = values[np.isfinite(values)]
    if not len(known) or known.min() == known.max():
        return None
    low, high = np.quantile(known, [(1 - SURE) / 2, (1 + SURE) / 2])
    return float(low), float(high)
