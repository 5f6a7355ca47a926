"""Stage rates: how often, and when, opportunities of that stage and age were won or lost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.outcomes import Labels
from features.snapshot_table import Table, as_snapshots
from models.additions import OddsAdditions
from models.fixed_weights import FixedWeights
from models.incidence import Incidence, from_hazards, log_odds
from models.periods import Periods, expand

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRIOR_OPPORTUNITIES = 10.0
"""What a rate is shrunk towards counts as if this many opportunities had been seen."""

_AGE_SHARES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class _Counts:
    """Person-periods by cell and interval, in opportunities rather than snapshots; shape (c, J)."""

    at_risk: Floats
    won: Floats
    lost: Floats


class StageRates:
    """Hazards by stage and age, shrunk towards the stage's, and these towards the fixed weight's.

    Notes
    -----
    Beta-binomial shrinkage of each interval's hazards: (events + k · prior) / (at risk + k)
    with k = 10 opportunities. Snapshots of one opportunity repeat each other, so a cell's
    counts are divided by its snapshots per opportunity. The prior of a stage are the hazards
    that give its fixed weight with the pooled clock.
    """

    name = "stage_rates"

    def fit(self, snapshots: pd.DataFrame, labels: Labels, edges: Floats) -> Self:
        """Learn the rates from snapshots and what became of them."""
        self.stages = sorted(str(s) for s in snapshots["stage"].dropna().unique())
        age = snapshots["days_in_spell"].to_numpy(np.float64)
        self.ages = np.unique(np.quantile(age, _AGE_SHARES).round(2)) if len(age) else np.array([])
        self.fixed = FixedWeights().fit(snapshots, labels, edges)
        periods = expand(labels, edges)
        stage, cell = self._stage(snapshots), self._cell(snapshots)
        n_stages, n_ages = len(self.stages) + 1, len(self.ages) + 1
        by_stage = _count(stage, n_stages, snapshots, periods, len(edges))
        by_cell = _count(cell, n_stages * n_ages, snapshots, periods, len(edges))
        prior_win, prior_loss = self._prior(snapshots, stage, n_stages)
        stage_win, stage_loss = _shrunk(by_stage, prior_win, prior_loss)
        of_stage = np.repeat(np.arange(n_stages), n_ages)
        self.win, self.loss = _shrunk(by_cell, stage_win[of_stage], stage_loss[of_stage])
        seen = np.bincount(cell, minlength=n_stages * n_ages).reshape(n_stages, n_ages)
        self.share = seen / max(seen.sum(), 1)
        return self

    def predict(self, snapshots: Table) -> Incidence:
        """Give each snapshot the rates of its stage and age; an unseen stage its fixed weight."""
        if not len(self.stages):
            return self.fixed.predict(snapshots)
        cell = self._cell(snapshots)
        known = self._stage(snapshots) < len(self.stages)
        rates = self._rates.take(cell)
        fixed = self.fixed.predict(snapshots)
        pick = known[:, None]
        return Incidence(
            rates.edges,
            np.where(known, rates.win, fixed.win),
            np.where(pick, rates.win_clock, fixed.win_clock),
            np.where(pick, rates.loss_clock, fixed.loss_clock),
        )

    def additions(self, snapshots: Table) -> OddsAdditions:
        """Say what stage and age add to the log-odds of the typical open opportunity (Shapley values of the two)."""
        if not len(self.stages):
            return self.fixed.additions(snapshots)
        typical, of_stage, of_age = self._typical
        cell = self._cell(snapshots)
        stage, age = np.divmod(cell, len(self.ages) + 1)
        by_stage, by_age = of_stage[stage], of_age[age]
        known = stage < len(self.stages)
        both = log_odds(self._rates.win)[cell] if known.all() else log_odds(self.predict(snapshots).win)
        first = ((by_stage - typical) + (both - by_age)) / 2
        return OddsAdditions(("stage", "days_in_spell"), typical, np.stack([first, both - typical - first], axis=1))

    @cached_property
    def _rates(self) -> Incidence:
        """Answer of each cell."""
        return from_hazards(self.fixed.clock.edges, self.win, self.loss)

    @cached_property
    def _typical(self) -> tuple[float, Floats, Floats]:
        """Mean log-odds of all, of each stage and of each age."""
        return _means(log_odds(self._rates.win).reshape(self.share.shape), self.share)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {stage: place for place, stage in enumerate(self.stages)}

    def _stage(self, snapshots: Table) -> Ints:
        unseen = len(self.stages)
        words = as_snapshots(snapshots).words("stage")
        return np.fromiter((self._places.get(word, unseen) for word in words), np.int64, len(words))

    def _cell(self, snapshots: Table) -> Ints:
        age = np.searchsorted(self.ages, as_snapshots(snapshots).numbers("days_in_spell"))
        return self._stage(snapshots) * (len(self.ages) + 1) + age

    def _prior(self, snapshots: pd.DataFrame, stage: Ints, n_stages: int) -> tuple[Floats, Floats]:
        weight = np.full(n_stages, self.fixed.win_share)
        known = ~np.isnan(snapshots["fixed_weight"].to_numpy(np.float64))
        weight[stage[known]] = snapshots["fixed_weight"].to_numpy(np.float64)[known]
        return _hazards_of(self.fixed.clock.with_win(weight))

    def to_dict(self) -> dict[str, Any]:
        """Describe the model in JSON; ``from_dict`` reads it back."""
        return {
            "stages": self.stages,
            "ages": self.ages.tolist(),
            "fixed": self.fixed.to_dict(),
            "win": self.win.tolist(),
            "loss": self.loss.tolist(),
            "share": self.share.tolist(),
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> StageRates:
        """Read what ``to_dict`` wrote."""
        model = cls()
        model.stages, model.ages = list(raw["stages"]), np.array(raw["ages"], dtype=np.float64)
        model.fixed = FixedWeights.from_dict(raw["fixed"])
        model.win, model.loss, model.share = (np.array(raw[name]) for name in ("win", "loss", "share"))
        return model


def _means(rates: Floats, share: Floats) -> tuple[float, Floats, Floats]:
    """Mean rate of all, of each stage and of each age; where nothing was seen, of all."""
    typical = float((rates * share).sum() / max(share.sum(), 1e-12))
    of_stage, of_age = share.sum(axis=1), share.sum(axis=0)
    by_stage = np.where(of_stage > 0, (rates * share).sum(axis=1) / np.maximum(of_stage, 1e-12), typical)
    by_age = np.where(of_age > 0, (rates * share).sum(axis=0) / np.maximum(of_age, 1e-12), typical)
    return typical, by_stage, by_age


def _count(cell: Ints, n_cells: int, snapshots: pd.DataFrame, periods: Periods, n_intervals: int) -> _Counts:
    opportunity = pd.factorize(snapshots.index.get_level_values("opportunity_id"))[0]
    pairs = np.unique(np.stack([cell, opportunity]), axis=1)[0] if len(cell) else cell
    repeats = np.bincount(cell, minlength=n_cells) / np.maximum(np.bincount(pairs, minlength=n_cells), 1)
    place = cell[periods.snapshot] * n_intervals + periods.interval
    size = n_cells * n_intervals

    def per_opportunity(rows: NDArray[np.bool_] | slice) -> Floats:
        counted = np.bincount(place[rows], minlength=size).reshape(n_cells, n_intervals)
        return np.asarray(counted / np.maximum(repeats, 1)[:, None], dtype=np.float64)

    return _Counts(per_opportunity(slice(None)), per_opportunity(periods.won), per_opportunity(periods.lost))


def _shrunk(counts: _Counts, prior_win: Floats, prior_loss: Floats) -> tuple[Floats, Floats]:
    seen = counts.at_risk + PRIOR_OPPORTUNITIES
    win = (counts.won + PRIOR_OPPORTUNITIES * prior_win) / seen
    loss = (counts.lost + PRIOR_OPPORTUNITIES * prior_loss) / seen
    return win, loss


def _hazards_of(answer: Incidence) -> tuple[Floats, Floats]:
    """Hazards that lead to an incidence: the inverse of ``from_hazards`` within the edges."""
    won, lost = answer.win_by(answer.edges), answer.loss_by(answer.edges)
    start = np.zeros((len(answer), 1))
    open_before = 1 - np.concatenate([start, (won + lost)[:, :-1]], axis=1)
    win = np.diff(won, axis=1, prepend=0) / np.maximum(open_before, 1e-9)
    loss = np.diff(lost, axis=1, prepend=0) / np.maximum(open_before, 1e-9)
    return np.asarray(win, dtype=np.float64), np.asarray(loss, dtype=np.float64)
