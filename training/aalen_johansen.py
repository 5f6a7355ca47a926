"""Cumulative incidence with censoring: what share was won, or lost, by so many days (Aalen and Johansen 1978)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.outcomes import LOST, WON, Labels
from models.incidence import Incidence
from training.draws import HIGH, LOW, Draws

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Records = list[dict[str, Any]]

DAYS = (7.0, 14.0, 30.0, 45.0, 60.0, 90.0, 120.0, 150.0, 180.0, 270.0, 365.0)
"""Days ahead at which incidence is compared, as far as enough were watched."""
FEWEST = 30
"""Opportunities that must still be watched at the last of these days."""

CAUSES = ("won", "lost")


def cumulative_incidence(
    days: Floats, outcome: Ints, asked: Sequence[float], weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Estimate the share won and the share lost by some days, open ones taken as watched until they left.

    Parameters
    ----------
    days
        Days to the close, or to the last look at those still open, shape (n,).
    outcome
        0 still open, 1 won, 2 lost, shape (n,).
    asked
        Days at which the shares are wanted, shape (h,).
    weights
        How often each row counts, shape (n,); once when None.

    Returns
    -------
    Shares won and lost, each of shape (h,). With the share still open they sum to 1.

    Notes
    -----
    F_k(t) = Σ S(t_i−) · d_ki / n_i over the closing times up to t, S(t) = Π (1 − d_i / n_i)
    (Aalen and Johansen 1978). Who was last seen open at a time still counts as watched at it.
    Censoring is taken to be independent of the outcome.

    Examples
    --------
    Of four one is won on day 1, one is last seen open on day 2, one is lost on day 3:

    >>> cumulative_incidence(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 2, 0]), [1, 3])
    (array([0.25, 0.25]), array([0.   , 0.375]))
    """
    times, place = np.unique(days, return_inverse=True)
    weights = np.ones(len(days)) if weights is None else weights
    watched = np.bincount(place, weights, minlength=len(times))[::-1].cumsum()[::-1]
    closed = [np.bincount(place, weights * (outcome == code), minlength=len(times)) for code in (WON, LOST)]
    share = [np.divide(c, watched, out=np.zeros(len(times)), where=watched > 0) for c in closed]
    still_open = np.cumprod(np.concatenate([[1.0], 1 - share[0] - share[1]]))[:-1]
    last = np.searchsorted(times, np.asarray(asked, dtype=np.float64), side="right")
    won, lost = (np.concatenate([[0.0], np.cumsum(still_open * s)])[last] for s in share)
    return won, lost


def compare_incidence(
    answers: Mapping[str, Incidence], labels: Labels, draws: Draws, asked: Sequence[float] = DAYS
) -> tuple[Records, Records]:
    """Compare the expected incidence of both causes with the Aalen–Johansen estimate.

    Parameters
    ----------
    answers
        Answer of each method for the same n snapshots.
    draws
        Bootstrap samples over their opportunities.
    asked
        Days ahead, ascending; those at which fewer than 30 opportunities are watched are left out.

    Returns
    -------
    Records ``{method, cause, days, expected, actual, low, high, watched}``: mean probability
    of being won, or lost, by then over all snapshots, the estimate, bounds of 90 % of the
    estimate, and opportunities watched so long.

    Records ``{method, cause, until, integrated, mean, chance}``: the absolute difference of
    the two integrated up to the day ``until``, in probability × days, the same divided by the
    days, and what that mean would be by chance alone: the usual distance of the bootstrap
    samples' estimates from the estimate.
    """
    watched = [len(np.unique(draws.place[labels.watched >= day])) for day in asked]
    days = [day for day, count in zip(asked, watched, strict=True) if count >= FEWEST]
    if not days:
        return [], []
    actual = np.array(cumulative_incidence(labels.days, labels.outcome, days))
    samples = range(len(draws.counts))
    drawn = np.array([cumulative_incidence(labels.days, labels.outcome, days, draws.weights(i)) for i in samples])
    low, high = np.quantile(drawn, [LOW, HIGH], axis=0)
    by_chance = np.abs(drawn - actual).mean(axis=0)
    records: Records = []
    integrated: Records = []
    for method, answer in answers.items():
        expected = np.stack([answer.win_by(days).mean(axis=0), answer.loss_by(days).mean(axis=0)])
        for cause, name in enumerate(CAUSES):
            lines = zip(expected[cause], actual[cause], low[cause], high[cause], strict=True)
            records += [
                {"method": method, "cause": name, "days": day, "watched": count}
                | dict(zip(("expected", "actual", "low", "high"), map(float, line), strict=True))
                for day, count, line in zip(days, watched, lines, strict=False)
            ]
            area = _area(days, np.abs(expected[cause] - actual[cause]))
            found = {"method": method, "cause": name, "until": days[-1], "integrated": area}
            integrated.append({**found, "mean": area / days[-1], "chance": _area(days, by_chance[cause]) / days[-1]})
    return records, integrated


def _area(days: Sequence[float], gap: Floats) -> float:
    """Area under a line through (0, 0) and the gaps."""
    return float(np.trapezoid(np.concatenate([[0.0], gap]), np.concatenate([[0.0], days])))
