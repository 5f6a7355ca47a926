"""Numbers as they are shown: parts that still add up after rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]

TENTHS = 1000
"""Tenths of a percentage point in a probability of 1."""


def tenths(probability: float) -> int:
    """Probability in tenths of a percentage point, rounded.

    Examples
    --------
    >>> tenths(0.2346)
    235
    """
    return round(TENTHS * probability)


def rounded_parts(parts: ArrayLike, total: int) -> Ints:
    """Round parts to whole numbers that sum to a whole number near their sum (largest remainder).

    Examples
    --------
    >>> rounded_parts([0.4, 0.4, 0.4, -2.2], -1)
    array([ 1,  0,  0, -2])
    """
    exact = np.asarray(parts, dtype=np.float64)
    whole = np.floor(exact)
    if not len(exact):
        return whole.astype(np.int64)
    each, one_more = divmod(total - int(whole.sum()), len(exact))
    rounded = whole.astype(np.int64) + each
    rounded[np.argsort(whole - exact, kind="stable")[:one_more]] += 1
    return rounded
