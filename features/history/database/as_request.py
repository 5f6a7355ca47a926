"""What is known of one opportunity, written as a live request has it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from features.history.database.description import Description
from features.history.database.reads import ACCOUNT_FACTS, STATED, Event, Known, moment
from features.history.database.tables import ACTIVITY, FIELD, STAGE
from features.history.live_rules import CONTACTS, Rules, said_to_be_collected
from features.history.process import Process
from features.instants import micros_of


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
        CONTACTS: [{"contact_id": name, "role": role} for name, role in known.contacts.items()],
    }
    attributes = json.loads(known.row["attributes"])
    return {
        "opportunity_id": known.row["opportunity_id"],
        "created_at": known.row["created_at"],
        **{name: known.row[name] for name in STATED},
        "account": {name: known.row[f"account_{name}"] for name in ACCOUNT_FACTS},
        "attributes": {name: value for name, value in attributes.items() if name in rules.attributes} or None,
        **said_to_be_collected(tables, description.collected, rules, moment),
    }


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
