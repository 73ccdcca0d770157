"""The record of a call: what the ledger keeps, the operators read and the live view shows. No bodies here."""

from __future__ import annotations

from typing import Literal

import msgspec

from gophergate.core.usage import Usage

Status = Literal["ok", "error", "refused", "timeout", "client_closed"]
UsageSource = Literal["provider", "estimated", "none"]


class Attempt(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One try at one deployment. `status` is HTTP, 0 when no answer came; `error` a stable code or ""."""

    model: str
    provider: str
    credential: str = ""
    status: int = 0
    error: str = ""
    message: str = ""
    ms: float = 0.0
    cost: int | None = None


class GuardFinding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one guard found on one side of a call ("input", "output"): how often, by label ("EMAIL"), never the text."""

    guard: str
    action: str
    mode: str
    where: str
    found: dict[str, int]


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A call under way. Times as in `CallRecord`; `output_tokens` is reported where it is, else guessed from what has
    been said."""

    id: str
    request_id: str
    started_at: int
    door: str
    operation: str
    stream: bool
    team_id: str | None
    client_id: str | None
    key_id: str | None
    session: str | None
    end_user: str | None
    tags: dict[str, str]
    model_requested: str
    model: str | None
    provider: str | None
    attempt: int
    output_tokens: int
    first_token_ms: float | None
    elapsed_ms: float


class CallRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Exactly one per call. Times: `started_at` is Unix time in microseconds, durations are milliseconds.

    `cost` is nano-dollars, None when unpriced. `door` is the dialect the caller spoke, `operation` what it asked
    (chat, embeddings, ...). `status` refused means we said no; error, the provider or we failed.
    """

    id: str
    request_id: str
    started_at: int
    status: Status
    http_status: int
    door: str
    operation: str
    stream: bool = False
    organisation_id: str | None = None
    team_id: str | None = None
    user_id: str | None = None
    client_id: str | None = None
    key_id: str | None = None
    session: str | None = None
    end_user: str | None = None
    tags: dict[str, str] = {}
    model_requested: str = ""
    model: str | None = None
    provider: str | None = None
    usage: Usage | None = None
    usage_source: UsageSource = "none"
    cost: int | None = None
    price_version: str | None = None
    finish_reason: str | None = None
    latency_ms: float = 0.0
    first_token_ms: float | None = None
    overhead_ms: float | None = None
    attempts: tuple[Attempt, ...] = ()
    decision: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    guards: tuple[GuardFinding, ...] = ()
    error_code: str | None = None
    error_message: str | None = None
    client_ip: str | None = None
    request_bytes: int = 0
    response_bytes: int = 0


class CallBodies(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, kept apart and only where configured. Sizes are true even when a body was cut."""

    call_id: str
    request: bytes = b""
    response: bytes = b""
    request_size: int = 0
    response_size: int = 0
