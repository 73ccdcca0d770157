"""Which table and which column is what. The original's schema grew over its versions, so that each thing has several
names; they are compared without case and punctuation, and the first that a table has is taken. Data, no code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec


class Shape(msgspec.Struct, frozen=True):
    """One sort of thing in the source: the names its table may have, and for each of its facts the names of the
    column. `needs` are the facts without which a row is nothing; `dropped` columns that are known, and why they are
    not carried over."""

    tables: tuple[str, ...]
    facts: Mapping[str, tuple[str, ...]]
    needs: tuple[str, ...] = ()
    dropped: Mapping[str, str] = {}


_SINCE = ("created_at", "created", "created_on", "inserted_at", "creation_time")
_IS_ON = ("is_active", "active", "enabled", "is_enabled", "status")
_IS_OFF = ("disabled", "is_disabled", "revoked", "is_revoked", "deleted")
_COUNTED = "added up from the calls themselves"

CLIENTS = Shape(
    tables=("clients", "client", "api_clients", "consumers", "applications"),
    facts={
        "ref": ("client_id", "client_ref", "identifier", "slug", "id", "uuid"),
        "row": ("id", "uuid"),
        "name": ("name", "display_name", "client_name", "title", "label", "client_id", "id"),
        "rpm": ("rate_limit_per_minute", "rate_limit", "rpm", "rpm_limit", "requests_per_minute", "max_rpm"),
        "tpm": ("tokens_per_minute", "tpm", "tpm_limit", "max_tpm"),
        "concurrency": ("concurrency", "max_concurrency", "max_concurrent_requests", "max_parallel"),
        "on": _IS_ON,
        "off": _IS_OFF,
        "created_at": _SINCE,
    },
    needs=("ref",),
    dropped={
        "total_requests": _COUNTED,
        "total_tokens": _COUNTED,
        "total_cost": _COUNTED,
        "updated_at": "of the old program only",
        "description": "has no place here",
    },
)
TOKENS = Shape(
    tables=("client_tokens", "client_token", "tokens", "api_tokens", "client_keys", "api_keys"),
    facts={
        "key": ("token", "key", "api_key", "secret", "value", "token_value", "client_token"),
        "hash": ("token_hash", "key_hash", "hash", "hashed_token", "hashed_key", "token_sha256"),
        "client": ("client_id", "client", "client_ref", "clientid", "owner", "owner_id"),
        "name": ("name", "label", "description", "title", "token_name"),
        "on": _IS_ON,
        "off": _IS_OFF,
        "expires_at": ("expires_at", "expires", "expiry", "valid_until"),
        "models": ("allowed_models", "models", "model_allowlist"),
        "created_at": _SINCE,
        "last_used_at": ("last_used_at", "last_used", "used_at"),
    },
    dropped={
        "id": "keys are numbered anew",
        "token_prefix": "seen from the key",
        "prefix": "seen from the key",
        "updated_at": "of the old program only",
    },
)
USERS = Shape(
    tables=("users", "user", "admins", "admin_users", "accounts"),
    facts={
        "username": ("username", "user_name", "login", "name", "email"),
        "hash": ("password_hash", "password", "hashed_password", "passwd", "pass_hash", "hash"),
        "display_name": ("display_name", "full_name", "displayname", "real_name"),
        "role": ("role", "user_role", "type", "is_admin", "admin"),
        "on": _IS_ON,
        "off": _IS_OFF,
        "created_at": _SINCE,
    },
    needs=("username",),
    dropped={
        "id": "users are numbered anew",
        "must_change_password": "has no place here: set a new one where it matters",
        "last_login": "of the old program only",
        "last_login_at": "of the old program only",
        "updated_at": "of the old program only",
    },
)
PROVIDERS = Shape(
    tables=("provider_configs", "provider_config", "providers", "provider_settings"),
    facts={
        "name": ("provider", "provider_name", "name", "id", "provider_id", "slug"),
        "kind": ("kind", "type", "provider_type", "provider", "name", "id", "provider_id"),
        "key": ("api_key", "key", "apikey", "token", "secret", "api_key_encrypted_value"),
        "is_sealed": ("api_key_encrypted", "key_encrypted", "encrypted", "is_encrypted"),
        "base_url": ("base_url", "url", "endpoint", "api_base", "baseurl", "host", "address"),
        "models": ("models", "model_list", "available_models"),
        "on": ("enabled", "is_enabled", "is_active", "active", "status"),
        "off": ("disabled", "is_disabled"),
        "credit": ("credit_balance", "balance", "credits", "credit"),
        "low": ("low_credit_threshold", "low_credit_warning", "low_credit", "credit_warning_threshold"),
        "timeout": ("timeout", "timeout_seconds", "request_timeout", "timeout_secs"),
        "created_at": _SINCE,
    },
    needs=("name",),
    dropped={
        "display_name": "providers go by their name",
        "billing_mode": "has no place here",
        "default_model": "unknown models are refused here, never replaced",
        "priority": "said by groups here",
        "updated_at": "of the old program only",
    },
)
MODELS = Shape(
    tables=("model_configs", "model_config", "models", "model_settings", "model_overrides"),
    facts={
        "name": ("model_id", "model", "model_name", "id", "name"),
        "provider": ("provider_id", "provider", "provider_name", "provider_config_id"),
        "on": _IS_ON,
        "off": _IS_OFF,
        "mapped": ("mapping", "mapped_name", "mapped_to", "upstream_model", "maps_to", "target_model", "alias_of"),
        "input_million": (
            "prompt_cost_per_m", "input_cost_per_m", "input_price_per_m", "prompt_price_per_million",
            "input_price_per_million", "input_cost_per_million", "prompt_cost", "input_price", "input_cost",
        ),
        "output_million": (
            "completion_cost_per_m", "output_cost_per_m", "output_price_per_m", "completion_price_per_million",
            "output_price_per_million", "output_cost_per_million", "completion_cost", "output_price", "output_cost",
        ),
        "cache_read_million": (
            "cache_read_cost_per_m", "cached_input_cost_per_m", "cache_read_price_per_m", "cache_read_cost",
            "cache_read_price", "cached_input_price", "cache_hit_cost_per_m",
        ),
        "cache_write_million": (
            "cache_write_cost_per_m", "cache_creation_cost_per_m", "cache_write_price_per_m", "cache_write_cost",
            "cache_write_price",
        ),
        "input_thousand": ("prompt_cost_per_1k", "input_cost_per_1k", "input_price_per_1k", "prompt_price_per_1k"),
        "output_thousand": (
            "completion_cost_per_1k", "output_cost_per_1k", "output_price_per_1k", "completion_price_per_1k",
        ),
        "input_token": ("input_cost_per_token", "prompt_cost_per_token"),
        "output_token": ("output_cost_per_token", "completion_cost_per_token"),
        "discount": ("discount_percent", "discount_percentage", "promo_discount_percent", "discount"),
        "discount_from": (
            "discount_start", "discount_from", "promo_start", "discount_starts_at", "discount_start_date",
        ),
        "discount_until": ("discount_end", "discount_until", "promo_end", "discount_ends_at", "discount_end_date"),
    },
    needs=("name",),
    dropped={
        "display_name": "models go by their name",
        "updated_at": "of the old program only",
        "created_at": "of the old program only",
        "context_length": "known from the model list",
        "max_tokens": "known from the model list",
    },
)  # fmt: skip
GROUPS = Shape(
    tables=("model_groups", "model_group", "groups", "virtual_models"),
    facts={
        "name": ("name", "group_name", "model_name", "slug", "id", "group_id"),
        "strategy": ("strategy", "routing_strategy", "type", "mode", "kind"),
        "targets": ("targets", "target_models", "models", "members", "candidates"),
        "rules": ("rules", "heuristic_rules", "conditions", "heuristic_config", "config", "definition"),
        "fallbacks": ("fallbacks", "fallback_models", "fallback_model", "fallback", "default_model"),
        "classifier": ("classifier_model", "classifier", "routing_model"),
        "threshold": ("threshold", "max_rating", "difficulty_threshold", "scale"),
        "on": _IS_ON,
        "off": _IS_OFF,
    },
    needs=("name",),
    dropped={
        "id": "groups go by their name",
        "display_name": "groups go by their name",
        "description": "has no place here",
        "level": "how the original ordered its list",
        "created_at": "of the old program only",
        "updated_at": "of the old program only",
    },
)
CALLS = Shape(
    tables=(
        "llm_requests", "llm_request", "request_logs", "request_log", "requests", "usage_logs", "usage_log",
        "api_requests", "logs", "call_logs", "calls", "completions_log",
    ),
    facts={
        "row": ("id", "rowid", "uuid", "log_id"),
        "request_id": ("request_id", "req_id", "trace_id", "external_id"),
        "at": ("timestamp", "created_at", "time", "started_at", "ts", "date", "requested_at"),
        "client": ("client_id", "client", "client_ref", "clientid", "client_name"),
        "provider": ("provider", "provider_name", "provider_id"),
        "model": ("model", "model_name", "model_id", "resolved_model"),
        "model_requested": ("model_requested", "requested_model", "original_model", "alias", "group_name", "model"),
        "prompt": ("prompt_tokens", "input_tokens", "tokens_in", "tokens_prompt", "prompt_token_count"),
        "output": ("completion_tokens", "output_tokens", "tokens_out", "tokens_completion", "completion_token_count"),
        "reasoning": ("reasoning_tokens", "thinking_tokens", "thoughts_tokens"),
        "cache_read": ("cache_read_tokens", "cached_tokens", "cache_hit_tokens", "cached_prompt_tokens"),
        "cache_write": ("cache_write_tokens", "cache_creation_tokens", "cache_miss_write_tokens"),
        "cost": ("cost", "total_cost", "cost_usd", "price", "amount"),
        "status": ("status", "outcome", "result", "success", "state"),
        "http_status": ("status_code", "http_status", "http_code", "response_status", "code"),
        "error": ("error_message", "error", "error_msg", "err"),
        "ms": ("duration_ms", "latency_ms", "elapsed_ms", "response_time_ms", "duration", "latency", "response_time"),
        "first_ms": ("ttft_ms", "first_token_ms", "time_to_first_token_ms", "first_byte_ms"),
        "stream": ("stream", "is_stream", "streaming", "streamed"),
        "session": ("session_id", "session", "conversation_id"),
        "address": ("client_ip", "ip", "ip_address", "remote_addr"),
        "decision": ("routing_decision", "decision", "decision_chain", "route"),
    },
    needs=("at",),
    dropped={
        "total_tokens": _COUNTED,
        "has_images": "not kept of a call here",
        "request_body": "what was said is not carried over",
        "response_body": "what was said is not carried over",
        "request": "what was said is not carried over",
        "response": "what was said is not carried over",
        "prompt_text": "what was said is not carried over",
        "messages": "what was said is not carried over",
        "user_agent": "not kept of a call here",
    },
)  # fmt: skip
SHAPES: Mapping[str, Shape] = {
    "clients": CLIENTS,
    "keys": TOKENS,
    "users": USERS,
    "providers": PROVIDERS,
    "models": MODELS,
    "groups": GROUPS,
    "calls": CALLS,
}
"""Every sort of thing that is looked for, in the order in which they are brought over."""

HOUSEKEEPING = ("sqlite_", "schema_migrations", "goose_db_version", "migrations", "gorp_migrations", "sessions")
"""Tables that say nothing to us, by the beginning of their names: nobody is told of them."""


def plain(name: str) -> str:
    """A name as it is compared: small letters and digits."""
    return "".join(character for character in name.lower() if character.isalnum())


class Mapped(msgspec.Struct, frozen=True):
    """A table of the source and what is what in it. `columns` is by fact; `unknown` are the columns nobody knows,
    `dropped` those that are known and left out, with the reason."""

    table: str
    columns: Mapping[str, str]
    unknown: tuple[str, ...]
    dropped: Mapping[str, str]


def mapped(shape: Shape, table: str, columns: Iterable[str]) -> Mapped:
    """What is what in a table with these columns. A column may be several facts (a name that is an id as well)."""
    there = {plain(column): column for column in columns}
    found = {}
    for fact, names in shape.facts.items():
        column = next((there[plain(name)] for name in names if plain(name) in there), None)
        if column is not None:
            found[fact] = column
    dropped = {there[plain(name)]: why for name, why in shape.dropped.items() if plain(name) in there}
    dropped = {column: why for column, why in dropped.items() if column not in found.values()}
    unknown = [column for column in there.values() if column not in found.values() and column not in dropped]
    return Mapped(table, found, tuple(unknown), dropped)
