"""Reading many opportunities at once: what ``opportunity_known`` gives of each, with a few queries for hundreds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from features.history.database.reads import (
    EVENT_COLUMNS,
    Cut,
    Event,
    Known,
    by_cut,
    corrected,
    merged_pairs,
    read_events,
    roles_changed,
    select_opportunities,
    standing,
    together,
)
from features.history.database.tables import ACTIVITY, CONTACTS, EVENTS, OPPORTUNITIES

_MOST_IN_ONE_QUERY = 900

Events = Sequence[Event]


def opportunities_known(connection: Connection, opportunity_ids: Sequence[str], cut: Cut) -> dict[str, Known]:
    """Read what was known of some hundred opportunities; those not recorded by then are left out.

    Parameters
    ----------
    connection
        In one view, so that all are read as of the same commit.

    Returns
    -------
    By id, in the order asked, each as ``opportunity_known`` gives it.
    """
    own = _grouped(_own_events(connection, opportunity_ids, cut), "opportunity_id")
    found = {row["opportunity_id"]: row for row in _opportunities(connection, opportunity_ids, cut)}
    rows = {name: corrected(found[name], standing(own[name])) for name in opportunity_ids if name in found}
    pairs = merged_pairs(connection, cut)
    accounts = {row["account_id"]: together(row["account_id"], pairs) for row in rows.values() if row["account_id"]}
    people = _People(connection, {name for group in accounts.values() for name in group}, cut)
    events = {}
    for name, row in rows.items():
        shared = people.events_of(accounts.get(row["account_id"], ()))
        events[name] = standing([*own[name], *shared])
    people.meet(event for of_one in events.values() for event in of_one)
    return {name: _known(row, events[name], people, accounts.get(row["account_id"], ())) for name, row in rows.items()}


def _known(row: Mapping[str, Any], events: Events, people: _People, accounts: tuple[str, ...]) -> Known:
    contacts = people.of(accounts, events)
    return Known(row, events, contacts | roles_changed(events, contacts), accounts)


class _People:
    """Accounts of a part: their events, their people, and others who were met."""

    def __init__(self, connection: Connection, accounts: Iterable[str], cut: Cut) -> None:
        self.connection, self.cut = connection, cut
        names = sorted(accounts)
        self.events: defaultdict[str, list[tuple[int, Event]]] = defaultdict(list)
        for place, event in enumerate(_events_of_accounts(connection, names, cut)):
            self.events[event.account_id].append((place, event))
        self.staff = _grouped(_contacts(connection, CONTACTS.c.account_id, names, cut), "account_id")
        self.others: dict[str, str | None] = {}

    def events_of(self, accounts: Sequence[str]) -> Events:
        """Events of accounts that are one, in the order in which the database gave them."""
        placed = (placed for name in accounts for placed in self.events[name])
        return [event for _, event in sorted(placed, key=lambda placed: placed[0])]

    def meet(self, events: Iterable[Event]) -> None:
        """Read who was met, once for all."""
        met = {event.contact_id for event in events if event.kind == ACTIVITY and event.contact_id is not None}
        rows = _contacts(self.connection, CONTACTS.c.contact_id, sorted(met), self.cut)
        self.others = {row.contact_id: row.role for row in rows}

    def of(self, accounts: Sequence[str], events: Events) -> dict[str, str | None]:
        """Roles of the accounts' people, and of others who were met and are known; each part in order of the ids."""
        staff = sorted((row.contact_id, row.role) for name in accounts for row in self.staff[name])
        people = dict(staff)
        met = {event.contact_id for event in events if event.kind == ACTIVITY} & self.others.keys()
        return people | {name: self.others[name] for name in sorted(met - people.keys())}


def _opportunities(connection: Connection, ids: Sequence[str], cut: Cut) -> Iterator[dict[str, Any]]:
    table = OPPORTUNITIES.c
    for part in parts_of(ids):
        asked = select_opportunities().where(table.opportunity_id.in_(part), by_cut(table))
        yield from (dict(row) for row in connection.execute(asked, _bound(cut)).mappings())


def _own_events(connection: Connection, ids: Sequence[str], cut: Cut) -> Iterator[Event]:
    table = EVENTS.c
    for part in parts_of(ids):
        asked = select(*EVENT_COLUMNS).where(table.opportunity_id.in_(part), by_cut(table))
        yield from read_events(connection, asked.order_by(table.opportunity_id, table.seq, table.event_id), _bound(cut))


def _events_of_accounts(connection: Connection, accounts: Sequence[str], cut: Cut) -> Iterator[Event]:
    table = EVENTS.c
    for part in parts_of(accounts):
        of_accounts = table.account_id.in_(part)
        asked = select(*EVENT_COLUMNS).where(of_accounts, table.opportunity_id.is_(None), by_cut(table))
        yield from read_events(connection, asked.order_by(table.seq, table.event_id), _bound(cut))


def _contacts(connection: Connection, column: Any, ids: Sequence[str], cut: Cut) -> Iterator[Any]:
    table = CONTACTS.c
    for part in parts_of(ids):
        asked = select(table.contact_id, table.role, table.account_id).where(column.in_(part), by_cut(table))
        yield from connection.execute(asked, _bound(cut)).all()


def parts_of(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut ids into parts that one query takes."""
    return (ids[start : start + _MOST_IN_ONE_QUERY] for start in range(0, len(ids), _MOST_IN_ONE_QUERY))


def _bound(cut: Cut) -> dict[str, int]:
    return {"recorded_by": cut.recorded_by, "through_seq": cut.through_seq}


def _grouped(rows: Iterable[Any], column: str) -> defaultdict[str, list[Any]]:
    groups: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, column)].append(row)
    return groups
