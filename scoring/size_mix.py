"""Deals by size: the mix of what is open, and of what a target wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.compiled import Floats
from features.errors import DataError
from scoring.report import Report
from scoring.words import Words

EDGES = (10_000.0, 30_000.0, 50_000.0)
"""Bounds of the usual four sizes: under 10 k, 10–30 k, 30–50 k, 50 k and over."""


@dataclass(frozen=True)
class SizeBand(Report):
    """Deals of a size: amounts from ``low`` (inclusive) to ``high`` (exclusive, None: no bound).

    ``typical`` is the amount of one deal, None where it is not known.
    """

    low: float
    high: float | None
    deals: int
    typical: float | None = None


@dataclass(frozen=True)
class SizeShare(Report):
    """Opportunities of a size, and their share of those whose amount is known."""

    band: SizeBand
    name: Words
    share: float | None


def bands_of(counts: Sequence[int], edges: Sequence[float] = EDGES) -> tuple[SizeBand, ...]:
    """Make a target by size: how many deals between the edges, smallest first.

    Examples
    --------
    >>> sum(band.deals for band in bands_of([28, 7, 2, 1]))
    38
    """
    if len(counts) != len(edges) + 1 or list(edges) != sorted(set(edges)) or any(count < 0 for count in counts):
        found = f"{len(counts)} numbers of deals between {len(edges)} edges"
        raise DataError(found, f"{len(edges) + 1} numbers, 0 or more, and edges that rise", "correct the size mix")
    lows, highs = [0.0, *edges], [*edges, None]
    return tuple(SizeBand(low, high, count) for low, high, count in zip(lows, highs, counts, strict=True))


def size_mix(values: Floats, edges: Sequence[float] = EDGES) -> tuple[SizeShare, ...]:
    """Count amounts by size; unknown amounts (NaN) are in none.

    Examples
    --------
    >>> values = np.repeat([5e3, 2e4, 4e4, 6e4], [61, 30, 12, 5])
    >>> [round(100 * one.share, 1) for one in size_mix(values)]
    [56.5, 27.8, 11.1, 4.6]
    """
    known = values[~np.isnan(values)]
    place = np.searchsorted(np.array(edges), known, side="right")
    counts = np.bincount(place, minlength=len(edges) + 1).tolist()
    found = []
    for number, band in enumerate(bands_of(counts, edges)):
        inside = known[place == number]
        typical = float(np.median(inside)) if len(inside) else None
        share = band.deals / len(known) if len(known) else None
        found.append(SizeShare(SizeBand(band.low, band.high, band.deals, typical), band_name(band), share))
    return tuple(found)


def band_name(band: SizeBand) -> Words:
    """Say from what amount to what.

    Examples
    --------
    >>> [band_name(band).en for band in bands_of([28, 7, 2, 1])]
    ['under 10,000', '10,000 to 30,000', '30,000 to 50,000', '50,000 and over']
    """
    low, high = f"{band.low:,.0f}", "" if band.high is None else f"{band.high:,.0f}"
    if band.high is None:
        return Words(f"{low} and over", f"{low}及以上")
    return Words(f"under {high}", f"{high}以下") if band.low == 0 else Words(f"{low} to {high}", f"{low}至{high}")
