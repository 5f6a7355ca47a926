"""Webhooks: who is told of what, and where."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from api.store.deliveries import waiting
from api.store.outbox import tell_from_now_on
from api.store.tables import OUTBOX, TOLD, WEBHOOKS
from features.errors import NotKnownError
from features.history.database.engine import Writing

_SECRET_BYTES = 32
_BOTH_SIGN = 24 * 3600 * 1_000_000
"""How long a secret that was replaced signs beside the new one, microseconds."""
_MOST_OLD = 5


def make_webhook(writing: Writing, url: str, events: Sequence[str], threshold: float) -> tuple[str, str]:
    """Write a webhook; changes after the last scores that were kept are told.

    Returns
    -------
    Its id, and the secret that signs its messages.
    """
    webhook_id = f"wh_{secrets.token_hex(8)}"
    secret = _new_secret()
    row = {"webhook_id": webhook_id, "url": url, "secret": secret, "events": ",".join(events), "threshold": threshold}
    writing.connection.execute(insert(WEBHOOKS), row | {"created_at": writing.recorded_at})
    tell_from_now_on(writing.connection, webhook_id)
    writing.subject, writing.rows = webhook_id, 1
    return webhook_id, secret


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def replace_secret(writing: Writing, webhook_id: str) -> tuple[str, int]:
    """Give a webhook another secret; for 24 hours the one before signs too. As ``webhook_known``.

    Returns
    -------
    The secret, and until when those before sign, microseconds.
    """
    webhook_known(writing.connection, webhook_id)
    of_it = WEBHOOKS.c.webhook_id == webhook_id
    row = writing.connection.execute(select(WEBHOOKS).where(of_it)).one()
    still_good = row.old_secret.split() if (row.old_secret_until or 0) > writing.recorded_at else []
    # Replaced twice within a day, as after an answer that was lost: all of them sign.
    old = [*still_good, row.secret][-_MOST_OLD:]
    secret, until = _new_secret(), writing.recorded_at + _BOTH_SIGN
    values = {"secret": secret, "old_secret": " ".join(old), "old_secret_until": until}
    writing.connection.execute(update(WEBHOOKS).where(of_it).values(values))
    writing.subject, writing.rows = webhook_id, 1
    return secret, until


def webhook_known(connection: Connection, webhook_id: str) -> Any:
    """Read a webhook, without its secret, with ``waiting``: how many messages wait.

    Raises
    ------
    NotKnownError
        There is none.
    """
    found = [row for row in webhooks_known(connection) if row.webhook_id == webhook_id]
    if not found:
        raise NotKnownError(f"webhook {webhook_id!r}", "one that was made", "GET /v1/webhooks lists them")
    return found[0]


def webhooks_known(connection: Connection) -> Sequence[Any]:
    """Read all webhooks in the order of their making, each as ``webhook_known``."""
    number = select(func.count()).where(OUTBOX.c.webhook_id == WEBHOOKS.c.webhook_id, waiting(OUTBOX))
    shown = [column for column in WEBHOOKS.c if column.name not in ("secret", "old_secret")]
    asked = select(*shown, number.scalar_subquery().label("waiting"))
    return connection.execute(asked.order_by(WEBHOOKS.c.created_at, WEBHOOKS.c.webhook_id)).all()


def change_webhook(writing: Writing, webhook_id: str, changes: Mapping[str, Any], enabled: bool | None) -> None:
    """Change columns of a webhook, and whether anything is sent; as ``webhook_known``."""
    webhook_known(writing.connection, webhook_id)
    values = dict(changes)
    if enabled is not None:
        because = None if enabled else "it was disabled by PATCH"
        values |= {"disabled_at": None if enabled else writing.recorded_at, "disabled_because": because}
    if values:
        writing.connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.webhook_id == webhook_id).values(values))
        writing.subject, writing.rows = webhook_id, 1
    if enabled:
        tell_from_now_on(writing.connection, webhook_id)


def delete_webhook(writing: Writing, webhook_id: str) -> None:
    """Delete a webhook with its messages; as ``webhook_known``."""
    webhook_known(writing.connection, webhook_id)
    for table in (OUTBOX, TOLD, WEBHOOKS):
        writing.connection.execute(delete(table).where(table.c.webhook_id == webhook_id))
    writing.subject, writing.rows = webhook_id, 1


def deliveries_known(connection: Connection, webhook_id: str, limit: int) -> Sequence[Any]:
    """Read the last messages of a webhook, the newest first; as ``webhook_known``."""
    webhook_known(connection, webhook_id)
    asked = select(OUTBOX).where(OUTBOX.c.webhook_id == webhook_id)
    return connection.execute(asked.order_by(OUTBOX.c.place.desc()).limit(limit)).all()


def send_again(connection: Connection, webhook_id: str, message_id: str, at: int) -> None:
    """Put a message back, whatever became of it, to be sent now with all attempts before it.

    Raises
    ------
    NotKnownError
        There is none, or it was deleted.
    """
    anew = {"attempts": 0, "next_attempt_at": at, "delivered_at": None, "given_up_at": None}
    of_it = (OUTBOX.c.webhook_id == webhook_id, OUTBOX.c.message_id == message_id)
    if not connection.execute(update(OUTBOX).where(*of_it).values(anew)).rowcount:
        raise NotKnownError(
            f"message {message_id!r} of webhook {webhook_id!r}",
            "one of its last messages",
            f"GET /v1/webhooks/{webhook_id}/deliveries lists them",
        )
