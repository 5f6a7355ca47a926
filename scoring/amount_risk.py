"""What an opportunity is sold for, against the amount that stands there now: amounts shrink before the close."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.instants import DAY
from features.view import View
from scoring.standing import Standing, stage_words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.object_]

_EVERY = 7
_MOST_WEEKS = 26
_MOST_WINS = 2000
_PRIOR = 20.0
"""Ratios of a stage count against those of all stages as if this many of all had been seen in it."""
_BOUNDS = (0.02, 20.0)
"""A ratio beyond is a slip of the keyboard that was corrected, not a negotiation."""


@dataclass(frozen=True)
class AmountRisk:
    """Ratios of the amount at the win to the amount weeks before it, and the amounts of past wins.

    Parameters
    ----------
    ratios
        One for each week before each past win, shape (m,); an opportunity long open counts often, as it is
        also met often in a pipeline.
    stages
        Stage then, shape (m,).
    amounts
        Amounts of past wins, from which an unknown amount is drawn, shape (k,).
    """

    ratios: Floats
    stages: Words
    amounts: Floats

    def mean_ratio(self, stage: Words) -> Floats:
        """Mean ratio of each opportunity by its stage, shrunk towards that of all, shape (n,)."""
        overall = float(self.ratios.mean()) if len(self.ratios) else 1.0
        found = {None: overall}
        for name in {word for word in stage.tolist() if word is not None}:
            here = self.ratios[self.stages == name]
            found[name] = float((here.sum() + _PRIOR * overall) / (len(here) + _PRIOR))
        return np.array([found[name] for name in stage.tolist()], dtype=np.float64)

    @property
    def mean_amount(self) -> float:
        """Mean amount of past wins; NaN when none is known."""
        return float(self.amounts.mean()) if len(self.amounts) else float("nan")

    def expected(self, amount: Floats, stage: Words) -> Floats:
        """Mean amount for which each would be won, shape (n,); NaN only where nothing is known at all."""
        return np.where(np.isnan(amount), self.mean_amount, amount * self.mean_ratio(stage))

    def draw(self, amount: Floats, stage: Words, rng: np.random.Generator) -> Floats:
        """Draw the amount at the win of each, shape (n,)."""
        drawn = amount * self._draw_ratios(stage, rng)
        unknown = np.flatnonzero(np.isnan(amount))
        if len(unknown) and len(self.amounts):
            drawn[unknown] = rng.choice(self.amounts, len(unknown))
        return drawn

    def _draw_ratios(self, stage: Words, rng: np.random.Generator) -> Floats:
        if not len(self.ratios):
            return np.ones(len(stage))
        drawn = rng.choice(self.ratios, len(stage))
        names, code = np.unique([str(word) for word in stage], return_inverse=True)
        for place, name in enumerate(names):
            here, of_stage = self.ratios[self.stages == name], np.flatnonzero(code == place)
            own = of_stage[rng.random(len(of_stage)) < len(here) / (len(here) + _PRIOR)]
            if len(own):
                drawn[own] = rng.choice(here, len(own))
        return drawn


def learn_amount_risk(won: Standing, amounts: Floats) -> AmountRisk:
    """Learn from the wins known at an instant.

    Parameters
    ----------
    won
        The wins.
    amounts
        Their amounts in the currency reported, shape (n,), NaN when unknown.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> import pandas as pd
    >>> from scoring.standing import standing_at
    >>> won = standing_at(simulate(200, seed=1), pd.Timestamp("2026-01-01", tz="UTC")).won()
    >>> bool(0.7 < learn_amount_risk(won, won.amount).ratios.mean() < 1.0)
    True
    """
    priced = np.flatnonzero(won.amount > 0)
    newest = priced[np.argsort(won.since[priced], kind="stable")][-_MOST_WINS:]
    row = np.repeat(newest, _MOST_WEEKS)
    back = np.tile(np.arange(1, _MOST_WEEKS + 1) * _EVERY, len(newest)) - _EVERY / 2
    at = won.since[row] - back
    kept = at >= won.told[row]
    row, instants = row[kept], np.round(at[kept] * DAY).astype(np.int64)
    then = View(won.history, won.place[row], instants)
    stage = then.stage_path.stage
    ratio = won.amount[row] / then.path("amount").last
    good = (stage >= 0) & (np.where(stage >= 0, then.stage_outcome[stage], 1) == 0)
    good &= (ratio > _BOUNDS[0]) & (ratio < _BOUNDS[1])
    return AmountRisk(ratio[good], stage_words(then)[stage[good]], amounts[~np.isnan(amounts)])
