"""What is configured, from the file and from the database, as one validated catalogue that is swapped whole (law 10).

The file goes first: its objects cannot be changed at run time, and a database object may not share a name with one of
them. Whoever changes something stores it, asks `rebuilt` inside the same transaction (a problem rolls it back), and
calls `reload` once it has committed. Other processes notice by the change mark and call `reload` themselves.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from gophergate.core.guarding import Guards
from gophergate.errors import BadRequest, Unavailable
from gophergate.guarding import in_force, must_hold, read_guard, rules_of
from gophergate.ledger.pricing import NO_TERMS, Terms
from gophergate.providers.base import Credential, Provider, Row
from gophergate.providers.build import Manner, build
from gophergate.providers.registry import BY_KIND
from gophergate.routing.catalog import Catalog, CatalogHolder, ModelSetting
from gophergate.routing.discovery import discover
from gophergate.routing.facts import FactBook
from gophergate.routing.groups import Group, GroupProblem, checked_groups
from gophergate.routing.refresh import FactKeeper
from gophergate.secrets import CannotOpen, Keyring
from gophergate.settings import GroupSettings, ProviderSettings, Secret, Settings, SettingsError, mask
from gophergate.settings.schema import TimeoutSettings
from gophergate.store.database import Database
from gophergate.store.groups import GroupRow, Groups
from gophergate.store.guards import GuardRow
from gophergate.store.guards import Guards as GuardRows
from gophergate.store.models import ModelRow, Models
from gophergate.store.providers import ProviderRow, Providers
from gophergate.transport.base import Transport
from gophergate.transport.pool import parse_prefix

if TYPE_CHECKING:
    from gophergate.guarding import Consult
    from gophergate.policy.guards.rules import Rule

logger = logging.getLogger("gophergate")

KEY_LABEL = "default"
NO_GROUPS: Mapping[str, Group] = {}


class ConfigurationProblem(BadRequest):
    """What is stored, or shall be, cannot be a configuration. `param` names the member."""

    code = "invalid_configuration"


class Configuration:
    """Builds catalogues and swaps them. `version` rises with every swap; `current` is what calls are routed by."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        keyring: Keyring,
        transport: Transport,
        *,
        wall: Callable[[], float],
        consult: Consult | None = None,
    ) -> None:
        """`consult` makes what reaches the endpoints of guards; without it none can be asked."""
        self.settings = settings
        self.consult = consult
        self._keyring = keyring
        self.transport = transport
        self._wall = wall
        self.providers = Providers(database)
        self.models = Models(database)
        self.groups = Groups(database)
        self.guards = GuardRows(database)
        self._from_file = providers_of(settings)
        self._file_groups = {group.name: _group(group) for group in settings.groups}
        self._file_guards = rules_of(settings)
        self._listed: dict[str, tuple[str, ...]] = {}
        self.facts = FactKeeper(
            settings.data_dir, transport, every=settings.pricing.refresh, wall=wall, learn=self._learn
        )
        self.broken: dict[str, str] = {}
        """Database objects left out of the current catalogue, and why: one that breaks takes no other with it."""
        self.model_rows: Mapping[str, ModelRow] = {}
        self.version = 0
        self.on_swap: list[Callable[[], None]] = []
        try:
            self.holder = CatalogHolder(
                self._built(self._from_file, self._file_groups, {}, in_force(self._file_guards, consult=consult))
            )
        except GroupProblem as error:
            number = next((n for n, group in enumerate(settings.groups) if group.name == error.group), 0)
            raise SettingsError(error.message, settings.source("groups", number)) from None

    @property
    def current(self) -> Catalog:
        """The catalogue of calls that begin now."""
        return self.holder.current

    def row(self, provider: str) -> Row | None:
        """The registry row of a provider that is configured now."""
        found = self.current.providers.get(provider)
        return found.row if found is not None else None

    def terms(self, label: str) -> Terms:
        """What was set about the price of a "provider/model": in the database, else in the file, there also by the
        model's own name."""
        row = self.model_rows.get(label)
        file = self.settings.pricing.overrides
        override = file.get(label) or file.get(label.partition("/")[2])
        price = override.rates() if override is not None else {}
        like = (override.like or "") if override is not None else ""
        if row is None:
            return Terms(price, like=like) if price or like else NO_TERMS
        price |= {name: Decimal(amount) for name, amount in row.price.items() if name != "like"}
        discounts = tuple((Decimal(one.share), one.since, one.until) for one in row.discounts)
        return Terms(price, discounts, row.price.get("like", like))

    def is_from_file(self, name: str) -> bool:
        """Whether a provider or group of that name is owned by the file, so that nothing here may change it."""
        return name in {provider.name for provider in self.settings.providers} or name in self._file_groups

    def lists_itself(self, provider: Provider) -> bool:
        """Whether the models of a provider are those of its own list, and not of the configuration."""
        return _fingerprint(provider) in self._listed or provider.simulator is not None

    async def proposed(self, groups: Mapping[str, Group]) -> Catalog:
        """The catalogue as it would be with these groups, in place of those of the same names, the file's too. Raises
        ConfigurationProblem."""
        return await self._read(strict=True, changed=groups)

    async def rebuilt(self) -> Catalog:
        """The catalogue as stored now, every object of it valid. Raises ConfigurationProblem for the first that is
        not, and as the database does."""
        return await self._read(strict=True)

    async def reload(self) -> None:
        """Swap to what is stored now. An object that cannot be used is left out and named in `broken`: a start, or
        another node's change, must not take down what works."""
        self.broken = {}
        catalog = await self._read(strict=False)
        self._swap(catalog)

    async def keep_fresh(self) -> None:
        """For ever: what is known of models, and what providers list, as often as `pricing.refresh` says."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.facts.run())
            every = self.settings.pricing.refresh
            while every > 0:
                await asyncio.sleep(every)
                try:
                    await self.discover(again=True)
                except Unavailable as error:
                    logger.warning("cannot look for new models: %s", error.message)

    async def discover(self, *, again: bool = False) -> None:
        """Ask the providers that list no models which they have, and swap to a catalogue that knows them. Each is asked
        once, and again only on demand; who does not answer keeps what they listed before."""
        wanted = [
            replace(p, models=()) if again and _fingerprint(p) in self._listed else p
            for p in self.current.providers.values()
        ]
        unknown = [p for p in wanted if not p.models and p.speaks]
        if not unknown:
            return
        for found in await discover(tuple(unknown), self.transport):
            if found.models:
                self._listed[_fingerprint(found)] = found.models
        await self.reload()

    async def _learn(self, book: FactBook) -> None:
        """A catalogue that knows what was just learnt of models."""
        await self.reload()

    def _swap(self, catalog: Catalog) -> None:
        self.version += 1
        self.holder.swap(catalog)
        for tell in self.on_swap:
            tell()

    async def _read(self, *, strict: bool, changed: Mapping[str, Group] = NO_GROUPS) -> Catalog:
        provider_rows, model_rows = await self.providers.all(), await self.models.all()
        group_rows = await self.groups.published()
        found = list(self._from_file)
        taken = {provider.name for provider in self.settings.providers}
        for row in provider_rows:
            try:
                provider = self._provider(row, taken)
            except ConfigurationProblem as error:
                self._leave_out(f"provider {row.name}", error, strict=strict)
            else:
                found += [provider] if provider is not None else []
        groups = dict(self._file_groups)
        for group_row in group_rows:
            try:
                if group_row.name in self._file_groups:
                    raise ConfigurationProblem(f"The file has a group '{group_row.name}' already.", param="name")
                groups[group_row.name] = group_of(group_row)
            except ConfigurationProblem as error:
                self._leave_out(f"group {group_row.name}", error, strict=strict)
        groups |= changed
        guards = await self._guards(strict=strict)
        by_name = {row.name: row for row in model_rows}
        while True:
            try:
                catalog = self._built(tuple(found), groups, by_name, guards)
            except GroupProblem as error:
                problem = ConfigurationProblem(error.message, param=error.member)
                # Of groups that lead to one another, one of the database goes: the file stood before it.
                name = next((one for one in error.cycle if one not in self._file_groups), error.group)
                self._leave_out(f"group {name}", problem, strict=strict or name in self._file_groups)
                del groups[name]
            else:
                if not strict:
                    self.model_rows = by_name
                return catalog

    async def _guards(self, *, strict: bool) -> Guards:
        """The guards, the file's first. While one cannot be used, and does not say that calls may do without it, no
        call is let through."""
        found = list(self._file_guards)
        unusable: list[str] = []
        taken = {rule.name for rule in found}
        for row in await self.guards.all():
            try:
                if row.name in taken:
                    raise ConfigurationProblem(f"The file has a guard '{row.name}' already.", param="name")
                found.append(self.guard_of(row))
            except ConfigurationProblem as error:
                self._leave_out(f"guard {row.name}", error, strict=strict)
                unusable += [row.name] if must_hold(row.definition) else []
        return in_force(found, unusable, self.consult)

    def guard_of(self, row: GuardRow) -> Rule:
        """A stored guard as a rule, its secret opened. Raises ConfigurationProblem naming the member."""
        definition = dict(row.definition)
        if "secret" in definition:
            sealed = b64decode(definition["secret"]["sealed"])
            try:
                plain = self._keyring.open(sealed, table="guards", row=row.name, column="secret")
            except CannotOpen as error:
                raise ConfigurationProblem(error.message, param="secret") from None
            definition["secret"] = Secret(plain)
        return rule_of(row.name, definition)

    def guard_secret(self, name: str, secret: str) -> dict[str, str]:
        """A guard's secret as its stored definition holds it."""
        sealed = self._keyring.seal(secret, table="guards", row=name, column="secret")
        return {"sealed": b64encode(sealed).decode(), "masked": mask(secret)}

    def _leave_out(self, what: str, error: ConfigurationProblem, *, strict: bool) -> None:
        if strict:
            raise error
        self.broken[what] = error.message
        logger.warning("the %s is left out: %s", what, error.message)

    def _provider(self, row: ProviderRow, taken: set[str]) -> Provider | None:
        if row.name in taken:
            raise ConfigurationProblem(f"The file has a provider '{row.name}' already.", param="name")
        kind = BY_KIND.get(row.kind)
        if kind is None:
            raise ConfigurationProblem(
                f"'{row.kind}' is no kind of provider; known are {', '.join(sorted(BY_KIND))}.", param="kind"
            )
        if not row.enabled:
            return None
        try:
            secret = self.secret_of(row)
            timeouts = msgspec.convert(row.timeouts, TimeoutSettings)
            return build(
                kind,
                row.name,
                secrets=[*self._first(row, secret), *self._further(row)],
                base_url=row.base_url or "",
                models=row.models,
                speaks=row.speaks,
                timeouts=timeouts,
                manner=msgspec.convert(row.settings.get("manner", {}), Manner),
                sleep=asyncio.sleep,
            )
        except CannotOpen as error:
            raise ConfigurationProblem(error.message, param="api_key") from None
        except (ValueError, msgspec.ValidationError) as error:
            text = str(error)
            member = next((word for word in ("api_key", "base_url", "credentials") if word in text), "speaks")
            raise ConfigurationProblem(f"{text[:1].upper()}{text[1:]}.", param=member) from None

    def secret_of(self, row: ProviderRow) -> str:
        """The opened key of a stored provider, "" for none. Raises CannotOpen."""
        if row.api_key_sealed is None:
            return ""
        return self._keyring.open(row.api_key_sealed, table="providers", row=row.name, column="api_key")

    def sealed(self, name: str, secret: str, *, label: str = "") -> bytes:
        """A key as it is stored for the provider of that name; `label` tells one of several."""
        return self._keyring.seal(secret, table="providers", row=name, column=_column(label))

    def _first(self, row: ProviderRow, secret: str) -> Iterator[Credential]:
        if secret:
            yield Credential(KEY_LABEL, secret, row.settings.get("api_key_weight", 1.0))

    def _further(self, row: ProviderRow) -> Iterator[Credential]:
        """The credentials a provider has beside its one key. Raises CannotOpen."""
        for one in row.settings.get("credentials", []):
            sealed = b64decode(one["sealed"])
            secret = self._keyring.open(sealed, table="providers", row=row.name, column=_column(one["label"]))
            yield Credential(one["label"], secret, one["weight"])

    def _built(
        self,
        found: Iterable[Provider],
        groups: Mapping[str, Group],
        rows: Mapping[str, ModelRow],
        guards: Guards,
    ) -> Catalog:
        known = tuple(
            replace(p, models=self._listed[_fingerprint(p)]) if not p.models and _fingerprint(p) in self._listed else p
            for p in found
        )
        set_ = {name: ModelSetting(enabled=row.enabled, sent_as=row.mapped_name or "") for name, row in rows.items()}
        return Catalog(known, checked_groups(groups), int(self._wall()), set_, self.facts.book, guards)


