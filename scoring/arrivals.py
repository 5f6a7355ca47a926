"""What opportunities that nobody has created yet will bring: arrival rate times created-to-won, from past cohorts.

A past win that was made within d days of its being recorded would, at today's rate of arrival,
happen again within the L days asked for if it arrives in the first L − d of them. Each such win is
therefore expected (L − d) / (W − d) times, where W are the days looked back at and W − d those of
arrivals whose d days are over. Summed up this is the mean number of wins in past spans of L days
among opportunities recorded within the same span; group, amount and size of the wins come with it.

The model is not asked: it learns from opportunities that stand in a pipeline, and half of what is
created may be gone before it ever does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.standing import Standing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LOOK_BACK, SHORTEST, SPANS, ENOUGH = 365.0, 90.0, 4.0, 30
"""What arrived lately says more of what will: four spans are looked back at, or further until there are
30 wins to go by, and at most a year."""
_FEWEST_DAYS = 14.0
_PRIOR_SPREAD, _PRIOR_SPANS = 0.15, 4.0
"""Spread of the arrivals from span to span before any is seen (log scale), and what that counts for in spans."""
_MOST = 500


@dataclass(frozen=True)
class Arrivals:
    """Wins to come of opportunities not created yet.

    Parameters
    ----------
    row
        Past wins that may come again, places in the wins they were learned from, shape (m,).
    rate
        How often each is expected in the span, shape (m,).
    spread
        Standard deviation of the common change of the rates, log scale.
    days
        Days looked back at.
    """

    row: Ints
    rate: Floats
    spread: float
    days: float

    def draw(self, sigma: Floats, shared: Floats, rng: np.random.Generator) -> Floats:
        """Draw how often each comes again, shape (draws, m).

        Parameters
        ----------
        sigma, shared
            Spread and value of the shared factor in each draw, shape (draws,).
        """
        m = len(self.row)
        if not m:
            return np.zeros((len(shared), 0))
        # What is not known of the rate: as many wins as were seen, and half a one.
        known = rng.gamma(m + 0.5, 1 / (m + 0.5), len(shared))
        own = np.exp(self.spread * rng.standard_normal(len(shared)) - 0.5 * self.spread**2)
        together = np.exp(sigma * shared - 0.5 * np.square(sigma))
        return rng.poisson((known * own * together)[:, None] * self.rate[None, :]).astype(np.float64)


NO_ARRIVALS = Arrivals(np.zeros(0, np.int64), np.zeros(0), 0.0, 0.0)
"""Nothing new."""


def learn_arrivals(known: Standing, won: Standing, span: float, skip: float = 0.0) -> Arrivals:
    """Learn what the next days will bring from what past days brought.

    Parameters
    ----------
    known
        All opportunities known.
    won
        The wins among them.
    span
        Days from now to the end of the period asked for.
    skip
        Days from now to its start, if it is still to come; wins before do not count.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> import pandas as pd
    >>> from scoring.standing import standing_at
    >>> known = standing_at(simulate(800, seed=1), pd.Timestamp("2025-06-01", tz="UTC"))
    >>> found = [learn_arrivals(known, known.won(), days).rate.sum() for days in (0, 30, 90)]
    >>> found[0] == 0 and bool(found[1] < found[2] / 3)
    True
    """
    delay = np.maximum(won.since - won.told, 0.0)
    days = _look_back(known, won.told[delay < span], span)
    start = known.now - days
    row = np.flatnonzero((won.told >= start) & (delay < span))
    exposure = np.maximum(days - delay[row], _FEWEST_DAYS)
    rate = (span - delay[row] - np.maximum(skip - delay[row], 0.0)) / exposure
    spread = _spread(won.told[row], delay[row], start, days, span)
    if len(row) > _MOST:
        chosen = np.linspace(0, len(row) - 1, _MOST).astype(np.int64)
        rate = rate[chosen] * (rate.sum() / rate[chosen].sum())
        row = row[chosen]
    return Arrivals(row, rate, spread, days)


def _look_back(known: Standing, told: Floats, span: float) -> float:
    """Days to look back at; ``told`` says when wins as soon as these were recorded."""
    if not len(known):
        return 0.0
    newest = np.sort(known.now - told)
    enough = float(newest[ENOUGH - 1]) if len(newest) >= ENOUGH else LOOK_BACK
    return min(max(SPANS * span, SHORTEST, enough), LOOK_BACK, known.now - float(known.told.min()))


def _spread(told: Floats, delay: Floats, start: float, days: float, span: float) -> float:
    """Spread of the rate over past spans, beyond what counting by chance brings."""
    spans = int(days // span) if span > 0 else 0
    if spans < 2:
        return _PRIOR_SPREAD
    first = start + days - spans * span
    place = np.floor((told - first) / span)
    # Only what was created and won within the same span.
    within = (place >= 0) & (place < spans) & (told + delay < first + (place + 1) * span)
    counts = np.bincount(place[within].astype(np.int64), minlength=spans)[:spans].astype(np.float64)
    mean = max(float(counts.mean()), 0.5)
    excess = max((float(counts.var(ddof=1)) - mean) / mean**2, 0.0)
    return float(np.sqrt((spans * excess + _PRIOR_SPANS * _PRIOR_SPREAD**2) / (spans + _PRIOR_SPANS)))
