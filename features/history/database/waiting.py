"""Events that count nowhere yet: the opportunity that they name was not told of."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, exists, func, select

from features.history.database.ordering import by_code
from features.history.database.tables import EVENTS, OPPORTUNITIES, RETRACTION


def waiting_events(connection: Connection, after: str, limit: int) -> Sequence[tuple[str, int, int]]:
    """Count events by the opportunity that is not known, in the order of their ids.

    Returns
    -------
    Of each opportunity its id, how many events name it, and when the first of them was
    recorded, microseconds.
    """
    name = EVENTS.c.opportunity_id
    replacing = EVENTS.alias("replacing")
    stands = (EVENTS.c.kind != RETRACTION) & ~exists().where(replacing.c.replaces == EVENTS.c.event_id)
    is_known = exists().where(OPPORTUNITIES.c.opportunity_id == name)
    asked = select(name, func.count(), func.min(EVENTS.c.recorded_at)).where(by_code(name) > after, ~is_known, stands)
    rows = connection.execute(asked.group_by(name).order_by(by_code(name)).limit(limit)).all()
    return [(row[0], row[1], row[2]) for row in rows]
