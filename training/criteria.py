"""Choosing the class criteria at each training, and what became of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.instants import DAY, micros
from features.outcomes import CENSORED, WON
from features.snapshots import view_of
from models.hazard_blend import HazardBlend
from scoring.classification import CLASSES, NEED_HORIZON, Criteria, classify, signs_of, unidentified
from scoring.score import need_probability
from training.dataset import Dataset
from training.need import need_labels

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_CANDIDATES = (7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 90.0)
_ADVANCE_DAYS = 30
_FEWEST = 30


def choose_criteria(dataset: Dataset, need: HazardBlend | None) -> Criteria:
    """Choose the recency that best tells who advances in 30 days, and the threshold of the need.

    The recency maximises the information (in nats) that a recent sign gives on advancing,
    among those who gave a sign at all: others are never active, whatever the recency. The
    threshold maximises the share of confirmed needs above it less that of others (Youden
    1950), among snapshots where no need is identified; None without enough of either.
    """
    advanced, watched = advanced_in_30_days(dataset)
    last = signs_of(dataset.snapshots).last_days
    judged = watched & ~np.isinf(last)
    gains = [_information(last[judged] <= days, advanced[judged]) for days in _CANDIDATES]
    recent = _CANDIDATES[int(np.argmax(gains))] if max(gains, default=0) > 0 else Criteria.recent_days
    return Criteria(recent, _threshold(dataset, need))


def advanced_in_30_days(dataset: Dataset) -> tuple[Bools, Bools]:
    """Tell who was won or in a later stage 30 days on, and whose 30 days are known; shape (n,)."""
    now = view_of(dataset.history, dataset.keys)
    later = now.at(now.opportunity, now.as_of + _ADVANCE_DAYS * DAY)
    before, after = now.stage_path.stage, later.stage_path.stage
    won = np.where(after >= 0, later.stage_outcome[after], 0) == WON
    open_then = np.where(after >= 0, later.stage_outcome[after], 0) == 0
    further = (after >= 0) & (later.stage_position[after] > np.where(before >= 0, now.stage_position[before], -1))
    watched = later.as_of <= micros(pd.Index([dataset.until]))[0]
    return won | (open_then & further), watched


def _information(group: Bools, happened: Bools) -> float:
    """Mutual information of two yes/no variables, nats; 0 when it is the others that advance."""
    if not group.any() or group.all() or happened[group].mean() <= happened[~group].mean():
        return 0.0
    table = np.array([[(g & h).sum() for h in (happened, ~happened)] for g in (group, ~group)], dtype=np.float64)
    share = table / max(table.sum(), 1)
    expected = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    there = share > 0
    return float((share[there] * np.log(share[there] / expected[there])).sum())


def _threshold(dataset: Dataset, need: HazardBlend | None) -> float | None:
    if need is None:
        return None
    rows = np.flatnonzero(unidentified(signs_of(dataset.snapshots)))
    chosen = dataset.take(rows)
    labels = need_labels(chosen.history, chosen.keys, chosen.until)
    known = (labels.outcome != CENSORED) | (labels.watched >= NEED_HORIZON)
    confirmed = ((labels.outcome == WON) & (labels.days <= NEED_HORIZON))[known]
    if min(confirmed.sum(), (~confirmed).sum()) < _FEWEST:
        return None
    probability = need_probability(need, chosen.snapshots)[known]
    candidates = np.unique(np.quantile(probability, np.linspace(0.05, 0.95, 19)).round(3))
    gains = [(probability[confirmed] > c).mean() - (probability[~confirmed] > c).mean() for c in candidates]
    return float(candidates[int(np.argmax(gains))])


def class_report(dataset: Dataset, need: HazardBlend | None, criteria: Criteria) -> dict[str, dict[str, Any]]:
    """Say what became of each class: snapshots, share won of those closed, share advanced in 30 days.

    Shares are None, and ``enough`` is false, where fewer than 30 snapshots can be judged.
    """
    classes = classify(signs_of(dataset.snapshots), need_probability(need, dataset.snapshots), criteria)
    labels = dataset.labels()
    advanced, watched = advanced_in_30_days(dataset)
    report = {}
    for name in CLASSES:
        of_class = classes == name
        closed, judged = of_class & (labels.outcome != CENSORED), of_class & watched
        enough = bool(min(closed.sum(), judged.sum()) >= _FEWEST)
        report[name] = {
            "snapshots": int(of_class.sum()),
            "closed": int(closed.sum()),
            "share_won": float((labels.outcome[closed] == WON).mean()) if enough else None,
            "watched_30_days": int(judged.sum()),
            "share_advanced_in_30_days": float(advanced[judged].mean()) if enough else None,
            "enough": enough,
        }
    return report
