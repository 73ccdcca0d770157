"""Providers, settings of models, and groups. What is made must be a configuration that works, wherever it is from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from gophergate.billing.credit import entered
from gophergate.configured import ConfigurationProblem
from gophergate.errors import GatewayError
from gophergate.original import values
from gophergate.original.carry import Carrier
from gophergate.original.rules import classifier, rule
from gophergate.providers.registry import BY_KIND
from gophergate.settings import mask
from gophergate.settings.schema import NAME_PATTERN
from gophergate.store.models import Discount, ModelRow
from gophergate.store.providers import ProviderRow

_KINDS: Mapping[str, str] = {
    "grok": "xai", "x.ai": "xai", "x-ai": "xai", "google": "gemini", "google-gemini": "gemini", "claude": "anthropic",
    "kimi": "moonshot", "moonshotai": "moonshot", "gpt": "openai", "openai-compatible": "compatible",
    "custom": "compatible",
}  # fmt: skip
_STRATEGIES: Mapping[str, str] = {
    "": "ordered", "priority": "ordered", "failover": "ordered", "fallback": "ordered", "sequential": "ordered",
    "static": "ordered", "alias": "ordered", "round_robin": "weighted", "random": "weighted", "weighted": "weighted",
    "ordered": "ordered", "latency": "least_latency", "least_latency": "least_latency", "cost": "cheapest",
    "cheapest": "cheapest", "heuristic": "heuristic", "heuristics": "heuristic", "rules": "heuristic",
    "classifier": "classifier", "llm": "classifier", "least_busy": "least_busy", "sticky": "sticky",
}  # fmt: skip
_UNITS: Mapping[str, Decimal] = {"million": Decimal(1), "thousand": Decimal(1000), "token": Decimal(1_000_000)}


async def carry_providers(at: Carrier) -> None:
    """The providers, their keys sealed anew with our encryption key."""
    for facts in at.source.rows("providers"):
        name = values.words(facts["name"])
        said = values.words(facts["kind"]).lower()
        kind = _KINDS.get(said, said)
        base_url = values.words(facts["base_url"]).rstrip("/")
        if kind not in BY_KIND and base_url:
            kind = "compatible"
        why = await _obstacle(at, name, kind)
        if why is not None:
            at.report.note("provider", name, *why)
            continue
        await _provider(at, name, kind, base_url, facts)


async def _obstacle(at: Carrier, name: str, kind: str) -> tuple[Any, str] | None:
    """Why a provider is not made, if it is not."""
    if not re.match(NAME_PATTERN, name):
        return "left out", "its name cannot be one here: letters, digits, '.', '_' and '-'"
    if at.configuration.is_from_file(name):
        return "there", "stands in the configuration file or the environment, which it is read from"
    if any(row.name == name for row in await at.configuration.providers.all()):
        return "there", ""
    if kind not in BY_KIND:
        return "left out", f"'{kind}' is no kind of provider here, and it has no address"
    return None


async def _provider(at: Carrier, name: str, kind: str, base_url: str, facts: Mapping[str, Any]) -> None:
    remarks = []
    secret, was = values.provider_key(facts["key"], facts["is_sealed"], at.old_key)
    is_on = values.is_on(facts["on"], facts["off"])
    if was == "sealed" and not secret:
        how = "does not open with the old encryption key" if at.old_key else "is encrypted: give --old-key-file"
        remarks.append(f"its key {how}; it is made without one, and switched off")
        is_on = False
    elif is_on and not secret and not BY_KIND[kind].keyless:
        remarks.append("has no key, and is switched off")
        is_on = False
    settings = await _credit(at, name, facts, remarks)
    row = ProviderRow(
        name=name,
        kind=kind,
        api_key_sealed=at.configuration.sealed(name, secret) if secret else None,
        api_key_masked=mask(secret) if secret else None,
        base_url=base_url or None,
        models=values.names(facts["models"]),
        timeouts=_timeouts(facts["timeout"], remarks),
        settings=settings,
        enabled=is_on,
        created_at=at.time(facts["created_at"]),
        updated_at=at.now,
    )
    await at.configuration.providers.create(row)
    try:
        await at.configuration.rebuilt()
    except (ConfigurationProblem, GatewayError) as error:
        await at.configuration.providers.delete(name)
        at.report.note("provider", name, "left out", error.message)
        return
    await at.audit("provider", name, {**msgspec.structs.asdict(row), "api_key_sealed": None})
    at.report.note("provider", name, "made", "; ".join(remarks))


async def _credit(at: Carrier, name: str, facts: Mapping[str, Any], remarks: list[str]) -> dict[str, Any]:
    try:
        balance, low = values.nanodollars(facts["credit"]), values.nanodollars(facts["low"])
    except ValueError as error:
        remarks.append(f"its credit is left out: {error}")
        return {}
    if not balance:
        return {}
    at.credits.append(name)
    return {"credit": entered(balance, low or None, at.now, 0)}


def _timeouts(value: Any, remarks: list[str]) -> dict[str, float]:
    try:
        seconds = values.milliseconds(value)
    except ValueError:
        seconds = None
        remarks.append("its time-out is left out, which is no length of time")
    if not seconds:
        return {}
    if seconds > 86_400:
        remarks.append(f"its time-out of {seconds:g} seconds is left out, which is more than a day")
        return {}
    return {"total": seconds}


async def carry_models(at: Carrier) -> None:
    """What was set about single models: switched off, called otherwise, priced, discounted."""
    there = {row.name for row in await at.configuration.models.all()}
    for facts in at.source.rows("models"):
        model, provider = values.words(facts["name"]), values.words(facts["provider"])
        name = model if not provider or model.startswith(f"{provider}/") else f"{provider}/{model}"
        if not re.fullmatch(r"[^\s/]+/\S+", name) or len(name) > 320:
            at.report.note("model", name[:80] or "?", "left out", "does not say which provider it is of")
            continue
        if name in there:
            at.report.note("model", name, "there")
            continue
        there.add(name)
        remarks: list[str] = []
        row = ModelRow(
            name=name,
            enabled=values.is_on(facts["on"], facts["off"]),
            mapped_name=_mapped(facts["mapped"], model),
            price=dict(_prices(facts, remarks)),
            discounts=tuple(_discounts(facts, remarks)),
            updated_at=at.now,
        )
        if row.enabled and not (row.mapped_name or row.price or row.discounts):
            at.report.note("model", name, "left out", "; ".join(["nothing is set about it", *remarks]))
            continue
        stored = await at.configuration.models.put(row, expected_version=0)
        await at.audit("model", name, msgspec.to_builtins(stored))
        at.report.note("model", name, "made", "; ".join(remarks))


def _mapped(value: Any, model: str) -> str | None:
    name = values.words(value)
    return name[:255] if name and name != model and not re.search(r"\s", name) and name[0] not in "[{" else None


def _prices(facts: Mapping[str, Any], remarks: list[str]) -> Iterator[tuple[str, str]]:
    """US dollars per million tokens. A price of nothing is how the original says that it knows none."""
    for usage in ("input", "output", "cache_read", "cache_write"):
        for unit, factor in _UNITS.items():
            try:
                amount = values.dollars(facts.get(f"{usage}_{unit}"))
            except ValueError as error:
                remarks.append(f"its price of {usage} is left out: {error}")
                continue
            if amount is not None and 0 < amount * factor < 10**6:
                yield usage, f"{(amount * factor).quantize(Decimal('1e-9')).normalize():f}"
                break


def _discounts(facts: Mapping[str, Any], remarks: list[str]) -> Iterator[Discount]:
    try:
        percent = values.dollars(facts["discount"])
        since, until = values.moment(facts["discount_from"]), values.moment(facts["discount_until"])
    except ValueError as error:
        remarks.append(f"its discount is left out: {error}")
        return
    if not percent:
        return
    share = percent if percent < 1 else percent / 100
    if not 0 < share <= 1:
        remarks.append(f"its discount is left out: {percent} is no share")
        return
    yield Discount(share=f"{share.quantize(Decimal('1e-6')).normalize():f}", since=since or 0, until=until)


async def carry_groups(at: Carrier) -> None:
    """The groups, those that others lead to first. One that cannot work here is left out, with the reason."""
    there = {row.name for row in await at.configuration.groups.latest()}
    for facts in at.source.rows("groups"):
        name = values.words(facts["name"])
        if name in there or at.configuration.is_from_file(name):
            at.report.note("group", name, "there")
            continue
        if not values.is_on(facts["on"], facts["off"]):
            at.report.note("group", name, "left out", "was switched off")
            continue
        there.add(name)
        try:
            definition = _definition(facts)
            await at.configuration.groups.save(
                name, definition, state="published", expected_version=0, author_id=None, now=at.now
            )
        except ValueError as error:
            at.report.note("group", name, "left out", str(error))
            continue
        try:
            await at.configuration.rebuilt()
        except GatewayError as error:
            await at.configuration.groups.delete(name)
            at.report.note("group", name, "left out", error.message)
            continue
        await at.audit("group", name, definition)
        at.report.note("group", name, "made", "look at its rules" if definition.get("rules") else "")


def _definition(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The members of `[[groups]]`. Raises ValueError."""
    said = values.words(facts["strategy"]).lower().replace("-", "_")
    strategy = _STRATEGIES.get(said)
    if strategy is None:
        raise ValueError(f"its strategy '{said[:40]}' is not known here")
    definition: dict[str, Any] = {"strategy": strategy, "targets": [{"model": one} for one in _targets(facts)]}
    fallbacks = values.names(facts["fallbacks"])
    if fallbacks:
        definition["fallbacks"] = list(fallbacks)
    rules = values.parsed(facts["rules"]) if values.words(facts["rules"]) else None
    if isinstance(rules, dict):
        rules = rules.get("rules") or rules.get("conditions") or [rules]
    if rules and strategy in ("heuristic", "classifier"):
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise ValueError("its rules are no list of rules")
        definition["rules"] = [rule(one) for one in rules if values.is_on(one.get("enabled"), None)]
    if strategy == "classifier":
        definition["classifier"] = classifier(facts["classifier"], facts["threshold"])
    return definition


def _targets(facts: Mapping[str, Any]) -> tuple[str, ...]:
    return values.names(facts["targets"])
