"""How far off a win probability may be: an 80 % interval for the probability itself.

Not for the outcome, which is won or lost: for what the best possible model would say of the
same records. It is wide when few wins were learned from, wider still where the probability
is low (few of those wins were alike), and where the members disagree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.incidence import Incidence, log_odds

Floats = NDArray[np.float64]

NORMAL_80 = 1.2815515655446004
"""Half the width of the middle 80 % of a normal distribution, in standard deviations."""
NEVER_LEARNED, FEW_WINS, POWER = 0.07, 16.0, 0.8
"""Variance of the log-odds that stays however many wins there are, that of a single win, and how it falls.

Likeliest for simulated histories of 100 to 12,800 opportunities (seeds 1 to 5), against a model of
200,000: the deviations fall with the wins learned from as a power, not to nothing.
"""
_LOW, _WIDENING = -1.0, 0.25
_FEWEST = 2
"""With fewer wins the power would make the interval wider than anything seen calls for."""


def interval(win: Floats, won: int, weights: Sequence[float], members: Sequence[Incidence]) -> tuple[Floats, Floats]:
    """Bound the middle 80 % of where the best possible probabilities may be, shape (n,) each.

    Parameters
    ----------
    win
        Win probabilities, shape (n,).
    won
        Opportunities won in training.
    weights, members
        Of the blend; their disagreement is the weighted variance of their log-odds.

    Examples
    --------
    >>> clock = np.ones((1, 1))
    >>> member = Incidence(np.array([30.0]), np.array([0.3]), clock, clock)
    >>> [float(bound.round(2)[0]) for bound in interval(member.win, 1000, [1.0], [member])]
    [0.21, 0.41]
    >>> [float(bound.round(2)[0]) for bound in interval(member.win, 30, [1.0], [member])]
    [0.1, 0.62]
    """
    odds = log_odds(win)
    away = [log_odds(member.win) for member in members]
    # Added up one after the other: a product of matrices rounds differently for one row than for many.
    middle = sum((weight * one for weight, one in zip(weights, away, strict=True)), np.zeros(len(odds)))
    apart = (weight * (one - middle) ** 2 for weight, one in zip(weights, away, strict=True))
    disagreement = sum(apart, np.zeros(len(odds)))
    known = NEVER_LEARNED + FEW_WINS * max(won, _FEWEST) ** -POWER
    widening = 1 + _WIDENING * np.maximum(0, _LOW - odds)
    half = NORMAL_80 * np.sqrt(known * widening**2 + disagreement)
    low, high = (1 / (1 + np.exp(-(odds + side * half))) for side in (-1, 1))
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
