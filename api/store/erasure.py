"""Export and erasure of what is stored about an account, a contact or an opportunity.

What an erasure leaves: rows of others without the name of what was erased; in the audit log, that
something was written, under a digest in place of the id; in ``erasures``, that something
was erased. The digest of an event that stays is that of its whole body as sent: it knows the
same body again, and cannot be read.

What a rebuild then still promises: a score given after the erasure equals its recomputation
for ever. A score given before, of an opportunity that stays, equals it unless it had been read
together with what is gone; those are marked, and the rebuild says so instead of claiming a
difference. Of what was erased itself no score is left.

What it cannot reach: backups, what webhooks were told already, what people wrote of it in
free text elsewhere, and models: they hold totals, not rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, delete, insert, or_, select, text, update

from api.store.belongings import (
    Belongings,
    Kind,
    belongings_of,
    check_stored,
    commits_about,
    mentioning_rows,
    owned_rows,
)
from api.store.tables import LEASES
from features.history.database.engine import Database, Writing
from features.history.database.reads import moment
from features.history.database.rows import digest_of_id
from features.history.database.tables import COMMITS, ERASURES, EVENTS, OPPORTUNITIES, RETRACTION

TOUCHED = "touched"
_INSTANTS = (
    "recorded_at", "created_at", "occurred_at", "as_of", "withdrawn_at", "expected_close", "next_attempt_at",
    "delivered_at", "given_up_at",
)  # fmt: skip
_JSON = ("attributes", "payload", "answer")


@dataclass(frozen=True)
class Erased:
    """What an erasure did: rows deleted, and rows kept without the name, by table."""

    belongings: Belongings
    deleted: Mapping[str, int]
    anonymised: Mapping[str, int]


def export(connection: Connection, kind: Kind, name: str) -> tuple[Belongings, dict[str, list[dict[str, Any]]]]:
    """Give every row that is stored about one account, contact or opportunity, by table, and the ids that it is of.

    Raises
    ------
    NotKnownError
        There is none.
    """
    found = belongings_of(connection, kind, name)
    check_stored(connection, found)
    conditions: dict[str, tuple[Table, list[Any]]] = {}
    for table, condition in [*owned_rows(found), *mentioning_rows(found), (COMMITS, commits_about(found))]:
        conditions.setdefault(table.name, (table, []))[1].append(condition)
    tables = {
        table_name: [_plain(row) for row in connection.execute(select(table).where(or_(*parts)).order_by(*table.c[:1]))]
        for table_name, (table, parts) in conditions.items()
    }
    return found, tables


def _plain(row: Row[Any]) -> dict[str, Any]:
    """A row as JSON has it: instants with their zone, JSON as such."""
    values = dict(row._mapping)
    for name in _INSTANTS:
        if values.get(name) is not None:
            values[name] = moment(values[name]).isoformat()
    return values | {name: json.loads(values[name]) for name in _JSON if values.get(name) is not None}


def erase(writing: Writing, kind: Kind, name: str) -> Erased:
    """Delete what is stored about an account, a contact or an opportunity, within one commit.

    Raises
    ------
    NotKnownError
        Nothing is.
    """
    connection = writing.connection
    # Whoever writes scores does it under a lease: until this is done it waits, and then sees what is gone.
    connection.execute(select(LEASES.c.name).with_for_update())
    found = belongings_of(connection, kind, name)
    check_stored(connection, found)
    deleted = {
        table.name: connection.execute(delete(table).where(condition)).rowcount
        for table, condition in owned_rows(found)
    }
    anonymised = _anonymise(connection, found)
    rows = sum(deleted.values()) + sum(anonymised.values())
    stamp = {"seq": writing.seq, "recorded_at": writing.recorded_at}
    said = [{"kind": k, "digest": digest_of_id(k, n), "rows": 0} | stamp for k, n in found.ids()]
    said[0]["rows"] = rows
    said += [{"kind": TOUCHED, "digest": digest_of_id("opportunity", n), "rows": 0} | stamp for n in found.touched]
    connection.execute(insert(ERASURES), said)
    writing.subject, writing.rows = _said(kind, name), max(rows, 1)
    return Erased(found, deleted, anonymised)


def _anonymise(connection: Connection, found: Belongings) -> dict[str, int]:
    """Take the names out of what stays."""
    events = EVENTS.c
    names: list[tuple[Table, Any, dict[str, Any]]] = [
        (EVENTS, and_(events.contact_id.in_(found.contacts), events.kind == RETRACTION), {"because": None}),
        (EVENTS, events.contact_id.in_(found.contacts), {"contact_id": None}),
        (EVENTS, events.account_id.in_(found.accounts), {"account_id": None}),
        (OPPORTUNITIES, OPPORTUNITIES.c.account_id.in_(found.accounts), {"account_id": None}),
    ]
    names += [(table, condition, {"account_id": None}) for table, condition in mentioning_rows(found)[2:]]
    count: dict[str, int] = {}
    for table, condition, values in names:
        changed = connection.execute(update(table).where(condition).values(values)).rowcount
        count[table.name] = count.get(table.name, 0) + (changed if "because" not in values else 0)
    about = commits_about(found)
    for kind, name in found.ids():
        renamed = update(COMMITS).where(COMMITS.c.subject == name, about).values(subject=_said(kind, name))
        count[COMMITS.name] = count.get(COMMITS.name, 0) + connection.execute(renamed).rowcount
    return count


def _said(kind: str, name: str) -> str:
    return f"erased:{digest_of_id(kind, name)}"


def erased_at(connection: Connection, kind: Kind, name: str) -> int | None:
    """When what is stored about an id was last erased, in microseconds; None when it never was."""
    of_it = and_(ERASURES.c.digest == digest_of_id(kind, name), ERASURES.c.kind == kind)
    asked = select(ERASURES.c.recorded_at).where(of_it).order_by(ERASURES.c.seq.desc()).limit(1)
    found = connection.execute(asked).scalar()
    return None if found is None else int(found)


def touched_since(connection: Connection, opportunity_id: str, seq: int) -> bool:
    """Tell whether something that an opportunity was scored with was erased after a commit."""
    of_it = and_(ERASURES.c.digest == digest_of_id("opportunity", opportunity_id), ERASURES.c.kind == TOUCHED)
    return connection.execute(select(ERASURES.c.seq).where(of_it, ERASURES.c.seq > seq).limit(1)).first() is not None


def erased_after(connection: Connection, seq: int, kind: Kind, names: Iterable[str]) -> set[str]:
    """Find ids erased after a commit: a score of what was read up to it must not be written any more.

    Parameters
    ----------
    connection
        In the transaction that is about to write, under its lease.
    """
    asked = select(ERASURES.c.digest).where(ERASURES.c.seq > seq, ERASURES.c.kind == kind)
    gone = set(connection.execute(asked).scalars())
    return {name for name in names if digest_of_id(kind, name) in gone} if gone else set()


def clean_log(database: Database) -> None:
    """Empty SQLite's write-ahead log, where what was deleted stood until now; readers may make it wait.

    The file itself keeps nothing: what is deleted is overwritten (``secure_delete``). PostgreSQL
    clears what is deleted when it vacuums, by itself.
    """
    if database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
