"""Who is asking: what a client key stands for, as admission, routing and the ledger need it."""

from __future__ import annotations

import msgspec

from gophergate.core.resilience import Disconnect


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Requests and tokens a minute (all, those read, those written), calls at a time; None is no limit."""

    rpm: int | None = None
    tpm: int | None = None
    input_tpm: int | None = None
    output_tpm: int | None = None
    concurrency: int | None = None


NO_LIMITS = Limits()


class ScopeLimits(msgspec.Struct, frozen=True):
    """The limits of one scope that a call stands in: an organisation, team, user, client, key or model. `model`
    narrows them to calls of one model."""

    scope: str
    id: str
    rpm: int | None = None
    tpm: int | None = None
    concurrency: int | None = None
    input_tpm: int | None = None
    output_tpm: int | None = None
    model: str = ""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """One client key and whose it is. `models` None allows every model, else exact names, group names or patterns such
    as "openai/*"; `ip_allow` () allows every address, else addresses or networks; `expires_at` Unix microseconds;
    `limits` those of every scope that has any; `disconnect` what becomes of its calls when their client leaves, None as
    the group and the provider have it.
    """

    key_id: str
    client_id: str
    team_id: str | None = None
    user_id: str | None = None
    organisation_id: str | None = None
    models: tuple[str, ...] | None = None
    ip_allow: tuple[str, ...] = ()
    expires_at: int | None = None
    limits: tuple[ScopeLimits, ...] = ()
    disconnect: Disconnect | None = None
