"""Ridge-logistic hazards: additive effects, good with few hundred wins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.compiled import compiled
from features.outcomes import Labels
from features.snapshot_table import Table
from models.additions import HazardAdditions, win_log_odds
from models.encoding import Encoding, learn_encoding
from models.evidence import regress
from models.incidence import Incidence, from_log_odds
from models.periods import Periods, expand, log_ahead
from models.terms import Terms, learn_terms
from models.trend import years_before_the_end

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_ROWS = 120_000


class RidgeHazards:
    """Two cause-specific logistic regressions with an L2 penalty on person-periods.

    They add up the terms of ``models.terms``, each with a penalty of its own, learned as
    ``models.evidence`` says. Each interval has an intercept of its own. A straight trend over
    the time of training is learned with them, and answers are given as at its end: of what
    drifts, the last state is the best guess of the next.

    Timed terms add a part that grows with the logarithm of the days ahead (Cox 1972, time-dependent
    effects): without it every opportunity would be won by the same clock, those just identified
    too soon and those in negotiation too late.
    """

    name = "ridge_hazards"

    def fit(self, snapshots: pd.DataFrame, labels: Labels, edges: Floats) -> Self:
        """Learn the two regressions; with very many rows, from every k-th opportunity."""
        # Imported here, for fitting alone: the service predicts, and must not need this library.
        from threadpoolctl import threadpool_limits

        self.edges = edges
        self.encoding = learn_encoding(snapshots)
        matrix = self.encoding.matrix(snapshots)
        self.terms = learn_terms(self.encoding, matrix)
        terms = self.terms.of(matrix)
        self.typical = terms.mean(axis=0) if len(terms) else np.zeros(terms.shape[1])
        periods = expand(labels, edges)
        opportunity = pd.factorize(snapshots.index.get_level_values("opportunity_id"), sort=True)[0]
        rows = _thinned(opportunity, periods)
        seen = periods.snapshot[rows]
        trend = years_before_the_end(snapshots)[:, None]
        timed = terms[seen][:, self.terms.timed] * log_ahead(edges)[periods.interval[rows], None]
        explained = np.concatenate([terms[seen], timed, trend[seen]], axis=1)
        repeats = len(rows) / max(len(np.unique(opportunity[seen])), 1)
        # More threads within a regression would add the same numbers in another order.
        with threadpool_limits(limits=1), ThreadPoolExecutor(2) as pool:
            causes = (periods.won[rows], periods.lost[rows])
            told = [pool.submit(self._regress, explained, periods.interval[rows], c, repeats) for c in causes]
            self.win, self.loss = (one.result() for one in told)
        return self

    def _regress(self, terms: Floats, intervals: Ints, happened: NDArray[np.bool_], repeats: float) -> Floats:
        """Coefficients of one cause, shape (k + t + J,): of terms, of timed terms, and the intervals' intercepts.

        The last term, the trend, is 0 at the end of training and has no coefficient there.
        """
        trend = terms.shape[1] - 1
        missing = len(self.edges) - int(intervals.max(initial=-1)) - 1
        if not happened.any():
            return np.concatenate([np.zeros(trend), np.full(len(self.edges), -12.0)])
        found = regress(terms, intervals, happened, repeats).coefficients
        return np.concatenate([np.delete(found, trend), np.full(missing, found[-1])])

    def predict(self, snapshots: Table) -> Incidence:
        """Give the incidence that follows from the two regressions."""
        design = self.terms.of(self.encoding.matrix(snapshots))
        odds = np.empty((2, len(design), len(self.edges)))
        for coefficients, found in zip((self.win, self.loss), odds, strict=True):
            _add_up(design, coefficients, self.terms.timed, self._ahead, found)
        return from_log_odds(self.edges, odds[0], odds[1])

    def additions(self, snapshots: Table) -> HazardAdditions:
        """Say what each feature adds to the log-odds of the two hazards in each interval.

        A product of two features is shared by them, half and half.
        """
        return self.additions_of(self.encoding.matrix(snapshots))

    def additions_of(self, matrix: Floats) -> HazardAdditions:
        """Say the same of snapshots that are encoded already."""
        apart = self.terms.of(matrix) - self.typical
        features, owners = self._owners
        added = [np.zeros((len(apart), len(self.edges), len(features))) for _ in range(2)]
        for coefficients, found in zip((self.win, self.loss), added, strict=True):
            _share_out(apart, coefficients, owners, self.terms.timed, self._ahead, found)
        return HazardAdditions(features, *self._start, added[0], added[1], self._typical)

    @cached_property
    def _typical(self) -> float:
        return win_log_odds(*self._start)

    @cached_property
    def _start(self) -> tuple[Floats, Floats]:
        """Log-odds of the hazards at the typical value of each term, shape (J,)."""
        start = np.empty((2, 1, len(self.edges)))
        for coefficients, found in zip((self.win, self.loss), start, strict=True):
            _add_up(self.typical[None, :], coefficients, self.terms.timed, self._ahead, found)
        return start[0, 0], start[1, 0]

    @cached_property
    def _ahead(self) -> Floats:
        return log_ahead(self.edges)

    @cached_property
    def _owners(self) -> tuple[tuple[str, ...], Ints]:
        """Features, and the two that each term belongs to, shape (k, 2); the same twice for most."""
        features, of_column = self.encoding.features
        return features, np.ascontiguousarray(of_column[self.terms.owners])

    def to_dict(self) -> dict[str, Any]:
        """Describe the model in JSON; ``from_dict`` reads it back."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return {"encoding": self.encoding.to_dict(), "terms": self.terms.to_dict(), **arrays}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> RidgeHazards:
        """Read what ``to_dict`` wrote."""
        model = cls()
        model.encoding, model.terms = Encoding.from_dict(raw["encoding"]), Terms.from_dict(raw["terms"])
        for name in _ARRAYS:
            setattr(model, name, np.array(raw[name], dtype=np.float64))
        return model

    edges: Floats
    encoding: Encoding
    terms: Terms
    typical: Floats
    win: Floats
    loss: Floats


