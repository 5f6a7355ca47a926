"""The only place where a history is cut by time."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from features.history.history import History
from features.history.schema import CORRECTABLE
from features.history.told_columns import with_told


def known_as_of(history: History, as_of: pd.Timestamp) -> History:
    """Return the history as it was known at an instant.

    What was recorded after ``as_of`` does not exist, even if it happened before.
    The bound is inclusive. Of several records of one activity the last known one
    remains. Attributes of an opportunity count as recorded with the opportunity; columns that
    were told anew have the value known last.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> stages = pd.DataFrame({
    ...     "opportunity_id": ["o1", "o1"], "stage": ["identified", "won"],
    ...     "occurred_at": ["2026-01-01", "2026-01-05"], "recorded_at": ["2026-01-01", "2026-01-09"]})
    >>> opportunities = pd.DataFrame(
    ...     {"opportunity_id": ["o1"], "process": ["default"], "created_at": ["2026-01-01"]})
    >>> history = build_history({"opportunities": opportunities, "stage_history": stages})
    >>> list(known_as_of(history, pd.Timestamp("2026-01-08", tz="UTC")).stage_history["stage"])
    ['identified']
    """
    tables = {name: recorded_by(frame, as_of) for name, frame in history.tables.items()}
    tables["activities"] = _last_records(tables["activities"])
    tables["opportunities"] = _as_known(tables["opportunities"], tables["field_history"])
    return replace(history, tables=tables, observed_until=min(history.observed_until, as_of))


def _as_known(opportunities: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    told = told[told["field"].isin(CORRECTABLE)]
    return with_told(opportunities, told.sort_values(["occurred_at", "recorded_at"], kind="stable"))


def recorded_by(frame: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Keep the rows of a table that were recorded by an instant, inclusive."""
    return frame[frame["recorded_at"] <= as_of].reset_index(drop=True)


def _last_records(activities: pd.DataFrame) -> pd.DataFrame:
    in_order = activities.sort_values("recorded_at", kind="stable")
    return in_order.drop_duplicates("activity_id", keep="last").sort_index().reset_index(drop=True)
