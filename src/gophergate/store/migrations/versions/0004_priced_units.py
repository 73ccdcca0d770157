"""Calls keep the service tier that served them and what was counted by the piece, so that they can be priced again;
and every rate card that priced a call is kept under its version."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("calls", *_weeks()):
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


def _weeks() -> list[str]:
    """The tables of calls that there are, one a week."""
    periods = sa.table("periods", sa.column("kind"), sa.column("first_day"), sa.column("dropped_at"))
    days = op.get_bind().execute(
        sa.select(periods.c.first_day).where(periods.c.kind == "calls", periods.c.dropped_at.is_(None))
    )
    return [f"calls_{_DAY_ONE + timedelta(days=day):%Y%m%d}" for (day,) in days]


_DAY_ONE = date(1970, 1, 1)
