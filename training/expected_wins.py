"""Expected over actual wins: every snapshot for as long as it was watched, overall and by segment."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.outcomes import WON, Labels
from models.incidence import Incidence
from training.dataset import Dataset
from training.evaluate import resamples
from training.verdict import EXPECTED, Check

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.object_]

OVERALL, IN_SEGMENT = (0.90, 1.10), (0.80, 1.20)
"""What the ratio may be: the check fails when its 90 % interval lies wholly outside."""
FEWEST_WINS = 100
"""Opportunities won that a segment needs to be judged."""

_COLUMNS = ("process", "product", "source", "channel", "team")


def expected_and_actual(answer: Incidence, labels: Labels) -> tuple[Floats, Floats]:
    """Wins that were to be expected of each snapshot while it was watched, and whether it was won; shape (n,).

    A snapshot counts with the probability of being won within its own days of watching, so
    that one which is still open, and will be won later, biases nothing.

    Examples
    --------
    >>> clock = np.array([[0.5, 1.0]])
    >>> answer = Incidence(np.array([10.0, 30.0]), np.array([0.4]), clock, clock)
    >>> expected_and_actual(answer, Labels(np.array([10.0]), np.array([0]), np.array([10.0])))
    (array([0.2]), array([0.]))
    """
    expected = answer.win_by(labels.watched[:, None])[:, 0]
    return expected, (labels.outcome == WON).astype(np.float64)


def expected_wins_checks(answer: Incidence, later: Dataset, seed: int) -> list[Check]:
    """Check expected over actual wins overall, and in each segment with at least 100 won opportunities."""
    expected, actual = expected_and_actual(answer, later.labels())
    ids = later.keys["opportunity_id"].to_numpy(dtype=object)
    checks = [_check("", expected, actual, ids, OVERALL, seed)]
    for name, rows in segments(later):
        if len(set(ids[rows][actual[rows] == 1])) >= FEWEST_WINS:
            checks.append(_check(name, expected[rows], actual[rows], ids[rows], IN_SEGMENT, seed))
    return checks


def segments(later: Dataset) -> Iterator[tuple[str, Ints]]:
    """List the segments of snapshots and their rows: values of process, product, source, channel, team, category.

    An attribute gives segments only when it is among the features: one measured at the close
    knows the outcome.
    """
    opportunities = later.history.opportunities.set_index("opportunity_id")
    ids = later.keys["opportunity_id"]
    columns = {name: opportunities[name].reindex(ids).to_numpy(dtype=object) for name in _COLUMNS}
    for name, attribute in later.history.attributes.items():
        if attribute.type == "category" and f"attribute_{name}" in later.snapshots:
            columns[name] = later.snapshots[f"attribute_{name}"].to_numpy(dtype=object)
    for name, values in columns.items():
        code, uniques = pd.factorize(values, sort=False)
        for place in sorted(range(len(uniques)), key=lambda place: str(uniques[place])):
            yield f"{name}={uniques[place]}", np.flatnonzero(code == place)


def _check(segment: str, expected: Floats, actual: Floats, ids: Words, limit: tuple[float, float], seed: int) -> Check:
    said = f"{limit[0]:.2f}–{limit[1]:.2f}"
    if not actual.sum():
        return Check(EXPECTED, None, said, False, segment)  # nothing was won: nothing is shown
    drawn = [expected[rows].sum() / max(actual[rows].sum(), 0.5) for rows in resamples(ids, seed)]
    low, high = (float(q) for q in np.quantile(drawn, [0.05, 0.95]))
    passed = bool(low <= limit[1] and high >= limit[0])
    return Check(EXPECTED, float(expected.sum() / actual.sum()), said, passed, segment, low=low, high=high)
