"""The order of ids: the same in every database, and that of Python."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class by_code(FunctionElement[str]):  # noqa: N801 - used like a function
    """Order a text by the codes of its characters; PostgreSQL would order it as the language has it.

    Examples
    --------
    >>> from sqlalchemy import column, select
    >>> print(select(column("name")).order_by(by_code(column("name"))))
    SELECT name ORDER BY name
    """

    inherit_cache = True


@compiles(by_code)
def _as_it_is(element: by_code, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(by_code, "postgresql")
def _by_bytes(element: by_code, compiler: Any, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)}) COLLATE "C"'


def as_sent(events: Table) -> tuple[Any, ...]:
    """Order events by commit, then as they were sent; those written before there were places, by their ids.

    Examples
    --------
    >>> from features.history.database.tables import EVENTS
    >>> [str(one) for one in as_sent(EVENTS)][:2]
    ['events.seq', 'events.place']
    """
    return events.c.seq, events.c.place, by_code(events.c.event_id)
