"""Calls in which a guard found something are found without reading the others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gophergate.store.migrations.period_tables import with_copies

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in with_copies(op.get_bind(), "calls"):
        op.create_index(
            f"ix_calls_started_at{table.removeprefix('calls')}",
            table,
            ["started_at"],
            sqlite_where=sa.text("guards IS NOT NULL"),
            postgresql_where=sa.text("guards IS NOT NULL"),
        )
