"""What the rows of a work list can be filtered by: the words that are there."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, select

from api import clock
from api.store.pages import EQUAL
from api.store.tables import LISTED

CHOSEN_BY = ("owner", "team", "product", "stage", "currency")
MOST = 500
"""Words of one sort: a longer list is no choice, and is left to links and to the address."""
FRESH_SECONDS = 60.0
"""A new owner is in the menus after this at the latest."""

Words = dict[str, list[str]]


class ListChoices:
    """Remembers the words of the current list: to read them is to read all of its rows."""

    def __init__(self, seconds: Callable[[], float] = clock.seconds) -> None:
        self._seconds = seconds
        self._kept: tuple[int, float, Words] | None = None

    def of(self, connection: Connection, list_id: int) -> Words:
        """Give the different owners, teams, products, stages and currencies of a list, in order."""
        kept = self._kept
        if kept is not None and kept[0] == list_id and self._seconds() < kept[1]:
            return kept[2]
        words = choices(connection, list_id)
        self._kept = (list_id, self._seconds() + FRESH_SECONDS, words)
        return words


def choices(connection: Connection, list_id: int) -> Words:
    """Read the words of a list, at most ``MOST`` of a sort."""
    columns = [EQUAL[name] for name in CHOSEN_BY]
    # Added to 0: one pass over the table is faster than by an index, row after row.
    rows = connection.execute(select(*columns).where(LISTED.c.list_id + 0 == list_id).distinct()).all()
    return {
        name: sorted({str(row[place]) for row in rows if row[place] is not None})[:MOST]
        for place, name in enumerate(CHOSEN_BY)
    }
