"""A history moved in time as a whole, so that a simulated past may end today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from features.history.history import History
from features.history.schema import TABLES

_DATE = "expected_close_date"


def shifted(history: History, by: pd.Timedelta) -> History:
    """Move every instant of a history, and the dates that were stated, by whole days.

    Parameters
    ----------
    by
        Whole days; negative moves it back.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> moved = shifted(simulate(50, seed=1), pd.Timedelta(days=31))
    >>> moved.observed_until.isoformat()
    '2026-02-01T00:00:00+00:00'
    """
    if by != by.floor("D"):
        raise ValueError(f"whole days, not {by}")
    tables = {name: _moved(name, frame, by) for name, frame in history.tables.items()}
    return replace(
        history,
        tables=tables,
        collected=_since(history.collected, by),
        observed_until=history.observed_until + by,
    )


def _moved(name: str, frame: pd.DataFrame, by: pd.Timedelta) -> pd.DataFrame:
    instants = {c.name: frame[c.name] + by for c in TABLES[name].columns if c.type == "instant"}
    moved = frame.assign(**instants)
    if name == "field_history":
        stated = (moved["field"] == _DATE) & moved["value"].notna()
        dates = pd.to_datetime(moved.loc[stated, "value"], format="ISO8601") + by
        moved["value"] = moved["value"].mask(stated, dates.dt.strftime("%Y-%m-%d").reindex(moved.index))
    return moved


def _since(collected: Mapping[str, pd.Timestamp | None], by: pd.Timedelta) -> dict[str, pd.Timestamp | None]:
    return {name: None if since is None else since + by for name, since in collected.items()}
