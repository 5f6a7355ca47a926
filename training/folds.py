"""Splits of rows into those to learn from and those to judge by, where time does not part them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from features.errors import DataError, NotEnoughDataError

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Split = tuple[Ints, Ints]


def stratified_folds(won: Bools, folds: int, seed: int, groups: Ints | None = None) -> list[Split]:
    """Part rows into folds with like shares of wins; each fold is held out once.

    Parameters
    ----------
    won
        Whether each row was won, shape (n,).
    groups
        Group of each row: all rows of one stay in one fold.

    Raises
    ------
    NotEnoughDataError
        Fewer won or lost rows, or groups, than folds.

    Examples
    --------
    >>> [held.tolist() for _, held in stratified_folds(np.array([True, False] * 4), 2, 0)]
    [[1, 4, 5, 6], [0, 2, 3, 7]]
    """
    fewest = min(int(won.sum()), int((~won).sum()), len(won) if groups is None else len(np.unique(groups)))
    if fewest < folds:
        raise NotEnoughDataError(
            f"{fewest} rows won, or lost, or groups", f"at least {folds}, one for each fold", "ask for fewer folds"
        )
    by = StratifiedKFold if groups is None else StratifiedGroupKFold
    parted = by(folds, shuffle=True, random_state=seed).split(np.zeros(len(won)), won, groups)
    return [(past.astype(np.int64), held.astype(np.int64)) for past, held in parted]


def forward_folds(rows: int, shares: Sequence[float]) -> list[Split]:
    """Learn from the first share of the rows, judge by those up to the next share; the last share ends the judging.

    Examples
    --------
    >>> [(len(past), held.tolist()) for past, held in forward_folds(10, (0.6, 0.8, 1.0))]
    [(6, [6, 7]), (8, [8, 9])]
    """
    ends = [round(rows * share) for share in shares]
    place = np.arange(rows, dtype=np.int64)
    return [(place[:start], place[start:end]) for start, end in zip(ends[:-1], ends[1:], strict=True) if end > start]


def groups_of(table: pd.DataFrame, columns: Sequence[str]) -> Ints | None:
    """Number the groups of rows that are alike in some columns; None without columns.

    A row with a missing value is a group of its own: what is unknown is not alike.

    Raises
    ------
    DataError
        The table has no such column.
    """
    if not columns:
        return None
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise DataError(
            f"no column {missing[0]!r}", f"one of {', '.join(table.columns)}", "name a column that there is"
        )
    code = table.groupby(list(columns), sort=True, dropna=True).ngroup().fillna(-1).to_numpy(np.int64)
    return np.where(code < 0, code.max(initial=0) + 1 + np.arange(len(code)), code)


def folds_in(cutoffs: Collection[str | None]) -> int:
    """Count the folds of a repetition from their names ``fold r/k``; 0 when these are no folds.

    Examples
    --------
    >>> folds_in(["fold 1/1", "fold 1/2", "fold 2/1"]), folds_in([None])
    (2, 0)
    """
    names = [name for name in cutoffs if name is not None and name.startswith("fold ")]
    return max((int(name.partition("/")[2]) for name in names), default=0)


def standard_error(values: Sequence[float], folds: int) -> float:
    """Standard error of the mean over repeated folds.

    Notes
    -----
    Folds share most of their training rows, so their figures are not independent: the variance
    is multiplied by 1/K + 1/(k - 1) instead of 1/K, with K figures of k folds (Nadeau and
    Bengio 2003). 0 for a single figure.

    Examples
    --------
    >>> round(standard_error([0.1, 0.3, 0.1, 0.3], 2), 3)
    0.129
    """
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return spread * float(np.sqrt(1 / len(values) + 1 / max(folds - 1, 1)))
