"""Rules that one value's type cannot say: names that clash, addresses, and knobs that need each other.

Each rule refuses with one sentence at the value that breaks it. Whether a provider's kind and a group's targets
exist is known only to the registry and the catalog; `kinds` brings the first here when the caller has it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from gophergate.secrets import read_master_key
from gophergate.settings.origins import Origins
from gophergate.settings.schema import At, Knobs
from gophergate.settings.words import nearest

_ORIGIN = re.compile(
    r"(?!https://.*:443\Z)(?!http://.*:80\Z)[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?"
)
_DATABASES = ("sqlite+aiosqlite", "postgresql+asyncpg", "sqlite", "postgresql", "postgres")
"""The short ones are what hosts put into their environments; they mean the drivers of the long ones."""
_REDIS = ("redis", "rediss", "unix")


def check(knobs: Knobs, origins: Origins, kinds: Collection[str] = ()) -> None:
    """Raise SettingsError at the first rule that `knobs` breaks. An empty `kinds` leaves kinds unchecked."""
    check_values(knobs, origins)
    _workers(knobs, origins)
    _providers(knobs, origins, kinds)
    _groups(knobs, origins)
    _guards(knobs, origins)


def check_values(knobs: Knobs, origins: Origins) -> None:
    """Raise SettingsError at the first knob whose value is wrong whatever the others are."""
    _server(knobs, origins)
    _stores(knobs, origins)
    _security(knobs, origins)


def _server(knobs: Knobs, origins: Origins) -> None:
    for index, proxy in enumerate(knobs.server.trusted_proxies):
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            origins.fail(
                ("server", "trusted_proxies", index),
                f'server.trusted_proxies holds "{proxy}", which is neither an IP address nor a network',
            )
    for index, origin in enumerate(knobs.server.cors_origins):
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            origins.fail(
                ("server", "cors_origins", index),
                f'server.cors_origins holds "{origin}", which is no origin as a browser sends it, '
                "such as https://app.example or http://localhost:5173",
            )
    if knobs.server.public_url:
        _web_address(knobs.server.public_url, ("server", "public_url"), origins)


def _workers(knobs: Knobs, origins: Origins) -> None:
    shared = knobs.redis.url is not None or knobs.database.url.reveal().startswith("postgres")
    if knobs.server.workers > 1 and not shared:
        origins.fail(
            ("server", "workers"),
            f"server.workers = {knobs.server.workers} needs redis.url or a PostgreSQL database, "
            "so that the workers share their limits",
        )


def _stores(knobs: Knobs, origins: Origins) -> None:
    url = knobs.database.url.reveal()
    scheme, separator, rest = url.partition("://")
    if url and (not separator or scheme not in _DATABASES):
        origins.fail(("database", "url"), "database.url must begin with sqlite+aiosqlite:/// or postgresql+asyncpg://")
    if scheme.startswith("sqlite") and not rest.startswith("/"):
        origins.fail(
            ("database", "url"),
            "database.url must have three slashes before a relative SQLite path and four before an absolute one",
        )
    if knobs.redis.url is not None and knobs.redis.url.reveal().partition("://")[0] not in _REDIS:
        origins.fail(("redis", "url"), "redis.url must begin with redis://, rediss:// or unix://")


def _security(knobs: Knobs, origins: Origins) -> None:
    if (key := knobs.security.encryption_key) is not None:
        try:
            read_master_key(key.reveal())
        except ValueError as error:
            origins.fail(("security", "encryption_key"), f"security.encryption_key {error}")


def _providers(knobs: Knobs, origins: Origins, kinds: Collection[str]) -> None:
    taken: dict[str, int] = {}
    for index, provider in enumerate(knobs.providers):
        at: At = ("providers", index)
        if (first := taken.setdefault(provider.name, index)) != index:
            place = origins.source(("providers", first, "name"))
            origins.fail((*at, "name"), f"the provider name '{provider.name}' is taken already, by {place}")
        if kinds and provider.kind not in kinds:
            hint = nearest(provider.kind, sorted(kinds), lambda near: f"'{near}'")
            origins.fail((*at, "kind"), f"provider {provider.name} has the unknown kind '{provider.kind}'{hint}")
        if provider.base_url:
            _web_address(provider.base_url, (*at, "base_url"), origins)
        if provider.api_key is not None and not is_sendable(provider.api_key.reveal()):
            origins.fail(
                (*at, "api_key"),
                f"{origins.label((*at, 'api_key'))} is empty or holds characters that no HTTP header may hold",
            )


def _groups(knobs: Knobs, origins: Origins) -> None:
    providers = {provider.name: index for index, provider in enumerate(knobs.providers)}
    taken: dict[str, int] = {}
    for index, group in enumerate(knobs.groups):
        at: At = ("groups", index)
        if (first := taken.setdefault(group.name, index)) != index:
            place = origins.source(("groups", first, "name"))
            origins.fail((*at, "name"), f"the group name '{group.name}' is taken already, by {place}")
        prefix = group.name.partition("/")[0]
        if prefix in providers:
            place = origins.source(("providers", providers[prefix], "name"))
            origins.fail((*at, "name"), f"the group '{group.name}' would hide the provider '{prefix}' of {place}")
        if not group.targets and not group.rules:
            origins.fail(at, f"the group '{group.name}' has no targets")
        if group.strategy == "weighted" and not any(target.weight for target in group.targets):
            origins.fail((*at, "targets"), f"the group '{group.name}' is weighted, and all its weights are zero")


def _guards(knobs: Knobs, origins: Origins) -> None:
    taken: dict[str, int] = {}
    for index, guard in enumerate(knobs.guards):
        if (first := taken.setdefault(guard.name, index)) != index:
            place = origins.source(("guards", first, "name"))
            origins.fail(("guards", index, "name"), f"the guard name '{guard.name}' is taken already, by {place}")


def _web_address(url: str, at: At, origins: Origins) -> None:
    label = origins.label(at)
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or any(character.isspace() for character in url):
        origins.fail(at, f"{label} must be an address such as https://host/path")
    if parts.username is not None or parts.password is not None:
        origins.fail(at, f"{label} must hold no user name or password")
    if parts.query or parts.fragment:
        origins.fail(at, f"{label} must end before any '?' or '#'")


def is_sendable(secret: str) -> bool:
    """Whether a header may carry it: not empty, printable ASCII, no space."""
    return bool(secret) and all("!" <= character <= "~" for character in secret)
