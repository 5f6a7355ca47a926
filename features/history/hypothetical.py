"""A history with something that has not happened: what is asked by "what if"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from features.errors import RequestError
from features.history.history import History
from features.history.live_batch import tables_of
from features.history.live_opportunity import live_opportunity
from features.history.live_records import LiveOpportunity
from features.history.live_rules import Rules
from features.instants import instant

_ADDED = ("stage_history", "field_history", "activities")


def hypothetical_instant(changes: Mapping[str, Any], as_of: pd.Timestamp) -> pd.Timestamp:
    """Find the instant when all that is supposed would have happened: ``as_of``, or the last activity after it.

    What is only planned is known at once, and moves nothing.
    """
    activities = changes.get("activities") or ()
    happened = [pd.Timestamp(a["occurred_at"]).tz_convert("UTC") for a in activities if not a.get("planned")]
    return max([as_of, *happened]).as_unit("us")


def with_changes(
    history: History, opportunity_id: str, changes: Mapping[str, Any], at: pd.Timestamp, rules: Rules
) -> History:
    """Add to a history what is supposed of one opportunity; everything else, and what is collected, stays.

    Parameters
    ----------
    history
        What is known, and holds nothing recorded later.
    changes
        Any of ``stage``, ``amount``, ``expected_close_date``, ``assessments`` (value by name),
        ``field_values`` (value by field) and ``activities``, as ``api.change_schemas`` describes.
    at
        When stage and values are supposed to change; ``hypothetical_instant``.
    rules
        What it is held against, as of ``at``.

    Raises
    ------
    RequestError
        A change is wrong; ``field`` says where in ``/changes``.
    """
    row = history.opportunities.set_index("opportunity_id").loc[opportunity_id]
    _check_stage(changes.get("stage"), str(row["process"]), rules)
    _check_collected(changes.get("activities") or (), history, rules)
    fields, pointers = _fields(changes)
    raw = {
        "opportunity_id": opportunity_id,
        "process": row["process"],
        "created_at": min(row["created_at"], at),
        "stage_history": [{"stage": changes["stage"], "occurred_at": at}] if changes.get("stage") else [],
        "field_history": [event | {"occurred_at": at} for event in fields],
        "activities": [dict(activity) | {"recorded_at": None} for activity in changes.get("activities") or ()],
    }
    try:
        live = live_opportunity(raw, 0, rules)
    except RequestError as error:
        raise type(error)(error.found, error.expected, error.do, _pointer(error.field, pointers)) from error
    return _added(history, live, opportunity_id)


def _check_stage(stage: str | None, process: str, rules: Rules) -> None:
    known = rules.processes[process]
    if stage in known.keys and known.stage(str(stage)).outcome != "open":
        open_stages = [s.key for s in known.stages if s.outcome == "open"]
        raise RequestError(
            f"stage {stage!r}, which is {known.stage(str(stage)).outcome}",
            f"one of {', '.join(open_stages)}",
            "suppose an open stage: what is closed has no estimate",
            "/changes/stage",
        )


def _check_collected(activities: Sequence[Mapping[str, Any]], history: History, rules: Rules) -> None:
    """Refuse an activity of a kind that is not collected: the others of it are unknown, not zero."""
    for place, activity in enumerate(activities):
        kind = activity["kind"]
        if kind in rules.kinds and kind not in history.collected:
            raise RequestError(
                f"an activity of kind {kind!r}, which is not collected",
                "a kind that is collected of this opportunity",
                "send its activities, an empty list if there were none",
                f"/changes/activities/{place}/kind",
            )


def _fields(changes: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Values that are set, and where each was given."""
    given = [("amount", "/changes/amount"), ("expected_close_date", "/changes/expected_close_date")]
    found = [(name, _plain(changes[name]), at) for name, at in given if changes.get(name) is not None]
    for table in ("assessments", "field_values"):
        found += [(name, value, f"/changes/{table}/{name}") for name, value in (changes.get(table) or {}).items()]
    return [{"field": name, "value": value} for name, value, _ in found], [at for _, _, at in found]


def _plain(value: Any) -> Any:
    """A date as the text that a history keeps."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _pointer(field: str, pointers: Sequence[str]) -> str:
    """Say where in the changes something is that was checked as an opportunity."""
    parts = field.removeprefix("/opportunities/0/").split("/")
    if parts[0] == "stage_history":
        return "/changes/stage"
    if parts[0] == "field_history":
        return pointers[int(parts[1])]
    return "/".join(["/changes", *parts])


def _added(history: History, live: LiveOpportunity, opportunity_id: str) -> History:
    """Append checked records; their instants of recording are when they are supposed to happen."""
    rows: dict[str, list[dict[str, Any]]] = {
        "stage_history": [stage._asdict() for stage in live.stages],
        "field_history": [field._asdict() for field in live.fields],
        # An id of its own, or it would take the place of an activity that happened.
        "activities": [a | {"activity_id": f"what-if/{place}"} for place, a in enumerate(live.activity_records())],
    }
    tables = dict(history.tables)
    more = tables_of(
        {name: [row | {"opportunity_id": opportunity_id} for row in found] for name, found in rows.items()}
    )
    for name in _ADDED:
        if len(more[name]):
            tables[name] = pd.concat([tables[name], more[name]], ignore_index=True)
    return replace(history, tables=tables, observed_until=max(history.observed_until, _last(live)))


def _last(live: LiveOpportunity) -> pd.Timestamp:
    told = [stage.recorded_at for stage in live.stages] + [field.recorded_at for field in live.fields]
    return instant(max([*told, *(activity.recorded_at for activity in live.activities)], default=0))
