"""Ridge-logistic hazards: additive effects, good with few hundred wins."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.outcomes import Labels
from models.encoding import Encoding, learn_encoding
from models.incidence import Incidence, from_hazards
from models.periods import Periods, expand

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_ROWS = 150_000
_PENALTY = 100.0


class RidgeHazards:
    """Two cause-specific logistic regressions with an L2 penalty on person-periods.

    Numbers enter as signed log(1 + |x|), standardised; a missing one as the mean, with a
    column of its own that says so. Each interval has an intercept of its own.
    """

    name = "ridge_hazards"

    def fit(self, snapshots: pd.DataFrame, labels: Labels, edges: Floats) -> Self:
        """Learn the two regressions; with very many rows, from every k-th opportunity."""
        self.edges = edges
        self.encoding = learn_encoding(snapshots)
        raw = _log(self.encoding.matrix(snapshots))
        self._learn_scale(raw)
        periods = expand(labels, edges)
        rows = _thinned(snapshots, periods)
        design = self._design(raw)[periods.snapshot[rows]]
        design = np.concatenate([design, np.eye(len(edges))[periods.interval[rows]]], axis=1)
        self.win = _regress(design, periods.won[rows], len(edges))
        self.loss = _regress(design, periods.lost[rows], len(edges))
        return self

    def predict(self, snapshots: pd.DataFrame) -> Incidence:
        """Give the incidence that follows from the two regressions."""
        design = self._design(_log(self.encoding.matrix(snapshots)))
        return from_hazards(self.edges, self._hazards(design, self.win), self._hazards(design, self.loss))

    def _learn_scale(self, raw: Floats) -> None:
        present = ~np.isnan(raw)
        count = np.maximum(present.sum(axis=0), 1)
        self.mean = np.where(present, raw, 0).sum(axis=0) / count
        spread = np.sqrt((np.where(present, raw - self.mean, 0) ** 2).sum(axis=0) / count)
        self.spread = np.where(spread > 1e-9, spread, 1.0)
        self.gaps = np.flatnonzero(present.any(axis=0) & ~present.all(axis=0))

    def _design(self, raw: Floats) -> Floats:
        scaled = np.where(np.isnan(raw), 0, (raw - self.mean) / self.spread)
        # A value far outside what was trained on must not carry the answer away.
        return np.concatenate([np.clip(scaled, -4, 4), np.isnan(raw[:, self.gaps]).astype(np.float64)], axis=1)

    def _hazards(self, design: Floats, coefficients: Floats) -> Floats:
        # Summed row by row: a matrix product may round differently for one row than for many.
        columns = design.shape[1]
        base = (design * coefficients[:columns]).sum(axis=1)
        return np.asarray(1 / (1 + np.exp(-(base[:, None] + coefficients[columns:]))), dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Describe the model in JSON; ``from_dict`` reads it back."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {"encoding": self.encoding.to_dict(), "gaps": self.gaps.tolist(), **arrays}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> RidgeHazards:
        """Read what ``to_dict`` wrote."""
        model = cls()
        model.encoding = Encoding.from_dict(raw["encoding"])
        model.gaps = np.array(raw["gaps"], dtype=np.int64)
        for name in _ARRAYS:
            setattr(model, name, np.array(raw[name], dtype=np.float64))
        return model

    edges: Floats
    encoding: Encoding
    mean: Floats
    spread: Floats
    gaps: Ints
    win: Floats
    loss: Floats


_ARRAYS = ("edges", "mean", "spread", "win", "loss")


def _thinned(snapshots: pd.DataFrame, periods: Periods) -> Ints:
    """Rows to learn from: all, or with very many those of every k-th opportunity, whole."""
    every = max(1, -(-len(periods.snapshot) // _MOST_ROWS))
    opportunity = pd.factorize(snapshots.index.get_level_values("opportunity_id"), sort=True)[0]
    return np.flatnonzero(opportunity[periods.snapshot] % every == 0).astype(np.int64)


def _log(raw: Floats) -> Floats:
    return np.asarray(np.sign(raw) * np.log1p(np.abs(raw)), dtype=np.float64)


def _regress(design: Floats, happened: NDArray[np.bool_], intervals: int) -> Floats:
    """Coefficients of one cause, shape (p + J,); those of the last J columns are the intervals' intercepts."""
    if not happened.any():
        return np.concatenate([np.zeros(design.shape[1] - intervals), np.full(intervals, -12.0)])
    # Imported here, for fitting alone: the service predicts, and must not need these libraries.
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    model = LogisticRegression(C=1 / _PENALTY, solver="newton-cholesky", fit_intercept=True, max_iter=200)
    # More threads would add the same numbers in another order.
    with threadpool_limits(limits=1):
        model.fit(design, happened)
    coefficients = np.asarray(model.coef_[0], dtype=np.float64).copy()
    coefficients[-intervals:] += model.intercept_[0]
    return coefficients