_ARRAYS = ("edges", "typical", "win", "loss")


@compiled
def _add_up(design: Floats, coefficients: Floats, timed: Ints, ahead: Floats, odds: Floats) -> None:
    """Sum row by row: a matrix product may round differently for one row than for many."""
    count, late = design.shape[1], len(timed)
    for row in range(len(design)):
        total, slope = 0.0, 0.0
        for term in range(count):
            total += design[row, term] * coefficients[term]
        for t in range(late):
            slope += design[row, timed[t]] * coefficients[count + t]
        for j in range(odds.shape[1]):
            odds[row, j] = total + slope * ahead[j] + coefficients[count + late + j]


@compiled
def _share_out(
    apart: Floats, coefficients: Floats, owners: Ints, timed: Ints, ahead: Floats, found: Floats
) -> None:  # fmt: skip
    """Add each term to its two features, half and half: row by row, so that a row's sums do not depend on others."""
    count = len(owners)
    for row in range(len(apart)):
        for term in range(count):
            half = 0.5 * apart[row, term] * coefficients[term]
            found[row, 0, owners[term, 0]] += half
            found[row, 0, owners[term, 1]] += half
        for j in range(found.shape[1] - 1, -1, -1):
            found[row, j] = found[row, 0]
            for t in range(len(timed)):
                slope = apart[row, timed[t]] * coefficients[count + t]
                found[row, j, owners[timed[t], 0]] += slope * ahead[j]


def _thinned(opportunity: NDArray[np.intp], periods: Periods) -> Ints:
    """Rows to learn from: all, or with very many those of every k-th opportunity, whole."""
    every = max(1, -(-len(periods.snapshot) // _MOST_ROWS))
    return np.flatnonzero(opportunity[periods.snapshot] % every == 0).astype(np.int64)
