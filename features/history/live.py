"""A live request as histories: what its sender knows of some opportunities, and what is not collected.

A request names whatever history there is. A table that is absent was not collected, so its
features are missing; an empty one says that nothing happened. Both differ from opportunity
to opportunity, and a history has one answer for all of its rows: so the opportunities are
put into one history for each pattern of what is collected.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import Catalogue
from features.errors import RequestError
from features.history.history import History
from features.history.live_opportunity import Ids, LiveOpportunity, live_opportunity
from features.history.live_request import opportunity_to_request, request_body
from features.history.live_rules import Note, Rules
from features.history.process import Process
from features.history.schema import INSTANT, TABLES, Column, Table

__all__ = ["LiveGroup", "LiveRequest", "Note", "live_request", "opportunity_to_request", "request_body"]

_MOST_ERRORS = 50
_MOST_PATTERNS = 64


@dataclass(frozen=True)
class LiveGroup:
    """Opportunities of a request that are collected alike: their history, and their places in the request."""

    history: History
    places: tuple[int, ...]


@dataclass(frozen=True)
class LiveRequest:
    """A request as histories; ``notes`` has what is to be said of each opportunity, in order."""

    groups: tuple[LiveGroup, ...]
    notes: tuple[tuple[Note, ...], ...]


def live_request(
    opportunities: Sequence[Mapping[str, Any]],
    as_of: pd.Timestamp,
    processes: Mapping[str, Process],
    catalogue: Catalogue,
) -> LiveRequest:
    """Turn the opportunities of a request into histories.

    Parameters
    ----------
    opportunities
        Plain data, one mapping each: ``opportunity_id``, ``created_at`` and whatever else
        ``api.schemas`` describes; instants are aware. Absent and None mean the same.
    as_of
        The instant asked about. What lies up to 5 minutes after it counts as at it.
    processes, catalogue
        Those of the model that is to answer.

    Returns
    -------
    One history for each pattern of what is collected, and notes on what was put right.

    Raises
    ------
    ExceptionGroup
        Of ``RequestError``, one for each opportunity that is wrong, at most 50.
    RequestError
        The opportunities are collected in more than 64 different ways.

    Examples
    --------
    >>> from features.history.process import DEFAULT_PROCESS
    >>> created = pd.Timestamp("2026-01-01", tz="UTC")
    >>> asked = [
    ...     {"opportunity_id": "o1", "created_at": created, "stage": "proposal"},
    ...     {"opportunity_id": "o2", "created_at": created, "stage": "proposal", "activities": []},
    ... ]
    >>> live = live_request(asked, created, {"default": DEFAULT_PROCESS}, Catalogue())
    >>> [(group.places, "meeting" in group.history.collected) for group in live.groups]
    [((0,), False), ((1,), True)]
    """
    rules = Rules(as_of, processes, catalogue)
    checked = _checked(opportunities, rules)
    patterns: dict[frozenset[tuple[str, Any]], list[int]] = {}
    for place, opportunity in enumerate(checked):
        patterns.setdefault(frozenset(opportunity.collected.items()), []).append(place)
    _check_patterns(len(patterns))
    groups = [
        LiveGroup(_history([checked[place] for place in places], rules), tuple(places)) for places in patterns.values()
    ]
    return LiveRequest(tuple(groups), tuple(tuple(opportunity.notes) for opportunity in checked))


def _check_patterns(count: int) -> None:
    """Each pattern is scored by itself: without a bound one request could keep the service busy for minutes."""
    if count > _MOST_PATTERNS:
        raise RequestError(
            f"{count} different ways of collecting in one request",
            f"at most {_MOST_PATTERNS}",
            "send opportunities that are collected alike together, in several requests",
            "/opportunities",
        )


def _checked(opportunities: Sequence[Mapping[str, Any]], rules: Rules) -> list[LiveOpportunity]:
    """Check every opportunity, so that all that is wrong is said at once."""
    checked, wrong = [], []
    ids: dict[str, int] = {}
    activity_ids: Ids = {}
    for place, raw in enumerate(opportunities):
        try:
            _check_first(raw["opportunity_id"], place, ids)
            checked.append(live_opportunity(raw, place, rules, activity_ids))
        except RequestError as error:
            wrong.append(error)
    if wrong:
        raise ExceptionGroup("the request is wrong", wrong[:_MOST_ERRORS])
    return checked


def _check_first(opportunity_id: str, place: int, ids: dict[str, int]) -> None:
    first = ids.setdefault(opportunity_id, place)
    if first != place:
        raise RequestError(
            f"opportunity {opportunity_id!r} twice, first at /opportunities/{first}",
            "each opportunity once in a request",
            "remove one of the two",
            f"/opportunities/{place}/opportunity_id",
        )


def _history(opportunities: Sequence[LiveOpportunity], rules: Rules) -> History:
    """Put checked opportunities together. They are typed already: a check of every column would take longer."""
    rows = {
        "opportunities": [opportunity.opportunity for opportunity in opportunities],
        "stage_history": _rows(opportunities, "stages"),
        "field_history": _rows(opportunities, "fields"),
        "activities": _rows(opportunities, "activities"),
        "contacts": [row for opportunity in opportunities for row in opportunity.contacts],
    }
    collected = opportunities[0].collected
    return History(
        tables={name: _frame(table, rows.get(name, [])) for name, table in TABLES.items()},
        processes=rules.processes,
        collected={name: None if since is None else pd.Timestamp(since) for name, since in collected.items()},
        attributes=rules.attributes,
        origin="request",
        observed_until=rules.as_of,
    )


def _rows(opportunities: Sequence[LiveOpportunity], table: str) -> list[dict[str, Any]]:
    return [
        row | {"opportunity_id": opportunity.opportunity["opportunity_id"]}
        for opportunity in opportunities
        for row in getattr(opportunity, table)
    ]


def _frame(table: Table, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a table in canonical columns and types; what is not a column of it is an attribute."""
    typed = {column.name: _typed(column, [row.get(column.name) for row in rows]) for column in table.columns}
    more = [name for name in (rows[0] if rows else ()) if name not in typed]
    return pd.DataFrame(typed | {name: pd.Series([row[name] for row in rows], dtype=object) for name in more})


def _typed(column: Column, values: list[Any]) -> Any:
    if column.type == "instant":
        # Of several zones, perhaps.
        return pd.to_datetime(values, utc=True).astype(INSTANT)
    if column.type == "number":
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    if column.type == "flag":
        return np.array(values, dtype=bool)
    return pd.array(values, dtype="str")
