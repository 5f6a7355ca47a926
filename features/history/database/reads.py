"""Reading one opportunity: what was known of it at an instant, up to a commit, as a live request has it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, select, text

from features.history.database.description import Description
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
    STAGE,
)
from features.history.live_rules import CONTACTS as CONTACTS_NAME
from features.history.live_rules import STANDARD_FIELDS, Rules
from features.history.process import Process
from features.instants import micros_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATED = ("account_id", "owner_id", "team", "product", "service", "source", "channel", "currency", "process")
_ACCOUNT_FACTS = ("region", "industry", "size")
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
OPPORTUNITY_COLUMNS = tuple(OPPORTUNITIES.c[name] for name in ("opportunity_id", "created_at", "attributes", *_STATED))


@dataclass(frozen=True)
class Cut:
    """Up to where the past is read: recorded by an instant in microseconds, and within the first commits."""

    recorded_by: int
    through_seq: int


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
    bound = {"recorded_by": cut.recorded_by, "through_seq": cut.through_seq}
    found = connection.execute(_opportunity(), bound | {"opportunity_id": opportunity_id}).mappings().first()
    if found is None:
        return None
    own = read_events(connection, _own_events(), bound | {"opportunity_id": opportunity_id})
    row = corrected(dict(found), standing(own))
    accounts = accounts_one_with(connection, row["account_id"], cut) if row["account_id"] else ()
    asked = bound | {"accounts": list(accounts)}
    shared = read_events(connection, _events_of_accounts(), asked) if accounts else []
    events = standing([*own, *shared])
    people = _people(connection, events, asked)
    return Known(row, events, people | roles_changed(events, people), accounts)


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


def accounts_one_with(connection: Connection, account_id: str, cut: Cut) -> tuple[str, ...]:
    """Accounts that are one with an account by merges known then, itself among them, in order."""
    return together(account_id, merged_pairs(connection, cut))


def merged_pairs(connection: Connection, cut: Cut) -> list[tuple[str, str]]:
    """Pairs of accounts that were merged, as known then."""
    bound = {"recorded_by": cut.recorded_by, "through_seq": cut.through_seq}
    rows = read_events(connection, _merges(), bound)
    return [(row.account_id, row.value) for row in standing(rows) if row.kind == MERGE]


def together(account_id: str, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Accounts that are one with an account by pairs of them, itself among them, in order.

    Examples
    --------
    >>> together("b", [("a", "b"), ("c", "a"), ("x", "y")])
    ('a', 'b', 'c')
    """
    found, grew = {account_id}, True
    while grew:
        more = {name for pair in pairs if found & set(pair) for name in pair}
        found, grew = found | more, not more <= found
    return tuple(sorted(found))


def request_of(known: Known, description: Description, rules: Rules) -> dict[str, Any]:
    """Write what is known as one of ``opportunities`` of ``POST /v1/scores``, its instants in microseconds.

    What the model that is to answer does not know (a kind, a field, a stage of another
    process) is left out, and so is what lies ahead and is no plan.
    """
    as_of = micros_of(rules.as_of)
    events = [event for event in known.events if event.occurred_at <= as_of or event.planned]
    process: Process | None = rules.processes.get(known.row["process"])
    tables = {
        "stage_history": _stages(events, process),
        "field_history": _fields(events, known.row["opportunity_id"], rules),
        "activities": _activities(events, rules),
        CONTACTS_NAME: [{"contact_id": name, "role": role} for name, role in known.contacts.items()],
    }
    attributes = json.loads(known.row["attributes"])
    return {
        "opportunity_id": known.row["opportunity_id"],
        "created_at": known.row["created_at"],
        **{name: known.row[name] for name in _STATED},
        "account": {name: known.row[f"account_{name}"] for name in _ACCOUNT_FACTS},
        "attributes": {name: value for name, value in attributes.items() if name in rules.attributes} or None,
        **_said_to_be_collected(tables, description, rules),
    }


def moment(micro: int) -> datetime:
    """Turn microseconds into an instant of Python, exactly."""
    return _EPOCH + timedelta(microseconds=micro)


def _stages(events: Sequence[Event], process: Process | None) -> list[dict[str, Any]]:
    keys = process.keys if process else ()
    return [
        {"stage": e.name, "occurred_at": e.occurred_at, "recorded_at": e.recorded_at}
        for e in events
        if e.kind == STAGE and e.name in keys
    ]


