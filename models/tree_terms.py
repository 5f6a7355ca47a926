"""What each feature adds to a booster's log-odds in each interval ahead: exact, by table look-up.

A tree of few leaves asks few questions, so its answers fall into few patterns (64 for seven
leaves). For each tree, interval and pattern the Shapley values are computed once; explaining
a row is then a look-up a tree. Within an interval the interval is known, not a feature: the
values add up from the interval's mean answer to the row's answer.

Lundberg, Erion and Lee (2018), *Consistent individualized feature attribution for tree
ensembles*: a feature that is not known is averaged over, by the training rows in each branch.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled
from models.trees import Trees, goes_left, read_trees

__all__ = ["TreeTerms", "Trees", "read_trees", "tree_terms"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class TreeTerms:
    """The table of a booster.

    Parameters
    ----------
    slot
        Place of each question's column among the tree's own columns, shape (T, N).
    columns
        The tree's own columns, -1 where there are fewer, shape (T, N).
    table
        Shapley value by tree, interval, pattern of answers and own column, shape (T, J, P, N).
    base
        Mean log-odds in each interval, shape (J,).
    """

    trees: Trees
    columns: Ints
    table: Floats
    base: Floats

    def of(self, matrix: Floats, group: Ints | None = None) -> Floats:
        """What each column adds to the log-odds of each interval, shape (n, J, p).

        With a ``group`` of each column, 0, 1, …, what each group of columns adds, shape (n, J, g).
        """
        group = np.arange(matrix.shape[1]) if group is None else group
        found = np.zeros((len(matrix), len(self.base), int(group.max(initial=-1)) + 1))
        owner = np.where(self.columns >= 0, group[self.columns], -1)
        t = self.trees
        _look_up(np.ascontiguousarray(matrix), t.feature, t.threshold, t.decision, owner, self.table, found)
        return found


def tree_terms(trees: Trees, interval: int, intervals: int) -> TreeTerms:
    """Compute the table of a booster.

    Parameters
    ----------
    interval
        Column of the interval ahead.
    intervals
        Number of intervals J, which are 0, 1, …, J - 1 in that column.
    """
    count, width = trees.feature.shape
    columns = np.full((count, width), -1, np.int64)
    slot = np.full((count, width), -1, np.int64)
    for t in range(count):
        own = sorted({int(c) for c in trees.feature[t] if c >= 0 and c != interval})
        columns[t, : len(own)] = own
        slot[t] = [own.index(c) if c in own else -1 for c in trees.feature[t]]
    table = np.zeros((count, intervals, 1 << width, width))
    base = np.zeros(intervals)
    share = np.array([[_share(k, s) for s in range(width + 1)] for k in range(width + 1)])
    _tabulate(
        interval, slot, share,
        trees.feature, trees.threshold, trees.left, trees.right, trees.value, trees.weight,
        table, base,
    )  # fmt: skip
    return TreeTerms(trees, columns, table, base)


def _share(players: int, before: int) -> float:
    """Share of the orders of ``players`` in which ``before`` given ones come before a given one."""
    if before >= players:
        return 0.0
    return factorial(before) * factorial(players - before - 1) / factorial(players)


@compiled
def _answer(
    t: int, known: int, pattern: int, j: int, interval: int, slot: Ints,
    feature: Ints, threshold: Floats, left: Ints, right: Ints, value: Floats, weight: Floats,
) -> float:  # fmt: skip
    """Mean answer of a tree when some of its columns are known; by an explicit stack, for numba."""
    total = 0.0
    stack = np.zeros(16, np.int64)
    part = np.zeros(16)
    top, stack[0], part[0] = 1, 0, 1.0
    if feature[t, 0] < 0:
        stack[0] = ~0
    while top:
        top -= 1
        node, share = stack[top], part[top]
        if node < 0:
            total += share * value[t, ~node]
            continue
        lower, upper = left[t, node], right[t, node]
        if feature[t, node] == interval:
            goes_left, is_known = j <= threshold[t, node], True
        else:
            goes_left = (pattern >> node) & 1 == 1
            is_known = (known >> slot[t, node]) & 1 == 1
        if is_known:
            stack[top], part[top] = (lower if goes_left else upper), share
            top += 1
        else:
            below = _rows(t, lower, left, right, weight)
            both = below + _rows(t, upper, left, right, weight)
            stack[top], part[top] = lower, share * below / both
            stack[top + 1], part[top + 1] = upper, share * (1 - below / both)
            top += 2
    return total


@compiled
def _rows(t: int, node: int, left: Ints, right: Ints, weight: Floats) -> float:
    """Training rows below a question or in a leaf."""
    total = 0.0
    stack = np.zeros(16, np.int64)
    top, stack[0] = 1, node
    while top:
        top -= 1
        at = stack[top]
        if at < 0:
            total += weight[t, ~at]
        else:
            stack[top], stack[top + 1] = left[t, at], right[t, at]
            top += 2
    return total


@compiled
def _tabulate(
    interval: int, slot: Ints, share: Floats,
    feature: Ints, threshold: Floats, left: Ints, right: Ints, value: Floats, weight: Floats,
    table: Floats, base: Floats,
) -> None:  # fmt: skip
    count, intervals, patterns, width = table.shape
    answers = np.zeros(1 << width)
    for t in range(count):
        players = slot[t].max() + 1
        for j in range(intervals):
            base[j] += _answer(t, 0, 0, j, interval, slot, feature, threshold, left, right, value, weight)
            for pattern in range(patterns):
                for known in range(1 << players):
                    answers[known] = _answer(
                        t, known, pattern, j, interval, slot, feature, threshold, left, right, value, weight
                    )
                for player in range(players):
                    for known in range(1 << players):
                        if (known >> player) & 1 == 0:
                            size = 0
                            for other in range(players):
                                size += (known >> other) & 1
                            gain = answers[known | (1 << player)] - answers[known]
                            table[t, j, pattern, player] += share[players, size] * gain


@compiled
def _look_up(
    matrix: Floats, feature: Ints, threshold: Floats, decision: Ints, owner: Ints, table: Floats, found: Floats
) -> None:
    count, intervals, _, width = table.shape
    for row in range(len(matrix)):
        for t in range(count):
            pattern = 0
            for node in range(width):
                column = feature[t, node]
                # The column of the interval is not in the matrix; the table knows the interval.
                if column < 0 or column >= matrix.shape[1]:
                    continue
                if goes_left(matrix[row, column], threshold[t, node], decision[t, node]):
                    pattern |= 1 << node
            for j in range(intervals):
                for player in range(width):
                    if owner[t, player] >= 0:
                        found[row, j, owner[t, player]] += table[t, j, pattern, player]
