"""LightGBM hazards: two boosters of shallow trees on person-periods, the interval ahead as an input."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Self

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.catalogue import FEATURES
from features.outcomes import Labels
from features.snapshot_table import Table
from models.additions import HazardAdditions, win_log_odds
from models.encoding import Encoding, learn_encoding
from models.incidence import Incidence, from_log_odds
from models.periods import expand
from models.tree_terms import TreeTerms, tree_terms
from models.trees import Trees, read_trees
from models.trend import straight_trend, years_before_the_end

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INTERVAL = "interval_ahead"
THREADS = 1
"""Pinned, because the model's text states it and must be the same everywhere.

One thread a booster: the two boosters train side by side, and LightGBM's own threads wait for
each other, which on a busy machine costs more than they save.
"""

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 6,
    "learning_rate": 0.08,
    "feature_fraction": 0.5,
    # Each tree sees half of the rows, drawn evenly: won and lost keep their shares.
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": THREADS,
    "verbosity": -1,
}
LEAF_OPPORTUNITIES, L2_OPPORTUNITIES = 10.0, 2.5
"""Least data in a leaf and strength of L2, in opportunities: rows of one opportunity repeat each other."""
ROUNDS = 160
CANDIDATE_ROUNDS = (30, 60, 100, 160)
"""Numbers of rounds to choose from, forward in time: how much can be learned depends on the data."""
MASKED_SHARE = 0.15
"""Share of opportunities that are learned from once more with one family of features masked."""


class LightGBMHazards:
    """Two cause-specific boosters: P(won) and P(lost) in an interval given open at its start.

    A straight trend over the time of training is taken out first, and answers are given as at
    its end. A few opportunities are learned from once more with a whole family of features masked, so
    that every feature has learned what its absence means: LightGBM would otherwise take a
    missing value of a feature that was never missing as 0.
    """

    name = "lightgbm_hazards"

    def __init__(self, seed: int = 0, rounds: int = ROUNDS) -> None:
        self.seed = seed
        self.rounds = rounds

    def fit(self, snapshots: pd.DataFrame, labels: Labels, edges: Floats) -> Self:
        """Learn the two boosters from snapshots and what became of them."""
        self.edges = edges
        self.encoding = learn_encoding(snapshots)
        matrix = self.encoding.matrix(snapshots)
        copies, source = self._masked_copies(matrix, snapshots)
        matrix = np.concatenate([matrix, copies])
        periods = expand(labels.take(np.concatenate([np.arange(len(snapshots)), source])), edges)
        rows = np.concatenate([matrix[periods.snapshot], periods.interval[:, None]], axis=1)
        repeats = len(rows) / max(snapshots.index.get_level_values("opportunity_id").nunique(), 1)
        years = years_before_the_end(snapshots)
        years = np.concatenate([years, years[source]])[periods.snapshot]
        trends = [straight_trend(years, happened, repeats) for happened in (periods.won, periods.lost)]
        self.start = tuple(end for end, _ in trends)
        parameters = PARAMETERS | _strength(repeats) | {"seed": self.seed}
        with ThreadPoolExecutor(2) as pool:
            causes = zip((periods.won, periods.lost), trends, strict=True)
            told = [pool.submit(self._boost, rows, c, end + slope * years, parameters) for c, (end, slope) in causes]
            self.win, self.loss = (one.result() for one in told)
        return self

    def _boost(
        self, rows: Floats, happened: NDArray[np.bool_], start: Floats, parameters: dict[str, Any]
    ) -> lightgbm.Booster:
        names = [*(f"f{i}" for i in range(rows.shape[1] - 1)), INTERVAL]
        data = lightgbm.Dataset(rows, happened.astype(float), init_score=start, feature_name=names, params=parameters)
        return lightgbm.train(parameters, data, self.rounds)

    def predict(self, snapshots: Table, rounds: int | None = None) -> Incidence:
        """Give the incidence that follows from the two boosters, or from their first ``rounds`` trees."""
        matrix, interval = self.encoding.matrix(snapshots), len(self.encoding.names)
        win, loss = (trees.log_odds(matrix, interval, len(self.edges), rounds) for trees in self._trees)
        return from_log_odds(self.edges, self.start[0] + win, self.start[1] + loss)

    def additions(self, snapshots: Table) -> HazardAdditions:
        """Say what each feature adds to the log-odds of the two hazards in each interval (Shapley values)."""
        return self.additions_of(self.encoding.matrix(snapshots))

    def additions_of(self, matrix: Floats) -> HazardAdditions:
        """Say the same of snapshots that are encoded already."""
        features, of_column = self.encoding.features
        won, lost = self._terms
        by_win, by_loss = (terms.of(matrix, of_column) for terms in (won, lost))
        return HazardAdditions(features, *self._start_odds, by_win, by_loss, self._typical)

    @cached_property
    def _start_odds(self) -> tuple[Floats, Floats]:
        won, lost = self._terms
        return self.start[0] + won.base, self.start[1] + lost.base

    @cached_property
    def _typical(self) -> float:
        return win_log_odds(*self._start_odds)

    @cached_property
    def _trees(self) -> tuple[Trees, Trees]:
        won, lost = (read_trees(text) for text in self.texts().values())
        return won, lost

    @cached_property
    def _terms(self) -> tuple[TreeTerms, TreeTerms]:
        interval, intervals = len(self.encoding.names), len(self.edges)
        won, lost = (tree_terms(trees, interval, intervals) for trees in self._trees)
        return won, lost

    def _masked_copies(self, matrix: Floats, snapshots: pd.DataFrame) -> tuple[Floats, Ints]:
        """Copy the snapshots of a few opportunities with one family masked; drawn with the model's seed.

        Gives the copies, and the row of the snapshot that each is of.
        """
        draw = np.random.default_rng(self.seed)
        opportunity, ids = pd.factorize(snapshots.index.get_level_values("opportunity_id"), sort=True)
        columns = self._families()
        families = sorted(set(columns))
        family = draw.integers(0, len(families), len(ids))[opportunity]
        source = np.flatnonzero((draw.random(len(ids)) < MASKED_SHARE)[opportunity]).astype(np.int64)
        hidden = columns[None, :] == np.array(families)[family[source]][:, None]
        return np.where(hidden, np.nan, matrix[source]), source

    def _families(self) -> NDArray[np.str_]:
        """Family of each column of the matrix; the source's own kinds and attributes are one."""
        family = {feature.name: feature.group for feature in FEATURES}
        return np.array([family.get(name.split("=")[0], "own") for name in self.encoding.names])

    def texts(self) -> dict[str, str]:
        """The two boosters as LightGBM's model text, by cause."""
        return {"win": self.win.model_to_string(), "loss": self.loss.model_to_string()}

    def to_dict(self) -> dict[str, Any]:
        """Describe the rest of the model in JSON; ``from_dict`` reads it back with ``texts``."""
        return {
            "edges": self.edges.tolist(),
            "encoding": self.encoding.to_dict(),
            "seed": self.seed,
            "rounds": self.rounds,
            "start": list(self.start),
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any], texts: dict[str, str]) -> LightGBMHazards:
        """Read what ``to_dict`` and ``texts`` wrote."""
        model = cls(int(raw["seed"]), int(raw["rounds"]))
        model.edges, model.encoding = np.array(raw["edges"]), Encoding.from_dict(raw["encoding"])
        model.start = tuple(raw["start"])
        model.win = lightgbm.Booster(model_str=texts["win"])
        model.loss = lightgbm.Booster(model_str=texts["loss"])
        return model


def _strength(repeats: float) -> dict[str, Any]:
    """Regularisation for so many rows of each opportunity."""
    return {"min_data_in_leaf": max(20, round(LEAF_OPPORTUNITIES * repeats)), "lambda_l2": L2_OPPORTUNITIES * repeats}
