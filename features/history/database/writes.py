"""Writing what is pushed: once for each id, checked against the process, the good rows of a batch kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Table, insert, select

from features.errors import ConflictingEventError, RequestError
from features.history.database.description import Description, read_description, say_collected
from features.history.database.engine import Writing
from features.history.database.erased import check_not_erased, still_erased
from features.history.database.parts import rows_by_id
from features.history.database.rows import (
    Row,
    account_row,
    contact_row,
    event_row,
    opportunity_row,
    value_text,
)
from features.history.database.tables import (
    ACCOUNTS,
    ACTIVITY,
    COLLECTED,
    CONTACTS,
    EVENTS,
    FIELD,
    MERGE,
    OPPORTUNITIES,
    RETRACTION,
    STAGE,
)
from features.history.live_rules import Rules, check_name
from features.history.live_values import attribute_value, field_text
from features.history.schema import ASSESSED_FIELDS
from features.instants import instant

Done = Literal["created", "duplicate"]

ENTITY_FIELDS = {
    "opportunity_id": ("account_id", "team", "product", "service", "source", "channel", "currency"),
    "account_id": ("name", "industry", "region", "size"),
    "contact_id": ("role",),
}
"""Columns of opportunities, accounts and contacts that a ``field_change`` corrects, beside the fields followed
over time."""
_SUBJECT = ("opportunity_id", "account_id", "contact_id")
_REPLACING = ("corrects", "retracts")


@dataclass(frozen=True)
class Written:
    """What became of one row of a batch; ``error`` says why it was refused."""

    done: Done | None
    error: RequestError | None = None


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
    """Write a contact; as ``put_account``."""
    return _put(writing, CONTACTS, contact_row(contact_id, body), "contacts")


def put_opportunity(writing: Writing, opportunity_id: str, body: Mapping[str, Any]) -> Done:
    """Write an opportunity; as ``put_account``.

    Raises
    ------
    RequestError
        The process or an attribute is not known.
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
    known = _Known(writing, bodies, description.rules(instant(writing.recorded_at)))
    results, rows = [], []
    for body in bodies:
        try:
            row = known.check(body)
            done: Done = "created" if row else "duplicate"
            rows += [row] if row else []
            results.append(Written(done))
        except RequestError as error:
            results.append(Written(None, error))
    _insert(writing, rows, description)
    return results


def _insert(writing: Writing, rows: list[Row], description: Description) -> None:
    if not rows:
        return
    stamp = {"seq": writing.seq, "recorded_at": writing.recorded_at}
    writing.connection.execute(insert(EVENTS), [row | stamp for row in rows])
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


