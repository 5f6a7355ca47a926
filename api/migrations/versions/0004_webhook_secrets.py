"""The secret of a webhook that was replaced, which signs beside the new one for a while; the outcome last told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("webhooks", sa.Column("old_secret", sa.Text))
    op.add_column("webhooks", sa.Column("old_secret_until", sa.BigInteger))
    op.add_column("told", sa.Column("outcome", sa.Text))


def downgrade() -> None:
    """Bring the tables back to the revision before."""
    op.drop_column("told", "outcome")
    op.drop_column("webhooks", "old_secret_until")
    op.drop_column("webhooks", "old_secret")
