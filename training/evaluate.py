"""How good answers were: figures with bootstrap intervals over opportunities, as one long table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from features.outcomes import CENSORED, WON, Labels
from models.incidence import Incidence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 10
RESAMPLES = 200
_NARROW = 1e-6

Metric = Callable[[Floats, Floats], float]


def log_loss(win: Floats, won: Floats) -> float:
    """Mean negative log-likelihood of probabilities kept within 1e-6 of 0 and 1.

    Examples
    --------
    >>> round(log_loss(np.array([0.5, 0.5]), np.array([1.0, 0.0])), 3)
    0.693
    """
    kept = np.clip(win, _NARROW, 1 - _NARROW)
    return float(-(won * np.log(kept) + (1 - won) * np.log(1 - kept)).mean())


def brier(win: Floats, won: Floats) -> float:
    """Mean squared distance of probability and outcome (Brier 1950)."""
    return float(((win - won) ** 2).mean())


def auc(win: Floats, won: Floats) -> float:
    """Share of pairs of a won and another in which the won one has the higher probability; NaN without pairs.

    Examples
    --------
    >>> auc(np.array([0.2, 0.7, 0.7]), np.array([0.0, 0.0, 1.0]))
    0.75
    """
    positives = won.sum()
    negatives = len(won) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(win)
    return float((ranks[won == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def calibration_error(win: Floats, won: Floats) -> float:
    """Distance of mean probability and share won, over 10 equal-width bins weighted by count.

    Examples
    --------
    >>> round(calibration_error(np.array([0.31, 0.39, 0.8]), np.array([0.0, 1.0, 1.0])), 4)
    0.1667
    """
    place = np.minimum((win * BINS).astype(np.int64), BINS - 1)
    expected = np.bincount(place, win, minlength=BINS)
    actual = np.bincount(place, won, minlength=BINS)
    return float(np.abs(expected - actual).sum() / len(win))


def expected_over_actual(win: Floats, won: Floats) -> float:
    """Expected wins divided by actual wins; NaN when nothing was won."""
    return float(win.sum() / won.sum()) if won.sum() else float("nan")


METRICS: dict[str, Metric] = {
    "log_loss": log_loss,
    "brier": brier,
    "auc": auc,
    "calibration_error": calibration_error,
    "expected_over_actual": expected_over_actual,
}


def evaluate(
    answers: Mapping[str, Incidence],
    labels: Labels,
    opportunities: NDArray[np.object_],
    horizons: Sequence[float],
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Judge the answers of several methods by what became of the same snapshots.

    Parameters
    ----------
    answers
        Answer of each method.
    labels
        What became of the snapshots.
    opportunities
        Opportunity of each snapshot: intervals come from drawing opportunities again.
    horizons
        Days ahead; each is judged on the snapshots that were watched so long.

    Returns
    -------
    Records ``{method, metric, horizon, value, low, high, n}``: horizon None is the final
    outcome, judged on the snapshots that closed; ``low`` and ``high`` bound 90 %.
    """
    records = []
    for horizon in (None, *horizons):
        rows, won = _judged(labels, horizon)
        if not len(rows):
            continue
        weights = resamples(opportunities[rows], seed)
        for method, answer in answers.items():
            win = answer.win[rows] if horizon is None else answer.win_by([horizon])[rows, 0]
            records += [
                {"method": method, "metric": name, "horizon": horizon, **_with_interval(metric, win, won, weights)}
                for name, metric in METRICS.items()
            ]
    return records


def _judged(labels: Labels, horizon: float | None) -> tuple[Ints, Floats]:
    """Snapshots that can be judged, and whether each was won."""
    if horizon is None:
        rows = np.flatnonzero(labels.outcome != CENSORED)
        return rows, (labels.outcome[rows] == WON).astype(np.float64)
    # Who was not watched so long is left out whatever became of it: taking only those that
    # closed would judge by the quick ones.
    rows = np.flatnonzero(labels.watched >= horizon)
    won = (labels.outcome[rows] == WON) & (labels.days[rows] <= horizon)
    return rows, won.astype(np.float64)


def resamples(opportunities: NDArray[np.object_], seed: int) -> list[Ints]:
    """Rows of each bootstrap sample: opportunities are drawn with replacement, with all their snapshots."""
    draw = np.random.default_rng(seed)
    ids, place = np.unique(opportunities.astype(str), return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(ids) + 1))
    samples = []
    for _ in range(RESAMPLES):
        chosen = draw.integers(0, len(ids), len(ids))
        if len(ids) == len(place):
            samples.append(order[chosen])
        else:
            samples.append(np.concatenate([order[starts[i] : starts[i + 1]] for i in chosen]))
    return samples


def _with_interval(metric: Metric, win: Floats, won: Floats, samples: Sequence[Ints]) -> dict[str, Any]:
    drawn = np.array([metric(win[rows], won[rows]) for rows in samples])
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.quantile(drawn, [0.05, 0.95]) if len(drawn) else (np.nan, np.nan)
    value = metric(win, won)
    return {"value": _plain(value), "low": _plain(low), "high": _plain(high), "n": len(win)}


def _plain(value: float) -> float | None:
    """A JSON number; a figure that does not exist is null."""
    return None if np.isnan(value) else float(value)
