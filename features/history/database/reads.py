"""Reading one opportunity: what was known of it at an instant, up to a commit, as a live request has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, select, text

from features.history.database.merges import Merge, Merged, Names
from features.history.database.ordering import as_sent
from features.history.database.parts import parts_of
from features.history.database.tables import (
    ACCOUNTS,
    ACTIVITY,
    CONTACTS,
    EVENTS,
    FIELD,
    MERGE,
    OF_MERGES,
    OPPORTUNITIES,
    RETRACTION,
)
from features.history.database.told_anew import Told, named_path, path_of
from features.instants import micros_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STATED = ("account_id", "owner_id", "team", "product", "service", "source", "channel", "currency", "process")
ACCOUNT_FACTS = ("region", "industry", "size")
_E, _C = EVENTS.c, CONTACTS.c


class Event(NamedTuple):
    """An event of the database. A tuple of names: hundreds are read for one score."""

    event_id: str
    kind: str
    opportunity_id: str | None
    account_id: Any  # text, where the sort of event has it; so the next two
    contact_id: Any
    name: Any
    value: str | None
    direction: str | None
    duration: float | None
    topic: str | None
    quantity: float | None
    planned: bool
    automated: bool
    occurred_at: int
    recorded_at: int
    replaces: str | None


EVENT_COLUMNS = tuple(_E[name] for name in Event._fields)
OPPORTUNITY_COLUMNS = tuple(OPPORTUNITIES.c[name] for name in ("opportunity_id", "created_at", "attributes", *STATED))


@dataclass(frozen=True)
class Cut:
    """Up to where the past is read: recorded by an instant in microseconds, and within the first commits."""

    recorded_by: int
    through_seq: int

    @property
    def bound(self) -> dict[str, int]:
        """The values that ``by_cut`` asks for."""
        return {"recorded_by": self.recorded_by, "through_seq": self.through_seq}


@dataclass(frozen=True)
class Known:
    """What was known of one opportunity.

    ``events`` are its own, those of its account and its account's people, what was replaced
    left out. ``accounts`` are the account and those merged with it.
    """

    row: Mapping[str, Any]
    events: Sequence[Event]
    contacts: Mapping[str, str | None]
    accounts: tuple[str, ...]


def opportunity_known(connection: Connection, opportunity_id: str, cut: Cut) -> Known | None:
    """Read what was known of an opportunity; None when it was not recorded by then."""
    bound = cut.bound
    first = connection.execute(_opportunity(), bound | {"opportunity_id": opportunity_id}).mappings().first()
    if first is None:
        return None
    found = dict(first)
    own = read_events(connection, _own_events(), bound | {"opportunity_id": opportunity_id})
    row = corrected(found, standing(own))
    merges = merges_by(connection, cut)
    accounts = Merged.of(merges).one_with(row["account_id"]) if row["account_id"] else ()
    asked = bound | {"accounts": list(accounts)}
    if not is_stated(accounts, found):
        row |= first_told(accounts, account_facts(connection, accounts, bound))
    shared = read_events(connection, _events_of_accounts(), asked) if accounts else []
    events = standing([*own, *shared])
    if not is_stated(accounts, found) or moves_of(events):
        row["account_id"] = account_named(found["account_id"], events, Names.by(merges))
    return Known(row, events, _people(connection, events, asked), accounts)


def read_events(connection: Connection, asked: Select[Any], bound: Mapping[str, Any]) -> list[Event]:
    """Read events asked for by ``EVENT_COLUMNS``."""
    return [Event._make(row) for row in connection.execute(asked, bound).all()]


def standing(events: Iterable[Any]) -> list[Any]:
    """Leave out what was corrected or retracted, and the retractions themselves.

    A correction that was retracted corrects nothing: what it replaced stands again.
    """
    events = list(events)
    replacing = [event for event in events if event.replaces is not None]
    if not replacing:
        return events
    retracted = {event.replaces for event in replacing if event.kind == RETRACTION}
    gone = {event.replaces for event in replacing if event.event_id not in retracted}
    return [event for event in events if event.event_id not in gone and event.kind != RETRACTION]


def merges_by(connection: Connection, cut: Cut) -> list[Merge]:
    """The merges known then that stand, in order."""
    return [(row.account_id, str(row.value), row.recorded_at) for row in merges_told(connection, cut)]


def merges_told(connection: Connection, cut: Cut) -> list[Event]:
    """The events of merges known then that stand, in order."""
    return [row for row in standing(read_events(connection, _merges(), cut.bound)) if row.kind == MERGE]


def merged_by(connection: Connection, cut: Cut) -> Merged:
    """Accounts that are one by merges known then."""
    return Merged.of(merges_by(connection, cut))


def account_named(first: str | None, events: Iterable[Event], names: Names) -> str | None:
    """Name an opportunity's account as known, by the account told with it, its moves and the merges."""
    path = path_of(first, 0, (Told(e.occurred_at, e.recorded_at, e.value) for e in moves_of(events)))
    return named_path(path, names)[-1][1]


def moves_of(events: Iterable[Event]) -> list[Event]:
    """Events that tell of another account of the opportunity."""
    return [e for e in events if e.name == "account_id" and e.kind == FIELD and e.opportunity_id is not None]


def is_stated(accounts: Sequence[str], found: Mapping[str, Any]) -> bool:
    """Tell whether the account is the one stated at first, alone: what was told of it is in its row already."""
    return tuple(accounts) == ((found["account_id"],) if found["account_id"] is not None else ())


def account_facts(connection: Connection, accounts: Iterable[str], bound: Mapping[str, int]) -> dict[str, Any]:
    """Read what was told first of some accounts, by account."""
    rows: list[Any] = []
    for part in parts_of(sorted(accounts)):
        rows += connection.execute(_facts_of_accounts(), {**bound, "accounts": part}).mappings()
    return {row["account_id"]: row for row in rows}


