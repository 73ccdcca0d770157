"""Every table, once. Migrations make them; a test asserts that both say the same.

Ids are text in order of time, times are Unix microseconds, money is nano-dollars, JSON is text written by
msgspec. `calls` and `call_bodies` stay empty: they are what each period's own table is copied from (periods.py).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gophergate.store import histogram

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", Text, primary_key=True)


def _text(name: str, *, nullable: bool = False, unique: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable, unique=unique)


def _count(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _reference(name: str, to: str, on_delete: str) -> Column[str]:
    """SET NULL keeps what refers to a row that goes; CASCADE goes with it."""
    return Column(name, ForeignKey(to, ondelete=on_delete), nullable=on_delete == "SET NULL")


# -- who ----------------------------------------------------------------------------------------------------------

organisations = Table("organisations", metadata, _id(), _text("name", unique=True), _count("created_at"))

teams = Table(
    "teams",
    metadata,
    _id(),
    _reference("organisation_id", "organisations.id", "SET NULL"),
    _text("name", unique=True),
    _text("limits", nullable=True),
    _flag("disabled"),
    _count("created_at"),
)

users = Table(
    "users",
    metadata,
    _id(),
    _text("username", unique=True),
    _text("display_name"),
    _text("password_hash", nullable=True),
    _text("role"),
    _reference("team_id", "teams.id", "SET NULL"),
    _flag("disabled"),
    _count("created_at"),
    _count("password_changed_at", nullable=True),
)

clients = Table(
    "clients",
    metadata,
    _id(),
    _text("name", unique=True),
    _reference("organisation_id", "organisations.id", "SET NULL"),
    _reference("team_id", "teams.id", "SET NULL"),
    _reference("user_id", "users.id", "SET NULL"),
    _text("limits", nullable=True),
    _flag("disabled"),
    _count("created_at"),
)

keys = Table(
    "keys",
    metadata,
    _id(),
    _reference("client_id", "clients.id", "CASCADE"),
    _text("name"),
    Column("hash", LargeBinary, nullable=False, unique=True),
    _text("prefix"),
    _text("last4"),
    _text("models", nullable=True),
    _text("ip_allow", nullable=True),
    _text("limits", nullable=True),
    _count("expires_at", nullable=True),
    _count("revoked_at", nullable=True),
    _reference("replaced_by", "keys.id", "SET NULL"),
    _count("grace_until", nullable=True),
    _count("created_at"),
    _count("last_used_at", nullable=True),
)
Index(None, keys.c.client_id)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    _reference("user_id", "users.id", "CASCADE"),
    _count("created_at"),
    _count("seen_at"),
    _count("expires_at"),
    _text("address", nullable=True),
    _text("agent", nullable=True),
)
Index(None, sessions.c.user_id)
Index(None, sessions.c.expires_at)

admin_tokens = Table(
    "admin_tokens",
    metadata,
    _id(),
    _text("name"),
    Column("hash", LargeBinary, nullable=False, unique=True),
    _text("last4"),
    _text("scopes"),
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), nullable=True),
    _text("author_id", nullable=True),
    _count("expires_at", nullable=True),
    _count("revoked_at", nullable=True),
    _count("created_at"),
)

# -- what is configured -------------------------------------------------------------------------------------------

providers = Table(
    "providers",
    metadata,
    Column("name", Text, primary_key=True),
    _text("kind"),
    Column("api_key_sealed", LargeBinary, nullable=True),
    _text("api_key_masked", nullable=True),
    _text("base_url", nullable=True),
    _text("models", nullable=True),
    _text("speaks", nullable=True),
    _text("timeouts", nullable=True),
    _text("settings", nullable=True),
    _flag("enabled"),
    _count("version"),
    _count("created_at"),
    _count("updated_at"),
)

models = Table(
    "models",
    metadata,
    Column("name", Text, primary_key=True),
    _flag("enabled"),
    _text("mapped_name", nullable=True),
    _text("price", nullable=True),
    _text("discounts", nullable=True),
    _count("version"),
    _count("updated_at"),
)

groups = Table(
    "model_groups",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    _text("state"),
    _text("definition"),
    _text("author_id", nullable=True),
    _count("created_at"),
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    _text("value"),
    _count("version"),
    _count("updated_at"),
)

change_marks = Table("change_marks", metadata, Column("topic", Text, primary_key=True), _count("version"))

audit_entries = Table(
    "audit_entries",
    metadata,
    _id(),
    _count("at"),
    _text("actor_id", nullable=True),
    _text("actor"),
    _text("action"),
    _text("target_kind"),
    _text("target_id", nullable=True),
    _text("before", nullable=True),
    _text("after", nullable=True),
    _text("address", nullable=True),
)
Index(None, audit_entries.c.at, audit_entries.c.id)

# -- budgets ------------------------------------------------------------------------------------------------------

budgets = Table(
    "budgets",
    metadata,
    _id(),
    _text("scope"),
    _text("scope_id"),
    _text("period"),
    _count("amount"),
    _flag("hard"),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    Column("raised", BigInteger, nullable=False, server_default="0"),
    Column("raised_until", BigInteger, nullable=True),
    Column("seconds", BigInteger, nullable=False, server_default="0"),
    Column("model", Text, nullable=False, server_default=text("''")),
    _text("thresholds", nullable=True),
    _count("version"),
    _count("created_at"),
    _count("updated_at"),
    UniqueConstraint("scope", "scope_id", "period", "seconds", "model"),
)

limits = Table(
    "limits",
    metadata,
    _id(),
    _text("scope"),
    _text("scope_id"),
    _text("model"),
    _text("limits"),
    _count("version"),
    _count("created_at"),
    _count("updated_at"),
    UniqueConstraint("scope", "scope_id", "model"),
)

# -- webhooks -----------------------------------------------------------------------------------------------------

webhooks = Table(
    "webhooks",
    metadata,
    _id(),
    _text("name", unique=True),
    _text("url"),
    Column("secret_sealed", LargeBinary, nullable=False),
    _text("events"),
    _flag("enabled"),
    _count("version"),
    _count("created_at"),
    _count("updated_at"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    _id(),
    _reference("webhook_id", "webhooks.id", "CASCADE"),
    _text("event"),
    _text("state"),
    _count("attempts"),
    _count("http_status", nullable=True),
    _text("error", nullable=True),
    _text("payload"),
    _count("created_at"),
    _count("ended_at", nullable=True),
)
Index(None, webhook_deliveries.c.webhook_id, webhook_deliveries.c.id)

# -- calls --------------------------------------------------------------------------------------------------------

calls = Table(
    "calls",
    metadata,
    # Order of arrival: free in SQLite (it is the row's own key), and what `follow` goes by.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _text("id"),
    _text("request_id"),
    _count("started_at"),
    _text("status"),
    Column("http_status", Integer, nullable=False),
    _text("door"),
    _text("operation"),
    _flag("stream"),
    _text("organisation_id", nullable=True),
    _text("team_id", nullable=True),
    _text("user_id", nullable=True),
    _text("client_id", nullable=True),
    _text("key_id", nullable=True),
    _text("session", nullable=True),
    _text("end_user", nullable=True),
    _text("tags", nullable=True),
    _text("model_requested"),
    _text("model", nullable=True),
    _text("provider", nullable=True),
    _count("input", nullable=True),
    _count("cache_read", nullable=True),
    _count("cache_write", nullable=True),
    _count("cache_write_1h", nullable=True),
    _count("audio_input", nullable=True),
    _count("image_input", nullable=True),
    _count("output", nullable=True),
    _count("audio_output", nullable=True),
    _count("image_output", nullable=True),
    _count("reasoning", nullable=True),
    _text("tool_uses", nullable=True),
    _text("units", nullable=True),
    _text("tier", nullable=True),
    _count("provider_cost", nullable=True),
    _text("usage_source"),
    _count("cost", nullable=True),
    _text("price_version", nullable=True),
    _text("finish_reason", nullable=True),
    Column("latency_ms", Double, nullable=False),
    Column("first_token_ms", Double, nullable=True),
    Column("overhead_ms", Double, nullable=True),
    _text("attempts", nullable=True),
    _text("decision", nullable=True),
    _text("dropped", nullable=True),
    _text("error_code", nullable=True),
    _text("error_message", nullable=True),
    _text("client_ip", nullable=True),
    _count("request_bytes"),
    _count("response_bytes"),
)
Index(None, calls.c.id, unique=True)
Index(None, calls.c.started_at, calls.c.id)
Index(None, calls.c.key_id, calls.c.started_at)
Index(None, calls.c.client_id, calls.c.started_at)
Index(None, calls.c.model, calls.c.started_at)
Index(None, calls.c.provider, calls.c.started_at)
# What a session has spent is asked for on a call's way.
Index(
    None,
    calls.c.session,
    calls.c.started_at,
    sqlite_where=calls.c.session.is_not(None),
    postgresql_where=calls.c.session.is_not(None),
)
# Failures are few and sought often; the many successes are not worth an index entry each.
Index(
    None,
    calls.c.status,
    calls.c.started_at,
    sqlite_where=calls.c.status != "ok",
    postgresql_where=calls.c.status != "ok",
)

call_bodies = Table(
    "call_bodies",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("request", LargeBinary, nullable=False),
    Column("response", LargeBinary, nullable=False),
    _count("request_size"),
    _count("response_size"),
    _flag("is_cut"),
)

periods = Table(
    "periods",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("first_day", BigInteger, primary_key=True),
    _count("days"),
    _count("expired_at", nullable=True),
    _count("dropped_at", nullable=True),
)

# -- prices -------------------------------------------------------------------------------------------------------

price_cards = Table(
    "price_cards",
    metadata,
    Column("version", Text, primary_key=True),
    _text("provider"),
    _text("model"),
    _text("card"),
    _count("first_used_at"),
)
"""Every rate card that priced a call, under the version that the call's row names."""

