"""Budgets in a time zone, and raised for a while. The windows are summed from the ledger, so their table goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("budgets", sa.Column("timezone", sa.Text(), nullable=False, server_default="UTC"))
    op.add_column("budgets", sa.Column("raised", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("budgets", sa.Column("raised_until", sa.BigInteger(), nullable=True))
    op.drop_table("budget_windows")
