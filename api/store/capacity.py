"""The largest figures of the work list: who is worked first when there is time for some only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, func, select

from api.store.tables import LISTED
from features.compiled import Floats


@dataclass(frozen=True)
class Ranked:
    """The largest figures of a column, largest first; how many are known, and their sum."""

    largest: Floats
    of: int
    total: float


def ranked(connection: Connection, list_id: int, column: str, most: int, currency: str | None = None) -> Ranked:
    """Read the largest figures of a column of the work list, at most so many; by its index.

    ``currency`` leaves only the rows that are in it.
    """
    figure, mine = LISTED.c[column], LISTED.c.list_id == list_id
    if currency is not None:
        mine = mine & (LISTED.c.currency == currency)
    asked = select(figure).where(mine, figure.is_not(None)).order_by(figure.desc()).limit(most)
    largest = np.array(connection.execute(asked).scalars().all(), dtype=np.float64)
    of, total = connection.execute(select(func.count(figure), func.sum(figure)).where(mine)).one()
    return Ranked(largest, int(of), float(total or 0.0))
