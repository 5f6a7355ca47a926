"""What is asked often, or of much, is found by an index: both databases say so themselves."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, Select, text
from sqlalchemy.dialects import postgresql, sqlite

from api.routes.audit_log import commits_asked
from api.store.thinning import old_opportunities
from features.history.database.engine import Database, commits_by, imports

ASKED = {
    "scores_by_instant": old_opportunities(5),
    "commits_of_actor": commits_asked({"actor": "CRM"}, after_seq=0, before_seq=None, is_newest_first=True).limit(100),
    "commits_by_instant": commits_by(5),
    "imports": imports(),
}


@pytest.mark.parametrize("index", ASKED)
def test_a_query_uses_its_index(database: Database, index: str) -> None:
    with database.reading() as connection:
        assert index in _plan(connection, ASKED[index])


def _plan(connection: Connection, asked: Select[Any]) -> str:
    """How the database would find it; PostgreSQL, which reads an empty table whole, is told not to."""
    is_sqlite = connection.dialect.name == "sqlite"
    dialect = sqlite.dialect() if is_sqlite else postgresql.dialect()
    if not is_sqlite:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
    words = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    said = connection.exec_driver_sql(
        f"{words} {asked.compile(dialect=dialect, compile_kwargs={'literal_binds': True})}"
    )
    return "\n".join(str(row) for row in said)
