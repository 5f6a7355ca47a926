"""One opportunity of a live request: checked, its short forms written out, its repetitions dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from features.errors import ConflictingEventError, RequestError
from features.history.live_records import LiveActivity, LiveField, LiveOpportunity, LiveRecords, LiveStage, Record
from features.history.live_rules import CONTACTS, SKEW, Note, Rules, advice, check_name
from features.history.live_values import attribute_value, field_text
from features.history.process import Process
from features.history.schema import ASSESSED_FIELDS
from features.instants import micros_of
from features.rows import AUTOMATED, INBOUND, PLANNED

Ids = dict[str, tuple[Mapping[str, Any], str, int]]
"""What was sent under each id, and where: the pointer of the table, and the row."""

_STATED = ("account_id", "owner_id", "team", "product", "service", "source", "channel", "currency")
SENT_TWICE = Note("sent_twice", "the same event was sent twice, counted once", "同一事件重复发送，只计一次")
_UNKNOWN_YET = Note(
    "recorded_after_as_of",
    "an event recorded after as_of was not known then, not counted",
    "有事件在该时刻之后才记录，当时未知，不计入",
)
_HISTORY_FIRST = {
    name: Note(
        f"{name}_from_history",
        f"{name} differs from its history, which was used",
        f"{name}与其历史记录不一致，采用历史记录",
    )
    for name in ("stage", "amount", "expected_close_date")
}


def live_opportunity(
    raw: Mapping[str, Any], place: int, rules: Rules, activity_ids: Ids | None = None
) -> LiveOpportunity:
    """Check one opportunity of a request.

    Parameters
    ----------
    raw
        Plain data in the form of ``api.schemas``; optional keys may be absent or None.
    place
        Its place in the request, from 0.
    rules
        What it is held against.
    activity_ids
        Activities of the request's earlier opportunities by id; those of this one are added.

    Raises
    ------
    RequestError
        Something in it is wrong; ``field`` says where.
    """
    pointer = f"/opportunities/{place}"
    process = rules.process_of(raw.get("process"), f"{pointer}/process")
    created = rules.check_past(raw["created_at"], "created", f"{pointer}/created_at")
    stated = {name: raw.get(name) for name in _STATED}
    live = LiveOpportunity(
        {
            "opportunity_id": raw["opportunity_id"],
            "process": process.name,
            "created_at": created,
            "recorded_at": created,
        }
        | stated
        | _attributes(raw.get("attributes") or {}, rules, f"{pointer}/attributes"),
        place=place,
    )
    _take_fields(live, raw, rules, pointer)
    _take_stages(live, raw, process, rules, pointer)
    take_activities(live, raw, rules, pointer, activity_ids if activity_ids is not None else {})
    _take_contacts(live, raw)
    tables = {"activities": rules.kinds, "field_history": rules.fields, CONTACTS: (CONTACTS,)}
    live.collected = what_is_collected(raw, tables, created, pointer)
    return live


def _attributes(values: Mapping[str, Any], rules: Rules, pointer: str) -> Record:
    for name in values:
        check_name(name, rules.attributes, "attribute", f"{pointer}/{name}")
    return {name: attribute_value(name, values.get(name), rules, f"{pointer}/{name}") for name in rules.attributes}


def events_of(
    live: LiveRecords, raw: Mapping[str, Any], table: str, rules: Rules, pointer: str
) -> Iterator[tuple[Mapping[str, Any], int, int, int]]:
    """Go through the different events of a table: each with when it happened, when we were told, and its row."""
    seen: dict[tuple[int, str | None], list[Mapping[str, Any]]] = {}
    # A stage or a value may come back within one instant; an activity does not.
    compared = slice(None) if table == "activities" else slice(-1, None)
    for row, event in enumerate(raw.get(table) or ()):
        occurred = micros_of(event["occurred_at"])
        others = seen.setdefault((occurred, event.get("field")), [])
        if event in others[compared]:
            live.note(SENT_TWICE)
            continue
        others.append(event)
        planned = event.get("planned")
        if occurred > rules.at and not planned:
            occurred = rules.check_past(event["occurred_at"], "an event", f"{pointer}/{table}/{row}/occurred_at")
        told = event.get("recorded_at")
        # At once, unless it says otherwise.
        at_once = rules.at if planned else occurred
        yield event, occurred, at_once if told is None else _recorded(live, micros_of(told), rules), row


def _recorded(live: LiveRecords, told: int, rules: Rules) -> int:
    """When we were told; what lies a little ahead counts as at the instant asked about."""
    if told > rules.at + SKEW:
        live.note(_UNKNOWN_YET)
        return told
    return min(told, rules.at)


def _take_fields(live: LiveOpportunity, raw: Mapping[str, Any], rules: Rules, pointer: str) -> None:
    for event, occurred, recorded, row in events_of(live, raw, "field_history", rules, pointer):
        text = field_text(event["field"], event.get("value"), rules, f"{pointer}/field_history/{row}")
        live.fields.append(LiveField(event["field"], text, occurred, recorded))
    in_history = {event.field for event in live.fields}
    created = live.opportunity["created_at"]
    for name in ("amount", "expected_close_date"):
        value = raw.get(name)
        if value is None:
            continue
        if name in in_history:
            live.note(_HISTORY_FIRST[name])
        else:
            live.fields.append(LiveField(name, str(value), created, created))
    for name, assessed in (raw.get("assessments") or {}).items():
        check_name(name, ASSESSED_FIELDS, "assessment", f"{pointer}/assessments/{name}")
        at = rules.check_past(assessed["assessed_at"], "assessed", f"{pointer}/assessments/{name}/assessed_at")
        live.fields.append(LiveField(name, assessed["value"], at, at))


def _take_stages(live: LiveOpportunity, raw: Mapping[str, Any], process: Process, rules: Rules, pointer: str) -> None:
    for event, occurred, recorded, row in events_of(live, raw, "stage_history", rules, pointer):
        check_name(event["stage"], process.keys, "stage", f"{pointer}/stage_history/{row}/stage")
        live.stages.append(LiveStage(event["stage"], occurred, recorded))
    stage, entered = raw.get("stage"), raw.get("stage_entered_at")
    if stage is None:
        if entered is not None:
            where = f"{pointer}/stage_entered_at"
            raise RequestError("stage_entered_at without stage", "both or none", "send the stage too", where)
        return
    check_name(stage, process.keys, "stage", f"{pointer}/stage")
    if not live.stages:
        at = live.opportunity["created_at"]
        if entered is not None:
            at = rules.check_past(entered, "entered", f"{pointer}/stage_entered_at")
        live.stages.append(LiveStage(stage, at, at))
    elif sorted(live.stages, key=lambda event: (event.occurred_at, event.recorded_at))[-1].stage != stage:
        live.note(_HISTORY_FIRST["stage"])


def take_activities(live: LiveRecords, raw: Mapping[str, Any], rules: Rules, pointer: str, ids: Ids) -> None:
    """Check the activities that came with an opportunity or an account; ``ids`` are those seen before."""
    codes, table = rules.kind_codes, f"{pointer}/activities"
    for event, occurred, recorded, row in events_of(live, raw, "activities", rules, pointer):
        get, kind = event.get, event["kind"]
        if kind not in codes:
            check_name(kind, rules.kinds, "kind", f"{table}/{row}/kind")
        check_id(get("activity_id"), event, ids, "activity", table, row)
        flags = INBOUND if get("direction") == "inbound" else 0
        flags += (AUTOMATED if get("automated") else 0) + (PLANNED if get("planned") else 0)
        more = get("duration_seconds"), get("topic"), get("contact_id")
        live.activities.append(LiveActivity(codes[kind], flags, occurred, recorded, *more, event))


def _take_contacts(live: LiveOpportunity, raw: Mapping[str, Any]) -> None:
    ids: Ids = {}
    for row, contact in enumerate(raw.get("contacts") or ()):
        body = (contact["contact_id"], contact.get("role"))
        if body in live.contacts:
            live.note(SENT_TWICE)
            continue
        check_id(body[0], contact, ids, "contact", f"/opportunities/{live.place}/contacts", row)
        live.contacts.append(body)


def check_id(given: str | None, body: Mapping[str, Any], ids: Ids, what: str, table: str, row: int) -> None:
    """Refuse an id that came with another body; one activity of an account may concern several opportunities.

    Parameters
    ----------
    table, row
        Where it is: the pointer of its table, and its row in it.
    """
    if given is None:
        return
    before, first_table, first_row = ids.setdefault(given, (body, table, row))
    if before is not body and before != body:
        raise ConflictingEventError(
            f"{what} {given!r} again, with another body than at {first_table}/{first_row}/{what}_id",
            f"one body for each {what} id",
            "send only the last record of it, or give each its own id",
            f"{table}/{row}/{what}_id",
        )


def what_is_collected(
    raw: Mapping[str, Any], tables: Mapping[str, Sequence[str]], created: int, pointer: str
) -> dict[str, datetime | None]:
    """Say what the sender collects: all of a table that was sent, unless said otherwise.

    Parameters
    ----------
    tables
        What may be collected, by the table that it is in.
    """
    known = [name for names in tables.values() for name in names]
    collected: dict[str, datetime | None] = {
        name: None for table, names in tables.items() if raw.get(table) is not None for name in names
    }
    for place, name in enumerate(raw.get("not_collected") or ()):
        _check_collectable(name, known, f"{pointer}/not_collected/{place}")
        collected.pop(name, None)
    for name, since in (raw.get("collected_since") or {}).items():
        _check_collectable(name, known, f"{pointer}/collected_since/{name}")
        # Before the opportunity was created nothing is looked at: no difference, and fewer kinds of request.
        if name in collected and micros_of(since) > created:
            collected[name] = since.astimezone(UTC)
    return collected


def _check_collectable(name: str, known: Sequence[str], pointer: str) -> None:
    if name not in known:
        raise RequestError(
            f"{name!r}", "a kind of activity, a field of field_history, or contacts", advice(name, known), pointer
        )
