"""What an opportunity is sold for, against the amount that stands there now: amounts shrink before the close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.instants import DAY
from features.view import View
from scoring.standing import Standing, stage_words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.object_]

_EVERY = 7
_STEPS = 256
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

    @cached_property
    def _overall(self) -> Floats:
        return _even(self.ratios, np.ones(len(self.ratios)))

    def table(self, stages: Sequence[object]) -> Floats:
        """Equally likely ratios of each stage, those of the stage shrunk towards all, shape (s, 256)."""
        return np.array([self._of_stage(name) for name in stages], dtype=np.float64).reshape(-1, _STEPS)

    def _of_stage(self, name: object) -> Floats:
        here = self.ratios[self.stages == name] if name is not None else self.ratios[:0]
        if not len(here):
            return self._overall
        weights = np.r_[np.full(len(here), 1.0), np.full(_STEPS, _PRIOR / _STEPS)]
        return _even(np.r_[here, self._overall], weights)

    @property
    def mean_amount(self) -> float:
        """Mean amount of past wins; NaN when none is known."""
        return float(self.amounts.mean()) if len(self.amounts) else float("nan")

    def moments(self, amount: Floats, stage: Words) -> tuple[Floats, Floats]:
        """Mean and variance of the amount for which each would be won, shape (n,); NaN where nothing is known."""
        code, names = coded(stage)
        table, unknown = self.table(names), np.isnan(amount)
        spread = float(self.amounts.var()) if len(self.amounts) else float("nan")
        mean = np.where(unknown, self.mean_amount, amount * table.mean(axis=1)[code])
        return mean, np.where(unknown, spread, amount**2 * table.var(axis=1)[code])

    def expected(self, amount: Floats, stage: Words) -> Floats:
        """Mean amount for which each would be won, shape (n,)."""
        return self.moments(amount, stage)[0]

    def draw(self, amount: Floats, code: Ints, table: Floats, rng: np.random.Generator) -> Floats:
        """Draw the amount at the win of each, shape (n,); ``code`` is the row of its stage in ``table``."""
        drawn = amount * table[code, rng.integers(0, _STEPS, len(code))]
        unknown = np.flatnonzero(np.isnan(amount))
        if len(unknown) and len(self.amounts):
            drawn[unknown] = rng.choice(self.amounts, len(unknown))
        return drawn


def coded(words: Words) -> tuple[Ints, list[object]]:
    """Number words, shape (n,), and list them; None is one of them.

    Examples
    --------
    >>> coded(np.array(["b", None, "b"], object))
    (array([0, 1, 0]), ['b', None])
    """
    names: dict[object, int] = {}
    code = np.array([names.setdefault(word, len(names)) for word in words.tolist()], dtype=np.int64)
    return code, list(names)


def _even(values: Floats, weights: Floats) -> Floats:
    """Draw a weighted sample together into equally likely values, shape (256,); ones when it is empty."""
    if not len(values):
        return np.ones(_STEPS)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    steps = (np.arange(_STEPS) + 0.5) / _STEPS * reached[-1]
    return np.asarray(values[order][np.searchsorted(reached, steps)], dtype=np.float64)


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
