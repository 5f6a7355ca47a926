"""The shared factor: what moves all opportunities of a period together, and how strongly it has done so.

Opportunities drawn independently of each other understate the spread of their sum: a market, a
price list or a model's level moves them together. Log-odds of all move by σ·z with one standard
normal z a period. How large σ is, is learned from past periods: what was expected then, and what came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.incidence import log_odds

Floats = NDArray[np.float64]

PRIOR_SCALE = 0.25
"""Scale of σ before anything is seen (log-odds): as likely below it as above."""
LEFT_OUT = 1 / 3
"""The smallest third of what σ may be is not drawn: too wide a forecast costs less than too narrow a one."""
GRID = np.concatenate([np.arange(0.0, 0.6, 0.03), np.arange(0.6, 1.61, 0.1)])
"""Values of σ that are told apart."""
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_SHARES = _WEIGHTS / _WEIGHTS.sum()
_KNOTS = np.linspace(-18.0, 18.0, 361)
_BINS = 40


@dataclass(frozen=True)
class PastForecast:
    """What was expected of a past period, and what came of it.

    Parameters
    ----------
    win
        Probability of each opportunity open then of being won within the period, shape (n,).
    won
        How many of them were.
    weight
        What it counts for; below 1 where periods overlap and tell the same twice.
    """

    win: Floats
    won: float
    weight: float = 1.0


@dataclass(frozen=True)
class Spread:
    """How likely each value of ``GRID`` is to be σ, and from how many past periods that is learned.

    ``share`` is of shape (len(GRID),) and sums to 1.
    """

    share: Floats
    periods: int

    @property
    def mean(self) -> float:
        """Mean of σ as it is drawn, log-odds."""
        upper = np.clip((np.cumsum(self.share) - LEFT_OUT) / (1 - LEFT_OUT), 0.0, 1.0)
        return float(np.diff(upper, prepend=0.0) @ GRID)

    def draw(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw σ for n draws: what is not known of σ widens the forecast, shape (n,)."""
        # In even steps over the shares instead of at random: fewer draws say the same.
        steps = LEFT_OUT + (1 - LEFT_OUT) * (rng.permutation(n) + rng.random(n)) / n
        return np.asarray(GRID[np.searchsorted(np.cumsum(self.share)[:-1], steps)], dtype=np.float64)


def centred(win: Floats, sigma: Floats) -> Floats:
    """Log-odds around which a shared factor leaves the mean probability where it is.

    Read backwards from a table of the mean of the logistic of a + σz at many a, for each σ.

    Parameters
    ----------
    win
        Probabilities, shape (n,).
    sigma
        Values of σ, shape (k,); few different ones, as those of ``GRID``.

    Returns
    -------
    ndarray of shape (k, n).

    Examples
    --------
    >>> z = np.random.default_rng(0).normal(size=100_000)
    >>> moved = centred(np.array([0.02]), np.array([0.5]))[0, 0] + 0.5 * z
    >>> round(float((1 / (1 + np.exp(-moved))).mean()), 3)
    0.02
    """
    asked = log_odds(win)
    found = np.empty((len(sigma), len(win)))
    for value in np.unique(sigma):
        found[sigma == value] = np.interp(asked, _means(float(value)), _KNOTS)
    return found


@lru_cache(maxsize=256)
def _means(sigma: float) -> Floats:
    """Log-odds of the mean probability at each knot."""
    chance = 1 / (1 + np.exp(-(_KNOTS[:, None] + sigma * _NODES)))
    return log_odds(chance @ _SHARES)


def fit_spread(past: Sequence[PastForecast], scale: float = PRIOR_SCALE) -> Spread:
    """Learn the spread of the shared factor from past periods.

    Each σ of ``GRID`` is weighed by a half-Cauchy prior (Gelman 2006) and by how likely it makes what came. It
    is not the likeliest σ that is used but all of them, by their weight: with few periods the
    forecast is wider than with many, never narrower for want of proof.

    Parameters
    ----------
    past
        Past periods of about the same length as the one asked for.
    scale
        Scale of the prior.

    Examples
    --------
    >>> even = np.full(400, 0.25)
    >>> calm = [PastForecast(even, won) for won in (92, 108, 99, 101, 95, 104)]
    >>> wild = [PastForecast(even, won) for won in (40, 170, 99, 150, 60, 120)]
    >>> fit_spread(calm).mean < fit_spread([]).mean < fit_spread(wild).mean
    True
    """
    logged = np.log(_widths()) - np.log1p(np.square(GRID / scale))
    used = [one for one in past if len(one.win)]
    for one in used:
        logged = logged + one.weight * _log_likelihood(one)
    weight = np.exp(logged - logged.max())
    return Spread(weight / weight.sum(), len(used))


def _widths() -> Floats:
    """How much of the line each value of the grid stands for."""
    return np.asarray(np.gradient(GRID), dtype=np.float64)


def _log_likelihood(past: PastForecast) -> Floats:
    """Log-likelihood of what came at each σ: normal given z, integrated over z by quadrature."""
    win, count = _binned(past.win)
    moved = centred(win, GRID)[:, None, :] + GRID[:, None, None] * _NODES[None, :, None]
    chance = 1 / (1 + np.exp(-moved))
    mean = chance @ count
    # A twelfth: what rounding to whole wins adds.
    variance = (chance * (1 - chance)) @ count + 1 / 12
    density = np.exp(-0.5 * np.square(past.won - mean) / variance) / np.sqrt(variance)
    return np.asarray(np.log(density @ _SHARES + 1e-300), dtype=np.float64)


def _binned(win: Floats) -> tuple[Floats, Floats]:
    """Probabilities in bins of log-odds: mean and count of each, so that thousands cost as much as a few."""
    if len(win) <= _BINS:
        return win, np.ones(len(win))
    order = np.sort(win)
    edges = np.linspace(0, len(win), _BINS + 1).astype(np.int64)
    count = np.diff(edges).astype(np.float64)
    return np.add.reduceat(order, edges[:-1]) / count, count
