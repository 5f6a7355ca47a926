"""Reasons that add up: what each feature adds to a win probability, from the typical opportunity to this one.

Every member says where it starts (the typical open opportunity) and what each feature adds:
to the log-odds of each hazard, or of the win probability itself. All additions are then made
together, in small even steps, and each feature is credited with the change of the final
probability that its additions bring on the way (Aumann and Shapley 1974; integrated gradients,
Sundararajan, Taly and Yan 2017). The credits add up to the whole change, and stay finite where
the change is near zero, because nothing is divided by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.additions import WIDTHS, Additions, OddsAdditions
from models.blend import Blend

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Attribution:
    """What adds up to the win probabilities of n opportunities.

    Parameters
    ----------
    base
        Win probability of the typical open opportunity.
    features
        Names of the features.
    parts
        What each adds, shape (n, f): ``base + parts.sum(axis=1)`` is the win probability.
    """

    base: float
    features: tuple[str, ...]
    parts: Floats


def attribute(
    blend: Blend, additions: Sequence[Additions], win: Floats, on_top: OddsAdditions | None = None
) -> Attribution:
    """Credit features with the distance from the typical win probability to each one's.

    Parameters
    ----------
    blend
        Weights of the members.
    additions
        What the features add in each member, in the order of the weights.
    win
        Win probabilities of the blend for the same opportunities, shape (n,).
    on_top
        What a recalibrated level adds to the log-odds of the blend; None without one.

    Notes
    -----
    The level shifts hazards. Where the clocks of a win and of a loss differ it moves the
    log-odds by a little more or less than it adds; that is shared out by size.
    """
    weights = blend.weights if on_top is None else (*blend.weights, 1.0)
    additions = additions if on_top is None else (*additions, on_top)
    features, columns = _layout(tuple(member.features for member in additions))
    parts = np.zeros((len(win), len(features)))
    odds = _log_odds_on_the_way(blend.level, weights, additions, len(win))
    slope = WIDTHS * _slope(odds)
    for weight, member, own in zip(weights, additions, columns, strict=True):
        if weight > 0:
            parts[:, own] += weight * member.credits(slope)
    base = float(_probability(blend.level + sum(w * m.start for w, m in zip(weights, additions, strict=True))))
    return Attribution(base, features, _made_exact(parts, win - base))


@lru_cache(maxsize=64)
def _layout(members: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], tuple[NDArray[np.int64], ...]]:
    """Features of all members, each once, and where those of each member stand."""
    features = tuple(dict.fromkeys(name for member in members for name in member))
    place = {name: column for column, name in enumerate(features)}
    return features, tuple(np.array([place[name] for name in member], dtype=np.int64) for member in members)


def _log_odds_on_the_way(level: float, weights: Sequence[float], additions: Sequence[Additions], n: int) -> Floats:
    """Log-odds of the blend at each step, shape (n, k)."""
    odds = np.full((n, len(WIDTHS)), level)
    for weight, member in zip(weights, additions, strict=True):
        if weight > 0:
            odds += weight * member.log_odds()
    return odds


def _slope(odds: Floats) -> Floats:
    win = _probability(odds)
    return win * (1 - win)


def _probability(odds: Floats | float) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.asarray(odds, dtype=np.float64))), dtype=np.float64)


def _made_exact(parts: Floats, whole: Floats) -> Floats:
    """Share out what the steps missed, by size; with nothing to share by, evenly."""
    size = np.abs(parts)
    # A feature that brings nothing keeps nothing, unless none brings anything.
    size = np.where(size.any(axis=1, keepdims=True), size, 1.0)
    missed = whole - parts.sum(axis=1)
    return np.asarray(parts + missed[:, None] * size / size.sum(axis=1, keepdims=True), dtype=np.float64)


def joined(found: Sequence[Attribution]) -> Attribution:
    """Put attributions by the same model one after the other."""
    return Attribution(found[0].base, found[0].features, np.concatenate([one.parts for one in found]))
