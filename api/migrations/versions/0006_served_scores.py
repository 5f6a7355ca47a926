"""Whether a score was served is a fact of its row; indexes for old scores, and for commits by actor and by instant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OF_IMPORTS = sa.text("action = 'import'")
_INDEXES = (
    ("scores_by_instant", "scores", ["as_of", "opportunity_id"]),
    ("commits_of_actor", "commits", ["actor", "seq"]),
    ("commits_by_instant", "commits", ["recorded_at"]),
)
# The last commit that it knew was written after its instant: it was worked out later.
_NOT_SERVED = """
UPDATE scores SET was_served = false WHERE is_shadow OR EXISTS (
    SELECT 1 FROM commits WHERE commits.seq = scores.through_seq AND commits.recorded_at > scores.as_of)
"""


def upgrade() -> None:
    """Bring the tables to this revision; of scores of before it is found out by their commits."""
    op.add_column("scores", sa.Column("was_served", sa.Boolean, nullable=False, server_default=sa.true()))
    op.execute(_NOT_SERVED)
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)
    op.create_index("imports", "commits", ["seq"], sqlite_where=_OF_IMPORTS, postgresql_where=_OF_IMPORTS)


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_index("imports", "commits")
    for name, table, _ in reversed(_INDEXES):
        op.drop_index(name, table)
    op.drop_column("scores", "was_served")
