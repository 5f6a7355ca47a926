"""What is said of forgotten opportunities: not what a model says of the worked on, but what became of their like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.forgotten import Limits
from models.incidence import Incidence

Words = tuple[str, str]


def limits_from(training: Mapping[str, Any]) -> Limits | None:
    """Read the limits that a training kept; None when it could not tell what is too long."""
    kept = training.get("forgotten")
    return None if kept is None else Limits(**{**kept, "kinds": tuple(kept["kinds"])})


def lowered(answer: Incidence, forgotten: NDArray[np.bool_], limits: Limits | None) -> Incidence:
    """Bring the answers for forgotten opportunities towards what became of others that were forgotten.

    Their win probability is the share won of those, and their clocks run at the pace at which
    those closed at all; both shrunk towards the model's answer as ten opportunities would.

    Examples
    --------
    >>> clock = np.array([[0.5, 1.0]])
    >>> answer = Incidence(np.array([10.0, 30.0]), np.array([0.5]), clock, clock)
    >>> found = lowered(answer, np.array([True]), Limits(90.0, seen=40, won=1, closed=5))
    >>> found.win, found.loss_by([30.0]).round(3)
    (array([0.12]), array([[0.264]]))
    """
    if limits is None or not forgotten.any():
        return answer
    pace = np.where(forgotten, limits.pace, 1.0)[:, None]
    win = np.where(forgotten, limits.rate(answer.win), answer.win)
    return Incidence(answer.edges, win, answer.win_clock * pace, answer.loss_clock * pace)


def forgotten_reason(limits: Limits) -> Words:
    """Say why it is forgotten, and what became of its like, in English and Chinese."""
    return (
        f"nothing was recorded of it for more than {limits.silent_days:.0f} days: of {limits.seen:,} such "
        f"opportunities {limits.won:,} were won; close it or take it up again",
        f"已超过{limits.silent_days:.0f}天没有任何记录：此类商机{limits.seen:,}个中赢单{limits.won:,}个；请关闭或重新跟进",
    )
