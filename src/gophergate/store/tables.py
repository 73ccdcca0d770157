"""Every table, once. Migrations make them; a test asserts that both say the same.

Ids are text in order of time, times are Unix microseconds, money is nano-dollars, JSON is text written by
msgspec. `calls` and `call_bodies` stay empty: they are what each period's own table is copied from (periods.py).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from gophergate.store import histogram
from gophergate.store.budget_tables import budgets as budgets
from gophergate.store.budget_tables import limits as limits
from gophergate.store.budget_tables import webhook_deliveries as webhook_deliveries
from gophergate.store.budget_tables import webhooks as webhooks
from gophergate.store.columns import count_column, flag_column, id_column, partial_index, reference_column, text_column
from gophergate.store.columns import metadata as metadata

# -- who ----------------------------------------------------------------------------------------------------------

organisations = Table(
    "organisations", metadata, id_column(), text_column("name", unique=True), count_column("created_at")
)

teams = Table(
    "teams",
    metadata,
    id_column(),
    reference_column("organisation_id", "organisations.id", "SET NULL"),
    text_column("name", unique=True),
    text_column("limits", nullable=True),
    flag_column("disabled"),
    count_column("created_at"),
)

users = Table(
    "users",
    metadata,
    id_column(),
    text_column("username", unique=True),
    text_column("display_name"),
    text_column("password_hash", nullable=True),
    text_column("role"),
    reference_column("team_id", "teams.id", "SET NULL"),
    flag_column("disabled"),
    count_column("created_at"),
    count_column("password_changed_at", nullable=True),
)

clients = Table(
    "clients",
    metadata,
    id_column(),
    text_column("name", unique=True),
    reference_column("organisation_id", "organisations.id", "SET NULL"),
    reference_column("team_id", "teams.id", "SET NULL"),
    reference_column("user_id", "users.id", "SET NULL"),
    text_column("limits", nullable=True),
    flag_column("disabled"),
    count_column("created_at"),
)

keys = Table(
    "keys",
    metadata,
    id_column(),
    reference_column("client_id", "clients.id", "CASCADE"),
    text_column("name"),
    Column("hash", LargeBinary, nullable=False, unique=True),
    text_column("prefix"),
    text_column("last4"),
    text_column("models", nullable=True),
    text_column("ip_allow", nullable=True),
    text_column("limits", nullable=True),
    text_column("disconnect", nullable=True),
    count_column("expires_at", nullable=True),
    count_column("revoked_at", nullable=True),
    reference_column("replaced_by", "keys.id", "SET NULL"),
    count_column("grace_until", nullable=True),
    count_column("created_at"),
    count_column("last_used_at", nullable=True),
)
Index(None, keys.c.client_id)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    reference_column("user_id", "users.id", "CASCADE"),
    count_column("created_at"),
    count_column("seen_at"),
    count_column("expires_at"),
    text_column("address", nullable=True),
    text_column("agent", nullable=True),
)
Index(None, sessions.c.user_id)
Index(None, sessions.c.expires_at)

admin_tokens = Table(
    "admin_tokens",
    metadata,
    id_column(),
    text_column("name"),
    Column("hash", LargeBinary, nullable=False, unique=True),
    text_column("last4"),
    text_column("scopes"),
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), nullable=True),
    text_column("author_id", nullable=True),
    count_column("expires_at", nullable=True),
    count_column("revoked_at", nullable=True),
    count_column("created_at"),
)

# -- what is configured -------------------------------------------------------------------------------------------

providers = Table(
    "providers",
    metadata,
    Column("name", Text, primary_key=True),
    text_column("kind"),
    Column("api_key_sealed", LargeBinary, nullable=True),
    text_column("api_key_masked", nullable=True),
    text_column("base_url", nullable=True),
    text_column("models", nullable=True),
    text_column("speaks", nullable=True),
    text_column("timeouts", nullable=True),
    text_column("settings", nullable=True),
    flag_column("enabled"),
    count_column("version"),
    count_column("created_at"),
    count_column("updated_at"),
)

models = Table(
    "models",
    metadata,
    Column("name", Text, primary_key=True),
    flag_column("enabled"),
    text_column("mapped_name", nullable=True),
    text_column("price", nullable=True),
    text_column("discounts", nullable=True),
    count_column("version"),
    count_column("updated_at"),
)

groups = Table(
    "model_groups",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    text_column("state"),
    text_column("definition"),
    text_column("author_id", nullable=True),
    count_column("created_at"),
)

guards = Table(
    "guards",
    metadata,
    Column("name", Text, primary_key=True),
    text_column("definition"),
    count_column("version"),
    count_column("created_at"),
    count_column("updated_at"),
)

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    text_column("value"),
    count_column("version"),
    count_column("updated_at"),
)

change_marks = Table("change_marks", metadata, Column("topic", Text, primary_key=True), count_column("version"))

audit_entries = Table(
    "audit_entries",
    metadata,
    id_column(),
    count_column("at"),
    text_column("actor_id", nullable=True),
    text_column("actor"),
    text_column("action"),
    text_column("target_kind"),
    text_column("target_id", nullable=True),
    text_column("before", nullable=True),
    text_column("after", nullable=True),
    text_column("address", nullable=True),
)
Index(None, audit_entries.c.at, audit_entries.c.id)

# -- calls --------------------------------------------------------------------------------------------------------

calls = Table(
    "calls",
    metadata,
    # Order of arrival: free in SQLite (it is the row's own key), and what `follow` goes by.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    text_column("id"),
    text_column("request_id"),
    count_column("started_at"),
    text_column("status"),
    Column("http_status", Integer, nullable=False),
    text_column("door"),
    text_column("operation"),
    flag_column("stream"),
    text_column("organisation_id", nullable=True),
    text_column("team_id", nullable=True),
    text_column("user_id", nullable=True),
    text_column("client_id", nullable=True),
    text_column("key_id", nullable=True),
    text_column("session", nullable=True),
    text_column("end_user", nullable=True),
    text_column("tags", nullable=True),
    text_column("model_requested"),
    text_column("model", nullable=True),
    text_column("provider", nullable=True),
    count_column("input", nullable=True),
    count_column("cache_read", nullable=True),
    count_column("cache_write", nullable=True),
    count_column("cache_write_1h", nullable=True),
    count_column("audio_input", nullable=True),
    count_column("image_input", nullable=True),
    count_column("output", nullable=True),
    count_column("audio_output", nullable=True),
    count_column("image_output", nullable=True),
    count_column("reasoning", nullable=True),
    text_column("tool_uses", nullable=True),
    text_column("units", nullable=True),
    text_column("tier", nullable=True),
    count_column("provider_cost", nullable=True),
    text_column("usage_source"),
    count_column("cost", nullable=True),
    text_column("price_version", nullable=True),
    text_column("finish_reason", nullable=True),
    Column("latency_ms", Double, nullable=False),
    Column("first_token_ms", Double, nullable=True),
    Column("overhead_ms", Double, nullable=True),
    text_column("attempts", nullable=True),
    text_column("decision", nullable=True),
    text_column("dropped", nullable=True),
    text_column("guards", nullable=True),
    text_column("error_code", nullable=True),
    text_column("error_message", nullable=True),
    text_column("client_ip", nullable=True),
    count_column("request_bytes"),
    count_column("response_bytes"),
)
Index(None, calls.c.id, unique=True)
Index(None, calls.c.started_at, calls.c.id)
Index(None, calls.c.key_id, calls.c.started_at)
Index(None, calls.c.client_id, calls.c.started_at)
Index(None, calls.c.model, calls.c.started_at)
Index(None, calls.c.provider, calls.c.started_at)
# What a session has spent is asked for on a call's way.
partial_index(calls.c.session, calls.c.started_at, where=calls.c.session.is_not(None))
# Failures are few and sought often; the many successes are not worth an index entry each.
partial_index(calls.c.status, calls.c.started_at, where=calls.c.status != "ok")
# So are those in which a guard found something.
partial_index(calls.c.started_at, where=calls.c.guards.is_not(None))

call_bodies = Table(
    "call_bodies",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("request", LargeBinary, nullable=False),
    Column("response", LargeBinary, nullable=False),
    count_column("request_size"),
    count_column("response_size"),
    flag_column("is_cut"),
)

periods = Table(
    "periods",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("first_day", BigInteger, primary_key=True),
    count_column("days"),
    count_column("expired_at", nullable=True),
    count_column("dropped_at", nullable=True),
)

# -- prices -------------------------------------------------------------------------------------------------------

price_cards = Table(
    "price_cards",
    metadata,
    Column("version", Text, primary_key=True),
    text_column("provider"),
    text_column("model"),
    text_column("card"),
    count_column("first_used_at"),
)
"""Every rate card that priced a call, under the version that the call's row names."""

reconciliations = Table(
    "reconciliations",
    metadata,
    id_column(),
    count_column("created_at"),
    text_column("provider"),
    text_column("file"),
    text_column("actor"),
    text_column("report"),
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
        *(count_column(counter) for counter in COUNTERS),
        *(count_column(bucket) for bucket in HISTOGRAMS),
        sqlite_with_rowid=False,
    )


usage_hourly = _usage("usage_hourly")
"""`slot` counts hours since 1970-01-01 UTC."""
usage_daily = _usage("usage_daily")
"""The same by days: a month of the hourly rows of a busy gateway is too much to add up while somebody waits."""
