"""The blend: fixed weights, stage rates, ridge and LightGBM hazards, by what each has proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from features.outcomes import CENSORED, LOST, WON, Labels
from models.incidence import NARROW, Incidence, clock_at, log_odds

Floats = NDArray[np.float64]

PRIOR_OPPORTUNITIES = 20.0
"""Usual strength of the pull towards the usual weights."""
RATES_WINS, BOOSTED_WINS = 5, 200
"""Wins with which the ridge is usually trusted as much as the rates, and boosters half as much as they can be."""
LEVEL_SPREAD = 0.05
"""Usual size of a drift of the level in log-odds."""


@dataclass(frozen=True)
class Blend:
    """Weights of the members, and the level added to the log-odds of a win.

    Parameters
    ----------
    weights
        Of the win probabilities, at least 0, summing to 1.
    level
        Added to the blended log-odds.
    clock_weights
        Of the clocks, at least 0, summing to 1; ``weights`` when None. Who best tells
        whether need not best tell when.

    Examples
    --------
    >>> clock = np.array([[1.0]])
    >>> members = [Incidence(np.array([30.0]), np.array([p]), clock, clock) for p in (0.2, 0.5)]
    >>> Blend((1.0, 0.0)).combine(members).win
    array([0.2])
    """

    weights: tuple[float, ...]
    level: float = 0.0
    clock_weights: tuple[float, ...] | None = None

    @property
    def clocks(self) -> tuple[float, ...]:
        """Weights of the clocks."""
        return self.weights if self.clock_weights is None else self.clock_weights

    def combine(self, members: Sequence[Incidence]) -> Incidence:
        """Blend the members' answers: win probabilities in log-odds, clocks linearly.

        One member with all the weight and no level gives its own answer, bit for bit.
        """
        if self.level == 0 and max(self.weights) == 1 and self.clocks == self.weights:
            return members[self.weights.index(1)]
        odds = sum(w * log_odds(m.win) for w, m in zip(self.weights, members, strict=True))
        win_clock = sum(w * m.win_clock for w, m in zip(self.clocks, members, strict=True))
        loss_clock = sum(w * m.loss_clock for w, m in zip(self.clocks, members, strict=True))
        win = 1 / (1 + np.exp(-(odds + self.level)))
        return Incidence(members[0].edges, np.asarray(win), np.asarray(win_clock), np.asarray(loss_clock))

    def of_members(self, rows: Sequence[int]) -> Blend:
        """Keep some of the members; their weights are raised to sum to 1."""
        picked = (tuple(weights[i] for i in rows) for weights in (self.weights, self.clocks))
        weights, clocks = (_normalised(w) for w in picked)
        return Blend(weights, self.level, clocks)


def _normalised(weights: Sequence[float]) -> tuple[float, ...]:
    total = sum(weights)
    if total == 1:
        return tuple(weights)
    return tuple(w / total for w in weights) if total > 0 else (1.0, *([0.0] * (len(weights) - 1)))


def learn_blend(
    members: Sequence[Incidence],
    labels: Labels,
    opportunities: int,
    usual: Sequence[float],
    pull: float = PRIOR_OPPORTUNITIES,
    unweighted: Sequence[int] = (),
) -> Blend:
    """Learn weights and level from answers to snapshots that the members were not trained on.

    Parameters
    ----------
    members
        Answers of each member for the same snapshots.
    labels
        What became of the snapshots, open ones included.
    opportunities
        Number of different opportunities among them: snapshots of one repeat each other.
    usual
        Weights to shrink towards, summing to 1.
    pull
        Strength of that, in log-likelihood per squared distance of weights.
    unweighted
        Places of members that get no weight in the win probability; they may still tell when.

    Notes
    -----
    Maximises the censored discrete-time likelihood, scaled to opportunities, less
    ``pull`` · (‖w − usual‖² + ‖v − usual‖²) and (level / ``LEVEL_SPREAD``)² / 2,
    where w are the weights of the win probabilities and v those of the clocks.
    """
    if len(members) == 1 or not len(labels.days):
        return Blend(tuple(usual))
    pieces = _pieces(members, labels)
    count = len(members)
    centre = np.array(usual)

    def loss(parameters: Floats) -> float:
        weights, clocks, level = parameters[:count], parameters[count:-1], float(parameters[-1])
        likelihood = float(_log_likelihood(pieces, weights, clocks, level).mean())
        apart = pull * float(((weights - centre) ** 2).sum() + ((clocks - centre) ** 2).sum())
        return -likelihood + (apart + (level / LEVEL_SPREAD) ** 2 / 2) / opportunities

    most = [0 if place in unweighted else 1 for place in range(count)] + [1] * count
    found = minimize(
        loss,
        np.append(np.full(2 * count, 1 / count), 0.0),
        method="SLSQP",
        bounds=[*((0, bound) for bound in most), (-3, 3)],
        constraints=[
            {"type": "eq", "fun": lambda p: p[:count].sum() - 1},
            {"type": "eq", "fun": lambda p: p[count:-1].sum() - 1},
        ],
        options={"ftol": 1e-9, "maxiter": 300},
    )
    return Blend(_rounded(found.x[:count]), round(float(found.x[-1]), 6), _rounded(found.x[count:-1]))


def usual_weights(names: Sequence[str], won: int) -> tuple[float, ...]:
    """Weights that members usually deserve after so many wins, summing to 1.

    Without hazards learned from features, the last rule that has entered has it all: stage
    rates are themselves shrunk towards the fixed weights. The ridge is trusted with
    won / (won + 5), and shares that with the boosters, which get up to half of it.

    Examples
    --------
    >>> usual_weights(["fixed_weights", "stage_rates"], 3)
    (0.0, 1.0)
    >>> all_four = ["fixed_weights", "stage_rates", "ridge_hazards", "lightgbm_hazards"]
    >>> [round(weight, 2) for weight in usual_weights(all_four, 200)]
    [0.0, 0.02, 0.73, 0.24]
    """
    learners = [name for name in names if name in _LEARNERS]
    trusted = won / (won + RATES_WINS) if learners else 0.0
    boosted = 0.5 * won / (won + BOOSTED_WINS) if len(learners) == len(_LEARNERS) else 0.0
    shares = dict(zip(_LEARNERS, (trusted * (1 - boosted), trusted * boosted), strict=True))
    rules = [name for name in names if name not in _LEARNERS]
    shares[rules[-1]] = 1 - trusted
    return _rounded(np.array([shares.get(name, 0.0) for name in names]))


_LEARNERS = ("ridge_hazards", "lightgbm_hazards")


def superseded(names: Sequence[str]) -> tuple[int, ...]:
    """Places of the members that another one has taken up: the fixed weights, once there are stage rates.

    Stage rates are themselves shrunk towards the fixed weights; beside them these tell nothing
    new but another level. After a chance run of wins they would be given weight for that alone,
    and move the level by far more than its own shrinkage allows.

    Examples
    --------
    >>> superseded(["fixed_weights", "stage_rates", "ridge_hazards"]), superseded(["fixed_weights"])
    ((0,), ())
    """
    return (names.index("fixed_weights"),) if {"fixed_weights", "stage_rates"} <= set(names) else ()


def _rounded(found: Floats) -> tuple[float, ...]:
    """Weights below half a percent are dropped; the rest are given with six digits, summing to 1."""
    weights = np.where(found < 0.005, 0, found)
    weights = np.round(weights / weights.sum(), 6)
    weights[int(weights.argmax())] += 1 - weights.sum()
    return tuple(float(w) for w in weights)


@dataclass(frozen=True)
class _Pieces:
    """What the likelihood needs of each member, shape (n, M); ``outcome`` of shape (n,)."""

    outcome: NDArray[np.int64]
    odds: Floats
    won_in_interval: Floats
    lost_in_interval: Floats
    won_by_end: Floats
    lost_by_end: Floats


def _pieces(members: Sequence[Incidence], labels: Labels) -> _Pieces:
    edges = members[0].edges
    bounds = np.concatenate([[0.0], edges, [np.inf]])
    interval = np.searchsorted(edges, labels.days)
    start, end = bounds[interval], np.minimum(bounds[interval + 1], 1e6)

    def per_member(days: Floats, clock: str) -> Floats:
        return np.stack([clock_at(edges, getattr(m, clock), days[:, None])[:, 0] for m in members], axis=1)

    return _Pieces(
        outcome=labels.outcome,
        odds=np.stack([log_odds(m.win) for m in members], axis=1),
        won_in_interval=per_member(end, "win_clock") - per_member(start, "win_clock"),
        lost_in_interval=per_member(end, "loss_clock") - per_member(start, "loss_clock"),
        won_by_end=per_member(labels.days, "win_clock"),
        lost_by_end=per_member(labels.days, "loss_clock"),
    )


def _log_likelihood(pieces: _Pieces, weights: Floats, clocks: Floats, level: float) -> Floats:
    """Log-likelihood of what became of each snapshot, shape (n,)."""
    win = 1 / (1 + np.exp(-(pieces.odds @ weights + level)))
    won = win * (pieces.won_in_interval @ clocks)
    lost = (1 - win) * (pieces.lost_in_interval @ clocks)
    still_open = 1 - win * (pieces.won_by_end @ clocks) - (1 - win) * (pieces.lost_by_end @ clocks)
    chance = np.select(
        [pieces.outcome == WON, pieces.outcome == LOST, pieces.outcome == CENSORED], [won, lost, still_open]
    )
    return np.asarray(np.log(np.maximum(chance, 1e-9)), dtype=np.float64)


def censored_log_likelihood(answer: Incidence, labels: Labels) -> Floats:
    """Log-likelihood of what became of each snapshot under one answer, shape (n,).

    Closed ones count by the interval in which they closed, open ones by the probability of
    still being open when last seen.
    """
    return _log_likelihood(_pieces([answer], labels), np.ones(1), np.ones(1), 0.0)


def outcome_log_likelihood(answer: Incidence, labels: Labels) -> Floats:
    """Log-likelihood of being won or lost given when it closed, shape (n,); 0 while open.

    This is the part of the censored likelihood that tells *whether*; the rest tells *when*.

    Examples
    --------
    >>> clock = np.array([[1.0]])
    >>> answer = Incidence(np.array([30.0]), np.array([0.4]), clock, clock)
    >>> outcome_log_likelihood(answer, Labels(np.array([5.0]), np.array([LOST]), np.array([9.0]))).round(4)
    array([-0.5108])
    """
    pieces = _pieces([answer], labels)
    won = answer.win * pieces.won_in_interval[:, 0]
    lost = (1 - answer.win) * pieces.lost_in_interval[:, 0]
    closed = np.clip(won / np.maximum(won + lost, 1e-12), NARROW, 1 - NARROW)
    chance = np.select([labels.outcome == WON, labels.outcome == LOST], [closed, 1 - closed], 1.0)
    return np.asarray(np.log(chance), dtype=np.float64)
