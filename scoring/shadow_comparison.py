"""A challenger in the shadow beside the champion: how far apart they are, and who was nearer to what happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST = 1e-6
"""A probability nearer to 0 or 1 than this counts as this, so that one score cannot make the loss infinite."""


@dataclass(frozen=True)
class Nearness:
    """How near win probabilities were to what happened; None while nothing closed."""

    log_loss: float | None
    brier: float | None


@dataclass(frozen=True)
class ShadowComparison:
    """Champion and challenger on the same opportunities at the same instants.

    ``correlation`` is that of the log-odds, None with fewer than two opportunities or where
    either says the same of all.
    """

    opportunities: int
    mean_difference: float | None
    mean_absolute_difference: float | None
    correlation: float | None
    classes_differ: int
    closed: int
    won: int
    champion: Nearness
    challenger: Nearness


def compare(
    champion: Floats, challenger: Floats, classes_differ: int, closed: tuple[Floats, Floats, Floats]
) -> ShadowComparison:
    """Compare two models on the opportunities that both scored.

    Parameters
    ----------
    champion, challenger
        Last win probability of each opportunity by either, shape (n,).
    classes_differ
        Of how many of them they give another class.
    closed
        For the opportunities that closed since: the first probability by the champion, and by
        the challenger, and whether it was won, each of shape (m,).

    Examples
    --------
    >>> found = compare(np.array([0.2, 0.5]), np.array([0.3, 0.5]), 1, (np.array([0.5]),) * 2 + (np.array([1.0]),))
    >>> found.opportunities, round(found.mean_absolute_difference, 3), found.closed, round(found.champion.brier, 3)
    (2, 0.05, 1, 0.25)
    """
    apart = challenger - champion
    of_champion, of_challenger, won = closed
    return ShadowComparison(
        opportunities=len(champion),
        mean_difference=float(apart.mean()) if len(apart) else None,
        mean_absolute_difference=float(np.abs(apart).mean()) if len(apart) else None,
        correlation=_correlation(_log_odds(champion), _log_odds(challenger)),
        classes_differ=classes_differ,
        closed=len(won),
        won=int(won.sum()),
        champion=_nearness(of_champion, won),
        challenger=_nearness(of_challenger, won),
    )


def _log_odds(probability: Floats) -> Floats:
    within = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(within / (1 - within)))


def _correlation(first: Floats, second: Floats) -> float | None:
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _nearness(probability: Floats, won: Floats) -> Nearness:
    if not len(won):
        return Nearness(None, None)
    within = np.clip(probability, _LEAST, 1 - _LEAST)
    loss = -(won * np.log(within) + (1 - won) * np.log(1 - within))
    return Nearness(float(loss.mean()), float(((probability - won) ** 2).mean()))