def _fields(events: Sequence[Event], opportunity_id: str, rules: Rules) -> list[dict[str, Any]]:
    known = frozenset(rules.fields)
    of_it = (e for e in events if e.kind == FIELD and e.opportunity_id == opportunity_id and e.name in known)
    return [
        {"field": e.name, "value": e.value, "occurred_at": e.occurred_at, "recorded_at": e.recorded_at} for e in of_it
    ]


def _activities(events: Sequence[Event], rules: Rules) -> list[dict[str, Any]]:
    known = frozenset(rules.kinds)
    return [
        {
            "activity_id": e.event_id,
            "kind": e.name,
            "direction": e.direction,
            "duration_seconds": e.duration,
            "topic": e.topic,
            "value": e.quantity,
            "contact_id": e.contact_id,
            "planned": e.planned,
            "automated": e.automated,
            "occurred_at": e.occurred_at,
            "recorded_at": e.recorded_at,
        }
        for e in events
        if e.kind == ACTIVITY and e.name in known
    ]


def _said_to_be_collected(tables: Mapping[str, Any], description: Description, rules: Rules) -> dict[str, Any]:
    """Leave out tables that are not collected at all, and name the parts of the others that are not."""
    collected = description.collected
    names = {"field_history": STANDARD_FIELDS, "activities": rules.kinds, CONTACTS_NAME: (CONTACTS_NAME,)}
    sent: dict[str, Any] = {"stage_history": tables["stage_history"]}
    absent: list[str] = []
    for table, of_table in names.items():
        if tables[table] or any(name in collected for name in of_table):
            sent[table] = tables[table]
            absent += [name for name in of_table if name not in collected]
    known = [name for table, of_table in names.items() if table in sent for name in of_table]
    since = {name: moment(at) for name in known if (at := collected.get(name)) is not None}
    return sent | {"not_collected": absent or None, "collected_since": since or None}


def corrected(row: Mapping[str, Any], events: Iterable[Event]) -> dict[str, Any]:
    """Apply the last change of each column; owners are followed over time and stay."""
    changed = [e for e in events if e.kind == FIELD and e.name in row and e.name not in ("owner_id", "attributes")]
    if any(e.name == "account_id" for e in changed):  # what is known of the other account is not read here
        row = {**row} | {f"account_{name}": None for name in _ACCOUNT_FACTS}
    return {**row} | {e.name: e.value for e in sorted(changed, key=_in_order)}


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
    others = connection.execute(_contacts_by_id(), {**asked, "ids": sorted(met)}).all() if met else []
    return people | {row[0]: row[1] for row in others}


def by_cut(table: Any) -> Any:
    """Say in a query that a row is within a cut, whose values are bound at its execution."""
    return and_(table.recorded_at <= bindparam("recorded_by"), table.seq <= bindparam("through_seq"))


def select_opportunities() -> Select[Any]:
    """Ask for opportunities, each with what was told first of its account, as far as it was recorded by then."""
    of_account = and_(ACCOUNTS.c.account_id == OPPORTUNITIES.c.account_id, by_cut(ACCOUNTS.c))
    facts = [ACCOUNTS.c[name].label(f"account_{name}") for name in _ACCOUNT_FACTS]
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
        .order_by(_E.seq, _E.event_id)
    )


@lru_cache
def _events_of_accounts() -> Select[Any]:
    """Events of accounts that name no opportunity."""
    of_accounts = _E.account_id.in_(bindparam("accounts", expanding=True))
    return (
        select(*EVENT_COLUMNS).where(of_accounts, _E.opportunity_id.is_(None), by_cut(_E)).order_by(_E.seq, _E.event_id)
    )


@lru_cache
def _contacts_of_accounts() -> Select[Any]:
    of_accounts = _C.account_id.in_(bindparam("accounts", expanding=True))
    return select(_C.contact_id, _C.role).where(of_accounts, by_cut(_C)).order_by(_C.contact_id)


@lru_cache
def _contacts_by_id() -> Select[Any]:
    of_ids = _C.contact_id.in_(bindparam("ids", expanding=True))
    return select(_C.contact_id, _C.role).where(of_ids, by_cut(_C)).order_by(_C.contact_id)


@lru_cache
def _merges() -> Select[Any]:
    # Written as the index has it, or the index is not used.
    return select(*EVENT_COLUMNS).where(text(OF_MERGES), by_cut(_E)).order_by(_E.seq, _E.event_id)
