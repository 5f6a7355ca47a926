"""LightGBM for flat tables: one booster, categories by their words, size and rounds chosen by the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.outcomes import WON, Labels
from features.snapshot_table import Table
from models.additions import OddsAdditions
from models.flat_encoding import FlatEncoding, learn_flat_encoding
from models.incidence import Incidence, certain_clock

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Split = tuple[Ints, Ints]

_PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "lambda_l2": 1.0,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_cat_to_onehot": 8,
    "deterministic": True,
    "force_row_wise": True,
    # Pinned, because the model's text states it and must be the same everywhere.
    "num_threads": 1,
    "verbosity": -1,
}
_MOST_ROUNDS, _PATIENCE = 3_000, 40


@dataclass(frozen=True)
class Size:
    """How much a booster may learn: leaves of a tree, rows of a leaf, trees."""

    leaves: int = 8
    leaf_rows: int = 20
    rounds: int = 100


class FlatBoosting:
    """A booster for P(won) on what a row says."""

    name = "lightgbm"

    def __init__(self, seed: int = 0, size: Size | None = None) -> None:
        self.seed = seed
        self.size = size or Size()

    def fit(self, snapshots: pd.DataFrame, labels: Labels, edges: Floats) -> Self:
        """Learn from closed rows."""
        self.edges = edges
        self.encoding = learn_flat_encoding(snapshots)
        data = self._data(self._matrix(snapshots), labels)
        self.win = lightgbm.train(self._parameters(), data, self.size.rounds)
        return self

    def held_out(self, snapshots: pd.DataFrame, labels: Labels, splits: Sequence[Split]) -> tuple[float, int, Floats]:
        """Train on each split, all for as many rounds as are best on average.

        Returns
        -------
        The mean log loss on held-out rows, the rounds, and the win probabilities of the held-out
        rows of each split, one after the other.
        """
        self.encoding = learn_flat_encoding(snapshots)
        matrix = self._matrix(snapshots)
        stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
        found = lightgbm.cv(
            self._parameters() | {"metric": "binary_logloss"},
            self._data(matrix, labels),
            _MOST_ROUNDS,
            folds=iter(splits),
            callbacks=[stop],
            return_cvbooster=True,
        )
        losses = found["valid binary_logloss-mean"]
        boosters = found["cvbooster"].boosters
        answers = [
            b.predict(matrix[held], num_iteration=len(losses)) for b, (_, held) in zip(boosters, splits, strict=True)
        ]
        return float(losses[-1]), len(losses), np.concatenate(answers)

    def predict(self, snapshots: Table) -> Incidence:
        """Give the win probability of each row."""
        win = self.win.predict(self._matrix(snapshots), num_threads=1)
        return certain_clock(self.edges, np.asarray(win, dtype=np.float64))

    def additions(self, snapshots: Table) -> OddsAdditions:
        """Say what each column adds to the log-odds of the typical row: LightGBM's own Shapley values."""
        found = np.asarray(self.win.predict(self._matrix(snapshots), pred_contrib=True, num_threads=1))
        features = (*self.encoding.numbers, *self.encoding.words)
        start = float(found[0, -1]) if len(found) else 0.0
        return OddsAdditions(features, start, np.asarray(found.reshape(len(snapshots), -1)[:, :-1], dtype=np.float64))

    def _matrix(self, snapshots: Table) -> Floats:
        return np.concatenate([self.encoding.values(snapshots), self.encoding.codes(snapshots)], axis=1)

    def _data(self, matrix: Floats, labels: Labels) -> lightgbm.Dataset:
        numbers, words = len(self.encoding.numbers), len(self.encoding.words)
        return lightgbm.Dataset(
            matrix,
            (labels.outcome == WON).astype(float),
            feature_name=[f"f{place}" for place in range(numbers + words)],
            categorical_feature=list(range(numbers, numbers + words)),
            params=self._parameters(),
        )

    def _parameters(self) -> dict[str, Any]:
        size = {"num_leaves": self.size.leaves, "min_data_in_leaf": self.size.leaf_rows}
        return _PARAMETERS | size | {"min_data_per_group": 5 * self.size.leaf_rows, "seed": self.seed}

    def texts(self) -> dict[str, str]:
        """The booster as LightGBM's model text, by cause."""
        return {"win": self.win.model_to_string()}

    def to_dict(self) -> dict[str, Any]:
        """Describe the rest of the model in JSON; ``from_dict`` reads it back with ``texts``."""
        return {
            "edges": self.edges.tolist(),
            "encoding": self.encoding.to_dict(),
            "seed": self.seed,
            "size": asdict(self.size),
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any], texts: dict[str, str]) -> FlatBoosting:
        """Read what ``to_dict`` and ``texts`` wrote."""
        model = cls(int(raw["seed"]), Size(**raw["size"]))
        model.edges, model.encoding = np.array(raw["edges"]), FlatEncoding.from_dict(raw["encoding"])
        model.win = lightgbm.Booster(model_str=texts["win"])
        return model
