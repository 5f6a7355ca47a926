"""Indexes for erasures, accounts on lists and closes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OF_CLOSES = sa.text("outcome IN ('won', 'lost')")
_INDEXES = (
    ("commits_of_subject", "commits", ["subject"]),
    ("listed_of_account", "listed", ["account_id"]),
    ("outbox_of_subject", "outbox", ["subject"]),
)


def upgrade() -> None:
    """Bring the tables to this revision."""
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)
    columns = ["opportunity_id", "as_of"]
    op.create_index("scores_of_closes", "scores", columns, sqlite_where=_OF_CLOSES, postgresql_where=_OF_CLOSES)


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_index("scores_of_closes", "scores")
    for name, table, _ in reversed(_INDEXES):
        op.drop_index(name, table)
