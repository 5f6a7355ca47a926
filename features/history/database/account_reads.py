"""Reading one account or one person: what was known at an instant, corrections and retractions applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select

from features.history.database.merges import Merged
from features.history.database.ordering import as_sent
from features.history.database.reads import EVENT_COLUMNS, Cut, Event, by_cut, merged_by, read_events, standing
from features.history.database.tables import ACCOUNTS, CONTACTS, EVENTS, FIELD, MERGE


@dataclass(frozen=True)
class KnownEntity:
    """What was known of an account or a person.

    ``row`` has its columns with what was told later. ``events`` stand, and name it. ``merged`` says
    which accounts are one.
    """

    row: Mapping[str, Any]
    events: Sequence[Event]
    merged: Merged


def account_known(connection: Connection, account_id: str, cut: Cut) -> KnownEntity | None:
    """Read what was told of an account under its own id; None when it was not recorded by then."""
    return _known(connection, ACCOUNTS, account_id, cut)


def contact_known(connection: Connection, contact_id: str, cut: Cut) -> KnownEntity | None:
    """Read what was told of a person; None when nobody was recorded by then."""
    return _known(connection, CONTACTS, contact_id, cut)


def _known(connection: Connection, table: Table, name: str, cut: Cut) -> KnownEntity | None:
    key = next(iter(table.primary_key))
    asked = select(table).where(key == name, by_cut(table.c))
    first = connection.execute(asked, cut.bound).mappings().first()
    if first is None:
        return None
    of_it = [EVENTS.c[key.name] == name, by_cut(EVENTS.c)]
    if table is ACCOUNTS:
        # What names its opportunity is told of that.
        of_it.append(EVENTS.c.opportunity_id.is_(None))
    asked_events = select(*EVENT_COLUMNS).where(*of_it).order_by(*as_sent(EVENTS))
    found = standing(read_events(connection, asked_events, cut.bound))
    events = [event for event in found if event.kind != MERGE]
    own = [event for event in events if table is CONTACTS or event.contact_id is None]
    # The last to be told holds, as the tables of a history have it.
    told = sorted((e for e in own if e.kind == FIELD and e.name in first), key=lambda e: (e.recorded_at, e.occurred_at))
    return KnownEntity({**first} | {e.name: e.value for e in told}, events, merged_by(connection, cut))
