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
from training.learning import ForwardAnswers, Learned
from training.threshold import FEWEST, youden_threshold

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_CANDIDATES = (7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 90.0)
_ADVANCE_DAYS = 30


def choose_criteria(dataset: Dataset, need: Learned | None) -> Criteria:
    """Choose the recency that best tells who advances in 30 days, and the threshold of the need.

    The recency maximises the information (in nats) that a recent sign gives on advancing,
    among those who gave a sign at all: others are never active, whatever the recency. The
    threshold is chosen forward in time, among later snapshots where no need is identified.
    """
    advanced, watched = advanced_in_30_days(dataset)
    last = signs_of(dataset.snapshots).last_days
    judged = watched & ~np.isinf(last)
    gains = [_information(last[judged] <= days, advanced[judged]) for days in _CANDIDATES]
    recent = _CANDIDATES[int(np.argmax(gains))] if max(gains, default=0) > 0 else Criteria.recent_days
    return Criteria(recent, _threshold(need))


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


def _threshold(need: Learned | None) -> float | None:
    """Choose from what earlier models answered for later snapshots: on their own they would look too sure."""
    parts = [_judged(fold, need.model) for fold in need.forward] if need is not None else []
    if not parts:
        return None
    probability, confirmed = (np.concatenate(part) for part in zip(*parts, strict=True))
    return youden_threshold(probability, confirmed)


def _judged(fold: ForwardAnswers, model: HazardBlend) -> tuple[Floats, Bools]:
    """Probability and outcome of the later snapshots without an identified need that were watched for 90 days."""
    labels = fold.later.labels()
    rows = unidentified(signs_of(fold.later.snapshots)) & (labels.watched >= NEED_HORIZON)
    answer = model.blend.of_members(range(len(fold.members))).combine(fold.members)
    confirmed = (labels.outcome == WON) & (labels.days <= NEED_HORIZON)
    return answer.win_by([NEED_HORIZON])[rows, 0], confirmed[rows]


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
        enough = bool(min(closed.sum(), judged.sum()) >= FEWEST)
        report[name] = {
            "snapshots": int(of_class.sum()),
            "closed": int(closed.sum()),
            "share_won": float((labels.outcome[closed] == WON).mean()) if enough else None,
            "watched_30_days": int(judged.sum()),
            "share_advanced_in_30_days": float(advanced[judged].mean()) if enough else None,
            "enough": enough,
        }
    return report
