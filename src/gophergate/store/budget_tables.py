"""The tables of money beside the ledger: budgets, limits, and whom to tell. Part of `tables`, which names them too."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, UniqueConstraint, text

from gophergate.store.columns import count_column, flag_column, id_column, metadata, reference_column, text_column

# -- budgets ------------------------------------------------------------------------------------------------------

budgets = Table(
    "budgets",
    metadata,
    id_column(),
    text_column("scope"),
    text_column("scope_id"),
    text_column("period"),
    count_column("amount"),
    flag_column("hard"),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    Column("raised", BigInteger, nullable=False, server_default="0"),
    Column("raised_until", BigInteger, nullable=True),
    Column("seconds", BigInteger, nullable=False, server_default="0"),
    Column("model", Text, nullable=False, server_default=text("''")),
    text_column("thresholds", nullable=True),
    count_column("version"),
    count_column("created_at"),
    count_column("updated_at"),
    UniqueConstraint("scope", "scope_id", "period", "seconds", "model"),
)

limits = Table(
    "limits",
    metadata,
    id_column(),
    text_column("scope"),
    text_column("scope_id"),
    text_column("model"),
    text_column("limits"),
    count_column("version"),
    count_column("created_at"),
    count_column("updated_at"),
    UniqueConstraint("scope", "scope_id", "model"),
)

# -- webhooks -----------------------------------------------------------------------------------------------------

webhooks = Table(
    "webhooks",
    metadata,
    id_column(),
    text_column("name", unique=True),
    text_column("url"),
    Column("secret_sealed", LargeBinary, nullable=False),
    text_column("events"),
    flag_column("enabled"),
    count_column("version"),
    count_column("created_at"),
    count_column("updated_at"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    id_column(),
    reference_column("webhook_id", "webhooks.id", "CASCADE"),
    text_column("event"),
    text_column("state"),
    count_column("attempts"),
    count_column("http_status", nullable=True),
    text_column("error", nullable=True),
    text_column("payload"),
    count_column("created_at"),
    count_column("ended_at", nullable=True),
)
Index(None, webhook_deliveries.c.webhook_id, webhook_deliveries.c.id)
