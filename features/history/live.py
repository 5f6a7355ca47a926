"""A live request as histories: what its sender knows of some opportunities, and what is not collected.

A request names whatever history there is. A table that is absent was not collected, so its
features are missing; an empty one says that nothing happened. Both differ from opportunity
to opportunity, and a history has one answer for all of its rows: so the opportunities are
put into one history for each pattern of what is collected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from features.catalogue import Catalogue
from features.history.history import History
from features.history.live_batch import by_pattern, check_all
from features.history.live_opportunity import Ids, live_opportunity
from features.history.live_records import LiveOpportunity
from features.history.live_request import opportunity_to_request, request_body
from features.history.live_rules import Note, Rules
from features.history.live_tables import LiveTables
from features.history.process import Process

__all__ = ["LiveGroup", "LiveRequest", "Note", "live_history", "live_request", "opportunity_to_request", "request_body"]


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
    activity_ids: Ids = {}
    checked = check_all(
        opportunities, "opportunity", "/opportunities", lambda raw, at: live_opportunity(raw, at, rules, activity_ids)
    )
    patterns = by_pattern((frozenset(opportunity.collected.items()) for opportunity in checked), "/opportunities")
    groups = [LiveGroup(_history([checked[place] for place in places], rules), tuple(places)) for places in patterns]
    return LiveRequest(tuple(groups), tuple(tuple(opportunity.notes) for opportunity in checked))


def _history(opportunities: Sequence[LiveOpportunity], rules: Rules) -> History:
    """Put checked opportunities together."""
    return live_history(LiveTables(opportunities, rules), opportunities[0].collected, rules)


def live_history(tables: Mapping[str, pd.DataFrame], collected: Mapping[str, datetime | None], rules: Rules) -> History:
    """Make the history of a request from its tables."""
    return History(
        tables=tables,
        processes=rules.processes,
        collected={name: None if since is None else pd.Timestamp(since) for name, since in collected.items()},
        attributes=rules.attributes,
        origin="request",
        observed_until=rules.as_of,
    )
