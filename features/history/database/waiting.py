"""Events that count nowhere yet: the opportunity that they name was not told of."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, exists, func, select

from features.history.database.ordering import by_code
from features.history.database.tables import EVENTS, OPPORTUNITIES, RETRACTION

_NAME = EVENTS.c.opportunity_id


def waiting_events(connection: Connection, after: str, limit: int) -> Sequence[tuple[str, int, int]]:
    """Count events by the opportunity that is not known, in the order of their ids.

    Returns
    -------
    Of each opportunity its id, how many events name it, and when the first of them was
    recorded, microseconds.
    """
    asked = select(_NAME, func.count(), func.min(EVENTS.c.recorded_at)).where(by_code(_NAME) > after, *_waits())
    rows = connection.execute(asked.group_by(_NAME).order_by(by_code(_NAME)).limit(limit)).all()
    return [(row[0], row[1], row[2]) for row in rows]


def waiting_in_all(connection: Connection) -> tuple[int, int, int | None]:
    """Count the events that wait, and the opportunities that they wait for.

    Returns
    -------
    Both, and when the first of the events was recorded, microseconds; None when none waits.
    """
    figures = func.count(), func.count(_NAME.distinct()), func.min(EVENTS.c.recorded_at)
    found = connection.execute(select(*figures).where(_NAME.is_not(None), *_waits())).one()
    return found[0], found[1], found[2]


def _waits() -> tuple[ColumnElement[bool], ...]:
    """Say in a query that an event stands, and that its opportunity was not told of."""
    replacing, retracting = EVENTS.alias("replacing").c, EVENTS.alias("retracting").c
    is_known = exists().where(OPPORTUNITIES.c.opportunity_id == _NAME)
    # A correction that was taken back corrects nothing.
    is_retracted = exists().where(retracting.replaces == replacing.event_id, retracting.kind == RETRACTION)
    is_replaced = exists().where(replacing.replaces == EVENTS.c.event_id, ~is_retracted)
    return ~is_known, EVENTS.c.kind != RETRACTION, ~is_replaced
