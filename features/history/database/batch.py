"""What is known of the ids that a batch of events names, and whether each event is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from features.errors import ConflictingEventError, RequestError
from features.history.database.engine import Writing
from features.history.database.erased import check_not_erased, still_erased
from features.history.database.merges_told import MergesTold
from features.history.database.parts import rows_by_id
from features.history.database.reads import moment
from features.history.database.rows import Row, event_row, value_text
from features.history.database.tables import (
    ACTIVITY,
    CONTACTS,
    EVENTS,
    FIELD,
    MERGE,
    OPPORTUNITIES,
    RETRACTION,
    STAGE,
)
from features.history.live_rules import Rules, check_name
from features.history.live_values import field_text, instant_told
from features.history.schema import ASSESSED_FIELDS, CORRECTABLE

ENTITY_FIELDS = {
    "opportunity_id": CORRECTABLE,
    "account_id": ("name", "industry", "region", "size"),
    "contact_id": ("role",),
}
"""Columns of opportunities, accounts and contacts that a ``field_change`` corrects, beside the fields followed
over time."""
_SUBJECT = ("opportunity_id", "account_id", "contact_id")
_REPLACING = ("corrects", "retracts")


class Batch:
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
        self.merges = MergesTold(connection)
        self.stages: dict[str | None, dict[str, set[str]]] = {}

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
        self.merges.tell(row)
        return row

    def unknown_opportunity(self, body: Mapping[str, Any]) -> str | None:
        """The opportunity that an event names and that was not told of yet; None when there is none."""
        name: str | None = body.get("opportunity_id")
        return None if name is None or name in self.process else name

    def _check_subject(self, body: Mapping[str, Any], row: Row) -> None:
        check_not_erased(body, self.erased)
        if row["kind"] == MERGE:
            self.merges.check(row["account_id"], row["value"])
        if row["kind"] == FIELD and row["contact_id"] is not None:
            # What is told of a person is read with the account.
            _check_told_of(row["contact_id"], self.account)
            row["account_id"] = self.account[row["contact_id"]]

    def _check_instant(self, body: Mapping[str, Any], row: Row) -> None:
        """What lies a little ahead, by a clock that goes wrong, happened when we were told."""
        if not row["planned"] and row["occurred_at"] > self.at:
            self.rules.check_past(body["occurred_at"], "an event", "/occurred_at")
            row["occurred_at"] = self.at

    def _check_what(self, body: Mapping[str, Any], row: Row) -> None:
        if row["kind"] == STAGE:
            stages = self._stages(row["opportunity_id"])
            check_name(row["name"], stages, "stage", "/stage")
            if body["type"] == "reopening" and "open" not in stages[row["name"]]:
                raise RequestError(
                    f"a reopening into {row['name']!r}, which is closed",
                    f"one of {', '.join(key for key, outcomes in stages.items() if 'open' in outcomes)}",
                    "send a close as type stage_change, and a reopening with the stage that it opens again",
                    "/stage",
                )
        elif row["kind"] == ACTIVITY:
            check_name(row["name"], self.rules.kinds, "kind", "/kind")
        elif body["type"] == "assessment":
            check_name(row["name"], ASSESSED_FIELDS, "assessment", "/field")
        elif row["kind"] == FIELD:
            row["value"] = self._field_value(body, row)

    def _stages(self, opportunity_id: str) -> dict[str, set[str]]:
        """Stages of its process with their outcomes; of every process while the opportunity is not known yet."""
        process = self.process.get(opportunity_id)
        found = self.stages.get(process)
        if found is None:
            named = [self.rules.processes[process]] if process else self.rules.processes.values()
            found = self.stages[process] = {}
            for stage in (stage for one in named for stage in one.stages):
                found.setdefault(stage.key, set()).add(stage.outcome)
        return found

    def _field_value(self, body: Mapping[str, Any], row: Row) -> str | None:
        subject = next(key for key in ("opportunity_id", "contact_id", "account_id") if row[key] is not None)
        if row["name"] == "created_at":
            return self._created(subject, row)
        if row["name"] in ENTITY_FIELDS[subject]:
            return value_text(body.get("value"))
        if subject != "opportunity_id":
            check_name(row["name"], ENTITY_FIELDS[subject], "field", "/field")
        check_name(row["name"], (*self.rules.fields, *ENTITY_FIELDS[subject]), "field", "/field")
        return field_text(row["name"], body.get("value"), self.rules, "")

    def _created(self, subject: str, row: Row) -> str:
        """When an opportunity came to be, as an instant in UTC; of others what was told first stands."""
        if subject != "opportunity_id":
            kind = subject.removesuffix("_id")
            raise RequestError(
                f"created_at of {kind} {row[subject]!r}",
                f"one of {', '.join(ENTITY_FIELDS[subject])}: when it came to be stands as it was told first",
                f"if it must be another, erase it with DELETE /v1/{kind}s/{row[subject]}, and tell all of it again",
                "/field",
            )
        told = instant_told(row["value"], "/value")
        return moment(self.rules.check_past(told, "created", "/value")).isoformat()

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
        replacing = self.replacing.get(target, ())
        last, kind = next((one for one in replacing if not self._is_retracted(one[0])), (None, None))
        if kind == RETRACTION:
            anew = "send it as a new event: with an event_id of its own, and without corrects"
            raise RequestError(
                f"event {target!r}, which was taken back by {last!r}",
                "an event that stands",
                anew if pointer == "/corrects" else "nothing: it is taken back already",
                pointer,
            )
        if last is not None:
            raise RequestError(
                f"event {target!r}, which {last!r} has replaced",
                "the last of its corrections",
                f"name {last!r}",
                pointer,
            )

    def _is_retracted(self, event_id: str) -> bool:
        return any(kind == RETRACTION for _, kind in self.replacing.get(event_id, ()))


def _check_told_of(contact_id: str, known: Mapping[str, Any]) -> None:
    if contact_id not in known:
        raise RequestError(
            f"contact {contact_id!r}, which was not told of",
            "a contact that was",
            f"PUT /v1/contacts/{contact_id} first",
            "/contact_id",
        )


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
