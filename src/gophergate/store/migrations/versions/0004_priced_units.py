"""Calls keep the service tier that served them and what was counted by the piece, so that they can be priced again;
and every rate card that priced a call is kept under its version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gophergate.store.migrations.period_tables import with_copies

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in with_copies(op.get_bind(), "calls"):
        op.add_column(table, sa.Column("units", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("tier", sa.Text(), nullable=True))
    op.create_table(
        "price_cards",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_price_cards")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
