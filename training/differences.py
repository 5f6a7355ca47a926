"""How much better or worse than another method, on the same snapshots, with intervals over opportunities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.outcomes import Labels
from models.blend import censored_log_likelihood, outcome_log_likelihood
from models.incidence import Incidence
from training.censoring import horizon_losses, horizon_weights
from training.verdict import CHAMPION, HORIZON, LIKELIHOOD, OUTCOME, Check

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_WORSE = 0.002
"""Log-likelihood by which a challenger may at most fall behind the champion."""

LEARNED = "learned"
CENSORED_LOSS = "log_loss_censored"
"""Metric of a horizon: log loss with open opportunities counted by ``horizon_weights``."""


def likelihood_check(name: str, learned: Incidence, other: Incidence, labels: Labels, samples: Sequence[Ints]) -> Check:
    """Check that the learned probability has the lower loss: the mean negative censored log-likelihood.

    The difference must be below 0 with its interval; against the champion below ``NO_WORSE``.
    """
    other = other.on_edges(learned.edges)
    behind = censored_log_likelihood(other, labels) - censored_log_likelihood(learned, labels)
    return _bounded(LIKELIHOOD, name, behind, samples, NO_WORSE if name == CHAMPION else 0.0)


def outcome_check(name: str, learned: Incidence, other: Incidence, labels: Labels, samples: Sequence[Ints]) -> Check:
    """Check that the learned probability tells won from lost the better, given when they closed.

    The likelihood of the whole course also rewards telling *when*. Where outcomes carry no
    signal the time still may, and a model that knows only this must not pass.
    """
    behind = outcome_log_likelihood(other, labels) - outcome_log_likelihood(learned, labels)
    return _bounded(OUTCOME, name, behind, samples, 0.0)


def _bounded(kind: str, name: str, behind: Floats, samples: Sequence[Ints], bound: float) -> Check:
    low, high = _interval([behind[drawn].mean() for drawn in samples])
    return Check(kind, float(behind.mean()), f"high < {bound:g}", bool(high < bound), name, low=low, high=high)


def horizon_checks(
    name: str, learned: Incidence, other: Incidence, labels: Labels, samples: Sequence[Ints], horizons: Sequence[float]
) -> list[Check]:
    """Report the difference of the log loss at each horizon that some snapshot was watched for."""
    checks = []
    for days in _watched(horizons, labels):
        weights = horizon_weights(labels, days)
        ahead = _losses(learned, labels, days) - _losses(other, labels, days)
        low, high = _interval([_mean(ahead, weights, drawn) for drawn in samples])
        figure = _mean(ahead, weights, np.arange(len(ahead)))
        checks.append(Check(HORIZON, figure, "", None, name, days, low, high))
    return checks


def horizon_records(
    answers: Mapping[str, Incidence], labels: Labels, samples: Sequence[Ints], horizons: Sequence[float]
) -> list[dict[str, Any]]:
    """Log loss of each method at each horizon, open ones counted, as records like those of ``evaluate``."""
    records = []
    for days in _watched(horizons, labels):
        weights = horizon_weights(labels, days)
        for method, answer in answers.items():
            losses = _losses(answer, labels, days)
            low, high = _interval([_mean(losses, weights, drawn) for drawn in samples])
            value = _mean(losses, weights, np.arange(len(losses)))
            record = {"method": method, "metric": CENSORED_LOSS, "horizon": days, "value": value}
            records.append(record | {"low": low, "high": high, "n": int((weights > 0).sum())})
    return records


def _watched(horizons: Sequence[float], labels: Labels) -> list[float]:
    return [days for days in horizons if (labels.watched >= days).any()]


def _losses(answer: Incidence, labels: Labels, days: float) -> Floats:
    return horizon_losses(answer.win_by([days])[:, 0], labels, days)


def _mean(values: Floats, weights: Floats, rows: Ints) -> float:
    total = weights[rows].sum()
    return float((values[rows] * weights[rows]).sum() / total) if total else 0.0


def _interval(drawn: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.05, 0.95])
    return float(low), float(high)
