"""The trees of a booster as arrays, and what they answer: the same sums as LightGBM's, without its calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_NODES = 6
"""Questions of a tree of seven leaves; larger trees have too many patterns for a table."""

_DEFAULT_LEFT, _MISSING_ZERO, _MISSING_NAN = 2, 4, 8
_ZERO = 1e-35


@dataclass(frozen=True)
class Trees:
    """Trees as arrays: T trees of at most N questions, shape (T, N), and N + 1 leaves.

    Parameters
    ----------
    feature
        Column that a question is about, -1 where a tree has fewer questions.
    threshold, decision
        Left when the value is at most the threshold; LightGBM's bits for what a missing value does.
    left, right
        The next question, or ~leaf.
    value, weight
        Of the leaves, shape (T, N + 1): the log-odds added, and the training rows in it.
    """

    feature: Ints
    threshold: Floats
    decision: Ints
    left: Ints
    right: Ints
    value: Floats
    weight: Floats

    def log_odds(self, matrix: Floats, interval: int, intervals: int, rounds: int | None = None) -> Floats:
        """Sum the trees' answers in each interval ahead, shape (n, J).

        Parameters
        ----------
        matrix
            Columns that the trees ask about, shape (n, p).
        interval, intervals
            Column of the interval ahead, which is not in the matrix, and the number of intervals J.
        rounds
            Number of trees asked; all when None.

        Notes
        -----
        A leaf at a time in the order of the trees, as LightGBM does: the sums are the same bit for bit.
        """
        found = np.zeros((len(matrix), intervals))
        count = len(self.feature) if rounds is None else min(rounds, len(self.feature))
        asked = (self.feature, self.threshold, self.decision, self.left, self.right, self.value)
        _sum_leaves(np.ascontiguousarray(matrix), interval, count, *asked, found)
        return found


def read_trees(text: str) -> Trees:
    """Read the trees of a booster from LightGBM's model text.

    Raises
    ------
    ValueError
        A tree has more questions than a table holds, or asks for a category.
    """
    blocks = text.split("\nTree=")[1:]
    parsed = [_block(block.split("\n\n")[0]) for block in blocks]
    questions = max((len(b["split_feature"]) for b in parsed), default=0)
    if questions > MOST_NODES:
        raise ValueError(f"a tree of {questions + 1} leaves; at most {MOST_NODES + 1} can be tabulated")
    width = max(questions, 1)
    shape = (len(parsed), width)
    feature, threshold, decision = np.full(shape, -1), np.zeros(shape), np.zeros(shape, np.int64)
    left, right = np.full(shape, -1), np.full(shape, -1)
    value, weight = np.zeros((len(parsed), width + 1)), np.zeros((len(parsed), width + 1))
    for t, block in enumerate(parsed):
        n, leaves = len(block["split_feature"]), len(block["leaf_value"])
        feature[t, :n], threshold[t, :n], decision[t, :n] = (
            block[name] for name in ("split_feature", "threshold", "decision_type")
        )
        left[t, :n], right[t, :n] = block["left_child"], block["right_child"]
        value[t, :leaves], weight[t, :leaves] = block["leaf_value"], block["leaf_count"] if n else 1.0
    if (decision & 1).any():
        raise ValueError("a question about a category; only numbers can be tabulated")
    ints = (a.astype(np.int64) for a in (feature, decision, left, right))
    feature, decision, left, right = ints
    return Trees(feature, threshold, decision, left, right, value, weight)


def _block(block: str) -> dict[str, list[float]]:
    names = ("split_feature", "threshold", "decision_type", "left_child", "right_child", "leaf_value", "leaf_count")
    found: dict[str, list[float]] = {name: [] for name in names}
    for line in block.splitlines():
        name, _, values = line.partition("=")
        if name in found:
            found[name] = [float(v) for v in values.split()]
    return found


@compiled
def goes_left(x: float, threshold: float, decision: int) -> bool:
    """Answer one question as LightGBM does.

    ``models.tree_terms`` calls it too, and numba does not notice there when it changes: touch both files.
    """
    if np.isnan(x) and decision & _MISSING_NAN == 0:
        x = 0.0
    if np.isnan(x) or (decision & _MISSING_ZERO != 0 and abs(x) <= _ZERO):
        return decision & _DEFAULT_LEFT != 0
    return x <= threshold


@compiled
def _sum_leaves(
    matrix: Floats, interval: int, count: int,
    feature: Ints, threshold: Floats, decision: Ints, left: Ints, right: Ints, value: Floats, found: Floats,
) -> None:  # fmt: skip
    for row in range(len(matrix)):
        for t in range(count):
            for j in range(found.shape[1]):
                node = 0 if feature[t, 0] >= 0 else -1
                while node >= 0:
                    column = feature[t, node]
                    x = float(j) if column == interval else matrix[row, column]
                    node = left[t, node] if goes_left(x, threshold[t, node], decision[t, node]) else right[t, node]
                found[row, j] += value[t, ~node]
