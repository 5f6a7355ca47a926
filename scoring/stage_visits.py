"""The visits of opportunities to their stages: when each was entered, when left, and what came next."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.history.history import History


def stage_visits(history: History, as_of: pd.Timestamp) -> pd.DataFrame:
    """List the visits that happened by an instant, by opportunity and in order.

    Parameters
    ----------
    history
        As it was known at ``as_of``.

    Returns
    -------
    DataFrame with a row for each visit: ``opportunity_id``, ``process``, ``stage``, ``position``
    (from 0), ``outcome`` of the stage (open, won, lost), ``entered``, ``left`` (missing while it is
    there), ``next_stage``, ``next_position`` and ``next_outcome`` (missing likewise), ``spell`` (0, and
    1 more after each reopening). A stage told again is no new visit.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> history = build_history({
    ...     "opportunities": pd.DataFrame(
    ...         {"opportunity_id": ["o1"], "process": ["default"], "created_at": ["2026-01-01"]}),
    ...     "stage_history": pd.DataFrame({"opportunity_id": ["o1"] * 2, "stage": ["identified", "won"],
    ...                                    "occurred_at": ["2026-01-01", "2026-01-05"]})})
    >>> visits = stage_visits(history, pd.Timestamp("2026-02-01", tz="UTC"))
    >>> visits[["stage", "next_stage"]].fillna("-").to_numpy().tolist()
    [['identified', 'won'], ['won', '-']]
    """
    visits = _in_order(history, as_of)
    of_same = visits["opportunity_id"] == visits["opportunity_id"].shift()
    visits = visits[~(of_same & (visits["stage"] == visits["stage"].shift()))].reset_index(drop=True)
    by = visits.groupby("opportunity_id", sort=False)
    visits["left"] = by["entered"].shift(-1)
    for name in ("stage", "position", "outcome"):
        visits[f"next_{name}"] = by[name].shift(-1)
    reopened = (visits["outcome"] == "open") & by["outcome"].shift().isin(["won", "lost"])
    visits["spell"] = reopened.astype(np.int64).groupby(visits["opportunity_id"], sort=False).cumsum()
    return visits


def _in_order(history: History, as_of: pd.Timestamp) -> pd.DataFrame:
    """Stage events that happened, in the order that ``features.paths.timeline`` puts them in."""
    events = history.stage_history[history.stage_history["occurred_at"] <= as_of]
    processes = history.opportunities[["opportunity_id", "process"]]
    events = events.merge(processes, on="opportunity_id", how="inner")
    stages = _stages(history)
    events = events.merge(stages, on=["process", "stage"], how="inner")
    events = events.rename(columns={"occurred_at": "entered"})
    order = ["opportunity_id", "entered", "recorded_at"]
    return events.sort_values(order, kind="stable").drop(columns="recorded_at").reset_index(drop=True)


def _stages(history: History) -> pd.DataFrame:
    rows = [(p.name, s.key, place, s.outcome) for p in history.processes.values() for place, s in enumerate(p.stages)]
    return pd.DataFrame(rows, columns=["process", "stage", "position", "outcome"])


def spells(visits: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Summarise each spell, from creation or reopening to the close.

    Returns
    -------
    DataFrame: ``opportunity_id``, ``process``, ``spell``, ``begun``, ``ended`` (missing while open),
    ``outcome``, ``furthest`` (highest position of an open stage), ``days`` (to the end or to ``as_of``).
    """
    by = visits.groupby(["opportunity_id", "spell"], sort=False)
    found = by.agg(process=("process", "first"), begun=("entered", "first"), outcome=("outcome", "last")).reset_index()
    last = by["entered"].last().reset_index(drop=True)
    found["ended"] = last.where(found["outcome"] != "open")
    furthest = visits["position"].where(visits["outcome"] == "open", -1)
    found["furthest"] = furthest.groupby([visits["opportunity_id"], visits["spell"]], sort=False).max().to_numpy()
    found["days"] = days_of(found["ended"].fillna(as_of) - found["begun"])
    return found


def days_of(spans: pd.Series) -> pd.Series:
    """Turn spans of time into days, NaN where missing."""
    return spans.astype("timedelta64[us]").dt.total_seconds() / 86_400
