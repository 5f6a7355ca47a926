"""Writing what is pushed: once for each id, checked against the process, the good rows of a batch kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, Table, insert, select

from features.errors import ConflictingEventError, RequestError
from features.history.database.account_notes import account_notes
from features.history.database.batch import Batch
from features.history.database.course_notes import course_notes
from features.history.database.description import Description, read_description, say_collected
from features.history.database.engine import Writing
from features.history.database.erased import check_not_erased, still_erased
from features.history.database.parts import rows_by_id
from features.history.database.rows import (
    Row,
    account_row,
    contact_row,
    opportunity_row,
)
from features.history.database.tables import (
    ACCOUNTS,
    ACTIVITY,
    COLLECTED,
    CONTACTS,
    EVENTS,
    FIELD,
    OPPORTUNITIES,
)
from features.history.live_rules import Note, check_name
from features.history.live_values import attribute_value
from features.instants import instant

Done = Literal["created", "duplicate"]


@dataclass(frozen=True)
class Written:
    """What became of one row of a batch; ``error`` says why it was refused.

    ``waits_for`` is the opportunity that it names and that was not told of yet. ``notes`` say what looks wrong.
    """

    done: Done | None
    error: RequestError | None = None
    waits_for: str | None = None
    notes: tuple[Note, ...] = ()


def put_account(writing: Writing, account_id: str, body: Mapping[str, Any]) -> Done:
    """Write an account.

    Returns
    -------
    ``duplicate`` when the same was written before.

    Raises
    ------
    ConflictingEventError
        The id was written with another body.
    """
    return _put(writing, ACCOUNTS, account_row(account_id, body), "accounts")


def put_contact(writing: Writing, contact_id: str, body: Mapping[str, Any]) -> Done:
    """Write a contact; as ``put_account``.

    Raises
    ------
    RequestError
        The account that it names was erased.
    """
    return _put(writing, CONTACTS, contact_row(contact_id, body), "contacts")


def put_opportunity(writing: Writing, opportunity_id: str, body: Mapping[str, Any]) -> Done:
    """Write an opportunity; as ``put_account``.

    Raises
    ------
    RequestError
        The process or an attribute is not known, or the account was erased.
    """
    rules = read_description(writing.connection).rules(instant(writing.recorded_at))
    process = rules.process_of(body.get("process"), "/process").name
    rules.check_past(body["created_at"], "created", "/created_at")
    for name, value in (body.get("attributes") or {}).items():
        check_name(name, rules.attributes, "attribute", f"/attributes/{name}")
        attribute_value(name, value, rules, f"/attributes/{name}")
    done = _put(writing, OPPORTUNITIES, opportunity_row(opportunity_id, body, process), None)
    if done == "created":
        for written in append_events(writing, list(_at_creation(opportunity_id, body))):
            if written.error is not None:
                raise written.error
    return done


def _at_creation(opportunity_id: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What was said of stage, amount and close date at creation, as events of their own."""
    of_it = {"opportunity_id": opportunity_id, "occurred_at": body["created_at"]}
    for name in ("stage", "amount", "expected_close_date"):
        value = body.get(name)
        if value is None:
            continue
        event = of_it | {"event_id": f"{opportunity_id}/{name} at creation"}
        if name == "stage":
            yield event | {"type": "stage_change", "stage": value}
        else:
            yield event | {"type": "field_change", "field": name, "value": value if name == "amount" else str(value)}


def _put(writing: Writing, table: Table, row: Row, collected: str | None) -> Done:
    column = next(iter(table.primary_key))
    found = writing.connection.execute(select(table.c.digest).where(column == row[column.name])).scalar()
    if found == row["digest"]:
        return "duplicate"
    if found is not None:
        raise ConflictingEventError(
            f"{column.name} {row[column.name]!r} again, with another body",
            "the body that was written first",
            "to tell that something changed, send an event of type field_change or stage_change",
        )
    if table is not ACCOUNTS:
        account = {"account_id": row["account_id"]}
        check_not_erased(account, still_erased(writing.connection, [account]))
    writing.connection.execute(insert(table), row | {"seq": writing.seq, "recorded_at": writing.recorded_at})
    writing.rows += 1
    if collected:
        _collect(writing, read_description(writing.connection), [collected])
    return "created"


def append_events(writing: Writing, bodies: Sequence[Mapping[str, Any]]) -> list[Written]:
    """Write the events of a batch that are right and new, in one commit; say what became of each.

    Parameters
    ----------
    bodies
        Events as ``api.event_schemas`` describes them: plain data, instants aware. They may
        come in any order, and before the opportunity that they concern.
    """
    description = read_description(writing.connection)
    known = Batch(writing, bodies, description.rules(instant(writing.recorded_at)))
    results, rows = [], []
    for body in bodies:
        try:
            row = known.check(body)
            done: Done = "created" if row else "duplicate"
            rows += [row] if row else []
            results.append(Written(done, waits_for=known.unknown_opportunity(body)))
        except RequestError as error:
            results.append(Written(None, error))
    _insert(writing, rows, description)
    notes = _notes(writing.connection, description, [b for b, one in zip(bodies, results, strict=True) if one.done])
    return [
        replace(one, notes=notes.get(body["event_id"], ())) if one.done else one
        for body, one in zip(bodies, results, strict=True)
    ]


def _notes(
    connection: Connection, description: Description, bodies: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[Note, ...]]:
    """What looks wrong of events that were written, or had been before."""
    entered = [body for body in bodies if body["type"] in ("stage_change", "reopening")]
    types = {body["event_id"]: body["type"] for body in entered}
    course = course_notes(connection, description, (body["opportunity_id"] for body in entered), types)
    merges = {body["event_id"]: (body["account_id"], body["into"]) for body in bodies if "into" in body}
    unknown = account_notes(connection, {name for pair in merges.values() for name in pair})
    of_merges = {event: [unknown[name] for name in pair if name in unknown] for event, pair in merges.items()}
    return {event: tuple(found) for event, found in (course | of_merges).items()}


def opportunity_notes(writing: Writing, opportunity_id: str) -> list[Note]:
    """Say what looks wrong in the course of an opportunity, with the events that came before it."""
    description = read_description(writing.connection)
    found = course_notes(writing.connection, description, [opportunity_id])
    return list(dict.fromkeys(note for notes in found.values() for note in notes))


def _insert(writing: Writing, rows: list[Row], description: Description) -> None:
    if not rows:
        return
    stamp = {"seq": writing.seq, "recorded_at": writing.recorded_at}
    writing.connection.execute(
        insert(EVENTS), [row | stamp | {"place": writing.rows + place} for place, row in enumerate(rows)]
    )
    writing.rows += len(rows)
    _collect(writing, description, [row["name"] for row in rows if row["kind"] in (ACTIVITY, FIELD)])


def _collect(writing: Writing, description: Description, names: Iterable[str]) -> None:
    """A name that is told of for the first time is collected from now on: what was before is unknown."""
    rules = description.rules(instant(writing.recorded_at))
    collectable = {*rules.kinds, *rules.fields, "contacts", "accounts"}
    new = sorted(set(names) & collectable - set(description.collected))
    # What was said not to be collected stays so: one straggler does not make the others zero.
    said = {row[0] for row in rows_by_id(writing.connection, COLLECTED, ("name",), new)}
    new = [name for name in new if name not in said]
    say_collected(writing, dict.fromkeys(new, writing.recorded_at))
