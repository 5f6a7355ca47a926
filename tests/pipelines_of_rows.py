"""Small literal pipelines: histories of ``tests.histories`` with scores by opportunity."""

from __future__ import annotations

from typing import Any

import pandas as pd

from features.history.dated_inputs import DatedInputs
from features.history.history import History
from features.reporting_calendar import Period, ReportingCalendar
from scoring.pipeline import Pipeline, pipeline_of
from tests.histories import Row, at, history, opportunity, stage, value

COLUMNS = ["opportunity_id", "probability", "expected_close", "opportunity_class"]


def deal(
    name: str, *stages: tuple[str, float], amount: float | None = None, told: float | None = None, **more: Any
) -> list[Row]:
    """One opportunity that begins with its first stage; ``owner`` and others are columns of the opportunity."""
    first = stages[0][1]
    rows = [opportunity(name, first, told, **more)]
    rows += [stage(key, day, None if told is None else max(day, told), of=name) for key, day in stages]
    rows += [value("amount", str(amount), first, told, of=name)] if amount is not None else []
    return rows


def scored(*rows: tuple[str, float, float | None, str]) -> pd.DataFrame:
    """Scores: id, probability, day of the expected close, class."""
    found = [(name, share, None if day is None else at(day), key) for name, share, day, key in rows]
    return pd.DataFrame(found, columns=COLUMNS)


def pipeline(
    deals: list[list[Row]],
    day: float = 100,
    scores: pd.DataFrame | None = None,
    inputs: DatedInputs | None = None,
    currency: str | None = None,
    others: list[Row] | None = None,
) -> Pipeline:
    known: History = history(*(row for rows in deals for row in rows), *(others or []))
    return pipeline_of(known, at(day), scores, inputs, currency)


def days(first: int, last: int) -> Period:
    """The period of some days, counted from 2026-01-01, both inclusive."""
    return ReportingCalendar().period(at(first).date(), at(last).date())
