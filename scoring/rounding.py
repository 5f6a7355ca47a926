"""Numbers as they are shown: parts that still add up after rounding."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
    return np.array(rounded_list(np.asarray(parts, dtype=np.float64).tolist(), total), dtype=np.int64)


def rounded_list(exact: Sequence[float], total: int) -> list[int]:
    """Round a list of parts in the same way."""
    rounded = [math.floor(part) for part in exact]
    if not rounded:
        return rounded
    each, one_more = divmod(total - sum(rounded), len(rounded))
    by_remainder = sorted(range(len(rounded)), key=lambda place: rounded[place] - exact[place])
    if each:
        rounded = [part + each for part in rounded]
    for place in by_remainder[:one_more]:
        rounded[place] += 1
    return rounded
