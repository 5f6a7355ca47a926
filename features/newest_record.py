"""How long ago something was last recorded of an opportunity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history.history import History
from features.history.schema import ACTIVITY_KINDS, ASSESSED_FIELDS, CORRECTABLE
from features.instants import DAY, micros
from features.rows import AUTOMATED, NOT_REPLACED, OF_ACCOUNT, PLANNED, FieldRows
from features.view import View
from features.windows import group_events, last_known

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KEPT = ("amount", "expected_close_date", "owner", *ASSESSED_FIELDS)
"""Fields that a salesperson keeps."""

_WORK, _OTHER = 0, 1


@dataclass(frozen=True)
class NewestRecords:
    """When something was last recorded of each snapshot by its instant, microseconds, -1 if never, shape (n,).

    ``work`` is what people do: stages, the fields that a salesperson keeps, activities that are
    neither planned nor automated, and the opportunity itself. ``any`` is whatever was recorded.
    """

    work: Ints
    any: Ints


def newest_records(view: View) -> NewestRecords:
    """Find when something was last recorded of each snapshot."""
    rows = view.rows
    done = (rows.activities.flags & (AUTOMATED | PLANNED | OF_ACCOUNT)) == 0
    parts = [
        (np.arange(view.size), rows.told, np.full(view.size, _WORK)),
        (rows.stages.key, rows.stages.recorded, np.full(len(rows.stages.key), _WORK)),
        (_keys_of_fields(rows.fields), rows.fields.recorded, _kinds_of_fields(rows.fields)),
        (rows.activities.key, rows.activities.recorded, np.where(done, _WORK, _OTHER)),
    ]
    key, told, kind = (np.concatenate(part) for part in zip(*parts, strict=True))
    others = len(key) - len(rows.activities.key)
    # What was of another account before is of this opportunity no more.
    until = np.concatenate([np.full(others, NOT_REPLACED), rows.activities.superseded])
    new = told.copy()
    # What an account did counts when it happened: a merge or a move tells it again, and is no new sign of life.
    new[others:] = np.where(rows.activities.flags & OF_ACCOUNT, rows.activities.occurred, rows.activities.recorded)
    events = group_events(key, new, told, n_groups=view.size, kind=kind, superseded=until)
    last = last_known(events, view.opportunity, view.as_of, n_kinds=2)
    found = np.where(last >= 0, new[last], -1)
    return NewestRecords(found[:, _WORK], found.max(axis=1))


def _keys_of_fields(fields: FieldRows) -> Ints:
    """Opportunity of each value, -1 for columns told anew: they put right what was recorded."""
    keys = np.array(fields.key)
    for field in CORRECTABLE:
        low, high = fields.bounds.get(field, (0, 0))
        keys[low:high] = -1
    return keys


def _kinds_of_fields(fields: FieldRows) -> Ints:
    kinds = np.full(len(fields.key), _OTHER)
    for field in KEPT:
        low, high = fields.bounds.get(field, (0, 0))
        kinds[low:high] = _WORK
    return kinds


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
    opportunity = pd.Index(history.opportunities["opportunity_id"]).get_indexer(pd.Index(keys["opportunity_id"]))
    view = View(history, opportunity.astype(np.int64), micros(keys["as_of"]))
    return silent_days(view, newest_records(view))


def silent_days(view: View, newest: NewestRecords) -> Floats:
    """Days since the newest record of each snapshot, shape (n,): NaN without collected activities."""
    known = {*ACTIVITY_KINDS, *view.rows.activities.kinds}
    if known.isdisjoint(view.history.collected):
        return np.full(len(view), np.nan)
    return np.where(newest.any >= 0, (view.as_of - newest.any) / DAY, np.nan)