def _fingerprint(provider: Provider) -> str:
    return repr((provider.name, sorted(provider.roots.items()), [c.secret for c in provider.credentials]))


def _group(group: GroupSettings) -> Group:
    return msgspec.convert(msgspec.to_builtins(group), Group)


def group_of(row: GroupRow) -> Group:
    """A stored definition as a group. Raises ConfigurationProblem naming the member."""
    return read_group(row.name, row.definition)


def rule_of(name: str, definition: Mapping[str, Any]) -> Rule:
    """A stored definition of a guard as a rule. Raises ConfigurationProblem naming the member."""
    from gophergate.policy.guards.rules import BadGuard

    try:
        return read_guard(name, definition)
    except BadGuard as error:
        text = str(error)
        raise ConfigurationProblem(f"{text[:1].upper()}{text[1:]}.", param=error.member) from None


def read_group(name: str, definition: Mapping[str, Any]) -> Group:
    """A group from the members of `[[groups]]`. Raises ConfigurationProblem naming the member."""
    try:
        settings = msgspec.convert({**definition, "name": name}, GroupSettings)
    except msgspec.ValidationError as error:
        said, _, at = str(error).partition(" - at `$")
        raise ConfigurationProblem(f"{said}.", param=at.rstrip("`").lstrip(".") or None) from None
    return _group(settings)


