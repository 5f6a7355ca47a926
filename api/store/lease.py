"""Work that only one worker may do: who does it, and until when."""

from __future__ import annotations

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from api.store.tables import LEASES
from features.history.database.engine import Database


def take_lease(database: Database, name: str, holder: str, now: int, until: int) -> bool:
    """Take the work of a name, or keep it; False while another has it.

    Parameters
    ----------
    holder
        Who takes it, unlike any other worker.
    now, until
        The present and the end of the lease, microseconds since 1970.
    """
    free = or_(LEASES.c.holder == holder, LEASES.c.until < now)
    taken = update(LEASES).where(LEASES.c.name == name, free).values(holder=holder, until=until)
    try:
        with database.changing() as connection:
            if connection.execute(taken).rowcount:
                return True
            if connection.execute(select(LEASES.c.name).where(LEASES.c.name == name)).first() is not None:
                return False
            connection.execute(insert(LEASES), {"name": name, "holder": holder, "until": until})
    except IntegrityError:  # another worker was first
        return False
    return True


def drop_lease(database: Database, name: str, holder: str) -> None:
    """Give the work back, so that another worker need not wait for the end of the lease."""
    with database.changing() as connection:
        connection.execute(update(LEASES).where(LEASES.c.name == name, LEASES.c.holder == holder).values(until=0))
