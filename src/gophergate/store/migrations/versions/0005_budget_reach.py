"""Budgets of one model and with rolling periods and thresholds of their own, limits beside those of keys, clients and
teams, and sessions looked up by index: a session's budget is asked for on a call's way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gophergate.store.migrations.period_tables import with_copies

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("budgets") as budgets:
        budgets.add_column(sa.Column("seconds", sa.BigInteger(), nullable=False, server_default="0"))
        budgets.add_column(sa.Column("model", sa.Text(), nullable=False, server_default=sa.text("''")))
        budgets.add_column(sa.Column("thresholds", sa.Text(), nullable=True))
        budgets.drop_constraint("uq_budgets_scope_scope_id_period", type_="unique")
        budgets.create_unique_constraint(
            "uq_budgets_scope_scope_id_period_seconds_model", ["scope", "scope_id", "period", "seconds", "model"]
        )
    op.create_table(
        "limits",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("limits", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_limits"),
        sa.UniqueConstraint("scope", "scope_id", "model", name="uq_limits_scope_scope_id_model"),
    )
    for table in with_copies(op.get_bind(), "calls"):
        op.create_index(
            f"ix_calls_session_started_at{table.removeprefix('calls')}",
            table,
            ["session", "started_at"],
            sqlite_where=sa.text("session IS NOT NULL"),
            postgresql_where=sa.text("session IS NOT NULL"),
        )
