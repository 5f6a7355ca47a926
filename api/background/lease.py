"""A lease: who of several workers does what only one may do, and for how long it is theirs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from sqlalchemy import Connection, or_, update

from api.store.insertion import insert_new
from api.store.tables import LEASES

REFRESHING = "refreshing"
SECONDS = 30.0


class LeaseLostError(Exception):
    """Another worker has taken over: what was begun must not be written."""


@dataclass(frozen=True)
class Lease:
    """One worker's claim to a lease.

    Parameters
    ----------
    name
        What the lease is for.
    holder
        This worker, a name that no other has.
    seconds
        How long it lasts without being renewed.
    """

    name: str
    holder: str = field(default_factory=lambda: uuid.uuid4().hex)
    seconds: float = SECONDS

    def take(self, connection: Connection, now: int) -> bool:
        """Take the lease, or renew it; False while it is another's.

        Parameters
        ----------
        connection
            In a transaction: until its end nobody else can take the lease.
        now
            Microseconds.
        """
        insert_new(connection, LEASES, [{"name": self.name, "holder": "", "until": 0}])
        free = or_(LEASES.c.holder == self.holder, LEASES.c.until < now)
        until = now + int(self.seconds * 1e6)
        change = update(LEASES).where(LEASES.c.name == self.name, free).values(holder=self.holder, until=until)
        return connection.execute(change).rowcount == 1

    def keep(self, connection: Connection, now: int) -> None:
        """Renew the lease in the transaction of what is written under it.

        Raises
        ------
        LeaseLostError
            It is another's now.
        """
        if not self.take(connection, now):
            raise LeaseLostError(self.name)

    def release(self, connection: Connection) -> None:
        """Give it back, so that another need not wait until it lapses."""
        ours = (LEASES.c.name == self.name, LEASES.c.holder == self.holder)
        connection.execute(update(LEASES).where(*ours).values(holder="", until=0))
