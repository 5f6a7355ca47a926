"""The outbox as the one who delivers sees it: what is next, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, case, delete, exists, or_, select, update
from sqlalchemy.sql import ColumnElement

from api.store.tables import OUTBOX, TOLD, WEBHOOKS
from features.history.database.engine import Database

KEPT_DAYS = 30
"""Messages that are done are shown so long."""

_MOST = 500
_DAY = 86_400_000_000
_BEFORE = OUTBOX.alias("before")


def waiting(table: Any) -> ColumnElement[bool]:
    """Say in a query that a message is neither delivered nor given up."""
    return and_(table.c.delivered_at.is_(None), table.c.given_up_at.is_(None))


def next_messages(connection: Connection, now: int, paused: Collection[str] = ()) -> Sequence[Any]:
    """Read what may be sent now: of each webhook and subject the first that waits, the oldest first.

    Parameters
    ----------
    paused
        Webhooks that are left out.
    """
    earlier = and_(
        _BEFORE.c.webhook_id == OUTBOX.c.webhook_id,
        _BEFORE.c.subject == OUTBOX.c.subject,
        _BEFORE.c.place < OUTBOX.c.place,
        waiting(_BEFORE),
    )
    asked = (
        select(
            OUTBOX.c.message_id, OUTBOX.c.webhook_id, OUTBOX.c.payload, OUTBOX.c.attempts, WEBHOOKS.c.url,
            WEBHOOKS.c.secret, case((WEBHOOKS.c.old_secret_until > now, WEBHOOKS.c.old_secret)).label("old_secret"),
        )
        .join(WEBHOOKS, WEBHOOKS.c.webhook_id == OUTBOX.c.webhook_id)
        .where(
            waiting(OUTBOX),
            OUTBOX.c.next_attempt_at <= now,
            WEBHOOKS.c.disabled_at.is_(None),
            OUTBOX.c.webhook_id.not_in(list(paused)),
            ~exists().where(earlier),
        )
    )  # fmt: skip
    return connection.execute(asked.order_by(OUTBOX.c.place).limit(_MOST)).all()


def is_still_waiting(database: Database, message_id: str) -> bool:
    """Tell whether a message is still to be sent: it may have been erased, or its endpoint disabled, meanwhile."""
    asked = (
        select(OUTBOX.c.message_id)
        .join(WEBHOOKS, WEBHOOKS.c.webhook_id == OUTBOX.c.webhook_id)
        .where(OUTBOX.c.message_id == message_id, waiting(OUTBOX), WEBHOOKS.c.disabled_at.is_(None))
    )
    with database.reading() as connection:
        return connection.execute(asked).first() is not None


def note_delivered(connection: Connection, message_id: str, at: int, attempts: int, answer: str) -> None:
    """Keep that a message has arrived."""
    _note(connection, message_id, {"delivered_at": at, "attempts": attempts, "last_answer": answer})


def note_failed(
    connection: Connection, message_id: str, at: int, attempts: int, answer: str, next_attempt_at: int | None
) -> None:
    """Keep that an attempt failed; without a next one the message is given up."""
    said: dict[str, Any] = {"attempts": attempts, "last_answer": answer}
    more = {"given_up_at": at} if next_attempt_at is None else {"next_attempt_at": next_attempt_at}
    _note(connection, message_id, said | more)


def _note(connection: Connection, message_id: str, said: dict[str, Any]) -> None:
    connection.execute(update(OUTBOX).where(OUTBOX.c.message_id == message_id).values(said))


def disable(connection: Connection, webhook_id: str, at: int, because: str) -> None:
    """Send nothing more to an endpoint until it is enabled again."""
    said = {"disabled_at": at, "disabled_because": because}
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.webhook_id == webhook_id).values(said))


def nothing_arrived_since(connection: Connection, webhook_id: str, message_id: str) -> bool:
    """Tell whether no message to a webhook has arrived since one was written."""
    written = select(OUTBOX.c.created_at).where(OUTBOX.c.message_id == message_id).scalar_subquery()
    arrived = and_(OUTBOX.c.webhook_id == webhook_id, OUTBOX.c.delivered_at >= written)
    return connection.execute(select(OUTBOX.c.message_id).where(arrived).limit(1)).first() is None


def forget_done(connection: Connection, now: int) -> int:
    """Delete messages that were done long ago, and what was written for a webhook just as it was deleted."""
    limit = now - KEPT_DAYS * _DAY
    for table in (OUTBOX, TOLD):
        connection.execute(delete(table).where(table.c.webhook_id.not_in(select(WEBHOOKS.c.webhook_id))))
    done = or_(OUTBOX.c.delivered_at < limit, OUTBOX.c.given_up_at < limit)
    return connection.execute(delete(OUTBOX).where(done)).rowcount
