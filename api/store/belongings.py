"""What is stored about one account, contact or opportunity: exported and erased by the same list.

An account has its people and its opportunities with it, as they are now, and so have all accounts that
are one with it by merges: one customer cannot be handed out, or erased, by halves. What belongs to another but
names it (an opportunity that was with it once, a meeting of another's with its person) is
mentioned: exported too, and kept without the name when it is erased.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Table, and_, false, or_, select
from sqlalchemy.sql import ColumnElement

from api.store.tables import JUDGEMENTS, LISTED, LISTED_ACCOUNTS, OUTBOX, SCORES, TOLD
from features.errors import NotKnownError
from features.history.database.engine import last_commit
from features.history.database.merges import Names
from features.history.database.reads import Cut, account_named, merged_by, opportunity_known
from features.history.database.tables import (
    ACCOUNTS,
    COMMITS,
    CONTACTS,
    EVENTS,
    FIELD,
    MERGE,
    OPPORTUNITIES,
    RETRACTION,
)

Kind = Literal["account", "contact", "opportunity"]
Condition = ColumnElement[bool]

_ACTIONS = {
    "account": ("put account", "account events"),
    "contact": ("put contact", "contact events"),
    "opportunity": ("put opportunity", "opportunity events", "put judgement", "withdraw judgement"),
}
"""Commits whose subject is an id of that kind."""
_E = EVENTS.c


@dataclass(frozen=True)
class Belongings:
    """Ids that belong to what was asked about, itself among them.

    ``touched`` are other opportunities that were scored with some of it. ``merged_with`` are
    accounts that once were one with it, and are not any more.
    """

    kind: Kind
    name: str
    accounts: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    opportunities: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    merged_with: tuple[str, ...] = ()

    def ids(self) -> Iterator[tuple[Kind, str]]:
        """Every id with its kind, that asked about first."""
        yield self.kind, self.name
        named: tuple[tuple[Kind, tuple[str, ...]], ...] = (
            ("account", self.accounts),
            ("contact", self.contacts),
            ("opportunity", self.opportunities),
        )
        yield from ((kind, name) for kind, names in named for name in names if (kind, name) != (self.kind, self.name))


def belongings_of(connection: Connection, kind: Kind, name: str) -> Belongings:
    """Find what belongs to an account, a contact or an opportunity."""
    if kind == "opportunity":
        return Belongings(kind, name, opportunities=(name,))
    if kind == "contact":
        account = connection.execute(select(CONTACTS.c.account_id).where(CONTACTS.c.contact_id == name)).scalar()
        group = _ever_one_with(connection, account) if account else set()
        return Belongings(kind, name, contacts=(name,), touched=_touched(connection, group, {name}, set()))
    seq, recorded_at = last_commit(connection)
    one = merged_by(connection, Cut(recorded_at, seq)).one_with(name)
    people = select(CONTACTS.c.contact_id).where(CONTACTS.c.account_id.in_(one))
    contacts = set(connection.execute(people).scalars())
    owned = _opportunities_of(connection, {*one})
    group = _ever_one_with(connection, name)
    return Belongings(
        kind,
        name,
        accounts=one,
        contacts=tuple(sorted(contacts)),
        opportunities=tuple(sorted(owned)),
        touched=_touched(connection, group, contacts, owned),
        merged_with=tuple(sorted(group - {*one})),
    )


def check_stored(connection: Connection, found: Belongings) -> None:
    """Refuse what nothing is stored about.

    Raises
    ------
    NotKnownError
        Nothing is.
    """
    for table, condition in [*owned_rows(found), *mentioning_rows(found)]:
        if connection.execute(select(table.c[0]).where(condition).limit(1)).first() is not None:
            return
    raise NotKnownError(f"{found.kind} {found.name!r}", "one that something is stored about", "correct the id")


def owned_rows(found: Belongings) -> list[tuple[Table, Condition]]:
    """Rows that an erasure deletes."""
    accounts, people, opportunities = found.accounts, found.contacts, found.opportunities
    events = or_(
        _is_in(_E.opportunity_id, opportunities),
        and_(_is_in(_E.account_id, accounts), _E.opportunity_id.is_(None)),
        and_(_E.kind == MERGE, _is_in(_E.value, accounts)),
        and_(_E.kind == FIELD, _E.name == "account_id", _is_in(_E.value, accounts)),
        and_(_is_in(_E.contact_id, people), or_(_E.kind == FIELD, and_(_E.kind == RETRACTION, _E.name == FIELD))),
    )
    # Left behind, a retraction would take back at once what is told under the same id again.
    taken_back = and_(_E.kind == RETRACTION, _E.replaces.in_(select(_E.event_id).where(events)))
    return [
        (ACCOUNTS, _is_in(ACCOUNTS.c.account_id, accounts)),
        (CONTACTS, _is_in(CONTACTS.c.contact_id, people)),
        (OPPORTUNITIES, _is_in(OPPORTUNITIES.c.opportunity_id, opportunities)),
        (EVENTS, or_(events, taken_back)),
        (SCORES, _is_in(SCORES.c.opportunity_id, opportunities)),
        (LISTED, _is_in(LISTED.c.opportunity_id, opportunities)),
        (LISTED_ACCOUNTS, _is_in(LISTED_ACCOUNTS.c.account_id, accounts)),
        (JUDGEMENTS, _is_in(JUDGEMENTS.c.opportunity_id, opportunities)),
        (TOLD, _is_in(TOLD.c.opportunity_id, opportunities)),
        (OUTBOX, and_(_is_in(OUTBOX.c.subject, opportunities), OUTBOX.c.event.startswith("opportunity."))),
    ]


def mentioning_rows(found: Belongings) -> list[tuple[Table, Condition]]:
    """Rows of others that name it; an erasure keeps them without the name."""
    return [
        (EVENTS, or_(_is_in(_E.account_id, found.accounts), _is_in(_E.contact_id, found.contacts))),
        (OPPORTUNITIES, _is_in(OPPORTUNITIES.c.account_id, found.accounts)),
        (LISTED, _is_in(LISTED.c.account_id, found.accounts)),
    ]


def commits_about(found: Belongings) -> Condition:
    """Entries of the audit log whose subject it is, or one of its people or opportunities."""
    named = [found.ids() for _ in _ACTIONS]
    by_kind = {kind: tuple(name for k, name in ids if k == kind) for kind, ids in zip(_ACTIONS, named, strict=True)}
    parts = [
        and_(_is_in(COMMITS.c.subject, by_kind[kind]), COMMITS.c.action.in_(actions))
        for kind, actions in _ACTIONS.items()
    ]
    return or_(*parts)


def _is_in(column: Any, names: tuple[str, ...]) -> Condition:
    return column.in_(names) if names else false()


def _opportunities_of(connection: Connection, accounts: set[str]) -> set[str]:
    """Opportunities that are with one of some accounts now."""
    seq, recorded_at = last_commit(connection)
    found = set()
    for name in _ever_with(connection, accounts):
        known = opportunity_known(connection, name, Cut(recorded_at, seq))
        first = select(OPPORTUNITIES.c.account_id).where(OPPORTUNITIES.c.opportunity_id == name)
        stated = connection.execute(first).scalar()
        if known is not None and account_named(stated, known.events, Names({})) in accounts:
            found.add(name)
    return found


def _ever_with(connection: Connection, accounts: set[str]) -> set[str]:
    """Opportunities that are with one of some accounts, or once were."""
    wanted = sorted(accounts)
    stated = select(OPPORTUNITIES.c.opportunity_id).where(OPPORTUNITIES.c.account_id.in_(wanted))
    corrected = select(_E.opportunity_id).where(
        _E.opportunity_id.is_not(None), _E.kind == FIELD, _E.name == "account_id", _E.value.in_(wanted)
    )
    return {*connection.execute(stated).scalars(), *connection.execute(corrected).scalars()}


def _touched(connection: Connection, accounts: set[str], contacts: set[str], owned: set[str]) -> tuple[str, ...]:
    met = select(_E.opportunity_id).where(_E.contact_id.in_(sorted(contacts)), _E.opportunity_id.is_not(None))
    of_accounts = _ever_with(connection, accounts) if accounts else set()
    # A meeting with the account alone was read with every opportunity of that account.
    also = select(_E.account_id).where(_E.contact_id.in_(sorted(contacts)), _E.account_id.is_not(None))
    others = {name for account in connection.execute(also).scalars() for name in _ever_one_with(connection, account)}
    more = _ever_with(connection, others - accounts) if others - accounts else set()
    return tuple(sorted((of_accounts | more | set(connection.execute(met).scalars())) - owned))


def _ever_one_with(connection: Connection, account: str) -> set[str]:
    """Accounts that are one with an account, or once were, itself among them."""
    rows = connection.execute(select(_E.account_id, _E.value).where(_E.kind == MERGE)).all()
    found, grew = {account}, True
    while grew:
        more = {name for pair in rows if found & set(pair) for name in pair}
        found, grew = found | more, not more <= found
    return found
