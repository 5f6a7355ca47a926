"""What the commits since another touched: opportunities to be scored again, and accounts to be looked at again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, select, text

from features.history.database.merges import Merged
from features.history.database.parts import parts_of
from features.history.database.tables import (
    ACCOUNTS,
    COLLECTED,
    CONTACTS,
    DESCRIPTIONS,
    ERASURES,
    EVENTS,
    FIELD,
    MERGE,
    OF_MERGES,
    OF_MOVES,
    OPPORTUNITIES,
    RETRACTION,
)

_OF_ALL = (DESCRIPTIONS, COLLECTED, ERASURES)


@dataclass(frozen=True)
class Touched:
    """What may be answered differently now.

    ``everything`` is True when the description changed, a name came to be collected, or
    something was erased. ``accounts`` include all that were ever merged with one.
    """

    opportunities: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    everything: bool = False


def touched_between(connection: Connection, after_seq: int, through_seq: int) -> Touched:
    """Find what the commits after one touched, up to another.

    Parameters
    ----------
    after_seq, through_seq
        Numbers of commits; the first is left out, the last is in.
    """
    if through_seq <= after_seq:
        return Touched()
    between = _Between(connection, after_seq, through_seq)
    if any(between.first(table) is not None for table in _OF_ALL):
        return Touched(everything=True)
    return between.touched()


class _Between:
    def __init__(self, connection: Connection, after_seq: int, through_seq: int) -> None:
        self.connection, self.after_seq, self.through_seq = connection, after_seq, through_seq

    def first(self, table: Table) -> Any:
        """Return something that the commits brought to a table."""
        return self.connection.execute(self._within(select(table.c.seq), table).limit(1)).scalar()

    def touched(self) -> Touched:
        """Follow every row to the opportunities and the accounts that are read with it."""
        events = self.connection.execute(self._within(_FOUND, EVENTS)).all()
        contacts = self.connection.execute(self._within(select(CONTACTS.c.contact_id, CONTACTS.c.account_id), CONTACTS))
        people = contacts.all()
        new = self._column(OPPORTUNITIES.c.opportunity_id)
        opportunities = {event.opportunity_id for event in events if event.opportunity_id is not None} | set(new)
        # What is told of an account is read with each of its opportunities.
        shared = {event.account_id for event in events if event.opportunity_id is None}
        shared |= {event.value for event in events if event.kind == MERGE}
        shared |= {person.account_id for person in people} | set(self._column(ACCOUNTS.c.account_id))
        named = {event.contact_id for event in events if event.kind in (FIELD, RETRACTION)}
        met = self._met({person.contact_id for person in people} | named - {None})
        shared |= {account for opportunity, account in met if opportunity is None}
        opportunities |= {opportunity for opportunity, _ in met if opportunity is not None}
        if any(event.kind in (MERGE, RETRACTION) for event in events):
            shared |= self._retracted_merges()
        of_shared = self._one_with({name for name in shared if name is not None})
        opportunities |= self._opportunities_of(of_shared)
        told: set[str | None] = {event.account_id for event in events} | self._accounts_of(opportunities)
        accounts = of_shared | self._one_with({name for name in told if name is not None})
        return Touched(frozenset(opportunities), frozenset(accounts))

    def _within(self, asked: Select[Any], table: Table) -> Select[Any]:
        return asked.where(table.c.seq > self.after_seq, table.c.seq <= self.through_seq)

    def _column(self, column: Any) -> list[str]:
        return list(self.connection.execute(self._within(select(column), column.table)).scalars())

    def _met(self, contacts: Iterable[str]) -> list[tuple[str | None, str | None]]:
        """Opportunities and accounts whose events name people of whom something new is told."""
        asked = select(EVENTS.c.opportunity_id, EVENTS.c.account_id)
        return [(row[0], row[1]) for row in self._rows(asked, EVENTS.c.contact_id, list(contacts))]

    def _retracted_merges(self) -> set[str]:
        rows = self.connection.execute(select(EVENTS.c.account_id, EVENTS.c.value).where(text(OF_MERGES))).all()
        within = self.connection.execute(
            self._within(select(EVENTS.c.account_id).where(EVENTS.c.kind == RETRACTION), EVENTS)
        )
        retracted = set(within.scalars())
        return {name for row in rows if row.account_id in retracted for name in (row.account_id, row.value)}

    def _one_with(self, accounts: Collection[str]) -> set[str]:
        """Accounts with all that were ever merged with them: those of a merge retracted since are touched too."""
        if not accounts:
            return set()
        rows = self.connection.execute(
            select(EVENTS.c.account_id, EVENTS.c.value).where(text(OF_MERGES), EVENTS.c.kind == MERGE)
        )
        return Merged.by((row.account_id, row.value) for row in rows).all_with(accounts)

    def _opportunities_of(self, accounts: Collection[str]) -> set[str]:
        """Opportunities that were ever said to be of accounts."""
        names = sorted(accounts)
        stated = self._rows(select(OPPORTUNITIES.c.opportunity_id), OPPORTUNITIES.c.account_id, names)
        moved = self._rows(select(EVENTS.c.opportunity_id).where(text(OF_MOVES)), EVENTS.c.value, names)
        return {row[0] for row in (*stated, *moved) if row[0] is not None}

    def _accounts_of(self, opportunities: Collection[str]) -> set[str | None]:
        names = sorted(opportunities)
        stated = self._rows(select(OPPORTUNITIES.c.account_id), OPPORTUNITIES.c.opportunity_id, names)
        moved = self._rows(select(EVENTS.c.value).where(text(OF_MOVES)), EVENTS.c.opportunity_id, names)
        return {row[0] for row in (*stated, *moved)}

    def _rows(self, asked: Select[Any], column: Any, names: list[str]) -> list[Any]:
        return [row for part in parts_of(names) for row in self.connection.execute(asked.where(column.in_(part)))]


_FOUND = select(
    EVENTS.c.opportunity_id, EVENTS.c.account_id, EVENTS.c.contact_id, EVENTS.c.kind, EVENTS.c.value
).distinct()
