"""Guards made at run time, and what guards found in a call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gophergate.store.migrations.period_tables import with_copies

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guards",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_guards"),
    )
    for table in with_copies(op.get_bind(), "calls"):
        op.add_column(table, sa.Column("guards", sa.Text(), nullable=True))
