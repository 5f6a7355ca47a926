"""How well one column predicts an outcome alone, without looking good by memorising it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 5
BINS = 20
"""Quantile bins of a number; with fewer distinct values each is a bin of its own."""
SMOOTHING = 5.0
"""Opportunities of the average kind that each bin is smoothed with."""
FEWEST = 20
"""Opportunities of either outcome below which no figure is given."""
_Z90 = 1.6449
_NARROW = 1e-9


@dataclass(frozen=True)
class Power:
    """Area under the ROC curve of one column alone; ``low`` and ``high`` bound 90 %.

    ``n`` opportunities of which ``positive`` have the outcome. NaN with too few of either.
    """

    auc: float
    low: float
    high: float
    n: int
    positive: int


NO_POWER = Power(np.nan, np.nan, np.nan, 0, 0)


def codes_of(values: pd.Series) -> Ints:
    """Sort values into bins: quantiles of numbers, each word its own, missing one of its own.

    Examples
    --------
    >>> codes_of(pd.Series([3.0, np.nan, 1.0])).tolist(), codes_of(pd.Series(["b", None, "b"])).tolist()
    ([2, 0, 1], [1, 0, 1])
    """
    if values.dtype == np.float64 and values.nunique() > BINS:
        inner = np.unique(values.quantile(np.linspace(0, 1, BINS + 1)[1:-1]).to_numpy(np.float64))
        codes = np.searchsorted(inner, values.to_numpy(np.float64), side="left") + 1
        return np.where(values.isna(), 0, codes).astype(np.int64)
    return pd.factorize(values, sort=values.dtype == np.float64)[0].astype(np.int64) + 1


def out_of_fold(codes: Ints, positive: Floats) -> tuple[Floats, Ints]:
    """Log-odds of each row from the smoothed rate of its bin in the other folds, and its fold.

    A value that the other folds lack has the rate of all: an identifier tells nothing.
    """
    fold = _folds(positive)
    size = int(codes.max()) + 1
    count = np.stack([np.bincount(codes[fold == f], minlength=size) for f in range(FOLDS)])
    hits = np.stack([np.bincount(codes[fold == f], positive[fold == f], minlength=size) for f in range(FOLDS)])
    others, won = count.sum(axis=0) - count, hits.sum(axis=0) - hits
    base = won.sum(axis=1, keepdims=True) / others.sum(axis=1, keepdims=True)
    rate = (won + SMOOTHING * base) / (others + SMOOTHING)
    return np.log(rate / (1 - rate))[fold, codes], fold


def _folds(positive: Floats) -> Ints:
    """Deal rows into folds so that each has the same share of the outcome, in an order that is drawn."""
    drawn = np.random.default_rng(0).permutation(len(positive))
    order = drawn[np.argsort(positive[drawn], kind="stable")]
    fold = np.empty(len(positive), dtype=np.int64)
    fold[order] = np.arange(len(positive)) % FOLDS
    return fold


def power_of(values: pd.Series, positive: Floats, strata: Ints | None = None) -> Power:
    """Say how well a column alone ranks those with an outcome before those without.

    Missingness is a value like any other. Pairs are compared within folds (and strata),
    so that a column that tells nothing has 0.5 whatever the number of its values.

    Parameters
    ----------
    values
        float64 with NaN for missing, or words with None for missing; shape (n,).
    positive
        1 with the outcome, 0 without; shape (n,).
    strata
        Groups within which alone rows are compared; None for one group.

    Examples
    --------
    >>> won = np.repeat([1.0, 0.0], 100)
    >>> round(power_of(pd.Series(won * 3), won).auc, 2)
    1.0
    >>> power_of(pd.Series([f"id{i}" for i in range(200)]), won).auc
    0.5
    """
    hits = int(positive.sum())
    if min(hits, len(positive) - hits) < FEWEST:
        return NO_POWER
    score, fold = out_of_fold(codes_of(values), positive)
    return auc_within(score, positive, fold if strata is None else strata * FOLDS + fold)


def auc_within(score: Floats, positive: Floats, strata: Ints) -> Power:
    """Area under the curve over the pairs within strata; NaN without enough of them."""
    order = np.argsort(strata, kind="stable")
    bounds = np.flatnonzero(np.r_[True, np.diff(strata[order]) != 0])
    better = pairs = 0.0
    with_both = hits = 0
    for rows in np.split(order, bounds[1:]):
        ours, others = positive[rows].sum(), (1 - positive[rows]).sum()
        if ours and others:
            better += rankdata(score[rows])[positive[rows] == 1].sum() - ours * (ours + 1) / 2
            pairs += ours * others
            with_both, hits = with_both + len(rows), hits + int(ours)
    if min(hits, with_both - hits) < FEWEST:
        return NO_POWER
    auc = float(better / pairs)
    low, high = interval(auc, hits, with_both - hits)
    return Power(auc, low, high, with_both, hits)


def interval(auc: float, positives: int, negatives: int) -> tuple[float, float]:
    """Bounds of 90 % of an area under the curve; of use at 1 too, where its plain standard error is 0.

    Source: R. G. Newcombe, Statistics in Medicine 25 (2006) 559-573, method 5: the bounds are
    the areas from which the one seen is 1.645 of their own standard errors away.

    Examples
    --------
    >>> [round(bound, 3) for bound in interval(1.0, 50, 50)]
    [0.972, 1.0]
    """

    def distance(true: float) -> float:
        half = (positives + negatives) / 2 - 1
        spread = true * (1 - true) * (1 + half * ((1 - true) / (2 - true) + true / (1 + true)))
        return float(abs(true - auc) - _Z90 * np.sqrt(spread / (positives * negatives)))

    low = brentq(distance, 0.0, auc - _NARROW) if auc > _NARROW else 0.0
    high = brentq(distance, auc + _NARROW, 1.0) if auc < 1 - _NARROW else 1.0
    return float(low), float(high)
