"""Reading many opportunities at once: what ``opportunity_known`` gives of each, with a few queries for hundreds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from features.history.database.merges import Merged, Names
from features.history.database.ordering import as_sent
from features.history.database.parts import parts_of
from features.history.database.reads import (
    EVENT_COLUMNS,
    Cut,
    Event,
    Known,
    account_facts,
    account_named,
    by_cut,
    corrected,
    first_told,
    is_stated,
    merges_by,
    moves_of,
    read_events,
    roles_changed,
    select_opportunities,
    standing,
    told_of_contacts,
)
from features.history.database.tables import ACTIVITY, CONTACTS, EVENTS, OPPORTUNITIES

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
    merges = merges_by(connection, cut)
    merged, names = Merged.of(merges), Names.by(merges)
    accounts = {name: merged.one_with(row["account_id"]) if row["account_id"] else () for name, row in rows.items()}
    moved = {name for name in rows if not is_stated(accounts[name], found[name])}
    facts = account_facts(connection, {one for name in moved for one in accounts[name]}, cut.bound)
    for name in moved:
        rows[name] |= first_told(accounts[name], facts)
    people = _People(connection, {one for group in accounts.values() for one in group}, cut)
    events = {name: standing([*own[name], *people.events_of(accounts[name])]) for name in rows}
    for name in (one for one in rows if one in moved or moves_of(events[one])):
        rows[name]["account_id"] = account_named(found[name]["account_id"], events[name], names)
    people.meet(event for of_one in events.values() for event in of_one)
    return {
        name: Known(row, events[name], people.of(accounts[name], events[name]), accounts[name])
        for name, row in rows.items()
    }


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
        self.told: defaultdict[str, list[Event]] = defaultdict(list)

    def events_of(self, accounts: Sequence[str]) -> Events:
        """Events of accounts that are one, in the order in which the database gave them."""
        placed = (placed for name in accounts for placed in self.events[name])
        return [event for _, event in sorted(placed, key=lambda placed: placed[0])]

    def meet(self, events: Iterable[Event]) -> None:
        """Read who was met, and what was told of them, once for all."""
        met = sorted({event.contact_id for event in events if event.kind == ACTIVITY and event.contact_id is not None})
        self.others = {
            row.contact_id: row.role for row in _contacts(self.connection, CONTACTS.c.contact_id, met, self.cut)
        }
        told = _told_of(self.connection, sorted(self.others), self.cut)
        self.told = _grouped(standing(told), "contact_id")

    def of(self, accounts: Sequence[str], events: Events) -> dict[str, str | None]:
        """Roles of the accounts' people, and of others who were met and are known; each part in order of the ids."""
        people = dict(sorted((row.contact_id, row.role) for name in accounts for row in self.staff[name]))
        met = {event.contact_id for event in events if event.kind == ACTIVITY} & self.others.keys()
        others = {name: self.others[name] for name in sorted(met - people.keys())}
        told = [event for name in others for event in self.told[name]]
        return people | others | roles_changed([*events, *told], people | others)


def _opportunities(connection: Connection, ids: Sequence[str], cut: Cut) -> Iterator[dict[str, Any]]:
    table = OPPORTUNITIES.c
    for part in parts_of(ids):
        asked = select_opportunities().where(table.opportunity_id.in_(part), by_cut(table))
        yield from (dict(row) for row in connection.execute(asked, cut.bound).mappings())


def _own_events(connection: Connection, ids: Sequence[str], cut: Cut) -> Iterator[Event]:
    table = EVENTS.c
    for part in parts_of(ids):
        asked = select(*EVENT_COLUMNS).where(table.opportunity_id.in_(part), by_cut(table))
        yield from read_events(connection, asked.order_by(table.opportunity_id, *as_sent(EVENTS)), cut.bound)


def _events_of_accounts(connection: Connection, accounts: Sequence[str], cut: Cut) -> Iterator[Event]:
    table = EVENTS.c
    for part in parts_of(accounts):
        of_accounts = table.account_id.in_(part)
        asked = select(*EVENT_COLUMNS).where(of_accounts, table.opportunity_id.is_(None), by_cut(table))
        yield from read_events(connection, asked.order_by(*as_sent(EVENTS)), cut.bound)


def _contacts(connection: Connection, column: Any, ids: Sequence[str], cut: Cut) -> Iterator[Any]:
    table = CONTACTS.c
    for part in parts_of(ids):
        asked = select(table.contact_id, table.role, table.account_id).where(column.in_(part), by_cut(table))
        yield from connection.execute(asked, cut.bound).all()


def _told_of(connection: Connection, contacts: Sequence[str], cut: Cut) -> Iterator[Event]:
    for part in parts_of(contacts):
        yield from read_events(connection, told_of_contacts(), {**cut.bound, "ids": list(part)})


def _grouped(rows: Iterable[Any], column: str) -> defaultdict[str, list[Any]]:
    groups: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, column)].append(row)
    return groups