def address(text: str) -> str:
    """The address of a provider as it is stored, "" for none. Raises ValueError for what is no http or https URL."""
    if not text:
        return text
    scheme, _, rest = text.partition("://")
    parse_prefix(f"{scheme}://{rest.split('/', 1)[0]}")
    return text.rstrip("/")


def provider_of(entry: ProviderSettings) -> Provider:
    """A provider from its settings. Raises ValueError in words for an operator."""
    row = BY_KIND.get(entry.kind)
    if row is None:
        raise ValueError(f"'{entry.kind}' is no kind of provider; known are {', '.join(sorted(BY_KIND))}")
    return build(
        row,
        entry.name,
        secrets=_credentials(entry),
        base_url=entry.base_url,
        models=entry.models,
        speaks=entry.speaks,
        timeouts=entry.timeouts,
        manner=manner_of(entry),
        sleep=asyncio.sleep,
    )


def manner_of(entry: ProviderSettings) -> Manner:
    """How a provider's calls are tried and ended, as the file says."""
    return msgspec.convert(entry, Manner, from_attributes=True)


def _column(label: str) -> str:
    return f"credential:{label}" if label else "api_key"


def _credentials(entry: ProviderSettings) -> list[Credential]:
    """Its one key, then the others, each under its label."""
    found = [Credential(KEY_LABEL, entry.api_key.reveal(), entry.api_key_weight)] if entry.api_key is not None else []
    return found + [Credential(one.label, one.api_key.reveal(), one.weight) for one in entry.credentials]


def providers_of(settings: Settings) -> tuple[Provider, ...]:
    """The file's enabled providers. Raises SettingsError with the place of what is wrong."""
    found = []
    for number, entry in enumerate(settings.providers):
        if not entry.enabled:
            continue
        try:
            found.append(provider_of(entry))
        except ValueError as error:
            at = ("providers", number, "kind") if entry.kind not in BY_KIND else ("providers", number)
            raise SettingsError(str(error), settings.source(*at)) from None
    return tuple(found)