reconciliations = Table(
    "reconciliations",
    metadata,
    _id(),
    _count("created_at"),
    _text("provider"),
    _text("file"),
    _text("actor"),
    _text("report"),
)

# -- usage --------------------------------------------------------------------------------------------------------

DIMENSIONS = (
    "organisation_id",
    "team_id",
    "user_id",
    "client_id",
    "key_id",
    "provider",
    "model",
    "status",
)
"""What usage is counted by; "" stands for none, so that a row's key has no NULL in it."""

TOKEN_CLASSES = (
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "audio_input",
    "image_input",
    "output",
    "audio_output",
    "image_output",
    "reasoning",
)

COUNTERS = (
    "calls",
    "unpriced",
    "estimated",
    *TOKEN_CLASSES,
    "cost",
    "provider_cost",
    "latency_us",
    "first_tokens",
    "first_token_us",
)

HISTOGRAMS = tuple(f"{kind}_{number:02d}" for kind in ("latency", "first_token") for number in range(histogram.SIZE))


def _usage(name: str) -> Table:
    """Additive counters: adding a call is addition, taking it back is subtraction, summing rows is exact."""
    return Table(
        name,
        metadata,
        Column("slot", BigInteger, primary_key=True, autoincrement=False),
        *(Column(dimension, Text, primary_key=True) for dimension in DIMENSIONS),
        *(_count(counter) for counter in COUNTERS),
        *(_count(bucket) for bucket in HISTOGRAMS),
        sqlite_with_rowid=False,
    )


usage_hourly = _usage("usage_hourly")
"""`slot` counts hours since 1970-01-01 UTC."""
usage_daily = _usage("usage_daily")
"""The same by days: a month of the hourly rows of a busy gateway is too much to add up while somebody waits."""
