"""Providers made at run time; those of the file are shown beside them, read-only."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query, Request, Response
from msgspec.structs import replace
from pydantic import AfterValidator, SecretStr, StringConstraints
from pydantic import Field as Member

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.paging import Cursor, Limit, Sought, by_name, has, page_at_hand
from gophergate.admin.resilience import (
    AilmentShown,
    CredentialShown,
    Label,
    MannerGiven,
    TimeoutsGiven,
    ailments,
    noted,
    shown_credentials,
    shown_manner,
    stored,
)
from gophergate.admin.shapes import Given, Listing, Moment, Shown, Sourced
from gophergate.configured import ConfigurationProblem, address, manner_of
from gophergate.doors.chat import dialects
from gophergate.errors import BadRequest, Forbidden
from gophergate.providers.base import Credential, Provider
from gophergate.providers.build import Manner, unset
from gophergate.providers.registry import BY_KIND
from gophergate.routing.trial import trial
from gophergate.settings import ProviderSettings, mask
from gophergate.settings.schema import NAME_PATTERN
from gophergate.store.providers import ProviderRow

ProviderName = Annotated[str, StringConstraints(pattern=NAME_PATTERN.replace("\\Z", "$")), Member(examples=["openai"])]
Kind = Annotated[str, Member(max_length=64, examples=["openai"])]
Address = Annotated[str, Member(max_length=500, examples=["https://api.openai.com/v1"]), AfterValidator(address)]
Key = Annotated[SecretStr, Member(min_length=1, max_length=10_000, examples=["sk-..."])]
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^\S+$")]
Speaks = Literal["openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama"]


class ProviderShown(Sourced):
    """A provider. `source` "file" cannot be changed here. `state` is "ok", "disabled", "failing" with `ailments` (all
    its keys rest, or a model of it is left alone), or "broken" with `problem`."""

    passing = frozenset({"state", "problem", "ailments", "known_models"})

    name: str
    kind: str
    label: str
    enabled: bool
    state: Literal["ok", "disabled", "failing", "broken"]
    problem: str | None = None
    api_key_masked: str | None
    api_key_weight: float
    base_url: str | None
    models: list[str]
    known_models: int
    speaks: list[str]
    timeouts: dict[str, float]
    credentials: list[CredentialShown]
    concurrency: int | None = None
    retries: int | None = None
    retry_deadline: float
    breaker: dict[str, Any]
    disconnect: dict[str, Any]
    ailments: list[AilmentShown]
    created_at: Moment | None = None
    updated_at: Moment | None = None


class ProviderGiven(MannerGiven):
    """A new provider. `kind` is a row of the registry: GET /api/providers/kinds lists them."""

    name: ProviderName
    kind: Kind
    api_key: Key | None = None
    base_url: Address | None = None
    models: Annotated[list[ModelId], Member(max_length=5000)] | None = None
    speaks: Annotated[list[Speaks], Member(max_length=5)] | None = None
    timeouts: TimeoutsGiven | None = None
    enabled: bool = True


class ProviderChange(MannerGiven):
    """What may change of a provider; what is left out stays. `api_key` null takes the key away."""

    kind: Kind | None = None
    api_key: Key | None = None
    base_url: Address | None = None
    models: Annotated[list[ModelId], Member(max_length=5000)] | None = None
    speaks: Annotated[list[Speaks], Member(max_length=5)] | None = None
    timeouts: TimeoutsGiven | None = None
    enabled: bool | None = None


class TimeoutsShown(Shown):
    """Seconds."""

    connect: float
    first_byte: float
    idle: float
    total: float


class KindShown(Shown):
    """A kind of provider: what it speaks, what it needs, and what holds where nothing else is set."""

    kind: str
    label: str
    speaks: list[str]
    base_url: str
    needs_key: bool
    needs_base_url: bool
    timeouts: TimeoutsShown
    retries: int


class TrialGiven(Given):
    """What to ask: a model of the provider, without one its first known model, or its model list. And on which of its
    keys: without a label the first."""

    model: ModelId | None = None
    credential: Label | None = None


class TrialShown(Shown):
    """How the try-out went: with what was asked, the time it took, and the provider's own words."""

    ok: bool
    ms: float
    asked: str
    status: int
    message: str
    reply: str


async def kinds(desk: AtDesk) -> Listing[KindShown]:
    """The registry: every kind of provider that can be added."""
    rows = sorted(BY_KIND.values(), key=lambda row: row.label.lower())
    items = [
        KindShown(
            kind=row.kind,
            label=row.label,
            speaks=list(row.speaks),
            base_url=row.base_url,
            needs_key=not row.keyless,
            needs_base_url=not row.base_url and row.kind != "simulator",
            timeouts=TimeoutsShown.model_validate(unset(row)),
            retries=row.retries,
        )
        for row in rows
    ]
    return Listing[KindShown](items=items)


