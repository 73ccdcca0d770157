"""How calls are tried, how long they may take, how they end, on which keys: members that providers and groups share,
how they are stored with a provider, and what ails it now."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field as Member
from pydantic import SecretStr, StringConstraints

from gophergate.admin.desk import Desk
from gophergate.admin.shapes import Given, Moment, Shown
from gophergate.configured import ConfigurationProblem
from gophergate.core.resilience import Disconnect
from gophergate.providers.build import Manner
from gophergate.routing.health import Ailment
from gophergate.settings import mask
from gophergate.settings.schema import NAME_PATTERN
from gophergate.store.providers import ProviderRow

Seconds = Annotated[float, Member(gt=0, le=86_400)]
Label = Annotated[str, StringConstraints(pattern=NAME_PATTERN.replace("\\Z", "$")), Member(examples=["second"])]
Weight = Annotated[float, Member(ge=0, le=1_000_000, description="Share of the calls; 0: only where no other is left.")]


class TimeoutsGiven(Given):
    """Seconds; what is left out is the default of the provider's kind."""

    connect: Seconds | None = None
    first_byte: Seconds | None = None
    idle: Seconds | None = None
    total: Seconds | None = None


class DisconnectGiven(Given):
    """What becomes of a provider's answer when the client has gone: the connection is closed, it is drained within
    bounds, or it is read to its end."""

    policy: Literal["cancel", "drain", "finish"] = "cancel"
    seconds: Seconds = 30.0
    tokens: Annotated[int, Member(ge=1, le=10_000_000)] | None = None


class DisconnectShown(Shown):
    """What becomes of a provider's answer when the client has gone."""

    policy: str
    seconds: float
    tokens: int | None


def disconnect_of(given: DisconnectGiven | None) -> Disconnect | None:
    """What was given as calls know it."""
    return None if given is None else Disconnect(**given.model_dump())


class BreakerGiven(Given):
    """After so many failures in a row a model is left alone for `recovery` seconds; `probe` above 0 looks for free."""

    failures: Annotated[int, Member(ge=1, le=10_000)] = 5
    recovery: Seconds = 300.0
    probe: Annotated[float, Member(ge=0, le=86_400)] = 0.0


class CredentialGiven(Given):
    """One of several keys. Without `api_key` the stored one of that label is kept."""

    label: Label
    api_key: Annotated[SecretStr, Member(min_length=1, max_length=10_000, examples=["sk-..."])] | None = None
    weight: Weight = 1.0


class MannerGiven(Given):
    """How a provider's calls are tried and ended, and on which keys: `credentials` stand beside `api_key`, which they
    know by the label "default". Null is the default."""

    api_key_weight: Weight | None = None
    credentials: Annotated[list[CredentialGiven], Member(max_length=100)] | None = None
    concurrency: Annotated[int, Member(ge=1, le=1_000_000)] | None = None
    retries: Annotated[int, Member(ge=0, le=10)] | None = None
    retry_deadline: Seconds | None = None
    breaker: BreakerGiven | None = None
    disconnect: DisconnectGiven | None = None


class CredentialShown(Shown):
    """One of several keys, masked."""

    label: str
    api_key_masked: str
    weight: float


class AilmentShown(Shown):
    """What is not well now: a breaker that is open or half open, a credential that rests; why, and until when."""

    what: str
    kind: Literal["breaker", "credential"]
    state: str
    reason: str
    until: Moment


_MANNER = ("concurrency", "retries", "retry_deadline", "breaker", "disconnect")


def stored(desk: Desk, name: str, given: MannerGiven, before: dict[str, Any]) -> dict[str, Any]:
    """A provider's `settings` with what was given in them; what was left out stays. Raises ConfigurationProblem."""
    said = given.said()
    settings = dict(before)
    manner = dict(before.get("manner", {}))
    for member in _MANNER:
        if member in said:
            manner.pop(member, None)
            if said[member] is not None:
                manner[member] = said[member]
    settings["manner"] = manner
    if "api_key_weight" in said:
        settings["api_key_weight"] = said["api_key_weight"]
    if given.credentials is not None:
        known = {one["label"]: one for one in before.get("credentials", [])}
        settings["credentials"] = [_sealed(desk, name, one, known.get(one.label)) for one in given.credentials]
    elif "credentials" in said:
        settings["credentials"] = []
    return {member: value for member, value in settings.items() if value not in (None, {}, [])}


def _sealed(desk: Desk, name: str, given: CredentialGiven, known: dict[str, Any] | None) -> dict[str, Any]:
    if given.api_key is None:
        if known is None:
            raise ConfigurationProblem(f"The credential '{given.label}' has no api_key.", param="credentials")
        return {**known, "weight": given.weight}
    secret = given.api_key.get_secret_value()
    sealed = desk.rooms.configuration.sealed(name, secret, label=given.label)
    return {
        "label": given.label,
        "weight": given.weight,
        "masked": mask(secret),
        "sealed": b64encode(sealed).decode(),
    }


def shown_manner(manner: Manner) -> dict[str, Any]:
    """How a provider's calls are tried and ended, whole."""
    value: dict[str, Any] = msgspec.to_builtins(manner)
    for member, default in (("breaker", BreakerGiven()), ("disconnect", DisconnectGiven())):
        value[member] = default.model_dump() | value[member]
    return value


def shown_credentials(row: ProviderRow) -> list[CredentialShown]:
    """A stored provider's further keys."""
    return [
        CredentialShown(label=one["label"], api_key_masked=one["masked"], weight=one["weight"])
        for one in row.settings.get("credentials", [])
    ]


def noted(row: ProviderRow, given: MannerGiven | None = None) -> dict[str, Any]:
    """What the audit log keeps of a provider, by the names the API has for it: of keys only the masks, and which of
    them `given` replaces."""
    value = msgspec.structs.asdict(row)
    settings = value.pop("settings")
    for member in ("api_key_sealed", "version", "created_at", "updated_at"):
        del value[member]
    new = {one.label for one in (given.credentials if given else None) or () if one.api_key is not None}
    value["api_key_weight"] = settings.get("api_key_weight", 1.0)
    value["credentials"] = [
        one.model_dump() | ({"api_key": "new"} if one.label in new else {}) for one in shown_credentials(row)
    ]
    if given is not None and getattr(given, "api_key", None) is not None:
        value["api_key"] = "new"
    return value | shown_manner(msgspec.convert(settings.get("manner", {}), Manner))


def ailments(desk: Desk, provider: str | None = None) -> list[AilmentShown]:
    """What is not well now, of one provider or of all."""
    return [
        _shown(one)
        for one in desk.rooms.health.ailments()
        if provider is None or one.what.startswith((f"{provider}/", f"{provider}#"))
    ]


def _shown(one: Ailment) -> AilmentShown:
    return AilmentShown(
        what=one.what, kind=one.kind, state=one.state, reason=one.reason, until=round(one.until * 1_000_000)
    )
