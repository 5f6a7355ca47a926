"""Reasons as a waterfall: where each one begins and ends on the way from the typical opportunity to this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Fall(NamedTuple):
    """Where a part begins and where it ends, percentage points."""

    start: float
    end: float


def waterfall(base: float, parts: Sequence[float]) -> list[Fall]:
    """Put parts one after another.

    Parameters
    ----------
    base
        Where the first one begins, percentage points to a tenth.
    parts
        What each adds, percentage points to a tenth; negative ones lower it.

    Returns
    -------
    One fall a part. Each begins where the one before ended; the last ends at the sum, to a tenth.

    Examples
    --------
    >>> waterfall(21.3, [4.0, -1.4, 22.2])
    [Fall(start=21.3, end=25.3), Fall(start=25.3, end=23.9), Fall(start=23.9, end=46.1)]
    """
    falls, at = [], round(10 * base)
    for part in parts:
        after = at + round(10 * part)
        falls.append(Fall(at / 10, after / 10))
        at = after
    return falls