async def list_(
    desk: AtDesk,
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Literal["name", "-name", "kind", "-kind", "created_at", "-created_at"] | None = None,
    q: Sought = None,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    enabled: bool | None = None,
) -> Listing[ProviderShown]:
    """Providers, those of the file first and by name where no other order is asked for."""
    configuration = desk.rooms.configuration
    items = [_of_file(desk, entry) for entry in desk.rooms.settings.providers]
    items += [_of_row(desk, row) for row in await configuration.providers.all()]
    items = [one for one in items if has(q, one.name) and kind in (None, one.kind) and enabled in (None, one.enabled)]
    return page_at_hand(ProviderShown, items, sort=sort or "standing", cursor=cursor, limit=limit, row_id=by_name)


async def get(name: str, response: Response, desk: AtDesk) -> ProviderShown:
    """One provider."""
    return tagged(response, await _shown(desk, name))


async def create(given: ProviderGiven, response: Response, desk: AtDesk) -> ProviderShown:
    """Add a provider. It serves at once, without a restart."""
    configuration = desk.rooms.configuration
    secret = given.api_key.get_secret_value() if given.api_key is not None else None
    now = desk.now()
    row = ProviderRow(
        name=given.name,
        kind=given.kind,
        api_key_sealed=configuration.sealed(given.name, secret) if secret else None,
        api_key_masked=mask(secret) if secret else None,
        base_url=given.base_url or None,
        models=tuple(dict.fromkeys(given.models or ())),
        speaks=tuple(dict.fromkeys(given.speaks or ())),
        timeouts=_timeouts(given.timeouts),
        settings=stored(desk, given.name, given, {}),
        enabled=given.enabled,
        created_at=now,
        updated_at=now,
    )
    async with desk.change():
        await configuration.providers.create(row)
        await _tried(desk, row)
        await desk.note("create", "provider", row.name, after=noted(row))
    await desk.reconfigured()
    return await get(row.name, response, desk)


async def change(name: str, given: ProviderChange, request: Request, response: Response, desk: AtDesk) -> ProviderShown:
    """Change, disable or re-key a provider. Running calls end with what they began with."""
    configuration = desk.rooms.configuration
    said = given.model_fields_set
    async with desk.change():
        before = await of_database(desk, name)
        unchanged_since(request, _of_row(desk, before))
        changes: dict[str, Any] = {"updated_at": desk.now()}
        if "api_key" in said:
            secret = given.api_key.get_secret_value() if given.api_key is not None else None
            changes["api_key_sealed"] = configuration.sealed(name, secret) if secret else None
            changes["api_key_masked"] = mask(secret) if secret else None
        if given.kind is not None:
            changes["kind"] = given.kind
        if given.enabled is not None:
            changes["enabled"] = given.enabled
        if "base_url" in said:
            changes["base_url"] = given.base_url or None
        for member in ("models", "speaks"):
            if member in said:
                changes[member] = tuple(dict.fromkeys(getattr(given, member) or ()))
        if "timeouts" in said:
            changes["timeouts"] = _timeouts(given.timeouts)
        changes["settings"] = stored(desk, name, given, before.settings)
        after = replace(before, **changes)
        after = await configuration.providers.replace(after, expected_version=before.version)
        await _tried(desk, after)
        await desk.note("change", "provider", name, before=noted(before), after=noted(after, given))
    await desk.reconfigured()
    return await get(name, response, desk)


async def delete(name: str, request: Request, desk: AtDesk) -> None:
    """Remove a provider. Its calls stay in the log."""
    async with desk.change():
        before = await of_database(desk, name)
        unchanged_since(request, _of_row(desk, before))
        await desk.rooms.configuration.providers.delete(name)
        await desk.rooms.configuration.rebuilt()
        await desk.note("delete", "provider", name, before=noted(before))
    await desk.reconfigured()


async def try_out(name: str, desk: AtDesk, given: TrialGiven | None = None) -> TrialShown:
    """Make a real call: how long it took, and the provider's own error if it failed. A breaker hears of an answer."""
    catalog = desk.rooms.configuration.current
    provider = catalog.providers.get(name)
    if provider is None:
        shown = await _shown(desk, name)
        reason = shown.problem or "it is disabled"
        return TrialShown(ok=False, ms=0, asked="nothing", status=0, message=f"Not asked: {reason}", reply="")
    if given is not None and given.credential is not None:
        provider = replace(provider, credentials=(_credential(provider, given.credential),))
    model = given.model if given is not None and given.model else (provider.models[0] if provider.models else "")
    sent_as = catalog.setting(f"{name}/{model}").sent_as or model
    went = await trial(provider, sent_as, dialects(), desk.rooms.transport, desk.rooms.clock)
    if went.ok:
        desk.rooms.health.answered(name, model)
    return TrialShown.model_validate(went)


