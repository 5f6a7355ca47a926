"""A person's probabilities beside the model's, for opportunities that closed since: who was nearer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.words import Words

ENOUGH_JUDGED = 30
"""Closed opportunities from which on it is said who was nearer."""
MOST_CERTAIN = 0.999
"""Probabilities nearer to 0 or 1 count as this in the log loss: one that was certain and wrong would lose all."""

_STANDARD_ERRORS = 2.0
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """One opportunity that was judged, and closed since: both probabilities of the same instant."""

    person: str
    person_probability: float
    model_probability: float
    is_won: bool


@dataclass(frozen=True)
class Comparison:
    """How near the probabilities of a person, or of all, and of the model were.

    Losses are means over ``opportunities``, None when there are none; lower is nearer.
    ``brier_difference`` is the person's less the model's, with the standard error of its mean.
    """

    opportunities: int
    won: int
    person_log_loss: float | None
    model_log_loss: float | None
    person_brier: float | None
    model_brier: float | None
    brier_difference: float | None
    standard_error: float | None
    verdict: Words


def compare(judged: Sequence[Judged]) -> Comparison:
    """Compare a person's probabilities with the model's.

    Log loss: -ln of the probability given to what happened. Brier score: mean square of the
    difference between probability and outcome (Brier, 1950). Who was nearer is said by the
    paired differences of the Brier score, when their mean is two standard errors from zero.

    Examples
    --------
    >>> said = compare([Judged("Li", 0.9, 0.6, True), Judged("Li", 0.1, 0.4, False)])
    >>> round(said.person_brier, 3), round(said.model_brier, 3), said.verdict.en
    (0.01, 0.16, '2 closed opportunities are too few to say who was nearer: at least 30')
    """
    won = np.array([one.is_won for one in judged], dtype=float)
    person = np.array([one.person_probability for one in judged], dtype=float)
    model = np.array([one.model_probability for one in judged], dtype=float)
    if not len(judged):
        return Comparison(0, 0, None, None, None, None, None, None, _verdict(np.empty(0), None))
    differences = (person - won) ** 2 - (model - won) ** 2
    error = float(differences.std(ddof=1) / np.sqrt(len(judged))) if len(judged) > 1 else None
    return Comparison(
        opportunities=len(judged),
        won=int(won.sum()),
        person_log_loss=_log_loss(person, won),
        model_log_loss=_log_loss(model, won),
        person_brier=float(((person - won) ** 2).mean()),
        model_brier=float(((model - won) ** 2).mean()),
        brier_difference=float(differences.mean()),
        standard_error=error,
        verdict=_verdict(differences, error),
    )


def _log_loss(probability: Floats, won: Floats) -> float:
    held = np.clip(probability, 1 - MOST_CERTAIN, MOST_CERTAIN)
    return float(-(won * np.log(held) + (1 - won) * np.log(1 - held)).mean())


def _verdict(differences: Floats, error: float | None) -> Words:
    n = len(differences)
    if n < ENOUGH_JUDGED or error is None:
        return Words(
            f"{n} closed opportunities are too few to say who was nearer: at least {ENOUGH_JUDGED}",
            f"已关闭的商机只有{n}个，太少，无法判断谁更接近（至少需要{ENOUGH_JUDGED}个）",
        )
    mean = float(differences.mean())
    if abs(mean) <= _STANDARD_ERRORS * error:
        return Words("neither was clearly nearer", "两者没有明显差别")
    if mean < 0:
        return Words("the person was nearer", "人的判断更接近结果")
    return Words("the model was nearer", "模型更接近结果")
