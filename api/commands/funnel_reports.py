"""Reports of the funnel and of how people work, worked out with the forecasts and kept beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from api.commands.class_reports import class_report
from api.commands.scoring import model_for, segments_for
from api.kept_reports import CLASSES, FUNNEL_CUTS, FUNNEL_PERIODS, PEOPLE, Keep, funnel_name
from features.errors import DataError
from features.history.dated_inputs import DatedInputs
from features.history.history import History
from features.reporting_calendar import Period, ReportingCalendar, Span
from scoring.cut_words import CUT_NAMES, value_name
from scoring.diagnosis import diagnoses
from scoring.funnel import funnel, funnels_by
from scoring.man_counts import man_counts
from scoring.pipeline import Pipeline, pipeline_of, score_table
from scoring.planning import plan_for
from scoring.quadrant import quadrant
from scoring.report import plain
from scoring.sales_statistics import sales_by, sales_over_time
from scoring.segments import score_by_segment
from scoring.size_mix import bands_of
from scoring.standing import standing_at
from scoring.stated_and_learned import stated_and_learned
from scoring.surprise_wins import surprise_wins

DEFAULT_PLAN = (28, 7, 2, 1)
"""Deals of each size in the plan that nobody changed: below 10,000, 30,000, 50,000, and above."""
SALES_PERIODS = 8
"""Periods whose sales are described, with their trend."""


def keep_funnels(
    history: History,
    as_of: pd.Timestamp,
    calendar: ReportingCalendar,
    inputs: DatedInputs | None,
    past: pd.DataFrame | None,
    currency: str | None,
    plan: tuple[int, ...],
    keep: Keep,
    report: Callable[[str], None],
) -> None:
    """Keep the funnel of the month, the quarter and the year, how each owner works, and what became of each class.

    ``past`` are the scores that were kept by then, None where there are none.

    Where amounts are in several currencies without rates nothing can be summed: it is said, and nothing is kept.
    """
    report("funnel and people")
    try:
        pipeline, about = _scored(history, as_of, inputs, currency)
        about |= {"zone": calendar.zone}
    except DataError as error:
        report(f"no funnel: {error.found}")
        return
    now = plain(
        {
            "plan_is_example": tuple(plan) == DEFAULT_PLAN,
            "plans": [plan_for(pipeline, bands_of(plan), name) for name in pipeline.history.processes],
            "man": man_counts(pipeline),
            "quadrant": quadrant(pipeline),
        }
    )
    for name in FUNNEL_PERIODS:
        period = calendar.period_of(as_of, name)
        before = _before(pipeline, period, calendar, name)
        keep(funnel_name(name), about | now | _funnel_report(pipeline, period, before))
    people = {
        "owners": diagnoses(pipeline),
        "stated": stated_and_learned(pipeline),
        "surprises": surprise_wins(pipeline, calendar.period_of(as_of, "quarter")),
    }
    keep(PEOPLE, about | plain(people))
    keep(CLASSES, about | class_report(pipeline, past))


def _scored(
    history: History, as_of: pd.Timestamp, inputs: DatedInputs | None, currency: str | None
) -> tuple[Pipeline, dict[str, Any]]:
    standing = standing_at(history, as_of)
    artifact = model_for(None, standing.history)
    scores = score_by_segment(standing.history, standing.open().keys, artifact, segments_for(None, standing.history))
    pipeline = pipeline_of(history, as_of, score_table(scores), inputs, currency)
    origin = "simulated" if "simulated" in (history.origin, artifact.training["origin"]) else history.origin
    about = {"as_of": as_of.isoformat(), "origin": origin, "model_version": artifact.version}
    return pipeline, about | {"currency": pipeline.currency}


def _funnel_report(pipeline: Pipeline, period: Period, before: Sequence[Period]) -> dict[str, Any]:
    """The funnel and the sales of each process, and of each value of the cuts that tell anything apart."""
    rows = pipeline.opportunities
    cuts = [cut for cut in FUNNEL_CUTS if rows[cut].nunique(dropna=False) > 1]
    processes = [
        {
            "funnel": funnel(pipeline, period, name),
            "cuts": {cut: funnels_by(pipeline, cut, period, name) for cut in cuts},
            "sales": sales_over_time(pipeline, before, {"process": name}),
            "sales_by": {cut: sales_by(pipeline, cut, period, {"process": name}) for cut in cuts},
        }
        for name in pipeline.history.processes
    ]
    days = {"first_day": period.first, "last_day": period.last}
    found: dict[str, Any] = plain(days | {"processes": processes, "uncut": _uncut(pipeline)})
    return found


def _uncut(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Cuts that tell nothing apart: not in the data (no value), or with one value only."""
    found = []
    for cut in FUNNEL_CUTS:
        values = pipeline.opportunities[cut]
        if values.nunique(dropna=False) <= 1:
            only = None if values.isna().all() else value_name(cut, str(values.iloc[0]))
            found.append({"cut": cut, "name": CUT_NAMES[cut], "only": only})
    return found


def _before(pipeline: Pipeline, period: Period, calendar: ReportingCalendar, span: Span) -> list[Period]:
    """The last periods up to one, none from before the first opportunity, oldest first."""
    first = pipeline.opportunities["created_at"].min()
    found = [period]
    while len(found) < SALES_PERIODS and pd.notna(first) and found[0].start > first:
        found.insert(0, calendar.period_of(found[0].start - pd.Timedelta(microseconds=1), span))
    return found
