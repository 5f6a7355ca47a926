"""The place of an event among those of its commit: what happened at one instant counts in the order sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision; events of before keep the order of their ids."""
    op.add_column("events", sa.Column("place", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_column("events", "place")