class _Known:
    """What is known of the ids that a batch names; what the batch adds is known from then on."""

    def __init__(self, writing: Writing, bodies: Sequence[Mapping[str, Any]], rules: Rules) -> None:
        connection, self.rules, self.at = writing.connection, rules, writing.recorded_at
        named = [body.get(key) for body in bodies for key in ("event_id", "corrects", "retracts")]
        columns = ("event_id", "digest", "kind", *_SUBJECT)
        found = rows_by_id(connection, EVENTS, columns, (name for name in named if name))
        self.events = {row[0]: dict(zip(columns, row, strict=True)) for row in found}
        replaced = (body.get("corrects") or body.get("retracts") for body in bodies)
        self.replacing = _replacing(connection, [name for name in replaced if name])
        opportunities = (body.get("opportunity_id") for body in bodies)
        self.process = dict(
            rows_by_id(connection, OPPORTUNITIES, ("opportunity_id", "process"), (n for n in opportunities if n))
        )
        people = (body["contact_id"] for body in bodies if body["type"] == "field_change" and body.get("contact_id"))
        self.account = dict(rows_by_id(connection, CONTACTS, ("contact_id", "account_id"), people))
        self.erased = still_erased(connection, bodies)

    def check(self, body: Mapping[str, Any]) -> Row | None:
        """Return the row of an event; None when it was written before.

        Raises
        ------
        RequestError
            It is wrong.
        ConflictingEventError
            Its id was written with another body.
        """
        row = event_row(body, self.at)
        before = self.events.get(row["event_id"])
        if before is not None:
            _check_same(row, before)
            return None
        self._check_subject(body, row)
        self._check_instant(body, row)
        self._check_what(body, row)
        self._check_replaced(row)
        self.events[row["event_id"]] = row
        if row["replaces"] is not None:
            self.replacing.setdefault(row["replaces"], []).append((row["event_id"], row["kind"]))
        return row

    def _check_subject(self, body: Mapping[str, Any], row: Row) -> None:
        check_not_erased(body, self.erased)
        if row["kind"] == MERGE and row["account_id"] == row["value"]:
            raise RequestError("an account merged into itself", "another account", "correct the ids", "/into")
        if row["kind"] == FIELD and row["contact_id"] is not None:
            # What is told of a person is read with the account.
            check_name(row["contact_id"], self.account, "contact", "/contact_id")
            row["account_id"] = self.account[row["contact_id"]]

    def _check_instant(self, body: Mapping[str, Any], row: Row) -> None:
        """What lies a little ahead, by a clock that goes wrong, happened when we were told."""
        if not row["planned"] and row["occurred_at"] > self.at:
            self.rules.check_past(body["occurred_at"], "an event", "/occurred_at")
            row["occurred_at"] = self.at

    def _check_what(self, body: Mapping[str, Any], row: Row) -> None:
        if row["kind"] == STAGE:
            check_name(row["name"], self._stages(row["opportunity_id"]), "stage", "/stage")
        elif row["kind"] == ACTIVITY:
            check_name(row["name"], self.rules.kinds, "kind", "/kind")
        elif body["type"] == "assessment":
            check_name(row["name"], ASSESSED_FIELDS, "assessment", "/field")
        elif row["kind"] == FIELD:
            row["value"] = self._field_value(body, row)

    def _stages(self, opportunity_id: str) -> list[str]:
        """Stages of its process; of every process while the opportunity is not known yet."""
        process = self.process.get(opportunity_id)
        named = [self.rules.processes[process]] if process else list(self.rules.processes.values())
        return list(dict.fromkeys(key for one in named for key in one.keys))

    def _field_value(self, body: Mapping[str, Any], row: Row) -> str | None:
        subject = next(key for key in ("opportunity_id", "contact_id", "account_id") if row[key] is not None)
        if row["name"] in ENTITY_FIELDS[subject]:
            return value_text(body.get("value"))
        if subject != "opportunity_id":
            check_name(row["name"], ENTITY_FIELDS[subject], "field", "/field")
        check_name(row["name"], (*self.rules.fields, *ENTITY_FIELDS[subject]), "field", "/field")
        return field_text(row["name"], body.get("value"), self.rules, "")

    def _check_replaced(self, row: Row) -> None:
        """A correction is of the same sort and subject; a retraction takes its subject from what it retracts."""
        target = row["replaces"]
        if target is None:
            return
        before = self.events.get(target)
        if before is None:
            raise RequestError(
                f"event {target!r}, which is not known",
                "an event sent before",
                "send that event first",
                f"/{_REPLACING[row['kind'] == RETRACTION]}",
            )
        self._check_replaceable(target, before, f"/{_REPLACING[row['kind'] == RETRACTION]}")
        if row["kind"] == RETRACTION:
            row |= {key: before[key] for key in _SUBJECT} | {"name": before["kind"]}
        elif any(row[key] != before[key] for key in ("kind", *_SUBJECT)):
            raise RequestError(
                f"a correction of event {target!r} with another subject or of another type",
                "the type and the subject of the event corrected",
                "retract that event and send a new one",
                "/corrects",
            )

    def _check_replaceable(self, target: str, before: Mapping[str, Any], pointer: str) -> None:
        """Of a chain of corrections only the last can be replaced, and a retraction not at all: one thing stands."""
        if before["kind"] == RETRACTION:
            raise RequestError(
                f"event {target!r}, a retraction", "an event that tells something", "send the event anew", pointer
            )
        last = next((name for name, _ in self.replacing.get(target, ()) if not self._is_retracted(name)), None)
        if last is not None:
            raise RequestError(
                f"event {target!r}, which {last!r} has replaced",
                "the last of its corrections",
                f"name {last!r}",
                pointer,
            )

    def _is_retracted(self, event_id: str) -> bool:
        return any(kind == RETRACTION for _, kind in self.replacing.get(event_id, ()))


def _check_same(row: Row, before: Mapping[str, Any]) -> None:
    if before["digest"] != row["digest"]:
        raise ConflictingEventError(
            f"event {row['event_id']!r} again, with another body",
            "one body for each event id",
            "give it an id of its own, or send it with corrects or as a retraction",
            "/event_id",
        )


def _replacing(connection: Connection, targets: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """What replaces some events, and what replaces that: ids and kinds by the event replaced."""
    found: dict[str, list[tuple[str, str]]] = {}
    for _ in range(2):
        rows = list(rows_by_id(connection, EVENTS, ("replaces", "event_id", "kind"), targets))
        for target, name, kind in rows:
            found.setdefault(target, []).append((name, kind))
        targets = [name for _, name, _ in rows]
    return found
