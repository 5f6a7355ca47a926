"""Messages to webhooks, written in the transaction of what they tell of: told wholly, or not at all."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, delete, func, insert, select, text, tuple_

from api.answers import Answer, ClassKey, Words
from api.list_answers import ClassAnswer
from api.store.tables import OUTBOX, SCORES, TOLD, WEBHOOKS
from api.webhook_messages import (
    CHAMPION_CHANGED,
    CLASS_CHANGED,
    CLOSED,
    MESSAGES,
    PROBABILITY_CHANGED,
    TEST,
    ChampionBefore,
    ChampionTold,
    OpportunityTold,
    ToldBefore,
    WebhookTold,
)
from features.history.database.parts import parts_of
from features.history.database.reads import moment
from scoring.classification import CLASSES

EVENTS = (CLASS_CHANGED, PROBABILITY_CHANGED, CLOSED, CHAMPION_CHANGED)
"""Events that a webhook may ask for."""

CHAMPION = "champion"
_ROUNDING = 1e-9
_LOCK = 7_042_001
"""Of PostgreSQL: whoever writes messages waits for whoever does."""

Row = dict[str, Any]
_TOLD_OF = ("probability", "opportunity_class", "outcome")


def enqueue_scores(connection: Connection, rows: Sequence[Mapping[str, Any]], at: int) -> int:
    """Tell the webhooks what is new in scores, within the caller's transaction.

    What an opportunity is compared with is what each webhook was last told of it: small
    steps add up until they pass its threshold. Of an opportunity that a webhook has never
    heard of nothing is told; the next change is.

    Parameters
    ----------
    rows
        Scores, each with ``opportunity_id``, ``probability``, ``opportunity_class``, ``as_of`` in
        microseconds, ``model_version`` and ``outcome``. Of one opportunity in their order.
    at
        The present, microseconds since 1970.

    Returns
    -------
    Number of messages written.
    """
    webhooks = _enabled(connection)
    if not webhooks or not rows:
        return 0
    told = _told(connection, {row["opportunity_id"] for row in rows})
    messages: list[Row] = []
    changed: dict[tuple[str, str], Row] = {}
    for webhook in webhooks:
        for row in rows:
            key = webhook.webhook_id, row["opportunity_id"]
            before = told.get(key)
            found, after = _news(webhook, row, before)
            if after != before:
                told[key] = changed[key] = after
            messages += [_message(webhook.webhook_id, row["opportunity_id"], event, data, at) for event, data in found]
    _write_told(connection, changed)
    return _write(connection, messages)


def enqueue_champion(connection: Connection, before_version: str | None, after_version: str, at: int) -> int:
    """Tell the webhooks that another model is in service; said twice in a row it is told once.

    Parameters
    ----------
    at
        The present, microseconds since 1970.
    """
    webhooks = [webhook for webhook in _enabled(connection) if CHAMPION_CHANGED in webhook.events.split(",")]
    if not webhooks:
        return 0
    _take_turns(connection)
    data = ChampionTold(model_version=after_version, previous=ChampionBefore(model_version=before_version))
    new = [webhook for webhook in webhooks if _last_champion(connection, webhook.webhook_id) != data.model_dump()]
    return _write(connection, [_message(w.webhook_id, CHAMPION, CHAMPION_CHANGED, data, at) for w in new])


def enqueue_test(connection: Connection, webhook_id: str, at: int) -> str:
    """Write a message that tells of nothing; return its id."""
    message = _message(webhook_id, "test", TEST, WebhookTold(webhook_id=webhook_id), at)
    _write(connection, [message])
    return str(message["message_id"])


def tell_from_now_on(connection: Connection, webhook_id: str) -> None:
    """Take the last scores that were served as told: from now on changes are told, not the present state."""
    table = SCORES.c
    served = table.was_served
    last = select(table.opportunity_id, func.max(table.as_of)).where(served).group_by(table.opportunity_id)
    asked = select(table.opportunity_id, table.probability, table.opportunity_class, table.outcome)
    rows = connection.execute(asked.where(served, tuple_(table.opportunity_id, table.as_of).in_(last))).all()
    # Two models may have answered at one instant; what was told is one of them.
    found = {(webhook_id, row[0]): dict(zip(_TOLD_OF, row[1:], strict=True)) for row in rows}
    _write_told(connection, found)


def _news(webhook: Any, row: Mapping[str, Any], before: Row | None) -> tuple[list[tuple[str, OpportunityTold]], Row]:
    """What is to be told, and what then is told."""
    closed = row["outcome"] in ("won", "lost")
    now: Row = {name: None if closed else row[name] for name in ("probability", "opportunity_class")}
    now["outcome"] = row["outcome"]
    if before is None:
        return [], now
    events: list[str] = []
    if closed:
        events += [CLOSED] if _is_news(now["outcome"], before) else []
    else:
        events += [CLASS_CHANGED] if now["opportunity_class"] != before["opportunity_class"] else []
        events += [PROBABILITY_CHANGED] if _is_far(now["probability"], before["probability"], webhook.threshold) else []
    data = _data(row, before)
    after = dict(now)
    if not closed and PROBABILITY_CHANGED not in events:
        after["probability"] = before["probability"]
    asked = webhook.events.split(",")
    return [(event, data) for event in events if event in asked], after


def _is_news(outcome: str, before: Row) -> bool:
    """Tell whether it was told as open before, or closed otherwise: a close may be corrected."""
    if before["outcome"] in ("won", "lost"):
        return bool(before["outcome"] != outcome)
    return any(value is not None for value in before.values())


def _is_far(now: float | None, before: float | None, threshold: float) -> bool:
    if now is None or before is None:
        return now is not before
    return now != before and abs(now - before) >= threshold - _ROUNDING


def _data(row: Mapping[str, Any], before: Row) -> OpportunityTold:
    return OpportunityTold(
        opportunity_id=row["opportunity_id"],
        as_of=moment(row["as_of"]),
        win_probability=row["probability"],
        opportunity_class=_class(row["opportunity_class"]),
        outcome=row["outcome"],
        model_version=row["model_version"],
        previous=ToldBefore(
            win_probability=before["probability"], opportunity_class=_class(before["opportunity_class"])
        ),
    )


def _class(key: str | None) -> ClassAnswer | None:
    if key is None:
        return None
    names = CLASSES[key]
    return ClassAnswer(key=cast(ClassKey, key), names=Words(en=names["en"], zh_cn=names["zh-CN"]))


def _message(webhook_id: str, subject: str, event: str, data: Answer, at: int) -> Row:
    payload = MESSAGES[event].model_validate({"type": event, "timestamp": moment(at), "data": data})
    return {
        "message_id": f"msg_{secrets.token_hex(16)}",
        "webhook_id": webhook_id,
        "subject": subject,
        "event": event,
        "payload": payload.model_dump_json(by_alias=True),
        "created_at": at,
        "attempts": 0,
        "next_attempt_at": at,
    }


def _enabled(connection: Connection) -> Sequence[Any]:
    asked = select(WEBHOOKS.c.webhook_id, WEBHOOKS.c.events, WEBHOOKS.c.threshold)
    return connection.execute(asked.where(WEBHOOKS.c.disabled_at.is_(None)).order_by(WEBHOOKS.c.webhook_id)).all()


def _told(connection: Connection, ids: Iterable[str]) -> dict[tuple[str, str], Row]:
    found = {}
    for part in parts_of(sorted(ids)):
        for row in connection.execute(select(TOLD).where(TOLD.c.opportunity_id.in_(part))):
            found[row.webhook_id, row.opportunity_id] = {name: getattr(row, name) for name in _TOLD_OF}
    return found


def _write_told(connection: Connection, changed: Mapping[tuple[str, str], Row]) -> None:
    for part in parts_of(list(changed)):
        connection.execute(delete(TOLD).where(tuple_(TOLD.c.webhook_id, TOLD.c.opportunity_id).in_(part)))
        rows = [{"webhook_id": key[0], "opportunity_id": key[1]} | changed[key] for key in part]
        connection.execute(insert(TOLD), rows)


def _write(connection: Connection, messages: list[Row]) -> int:
    if messages:
        _take_turns(connection)
        last = int(connection.execute(select(func.max(OUTBOX.c.place))).scalar() or 0)
        placed = [message | {"place": place} for place, message in enumerate(messages, start=last + 1)]
        connection.execute(insert(OUTBOX), placed)
    return len(messages)


def _take_turns(connection: Connection) -> None:
    """Let one transaction at a time give places; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def _last_champion(connection: Connection, webhook_id: str) -> Row | None:
    asked = select(OUTBOX.c.payload).where(OUTBOX.c.webhook_id == webhook_id, OUTBOX.c.event == CHAMPION_CHANGED)
    payload = connection.execute(asked.order_by(OUTBOX.c.place.desc()).limit(1)).scalar()
    found: Row | None = json.loads(payload)["data"] if payload else None
    return found
