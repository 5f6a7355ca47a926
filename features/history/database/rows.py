"""What is pushed, as rows of the database: plain data in, columns out, and a digest of what was said."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from features.history.database.tables import ACTIVITY, FIELD, MERGE, RETRACTION, STAGE
from features.instants import micros_of

Row = dict[str, Any]

_OPPORTUNITY_TEXTS = ("account_id", "owner_id", "team", "product", "service", "source", "channel", "currency")


def digest_of(body: Mapping[str, Any]) -> str:
    """Digest of what was said, by which the same body is known again: absent and null mean the same.

    Examples
    --------
    >>> digest_of({"stage": "won", "because": None}) == digest_of({"stage": "won"})
    True
    """
    filled = {name: value for name, value in body.items() if value is not None}
    text = json.dumps(filled, sort_keys=True, default=_plain, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: object) -> str | int:
    return micros_of(value) if isinstance(value, datetime) else str(value)


def digest_of_id(kind: str, name: str) -> str:
    """Digest under which an erased id can be asked for.

    Examples
    --------
    >>> digest_of_id("contact", "c-7") == digest_of_id("account", "c-7")
    False
    """
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()[:32]


def account_row(account_id: str, body: Mapping[str, Any]) -> Row:
    """Row of an account."""
    texts = {name: body.get(name) for name in ("name", "industry", "region", "size")}
    return {"account_id": account_id, "created_at": micros_of(body["created_at"]), "digest": digest_of(body)} | texts


def contact_row(contact_id: str, body: Mapping[str, Any]) -> Row:
    """Row of a contact."""
    texts = {name: body.get(name) for name in ("account_id", "role")}
    return {"contact_id": contact_id, "created_at": micros_of(body["created_at"]), "digest": digest_of(body)} | texts


def opportunity_row(opportunity_id: str, body: Mapping[str, Any], process: str) -> Row:
    """Row of an opportunity."""
    return {
        "opportunity_id": opportunity_id,
        "process": process,
        "created_at": micros_of(body["created_at"]),
        "attributes": json.dumps(body.get("attributes") or {}, sort_keys=True),
        "digest": digest_of(body),
    } | {name: body.get(name) for name in _OPPORTUNITY_TEXTS}


def event_row(body: Mapping[str, Any], recorded_at: int) -> Row:
    """Row of an event, without the commit that it comes with.

    Parameters
    ----------
    body
        An event as ``api.event_schemas`` describes it: plain data, instants aware.
    recorded_at
        Microsecond at which it happened when it does not say.
    """
    kind, name, value = _what(body)
    return {
        "event_id": body["event_id"],
        "kind": kind,
        "opportunity_id": body.get("opportunity_id"),
        "account_id": body.get("account_id"),
        "contact_id": body.get("contact_id"),
        "name": name,
        "value": value,
        "direction": body.get("direction"),
        "duration": body.get("duration_seconds"),
        "topic": body.get("topic"),
        "quantity": body.get("value") if kind == ACTIVITY else None,
        "planned": bool(body.get("planned")),
        "automated": bool(body.get("automated")),
        "occurred_at": micros_of(body["occurred_at"]) if body.get("occurred_at") else recorded_at,
        "replaces": body.get("retracts") if kind == RETRACTION else body.get("corrects"),
        "because": body.get("because"),
        "digest": digest_of(body),
    }


def _what(body: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    """Sort of event, what it names, and the value as text; of a stage as what it was sent."""
    match body["type"]:
        case "stage_change" | "reopening":
            return STAGE, body["stage"], body["type"]
        case "field_change":
            return FIELD, body["field"], value_text(body.get("value"))
        case "assessment":
            return FIELD, body["field"], body["value"]
        case "activity":
            return ACTIVITY, body["kind"], None
        case "retraction":
            return RETRACTION, None, None
        case _:
            return MERGE, None, body["into"]


def value_text(value: Any) -> str | None:
    """Write a value as the text that ``field_history`` keeps; None stays None.

    Examples
    --------
    >>> value_text(25000.0), value_text(True), value_text(None)
    ('25000', 'true', None)
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None if value is None else str(value)