def _credential(provider: Provider, label: str) -> Credential:
    found = next((one for one in provider.credentials if one.label == label), None)
    if found is None:
        labels = ", ".join(f"'{one.label}'" for one in provider.credentials) or "none"
        raise BadRequest(f"'{provider.name}' has no key of the label '{label}'; it has {labels}.", param="credential")
    return found


async def _tried(desk: Desk, row: ProviderRow) -> None:
    """Raises ConfigurationProblem, which takes the change back, when it makes no configuration that works. A
    disabled provider has its kind looked at all the same."""
    if row.kind not in BY_KIND:
        raise ConfigurationProblem(
            f"'{row.kind}' is no kind of provider. Known are {', '.join(sorted(BY_KIND))}.", param="kind"
        )
    await desk.rooms.configuration.rebuilt()


async def of_database(desk: Desk, name: str) -> ProviderRow:
    """A provider that may be changed here. Raises Forbidden for one of the file, NotHere."""
    if name in {entry.name for entry in desk.rooms.settings.providers}:
        source = desk.rooms.settings.config_file or "the environment"
        raise Forbidden(f"The provider '{name}' stands in {source} and is changed there.", code="owned_by_file")
    return await desk.rooms.configuration.providers.get(name)


async def _shown(desk: Desk, name: str) -> ProviderShown:
    for entry in desk.rooms.settings.providers:
        if entry.name == name:
            return _of_file(desk, entry)
    return _of_row(desk, await desk.rooms.configuration.providers.get(name))


def _of_file(desk: Desk, entry: ProviderSettings) -> ProviderShown:
    timeouts = {name: value for name, value in msgspec.structs.asdict(entry.timeouts).items() if value is not None}
    return ProviderShown(
        name=entry.name,
        kind=entry.kind,
        label=BY_KIND[entry.kind].label,
        source="file",
        enabled=entry.enabled,
        state=_state(desk, entry.name, enabled=entry.enabled),
        api_key_masked=str(entry.api_key) if entry.api_key is not None else None,
        api_key_weight=entry.api_key_weight,
        base_url=entry.base_url or None,
        models=list(entry.models),
        timeouts=timeouts,
        credentials=[
            CredentialShown(label=one.label, api_key_masked=str(one.api_key), weight=one.weight)
            for one in entry.credentials
        ],
        **shown_manner(manner_of(entry)),
        **_live(desk, entry.name, entry.kind, entry.speaks),
    )


def _of_row(desk: Desk, row: ProviderRow) -> ProviderShown:
    problem = desk.rooms.configuration.broken.get(f"provider {row.name}")
    known = BY_KIND.get(row.kind)
    return ProviderShown(
        name=row.name,
        kind=row.kind,
        label=known.label if known is not None else row.kind,
        source="database",
        enabled=row.enabled,
        state="broken" if problem else _state(desk, row.name, enabled=row.enabled),
        problem=problem,
        api_key_masked=row.api_key_masked,
        api_key_weight=row.settings.get("api_key_weight", 1.0),
        base_url=row.base_url,
        models=list(row.models),
        timeouts=row.timeouts,
        credentials=shown_credentials(row),
        **shown_manner(msgspec.convert(row.settings.get("manner", {}), Manner)),
        created_at=row.created_at,
        updated_at=row.updated_at,
        **_live(desk, row.name, row.kind, row.speaks),
    )


def _live(desk: Desk, name: str, kind: str, speaks: tuple[str, ...]) -> dict[str, Any]:
    provider: Provider | None = desk.rooms.configuration.current.providers.get(name)
    row = BY_KIND.get(kind)
    spoken = provider.speaks if provider is not None else speaks or (row.speaks if row is not None else ())
    return {
        "speaks": list(spoken),
        "known_models": len(provider.models) if provider is not None else 0,
        "ailments": ailments(desk, name),
    }


def _state(desk: Desk, name: str, *, enabled: bool) -> Literal["ok", "disabled", "failing"]:
    """Whether it can be asked now. A key that rests beside others that do not is no failure."""
    provider = desk.rooms.configuration.current.providers.get(name)
    if not enabled:
        return "disabled"
    health = desk.rooms.health
    rests = provider is not None and bool(health.rest_of_credentials(provider, health.clock())[1])
    return "failing" if rests or any(vitals.provider == name for vitals in health.ill()) else "ok"


def _timeouts(given: TimeoutsGiven | None) -> dict[str, float]:
    return {name: value for name, value in (given.said() if given else {}).items() if value is not None}
