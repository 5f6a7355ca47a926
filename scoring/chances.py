"""What a model says of the open opportunities of a forecast: won within the period, and by the stated date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.history.history import History
from features.past_results import PastResults, recorded_results
from features.snapshots import snapshots_of, view_of
from models.artifact import Artifact
from models.incidence import Incidence, certain_clock
from scoring.calendar_periods import Calendar, Period
from scoring.classification import classify, criteria_from_dict, signs_of, unidentified
from scoring.score import answer_of, has_clock, need_probability
from scoring.segments import artifact_for, facts_of
from scoring.standing import Standing

Floats = NDArray[np.float64]
Words = NDArray[np.object_]

_AT_ONCE = np.array([1e-6])


@dataclass(frozen=True)
class Chances:
    """Probabilities of n open opportunities; arrays of shape (n,).

    Parameters
    ----------
    within
        Of being won within the period.
    ever
        Of ever being won.
    by_stated
        Of being won by the end of the stated day, NaN when none is stated, 0 when it has passed.
    stage_rates
        What the stage rates say of being won within it; None when they are not at hand.
    classes
        ``active``, ``potential`` or ``hidden``; None when not asked for.
    timed
        Whether it is known when opportunities close. If not, all that is won counts as won within the period.
    """

    within: Floats
    ever: Floats
    by_stated: Floats
    stage_rates: Floats | None = None
    classes: Words | None = None
    timed: bool = True


def days_to_stated(standing: Standing, calendar: Calendar) -> Floats:
    """Days to the end of the stated day, negative when it has passed, NaN when none is stated, shape (n,)."""
    return calendar.end_of_day(standing.stated_close) - standing.now


def chances_from(
    answer: Incidence,
    standing: Standing,
    period: Period,
    calendar: Calendar,
    stage_rates: Incidence | None = None,
    classes: Words | None = None,
) -> Chances:
    """Read the chances from an answer for the open opportunities, in their order."""
    due = days_to_stated(standing, calendar)
    by_stated = answer.win_by(np.maximum(np.nan_to_num(due), 0.0)[:, None])[:, 0]
    return Chances(
        within=_within(answer, standing, period),
        ever=answer.win,
        by_stated=np.where(np.isnan(due), np.nan, np.where(due <= 0, 0.0, by_stated)),
        stage_rates=None if stage_rates is None else _within(stage_rates, standing, period),
        classes=classes,
    )


def _within(answer: Incidence, standing: Standing, period: Period) -> Floats:
    """Probability of being won within what is left of a period, or within one that is still to come."""
    by = answer.win_by([period.days_until(standing.as_of), period.days_left(standing.as_of)])
    return np.asarray(by[:, 1] - by[:, 0], dtype=np.float64)


def chances_of(
    standing: Standing,
    artifact: Artifact,
    period: Period,
    calendar: Calendar,
    *,
    segments: Sequence[Artifact] = (),
    past: PastResults | None = None,
) -> Chances:
    """Ask a model, and those of segments beside it, about open opportunities.

    Parameters
    ----------
    standing
        The open opportunities.
    past
        Past results around them; those of what was known at the instant when None.
    """
    history, n = standing.history, len(standing)
    known = past if past is not None else recorded_results(history)
    found = {name: np.full(n, np.nan) for name in ("within", "ever", "by_stated", "stage_rates")}
    classes = np.full(n, None, dtype=object)
    facts = facts_of(history, standing.keys["opportunity_id"], segments)
    chosen = [artifact_for(opportunity, artifact, segments) for opportunity in facts]
    for one in (*segments, artifact):
        rows = np.array([answering is one for answering in chosen], dtype=bool)
        if not rows.any():
            continue
        part = _asked(standing.take(rows), one, history, known, period, calendar)
        for name, values in found.items():
            part_values = getattr(part, name)
            values[rows] = np.nan if part_values is None else part_values
        classes[rows] = part.classes
    rates = found.pop("stage_rates")
    return Chances(
        **found, stage_rates=None if np.isnan(rates).any() else rates, classes=classes, timed=has_clock(artifact)
    )


def _asked(
    standing: Standing, artifact: Artifact, history: History, past: PastResults, period: Period, calendar: Calendar
) -> Chances:
    view = view_of(history, standing.keys)
    snapshots = snapshots_of(view, artifact.catalogue, past)
    answer = answer_of(view, artifact, snapshots)[0]
    if not has_clock(artifact):
        # Nothing is known of when: whatever is won at all may be won within the period.
        answer = certain_clock(_AT_ONCE, answer.win)
    signs = signs_of(snapshots)
    need = need_probability(artifact.need if unidentified(signs).any() else None, snapshots)
    classes = classify(signs, need, criteria_from_dict(artifact.classification))
    rates = artifact.win.predict_members(snapshots).get("stage_rates")
    found = chances_from(answer, standing, period, calendar, rates, classes)
    # So in a period that is still to come as well.
    return found if has_clock(artifact) else replace(found, within=answer.win)
