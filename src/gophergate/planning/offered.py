"""What can be asked for here, each with what is known, set and priced of it: one description for the API, the command
line and the dashboard."""

from __future__ import annotations

from typing import Literal

import msgspec

from gophergate.configured import Configuration
from gophergate.errors import ModelNotFound
from gophergate.ledger.cards import ATTOS_A_TOKEN, Card, in_dollars
from gophergate.ledger.pricing import PriceBook
from gophergate.routing.able import operations
from gophergate.routing.catalog import Catalog
from gophergate.routing.facts import UNKNOWN, Facts
from gophergate.store.models import ModelRow

Source = Literal["file", "database", "provider", "call"]


class ListPrice(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars per million tokens as decimal text, for the shortest prompts; `bands` is how many lengths of prompt
    are priced apart, `version` says whose price it is."""

    version: str
    input: str
    cache_read: str
    cache_write: str
    cache_write_1h: str
    output: str
    bands: int


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A model at a provider, or a group. `source` says where it stands: in the file, in the database, in its provider's
    own list, or nowhere but in what was asked ("call"). `price` None is unpriced; `members` are a group's; `operations`
    are what it may be asked for, a group what any of its members may."""

    name: str
    provider: str
    is_group: bool
    enabled: bool
    source: Source
    mapped_name: str | None = None
    members: tuple[str, ...] = ()
    price: ListPrice | None = None
    facts: Facts = UNKNOWN
    operations: tuple[str, ...] = ()


def names(configuration: Configuration) -> set[str]:
    """Every name there is, those that are switched off too."""
    catalog = configuration.current
    found = set(catalog.groups) | set(configuration.model_rows)
    for provider in catalog.providers.values():
        found.update(f"{provider.name}/{model}" for model in provider.models)
    return found


def described(configuration: Configuration, prices: PriceBook, name: str, row: ModelRow | None = None) -> Offered:
    """One of them. `row` is what is set about it, where the caller has it newer than the configuration."""
    catalog = configuration.current
    group = catalog.group(name)
    if group is not None:
        return Offered(
            name=name,
            provider="gophergate",
            is_group=True,
            enabled=True,
            source="file" if configuration.is_from_file(name) else "database",
            members=group.members,
            operations=_operations(catalog, name),
        )
    row = row or configuration.model_rows.get(name)
    provider, _, model = name.partition("/")
    mapped = row.mapped_name if row is not None else None
    card = prices.card(provider, mapped or model, name)
    return Offered(
        name=name,
        provider=provider,
        is_group=False,
        enabled=row.enabled if row is not None else True,
        source=_source(configuration, provider, model, row),
        mapped_name=mapped,
        price=list_price(card) if card is not None else None,
        facts=catalog.facts(name),
        operations=_operations(catalog, name),
    )


def _operations(catalog: Catalog, name: str) -> tuple[str, ...]:
    """None of a name that nobody stands behind now."""
    provider, _, model = name.partition("/")
    if provider in catalog.providers:
        return operations(catalog.providers[provider], model)
    try:
        behind = catalog.plan(name).deployments
    except ModelNotFound:
        return ()
    return tuple(dict.fromkeys(each for one in behind for each in operations(one.provider, one.model)))


def found(configuration: Configuration, name: str) -> str:
    """The name something is described under: "openai/gpt-4.1" for "gpt-4.1". Raises ModelNotFound with a hint."""
    catalog = configuration.current
    if name in names(configuration):
        return name
    if catalog.group(name) is not None:
        return name
    if catalog.label(name):
        return catalog.label(name)
    if name.partition("/")[0] in catalog.providers and name.partition("/")[2]:
        return catalog.plan(name).deployments[0].label
    raise ModelNotFound(name, catalog.hint(name))


def list_price(card: Card) -> ListPrice:
    """A card as people read prices."""
    band = card.bands[0]
    return ListPrice(
        version=card.version,
        input=in_dollars(band.input, ATTOS_A_TOKEN),
        cache_read=in_dollars(band.cache_read, ATTOS_A_TOKEN),
        cache_write=in_dollars(band.cache_write, ATTOS_A_TOKEN),
        cache_write_1h=in_dollars(band.cache_write_1h, ATTOS_A_TOKEN),
        output=in_dollars(band.output, ATTOS_A_TOKEN),
        bands=len(card.bands),
    )


def _source(configuration: Configuration, provider: str, model: str, row: ModelRow | None) -> Source:
    known = configuration.current.providers.get(provider)
    if known is None or model not in known.models:
        return "database" if row is not None else "call"
    if configuration.lists_itself(known):
        return "provider"
    return "file" if configuration.is_from_file(provider) else "database"
