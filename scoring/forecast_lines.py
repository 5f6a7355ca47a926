"""One line of a forecast: what a group, or all together, will bring, and what the rules say beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Measure = Literal["amount", "count"]
Bounds = tuple[float, float]

MEASURES: tuple[Measure, ...] = ("amount", "count")


@dataclass(frozen=True)
class Line:
    """Forecast of one group, or of all when ``group`` is empty.

    Parameters
    ----------
    group
        Value of the column, None when unknown.
    open, unpriced
        Open opportunities, and how many of them have no known amount.
    won, expected_open, expected_new
        Won so far in the period, expected from what is open, and from what is not created yet.
    expected
        Their sum.
    median, half, eighty
        Middle of the distribution, and the bounds of its middle 50 % and 80 %.
    target, target_probability
        What is to be reached, and how likely it is; None without a target.
    fixed_weights
        The managers' rule: won so far, and weight times amount of what is stated to close in the period.
    stage_rates
        Won so far, and what the stage rates expect of what is open; None when they are not at hand.
    commit
        What the owners committed to; None unless each of them did.
    commit_given, committed, owners
        The sum of those commits that were given, None without any; how many owners gave one, and of how many.
    """

    group: str | None
    open: int
    unpriced: int
    won: float
    expected_open: float
    expected_new: float
    expected: float
    median: float
    half: Bounds
    eighty: Bounds
    target: float | None
    target_probability: float | None
    fixed_weights: float
    stage_rates: float | None
    commit: float | None
    commit_given: float | None = None
    committed: int = 0
    owners: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Describe the line in JSON."""
        return asdict(self) | {"half": list(self.half), "eighty": list(self.eighty)}


def quantiles(draws: Floats, measure: Measure, shares: tuple[float, ...]) -> Floats:
    """Quantiles of drawn totals.

    Amounts have plain ones. Counts have mid-quantiles (Ma, Genton and Parzen 2011): between whole
    numbers, so that an interval of 80 % holds 80 % and not what the next whole number holds.

    Examples
    --------
    >>> quantiles(np.repeat([0.0, 1.0, 2.0], [25, 50, 25]), "count", (0.5,))
    array([1.])
    """
    if measure == "amount":
        return np.asarray(np.quantile(draws, shares), dtype=np.float64)
    values, counts = np.unique(draws, return_counts=True)
    middle = (np.cumsum(counts) - 0.5 * counts) / len(draws)
    return np.asarray(np.interp(shares, middle, values), dtype=np.float64)


def bounds(draws: Floats, measure: Measure, share: float) -> Bounds:
    """Bounds of the middle share of drawn totals; whole numbers for counts.

    Examples
    --------
    >>> bounds(np.zeros(10), "count", 0.8)
    (0.0, 0.0)
    """
    low, high = quantiles(draws, measure, ((1 - share) / 2, (1 + share) / 2))
    if measure == "count":
        low, high = np.ceil(low), max(np.floor(high), np.ceil(low))
    return float(low), float(high)


def middle(draws: Floats, measure: Measure) -> float:
    """Median of drawn totals; a whole number for counts."""
    found = float(quantiles(draws, measure, (0.5,))[0])
    return float(round(found)) if measure == "count" else found


def chance_of(draws: Floats, target: float | None) -> float | None:
    """Share of draws that reach a target; None without one."""
    return None if target is None else float((draws >= target).mean())
