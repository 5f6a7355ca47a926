"""Bootstrap over opportunities as weights: how often each one is drawn in each sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAMPLES = 200
LOW, HIGH = 0.05, 0.95
"""Quantiles that bound an interval of 90 %."""


@dataclass(frozen=True)
class Draws:
    """Bootstrap samples of opportunities, each with all its snapshots.

    Parameters
    ----------
    place
        Opportunity of each snapshot, from 0, shape (n,).
    counts
        How often each of the k opportunities is drawn in each of the r samples, shape (r, k).
    """

    place: Ints
    counts: Floats

    def weights(self, sample: int) -> Floats:
        """How often each snapshot is in a sample, shape (n,)."""
        weights: Floats = self.counts[sample][self.place]
        return weights

    def sums(self, values: Floats, group: Ints, groups: int) -> Floats:
        """Sum of values by group in each sample, shape (r, groups).

        Parameters
        ----------
        values
            One a snapshot, shape (n,).
        group
            Group of each snapshot, from 0; below 0 for none, shape (n,).
        """
        kept = group >= 0
        cell = self.place[kept] * groups + group[kept]
        each = np.bincount(cell, values[kept], minlength=self.counts.shape[1] * groups)
        summed: Floats = self.counts @ each.reshape(-1, groups)
        return summed


def draw_opportunities(opportunities: NDArray[np.object_], seed: int, samples: int = SAMPLES) -> Draws:
    """Draw as many opportunities as there are, with replacement (Efron 1979), so many times.

    Parameters
    ----------
    opportunities
        Opportunity of each snapshot, shape (n,).
    seed
        The same seed gives the same samples.

    Examples
    --------
    >>> drawn = draw_opportunities(np.array(["a", "b", "b"], dtype=object), 0)
    >>> drawn.place.tolist(), set(drawn.counts.sum(axis=1).tolist())
    ([0, 1, 1], {2.0})
    """
    ids, place = np.unique(opportunities.astype(str), return_inverse=True)
    shares = np.full(len(ids), 1 / max(len(ids), 1))
    counts = np.random.default_rng(seed).multinomial(len(ids), shares, size=samples)
    return Draws(place.astype(np.int64), counts.astype(np.float64))


def ratio_interval(above: Floats, below: Floats) -> tuple[Floats, Floats]:
    """Bound the ratio of two sums by 90 %, over the samples in which it exists.

    Parameters
    ----------
    above, below
        Sums in each sample, shape (r, g).

    Returns
    -------
    Low and high of each group, shape (g,); NaN where no sample has the ratio.
    """
    ratio = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    missing = np.isnan(ratio).all(axis=0)
    bounds = np.full((2, ratio.shape[1]), np.nan)
    if not missing.all():
        bounds[:, ~missing] = np.nanquantile(ratio[:, ~missing], [LOW, HIGH], axis=0)
    return bounds[0], bounds[1]


def widen_certain(low: Floats, high: Floats, share: Floats, opportunities: Ints) -> tuple[Floats, Floats]:
    """Bound a share of 0 or 1, of which a bootstrap sees nothing, by what so few can tell.

    When none of k opportunities was won, a share above 1 − 0.05^(1/k) would have shown a win
    with 95 % (the rule of three, exactly; Clopper and Pearson 1934).

    Examples
    --------
    >>> zero = np.zeros(1)
    >>> [float(bound[0].round(3)) for bound in widen_certain(zero, zero, zero, np.array([30]))]
    [0.0, 0.095]
    """
    farthest = 1 - LOW ** (1 / np.maximum(opportunities, 1))
    return np.where(share == 1, 1 - farthest, low), np.where(share == 0, farthest, high)
