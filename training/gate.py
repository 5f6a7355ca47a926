"""Whether a newly trained model may replace the champion: judged on later snapshots, open ones included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.instants import micros
from features.snapshots import build_snapshots
from models.artifact import Artifact
from models.blend import censored_log_likelihood
from models.incidence import Incidence
from training.backtest import methods
from training.criteria import choose_criteria, class_report
from training.dataset import Dataset, closing_instant
from training.evaluate import evaluate, resamples
from training.learning import learn, win_members
from training.need import learn_need

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHARE = 0.7
"""Share of the closings by which the judged model's training ends."""
HORIZONS = (14.0, 30.0, 60.0, 90.0)
NO_WORSE = 0.002
"""Log-likelihood by which a challenger may at most fall behind the champion."""

FEWEST_FRESH = 100
"""Opportunities that a champion must not have been trained on before it is compared."""

_MUST_BEAT = ("fixed_weights", "stage_rates", "constant")
CHAMPION = "champion"


@dataclass(frozen=True)
class Comparison:
    """Loss of the learned probability less that of another, on the same snapshots.

    The loss is the mean negative censored log-likelihood; below 0 the learned is better.
    ``low`` and ``high`` bound 90 %, by bootstrap over opportunities.
    """

    against: str
    difference: float
    low: float
    high: float
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """Whether a challenger earns to be champion, and by which figures.

    ``records`` are those of ``evaluate`` on the later snapshots; ``classes`` says what became
    of each class there.
    """

    passed: bool
    reason: str
    comparisons: tuple[Comparison, ...]
    records: list[dict[str, Any]]
    classes: Mapping[str, Any]
    answers: Mapping[str, Incidence]
    later: Dataset | None


def judge(dataset: Dataset, champion: Artifact | None, seed: int, report: Callable[[str], None]) -> Verdict:
    """Train on the earlier part of a dataset as one would have then, and judge on the later part.

    Parameters
    ----------
    dataset
        All snapshots up to the cutoff.
    champion
        The model in service; None or version 0 when nothing learned is.
    """
    end = closing_instant(dataset, SHARE)
    later = dataset.between(end, dataset.until) if end is not None else None
    if end is None or later is None or not len(later.keys) or not len(dataset.before(end).keys):
        return Verdict(False, "too little has closed to judge by", (), [], {}, {}, None)
    past = dataset.before(end)
    report(f"judging on {len(later.keys):,} snapshots after {end:%Y-%m-%d}")
    win = learn(past, win_members(seed), lambda line: None)
    answers = methods(win, past, later.snapshots)
    return _verdict(answers, past, later, _fresh_answers(champion, later), seed, report)


def _fresh_answers(champion: Artifact | None, later: Dataset) -> tuple[Incidence, Ints] | None:
    """Answers of the champion for the later snapshots that it was not trained on, and their rows.

    On what it was trained on it would look better than it is. None when there are too few,
    or when the champion is of another origin: a simulated one says nothing of real data.
    """
    if champion is None or champion.training["origin"] != later.history.origin:
        return None
    seen_until = micros(pd.Index([pd.Timestamp(champion.training["cutoff"])]))[0]
    rows = np.flatnonzero(later.as_of >= seen_until)
    fresh = later.take(rows)
    if fresh.keys["opportunity_id"].nunique() < FEWEST_FRESH:
        return None
    snapshots = build_snapshots(fresh.history, fresh.keys, champion.catalogue)
    return champion.win.predict(snapshots), rows


def _verdict(
    answers: dict[str, Incidence],
    past: Dataset,
    later: Dataset,
    fresh: tuple[Incidence, Ints] | None,
    seed: int,
    report: Callable[[str], None],
) -> Verdict:
    rows = np.arange(len(later.keys))
    comparisons = [compare(name, answers[name], rows, answers, later, seed) for name in _MUST_BEAT if name in answers]
    if fresh is not None:
        comparisons.append(compare(CHAMPION, fresh[0], fresh[1], answers, later, seed))
    failed = [c for c in comparisons if not c.passed]
    proved = "learned from outcomes" if "stage_rates" in answers else ""
    passed = bool(proved) and not failed
    need = learn_need(past, seed, report)
    classes = class_report(later, need, choose_criteria(past, need))
    ids = later.keys["opportunity_id"].to_numpy(dtype=object)
    records = evaluate(answers, later.labels(), ids, HORIZONS, seed)
    reason = _reason(passed, failed, proved, fresh is not None)
    return Verdict(passed, reason, tuple(comparisons), records, classes, answers, later)


def _reason(passed: bool, failed: list[Comparison], proved: str, compared: bool) -> str:
    if passed:
        beside = "and no worse than the champion" if compared else "with no champion to compare on data new to it"
        return f"better than fixed weights, stage rates and the constant, {beside}"
    if not proved:
        return "too few opportunities were won and lost to learn from"
    return "not shown to be better: " + "; ".join(
        f"against {c.against} {c.difference:+.4f} (90 %: {c.low:+.4f} to {c.high:+.4f})" for c in failed
    )


def compare(
    name: str, other: Incidence, rows: Ints, answers: Mapping[str, Incidence], later: Dataset, seed: int
) -> Comparison:
    """Compare the learned probability with another method on some rows of the later snapshots."""
    judged = later.take(rows)
    labels = judged.labels()
    samples = resamples(judged.keys["opportunity_id"].to_numpy(dtype=object), seed)
    learned = censored_log_likelihood(answers["learned"].take(rows), labels)
    behind = censored_log_likelihood(other, labels) - learned
    low, high = (float(q) for q in np.quantile([behind[drawn].mean() for drawn in samples], [0.05, 0.95]))
    bound = NO_WORSE if name == CHAMPION else 0.0
    return Comparison(name, float(behind.mean()), low, high, bool(high < bound))
