"""Ridge-logistic regression for flat tables: additive effects, good with few wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.outcomes import WON, Labels
from features.snapshot_table import Table
from models.additions import OddsAdditions
from models.flat_encoding import FlatEncoding, learn_flat_encoding
from models.incidence import Incidence, certain_clock

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Penalties to choose from by held-out likelihood."""

_FARTHEST = 5.0
_DENSE_COLUMNS = 120


class FlatLogistic:
    """Logistic regression with an L2 penalty on what a row says.

    Numbers enter twice, as they are and as signed log(1 + |x|), both standardised; a missing
    one as the mean, with a column of its own that says so. Each usual word of a category has
    an effect of its own, as have a missing word and all rare ones together.
    """

    name = "ridge_logistic"

    def __init__(self, penalty: float = 10.0) -> None:
        self.penalty = penalty

    def fit(self, snapshots: pd.DataFrame, labels: Labels, edges: Floats) -> Self:
        """Learn from closed rows."""
        self.edges = edges
        self._solve(*self._prepare(snapshots), labels.outcome == WON, self.penalty)
        return self

    def path(
        self, snapshots: pd.DataFrame, labels: Labels, later: pd.DataFrame, penalties: Sequence[float]
    ) -> Iterator[Floats]:
        """Give the win probabilities of later rows under each penalty in turn, learned from the others."""
        design, codes = self._prepare(snapshots)
        later_design, later_codes = self._rows(later)
        for penalty in penalties:
            self._solve(design, codes, labels.outcome == WON, penalty)
            yield self._win(later_design, later_codes)

    def _prepare(self, snapshots: pd.DataFrame) -> tuple[Floats, Ints]:
        """Learn how rows become numbers, and give those of the rows learned from."""
        self.encoding = learn_flat_encoding(snapshots)
        self._learn_scale(_twice(self.encoding.values(snapshots)))
        return self._rows(snapshots)

    def _rows(self, snapshots: Table) -> tuple[Floats, Ints]:
        return self._design(_twice(self.encoding.values(snapshots))), self.encoding.codes(snapshots)

    def _solve(self, design: Floats, codes: Ints, won: NDArray[np.bool_], penalty: float) -> None:
        sizes = [len(words) + 2 for words in self.encoding.words.values()]
        fitted, self.intercept = _regress(design, codes, sizes, won, penalty)
        width = len(fitted) - sum(sizes)
        self.effects = fitted[:width]
        self.word_effects = np.split(fitted[width:], np.cumsum(sizes)[:-1]) if sizes else []
        self.typical = np.array([e[codes[:, place]].mean() for place, e in enumerate(self.word_effects)])

    def predict(self, snapshots: Table) -> Incidence:
        """Give the win probability of each row."""
        return certain_clock(self.edges, self._win(*self._rows(snapshots)))

    def additions(self, snapshots: Table) -> OddsAdditions:
        """Say what each column adds to the log-odds of the typical row, whose numbers are at their means."""
        design, codes = self._rows(snapshots)
        numbers = len(self.encoding.numbers)
        added = design * self.effects
        of_column = np.concatenate([np.arange(numbers), np.arange(numbers), self.gaps]).astype(np.int64)
        parts = added @ np.eye(numbers)[of_column]
        words = [e[codes[:, place]] - self.typical[place] for place, e in enumerate(self.word_effects)]
        features = (*self.encoding.numbers, *self.encoding.words)
        start = self.intercept + float(np.sum(self.typical))
        return OddsAdditions(
            features, start, np.concatenate([parts, np.stack(words, axis=1)] if words else [parts], axis=1)
        )

    def _win(self, design: Floats, codes: Ints) -> Floats:
        # Summed row by row: a matrix product may round differently for one row than for many.
        odds = (design * self.effects).sum(axis=1) + self.intercept
        for place, effects in enumerate(self.word_effects):
            odds = odds + effects[codes[:, place]]
        return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)

    def _learn_scale(self, raw: Floats) -> None:
        present = ~np.isnan(raw)
        count = np.maximum(present.sum(axis=0), 1)
        self.mean = np.where(present, raw, 0).sum(axis=0) / count
        spread = np.sqrt((np.where(present, raw - self.mean, 0) ** 2).sum(axis=0) / count)
        self.spread = np.where(spread > 1e-9, spread, 1.0)
        half = raw.shape[1] // 2
        self.gaps = np.flatnonzero(~present[:, :half].all(axis=0))

    def _design(self, raw: Floats) -> Floats:
        scaled = np.where(np.isnan(raw), 0, (raw - self.mean) / self.spread)
        # A value far outside what was trained on must not carry the answer away.
        kept = np.clip(scaled, -_FARTHEST, _FARTHEST)
        return np.concatenate([kept, np.isnan(raw[:, self.gaps]).astype(np.float64)], axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Describe the model in JSON; ``from_dict`` reads it back."""
        return {
            "encoding": self.encoding.to_dict(),
            "penalty": self.penalty,
            "intercept": self.intercept,
            "gaps": self.gaps.tolist(),
            "word_effects": [effects.tolist() for effects in self.word_effects],
            **{name: getattr(self, name).tolist() for name in _ARRAYS},
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> FlatLogistic:
        """Read what ``to_dict`` wrote."""
        model = cls(float(raw["penalty"]))
        model.encoding = FlatEncoding.from_dict(raw["encoding"])
        model.intercept = float(raw["intercept"])
        model.gaps = np.array(raw["gaps"], dtype=np.int64)
        model.word_effects = [np.array(effects, dtype=np.float64) for effects in raw["word_effects"]]
        for name in _ARRAYS:
            setattr(model, name, np.array(raw[name], dtype=np.float64))
        return model

    edges: Floats
    encoding: FlatEncoding
    mean: Floats
    spread: Floats
    gaps: Ints
    effects: Floats
    typical: Floats
    word_effects: list[Floats]
    intercept: float


_ARRAYS = ("edges", "mean", "spread", "effects", "typical")


def _twice(raw: Floats) -> Floats:
    return np.concatenate([raw, np.sign(raw) * np.log1p(np.abs(raw))], axis=1)


@cache
def _libraries() -> ThreadpoolController:
    """The libraries that use threads; looking for them takes longer than a small regression."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _regress(
    design: Floats, codes: Ints, sizes: list[int], won: NDArray[np.bool_], penalty: float
) -> tuple[Floats, float]:
    """Coefficients of the columns, then of the words of each category, and the intercept."""
    width = design.shape[1] + sum(sizes)
    if won.all() or not won.any() or not width:
        share = (won.sum() + 0.5) / (len(won) + 1)
        return np.zeros(width), float(np.log(share / (1 - share)))
    # Imported here, for fitting alone: the service predicts, and must not need these libraries.
    from scipy.sparse import csr_array, hstack
    from sklearn.linear_model import LogisticRegression

    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64) if sizes else np.zeros(0, np.int64)
    rows = np.repeat(np.arange(len(codes)), len(sizes))
    hits = csr_array((np.ones(len(rows)), (rows, (codes + offsets).ravel())), shape=(len(codes), sum(sizes)))
    few = width <= _DENSE_COLUMNS
    matrix = np.concatenate([design, hits.toarray()], axis=1) if few else hstack([csr_array(design), hits], "csr")
    solver = "newton-cholesky" if few else "lbfgs"
    model = LogisticRegression(C=1 / penalty, solver=solver, max_iter=2000, tol=1e-5)
    # More threads would add the same numbers in another order.
    with _libraries().limit(limits=1):
        model.fit(matrix, won)
    return np.asarray(model.coef_[0], dtype=np.float64), float(model.intercept_[0])
