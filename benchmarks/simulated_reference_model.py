"""The reference model: a logistic regression and boosted trees, averaged in log-odds.

Each misses what the other finds: most effects in the simulated world add up, some do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from features.history.simulated_world import ASSESSED
from models.encoding import Encoding, learn_encoding

Floats = NDArray[np.float64]
Rows = tuple[NDArray[np.float32], Floats]
"""Encoded snapshots of shape (n, p), and which of them were won."""

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.08,
    "min_data_in_leaf": 200,
    "lambda_l2": 10.0,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
    "max_bin": 127,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}
MOST_ROUNDS = 3_000
PATIENCE = 60
LOGISTIC_ROWS = 250_000
LOGISTIC_SHARE = 0.4
_BLOCK = 50_000
_FARTHEST = 6.0

BY_STAGE = (
    "attribute_fit_score",
    "days_since_created",
    "days_in_stage",
    "man_yes",
    "man_no",
    "contact_intensity",
    "days_since_two_way",
    "visit_intensity",
    "stages_per_day",
    "moves_backward",
    "overdue",
    "created_day",
)
"""What counts differently from stage to stage in the logistic regression."""


def all_words(frame: pd.DataFrame) -> Encoding:
    """Encode every word, also those beyond the product's most frequent: owners are 30."""
    usual = learn_encoding(frame)
    return Encoding(usual.numbers, {c: tuple(sorted(frame[c].dropna().unique())) for c in usual.words})


@dataclass
class Terms:
    """What the logistic regression adds up, from encoded snapshots.

    Every number and its signed logarithm, standardised; whether it is missing; every word;
    each level of an assessment; recent contact by authority; ``BY_STAGE`` by stage.
    """

    encoding: Encoding
    mean: Floats
    spread: Floats

    @classmethod
    def learn(cls, encoding: Encoding, rows: NDArray[np.float32]) -> Self:
        """Learn mean and spread of the numbers."""
        numbers = _with_logs(rows[:, : len(encoding.numbers)])
        return cls(encoding, np.nanmean(numbers, axis=0), np.nanstd(numbers, axis=0) + 1e-9)

    def of(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Terms of each snapshot, shape (n, k); a missing number is at its mean."""
        count = len(self.encoding.numbers)
        numbers, words = rows[:, :count], np.nan_to_num(rows[:, count:])
        standard = np.clip(np.nan_to_num((_with_logs(numbers) - self.mean) / self.spread), -_FARTHEST, _FARTHEST)
        parts = [standard, np.isnan(numbers), words, *self._products(rows, standard[:, count:])]
        return np.concatenate([np.asarray(part, dtype=np.float32) for part in parts], axis=1)

    def _products(self, rows: NDArray[np.float32], logs: Floats) -> list[NDArray[Any]]:
        place = {name: index for index, name in enumerate(self.encoding.names)}
        levels = {name: rows[:, [place[name]]] == np.arange(3) for name in ASSESSED}
        contact = np.log1p(np.nan_to_num(rows[:, [place["contact_intensity"]]]))
        stages = [rows[:, [place["stage_position"]]] == position for position in range(5)]
        by_stage = logs[:, [place[name] for name in BY_STAGE]]
        return [*levels.values(), levels["authority"] * contact, *(stage * by_stage for stage in stages)]


def _with_logs(numbers: NDArray[np.float32]) -> Floats:
    raw = numbers.astype(np.float64)
    return np.concatenate([raw, np.sign(raw) * np.log1p(np.abs(raw))], axis=1)


class Reference:
    """P(won in the end) of snapshots, fitted once on very many."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding

    def fit(self, training: Rows, checking: Rows) -> Self:
        """Learn both models; the trees grow until ``checking`` is answered no better."""
        self.booster = _boosted(training, checking)
        chosen = np.random.default_rng(0).permutation(len(training[1]))[:LOGISTIC_ROWS]
        self.terms = Terms.learn(self.encoding, training[0])
        self.logistic = LogisticRegression(C=0.3, max_iter=150, tol=1e-3)
        self.logistic.fit(self.terms.of(training[0][chosen]), training[1][chosen])
        return self

    def win(self, rows: NDArray[np.float32]) -> Floats:
        """Win probability of each encoded snapshot, shape (n,)."""
        trees = np.asarray(self.booster.predict(rows, raw_score=True), dtype=np.float64)
        blocks = [rows[first : first + _BLOCK] for first in range(0, len(rows), _BLOCK)]
        logistic = np.concatenate([self.logistic.decision_function(self.terms.of(block)) for block in blocks])
        log_odds = LOGISTIC_SHARE * logistic + (1 - LOGISTIC_SHARE) * trees
        return np.asarray(1 / (1 + np.exp(-log_odds)), dtype=np.float64)


def _boosted(training: Rows, checking: Rows) -> lightgbm.Booster:
    data = lightgbm.Dataset(*training)
    check = lightgbm.Dataset(*checking, reference=data)
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    return lightgbm.train(PARAMETERS, data, MOST_ROUNDS, valid_sets=[check], callbacks=[stop])