def first_told(accounts: Iterable[str], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of accounts that are one, as columns of an opportunity: those of the account told of first."""
    known = [facts[name] for name in accounts if name in facts]
    first = min(known, key=lambda row: (row["recorded_at"], row["account_id"])) if known else {}
    return {f"account_{name}": first.get(name) for name in ACCOUNT_FACTS}


def moment(micro: int) -> datetime:
    """Turn microseconds into an instant of Python, exactly."""
    return _EPOCH + timedelta(microseconds=micro)


def corrected(row: Mapping[str, Any], events: Iterable[Event]) -> dict[str, Any]:
    """Apply the last change of each column; owners are followed over time and stay."""
    changed = [e for e in events if e.kind == FIELD and e.name in row and e.name not in ("owner_id", "attributes")]
    return {**row} | {e.name: _value(e) for e in sorted(changed, key=_in_order)}


def _value(event: Event) -> Any:
    """A value told of a column, as its row has it."""
    return micros_of(datetime.fromisoformat(str(event.value))) if event.name == "created_at" else event.value


def _in_order(event: Event) -> tuple[int, int]:
    return event.occurred_at, event.recorded_at


def roles_changed(events: Iterable[Event], people: Mapping[str, Any]) -> dict[str, str | None]:
    """Roles that people have by changes told of them."""
    changed = [e for e in events if e.kind == FIELD and e.name == "role" and e.contact_id in people]
    # By when we were told, as the table of contacts has it.
    return {e.contact_id: e.value for e in sorted(changed, key=lambda e: (e.recorded_at, e.occurred_at))}


def _people(connection: Connection, events: Sequence[Event], asked: Mapping[str, Any]) -> dict[str, str | None]:
    """Roles of the accounts' people, and of others who were met and are known."""
    staff = connection.execute(_contacts_of_accounts(), asked).all() if asked["accounts"] else []
    people = {row[0]: row[1] for row in staff}
    met = {e.contact_id for e in events if e.kind == ACTIVITY and e.contact_id is not None} - set(people)
    if not met:
        return people | roles_changed(events, people)
    named = {**asked, "ids": sorted(met)}
    others = {row[0]: row[1] for row in connection.execute(_contacts_by_id(), named)}
    # What is told of people elsewhere is not among the account's events.
    told = standing(read_events(connection, told_of_contacts(), named)) if others else []
    return people | others | roles_changed([*events, *told], people | others)


def by_cut(table: Any) -> Any:
    """Say in a query that a row is within a cut, whose values are bound at its execution."""
    return and_(table.recorded_at <= bindparam("recorded_by"), table.seq <= bindparam("through_seq"))


def select_opportunities() -> Select[Any]:
    """Ask for opportunities, each with what was told first of its account, as far as it was recorded by then."""
    of_account = and_(ACCOUNTS.c.account_id == OPPORTUNITIES.c.account_id, by_cut(ACCOUNTS.c))
    facts = [ACCOUNTS.c[name].label(f"account_{name}") for name in ACCOUNT_FACTS]
    return select(*OPPORTUNITY_COLUMNS, *facts).select_from(OPPORTUNITIES.outerjoin(ACCOUNTS, of_account))


@lru_cache
def _opportunity() -> Select[Any]:
    table = OPPORTUNITIES.c
    return select_opportunities().where(table.opportunity_id == bindparam("opportunity_id"), by_cut(table))


@lru_cache
def _own_events() -> Select[Any]:
    return (
        select(*EVENT_COLUMNS)
        .where(_E.opportunity_id == bindparam("opportunity_id"), by_cut(_E))
        .order_by(*as_sent(EVENTS))
    )


@lru_cache
def _events_of_accounts() -> Select[Any]:
    """Events of accounts that name no opportunity."""
    of_accounts = _E.account_id.in_(bindparam("accounts", expanding=True))
    return select(*EVENT_COLUMNS).where(of_accounts, _E.opportunity_id.is_(None), by_cut(_E)).order_by(*as_sent(EVENTS))


@lru_cache
def _contacts_of_accounts() -> Select[Any]:
    of_accounts = _C.account_id.in_(bindparam("accounts", expanding=True))
    return select(_C.contact_id, _C.role).where(of_accounts, by_cut(_C)).order_by(_C.contact_id)


@lru_cache
def _contacts_by_id() -> Select[Any]:
    of_ids = _C.contact_id.in_(bindparam("ids", expanding=True))
    return select(_C.contact_id, _C.role).where(of_ids, by_cut(_C)).order_by(_C.contact_id)


@lru_cache
def told_of_contacts() -> Select[Any]:
    """What was told of people, without regard to their accounts; ``ids`` are bound at the execution."""
    of_people = and_(_E.contact_id.in_(bindparam("ids", expanding=True)), _E.kind.in_((FIELD, RETRACTION)))
    asked = select(*EVENT_COLUMNS).where(of_people, _E.opportunity_id.is_(None), by_cut(_E))
    return asked.order_by(*as_sent(EVENTS))


@lru_cache
def _facts_of_accounts() -> Select[Any]:
    table = ACCOUNTS.c
    asked = select(table.account_id, table.recorded_at, *(table[name] for name in ACCOUNT_FACTS))
    return asked.where(table.account_id.in_(bindparam("accounts", expanding=True)), by_cut(table))


@lru_cache
def _merges() -> Select[Any]:
    # Written as the index has it, or the index is not used.
    return select(*EVENT_COLUMNS).where(text(OF_MERGES), by_cut(_E)).order_by(*as_sent(EVENTS))
