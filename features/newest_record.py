"""How long ago something was last recorded of an opportunity."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history.history import History
from features.history.schema import ACTIVITY_KINDS
from features.instants import DAY, micros

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def days_since_newest_record(history: History, keys: pd.DataFrame) -> Floats:
    """Days since the newest record of each opportunity, shape (n,): NaN without collected activities.

    Stages, values and activities count, those of its account that name no opportunity too,
    from the instant at which we were told; and the opportunity itself.

    Parameters
    ----------
    history
        The recorded past. What was recorded after an instant has no effect on it.
    keys
        Columns ``opportunity_id`` and ``as_of``, shape (n, 2).

    Examples
    --------
    >>> from features.history.history import build_history
    >>> history = build_history({
    ...     "opportunities": pd.DataFrame(
    ...         {"opportunity_id": ["o1"], "process": ["default"], "created_at": ["2026-01-01"]}),
    ...     "activities": pd.DataFrame({"activity_id": ["a"], "opportunity_id": ["o1"], "kind": ["call"],
    ...         "occurred_at": ["2026-01-02"], "recorded_at": ["2026-01-04"]})})
    >>> key = pd.DataFrame({"opportunity_id": ["o1", "o1"],
    ...     "as_of": pd.to_datetime(["2026-01-03", "2026-01-09"], utc=True)})
    >>> days_since_newest_record(history, key)
    array([2., 5.])
    """
    if not collects_activities(history):
        return np.full(len(keys), np.nan)
    index = pd.Index(history.opportunities["opportunity_id"])
    owner, told = _records(history, index)
    opportunity, as_of = index.get_indexer(pd.Index(keys["opportunity_id"])), micros(keys["as_of"])
    instants = np.unique(np.concatenate([told, as_of]))
    width = len(instants) + 1
    place = np.sort(owner * width + np.searchsorted(instants, told))
    before = np.searchsorted(place, opportunity * width + np.searchsorted(instants, as_of), side="right") - 1
    newest = np.append(place, -1)[before]
    found = (before >= 0) & (newest // width == opportunity)
    days = (as_of - np.append(instants, 0)[newest % width]) / DAY
    return np.where(found, days, np.nan)


def collects_activities(history: History) -> bool:
    """Tell whether a history collects any kind of activity: standard ones, or kinds of its own."""
    own = set(history.activities["kind"].unique())
    return any(name in ACTIVITY_KINDS or name in own for name in history.collected)


def _records(history: History, index: pd.Index) -> tuple[Ints, Ints]:
    """Row of the opportunity, and instant of recording, of everything recorded, shape (m,)."""
    activities = history.activities[["opportunity_id", "account_id", "recorded_at"]]
    shared = activities[activities["opportunity_id"].isna()].drop(columns="opportunity_id")
    accounts = history.opportunities[["opportunity_id", "account_id"]].dropna()
    columns = ["opportunity_id", "recorded_at"]
    found = [history.opportunities, history.stage_history, history.field_history, activities]
    found += [shared.merge(accounts, on="account_id")[columns]] if len(shared) else []
    # What names no opportunity is in no row.
    owner = np.concatenate([index.get_indexer(pd.Index(rows["opportunity_id"])) for rows in found])
    told = np.concatenate([micros(rows["recorded_at"]) for rows in found])
    return owner[owner >= 0].astype(np.int64), told[owner >= 0]
