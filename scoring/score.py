"""What is said of opportunities at an instant: probability, dates, class, MAN code, status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.forgotten import is_forgotten
from features.history.history import History
from features.instants import DAY, SECOND, instant, micros_of
from features.newest_record import NewestRecords, newest_records, silent_days
from features.past_results import PastResults, recorded_results
from features.snapshot_table import Snapshots, Table
from features.snapshots import snapshots_of, view_of
from features.view import View
from models.artifact import Artifact
from models.hazard_blend import HazardBlend
from models.incidence import Incidence
from scoring.classification import (
    NEED_HORIZON,
    Signs,
    classify,
    criteria_from_dict,
    evidence_of,
    signs_of,
    unidentified,
)
from scoring.forgotten import limits_from, lowered
from scoring.opportunity_score import HorizonScore, Score
from scoring.qualification import man_of
from scoring.reasons import Reasons, explain
from scoring.status import ENOUGH, Status, status_of

__all__ = ["ENOUGH", "HORIZONS", "Score", "Status", "score_opportunities"]

Floats = NDArray[np.float64]

HORIZONS = (30.0, 60.0, 90.0, 180.0)

_FARTHEST = 36_500.0


@dataclass(frozen=True)
class _Answers:
    """Everything computed for all opportunities at once."""

    snapshots: Snapshots
    outcome: list[str | None]
    forgotten: NDArray[np.bool_]
    win: Incidence
    low: Floats
    high: Floats
    at_horizons: tuple[Floats, Floats]
    median: Floats
    signs: Signs
    need: Floats
    classes: NDArray[np.object_]
    silent_days: Floats
    reasons: list[Reasons | None]


def score_opportunities(
    history: History,
    keys: pd.DataFrame,
    artifact: Artifact,
    *,
    horizons: Sequence[float] = HORIZONS,
    past: PastResults | None = None,
    reasons: bool = False,
) -> list[Score]:
    """Score opportunities as of instants.

    Parameters
    ----------
    history
        What is recorded of the opportunities; later records have no effect.
    keys
        Columns ``opportunity_id`` and ``as_of``, shape (n, 2).
    artifact
        The model.
    horizons
        Days ahead at which win and loss are asked.
    past
        Past results around the opportunities; those of the history when None. The model's
        own, ``artifact.past``, when the history lacks the other opportunities.
    reasons
        Whether to say why; it takes about as long as the scores again.

    Returns
    -------
    One score a row of ``keys``, in order.
    """
    if not len(keys):
        return []
    view, known = view_of(history, keys), past if past is not None else recorded_results(history)
    ids, instants = keys["opportunity_id"].astype(str).tolist(), list(pd.DatetimeIndex(keys["as_of"]))
    return score_view(view, ids, instants, artifact, horizons=horizons, past=known, reasons=reasons)


def score_view(
    view: View,
    ids: Sequence[str],
    instants: Sequence[pd.Timestamp],
    artifact: Artifact,
    *,
    horizons: Sequence[float],
    past: PastResults,
    reasons: bool,
) -> list[Score]:
    """Score the snapshots of a view, of opportunities named by ``ids`` as of ``instants``, shape (n,) each.

    Other parameters are those of ``score_opportunities``.
    """
    answers = _answers(view, artifact, horizons, past, reasons)
    context = artifact.past.as_of if past is artifact.past else None
    return [
        _score(answers, artifact, row, opportunity_id, instants[row], tuple(horizons), context)
        for row, opportunity_id in enumerate(ids)
    ]


def _answers(view: View, artifact: Artifact, horizons: Sequence[float], past: PastResults, reasons: bool) -> _Answers:
    snapshots, newest = snapshots_of(view, artifact.catalogue, past), newest_records(view)
    win, low, high, forgotten = answer_of(view, artifact, snapshots, newest)
    signs = signs_of(snapshots)
    # Asked only where a class may hang on it: where a need is identified nothing does.
    need = need_probability(artifact.need if unidentified(signs).any() else None, snapshots)
    outcome = outcomes_of(view)
    return _Answers(
        snapshots=snapshots,
        outcome=outcome,
        forgotten=forgotten,
        win=win,
        low=low,
        high=high,
        at_horizons=(win.win_by(horizons), win.loss_by(horizons)),
        median=win.median_days_to_win(),
        signs=signs,
        need=need,
        classes=classify(signs, need, criteria_from_dict(artifact.classification)),
        silent_days=_silent_days(view, newest, artifact),
        reasons=_reasons(artifact, snapshots, win.win, outcome, forgotten) if reasons else [None] * len(view),
    )


def answer_of(
    view: View, artifact: Artifact, snapshots: Snapshots, newest: NewestRecords | None = None
) -> tuple[Incidence, Floats, Floats, NDArray[np.bool_]]:
    """Answer for the snapshots of a view, with the bounds of each, and tell which are forgotten.

    Those are answered as what became of their like.
    """
    limits = limits_from(artifact.training)
    forgotten = is_forgotten(view, limits, newest)
    answer, low, high = artifact.win.predict_with_interval(snapshots)
    return lowered(answer, forgotten, limits), low, high, forgotten


def _silent_days(view: View, newest: NewestRecords, artifact: Artifact) -> Floats:
    """Days since the newest record, NaN where the model does not know what is usual, shape (n,)."""
    if artifact.usual.get("newest_record") is None:
        return np.full(len(view), np.nan)
    return silent_days(view, newest)


def _reasons(
    artifact: Artifact,
    snapshots: Snapshots,
    win: Floats,
    outcome: Sequence[str | None],
    forgotten: NDArray[np.bool_],
) -> list[Reasons | None]:
    """Reasons of what is open and not forgotten, None for the others."""
    found: list[Reasons | None] = [None] * len(snapshots)
    rows = [row for row, word in enumerate(outcome) if word == "open" and not forgotten[row]]
    if not rows:
        return found
    asked = snapshots if len(rows) == len(snapshots) else snapshots.take(rows)
    explained = explain(artifact, asked, win[rows])
    for row, reasons in zip(rows, explained, strict=True):
        found[row] = reasons
    return found


def need_probability(need: HazardBlend | None, snapshots: Table) -> Floats:
    """Probability that the need is confirmed in 90 days, NaN when it is not learned, shape (n,)."""
    if need is None or not len(snapshots):
        return np.full(len(snapshots), np.nan)
    return need.predict(snapshots).win_by([NEED_HORIZON])[:, 0]


def outcomes_of(view: View) -> list[str | None]:
    """Outcome as known at each instant; None where the opportunity was not recorded yet."""
    known = view.rows.told[view.opportunity] <= view.as_of
    words = [view.stages[code][1].outcome if code >= 0 else "open" for code in view.stage_path.stage.tolist()]
    return [word if here else None for word, here in zip(words, known.tolist(), strict=True)]


def _score(
    answers: _Answers,
    artifact: Artifact,
    row: int,
    opportunity_id: str,
    as_of: pd.Timestamp,
    horizons: tuple[float, ...],
    context: pd.Timestamp | None,
) -> Score:
    columns, outcome = answers.snapshots.columns, answers.outcome[row]
    is_open = outcome == "open"
    silent = float(answers.silent_days[row])
    status, reason = status_of(artifact, outcome, as_of, silent, bool(answers.forgotten[row]))
    criteria = criteria_from_dict(artifact.classification)
    weight = float(columns["fixed_weight"][row])
    return Score(
        opportunity_id=opportunity_id,
        as_of=as_of,
        status=status,
        status_reason=reason,
        outcome=outcome,
        win_probability=float(answers.win.win[row]) if is_open else None,
        interval=_interval(answers, row) if is_open else None,
        fixed_weight_probability=weight if is_open and not np.isnan(weight) else None,
        horizons=_horizons(answers, artifact, row, as_of, horizons) if is_open else (),
        expected_close=_expected_close(answers, artifact, row, as_of) if is_open else None,
        opportunity_class=str(answers.classes[row]) if is_open else None,
        evidence=tuple(evidence_of(answers.signs, answers.need, criteria, row)) if is_open else (),
        man=man_of(
            *(float(columns[field][row]) for field in ("money", "authority", "need")),
            stage_implies_need=bool(columns["stage_need_confirmed"][row] == 1),
        ),
        model_version=artifact.version,
        origin=str(artifact.training["origin"]),
        context_as_of=context,
        reasons=answers.reasons[row],
        segment=artifact.training.get("segment"),
    )


def _interval(answers: _Answers, row: int) -> tuple[float, float] | None:
    return None if answers.forgotten[row] else (float(answers.low[row]), float(answers.high[row]))


def _horizons(
    answers: _Answers, artifact: Artifact, row: int, as_of: pd.Timestamp, horizons: tuple[float, ...]
) -> tuple[HorizonScore, ...]:
    timed = has_clock(artifact)
    won, lost = answers.at_horizons
    return tuple(
        HorizonScore(
            days=days,
            by=as_of + _days(days),
            win_probability=float(won[row, place]) if timed else None,
            loss_probability=float(lost[row, place]) if timed else None,
        )
        for place, days in enumerate(horizons)
    )


def _expected_close(answers: _Answers, artifact: Artifact, row: int, as_of: pd.Timestamp) -> pd.Timestamp | None:
    days = float(answers.median[row])
    if not has_clock(artifact) or not days < _FARTHEST:
        return None
    return instant((micros_of(as_of) + round(days * DAY)) // SECOND * SECOND)


@lru_cache(maxsize=256)
def _days(days: float) -> pd.Timedelta:
    """Make a span of days; the same few horizons are asked again and again."""
    return pd.Timedelta(days=days)


def has_clock(artifact: Artifact) -> bool:
    """Tell whether anything closed in training at a known instant, so that it is known when things close."""
    return artifact.is_timed and int(artifact.training["won"]) + int(artifact.training["lost"]) > 0
