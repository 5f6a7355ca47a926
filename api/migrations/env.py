"""Alembic's entry: runs migrations on the connection it is given."""

from __future__ import annotations

from alembic import context

from api.store import tables
from features.history.database.tables import METADATA

assert tables.KEYS.metadata is METADATA  # importing it adds the tables of the service

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite cannot alter a table in place: Alembic copies it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
