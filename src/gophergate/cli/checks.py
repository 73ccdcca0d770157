"""What `gophergate doctor` looks at. Each check reads only, takes a moment, and says what to do where it can.

A check never raises: what it meets becomes a finding, for one broken thing must not hide the others.
"""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import shutil
import socket
import stat
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from gophergate.errors import GatewayError
from gophergate.keyfile import SetupError, find_master_key, key_file
from gophergate.ledger.pricelists import PriceLists
from gophergate.secrets import Keyring
from gophergate.settings import ProviderSettings, Settings

State = Literal["ok", "warn", "fail"]

_LITTLE_SPACE = 1024**3
_NO_SPACE = 100 * 1024**2
_FEW_DESCRIPTORS = 4096
_OLD_PRICES = 7 * 86_400.0
_LOOK = "set pricing.refresh, so that prices are kept current"
_NETWORK_SECONDS = 3.0
_WAL_VERSION = 2
"""Bytes 18 and 19 of a SQLite file's header (https://sqlite.org/fileformat2.html#file_format_version_numbers)."""


class Finding(msgspec.Struct, frozen=True):
    """What one check found. `advice` is what to do about it, "" when nothing is."""

    name: str
    state: State
    found: str
    advice: str = ""


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Every finding about a gateway with these settings, in the order in which they matter."""
    yield configuration(settings)
    yield data_directory(settings)
    key = encryption_key(settings)
    yield key
    async for finding in database(settings, may_read=key.state != "fail"):
        yield finding
    if settings.redis.url is not None:
        yield await reachable("redis", settings.redis.url.reveal(), 6379)
    yield disk_space(settings)
    yield price_list(settings)
    yield file_descriptors()
    for finding in providers(settings):
        yield finding
    yield await port(settings)


def configuration(settings: Settings) -> Finding:
    """The file that was read, and whether others may read the secrets in it."""
    file = settings.config_file
    if file is None:
        return Finding("configuration", "ok", "no file: defaults and environment")
    secrets = [
        source
        for at, source in settings.sources.items()
        if source.kind == "file" and not source.via and at[-1] in ("api_key", "encryption_key")
    ]
    if secrets and _mode(file) & 0o077:
        return Finding("configuration", "warn", f"{file} holds secrets and others may read it", f"chmod 600 {file}")
    return Finding("configuration", "ok", str(file))


def data_directory(settings: Settings) -> Finding:
    """Whether it is there, writable, and for its owner only."""
    directory = settings.data_dir
    if not directory.exists():
        return Finding("data directory", "ok", f"{directory} will be made at the first start")
    if not directory.is_dir() or not os.access(directory, os.W_OK | os.X_OK):
        advice = "give it to the user that runs gophergate, or choose another with --data"
        return Finding("data directory", "fail", f"{directory} cannot be written", advice)
    if _mode(directory) & 0o022:
        return Finding("data directory", "warn", f"others may write to {directory}", f"chmod 700 {directory}")
    return Finding("data directory", "ok", str(directory))


def encryption_key(settings: Settings) -> Finding:
    """Where it comes from, and whether others may read it."""
    name = "encryption key"
    try:
        key = find_master_key(settings)
    except SetupError as error:
        return Finding(name, "fail", str(error))
    if settings.security.encryption_key is not None:
        return Finding(name, "ok", f"from {settings.source('security', 'encryption_key')}")
    file = key_file(settings.data_dir)
    if key is None:
        return Finding(name, "ok", f"{file} will be made at the first start")
    if _mode(file) & 0o077:
        return Finding(name, "fail", f"others may read {file}", f"chmod 600 {file}")
    return Finding(name, "ok", str(file))


async def database(settings: Settings, *, may_read: bool) -> AsyncIterator[Finding]:
    """Whether it answers, its schema, its journal mode, and whether the key fits (only asked when there is one)."""
    from gophergate.cli.opening import opened_as_it_is
    from gophergate.store.revision import HEAD, current_revision, is_behind

    file = settings.database_file
    if file is not None and not file.exists():
        yield Finding("database", "ok", f"{file} will be made at the first start")
        return
    try:
        async with opened_as_it_is(settings) as opened:
            yield Finding("database", "ok", f"{opened.name} answers")
            revision = await current_revision(opened)
            if is_behind(revision):
                found = f"revision {revision or 'none'}, this version needs {HEAD}"
                yield Finding("schema", "warn", found, "`gophergate db upgrade`, or the next `gophergate serve`")
                return
            yield Finding("schema", "ok", f"revision {revision}")
            if file is not None:
                yield _journal_mode(file)
            if may_read:
                yield await _fit(settings, opened)
    except (SetupError, GatewayError, ValueError) as error:
        yield Finding("database", "fail", str(error), "check database.url, and that the server runs and lets us in")


def disk_space(settings: Settings) -> Finding:
    """What is left where the data directory is, or will be."""
    directory = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    free = shutil.disk_usage(directory).free
    found = f"{free / 1024**3:.1f} GiB free at {directory}"
    if free < _NO_SPACE:
        return Finding("disk space", "fail", found, "free some: calls cannot be journalled on a full disk")
    if free < _LITTLE_SPACE:
        return Finding("disk space", "warn", found, "free some, or shorten logging.retention_days")
    return Finding("disk space", "ok", found)


def price_list(settings: Settings) -> Finding:
    """How old the prices are that calls are charged by."""
    from gophergate.billing.prices import price_folder

    name, kept = "prices", PriceLists(price_folder(settings)).kept()
    if not kept:
        found = "the list that came with this version; no newer one was fetched yet"
        return Finding(name, "ok", found) if settings.pricing.refresh else Finding(name, "warn", found, _LOOK)
    age = max(0.0, time.time() - kept[-1].path.stat().st_mtime)
    found = f"{kept[-1].version}, looked at {age / 86_400:.1f} days ago"
    if age > max(_OLD_PRICES, 3 * settings.pricing.refresh):
        return Finding(name, "warn", found, f"see that {settings.pricing.source} can be reached, or {_LOOK}")
    return Finding(name, "ok", found)


def file_descriptors() -> Finding:
    """Each call takes up to two; the limit is what the server would start with."""
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < _FEW_DESCRIPTORS:
        advice = "raise it (`ulimit -n 65536`, or LimitNOFILE= in the unit)"
        return Finding("file descriptors", "warn", f"at most {limit}, some {limit // 2} calls at a time", advice)
    return Finding("file descriptors", "ok", f"at most {'any number' if limit < 0 else limit}")


def providers(settings: Settings) -> Iterator[Finding]:
    """Each provider with the source of its key, masked."""
    if not settings.providers:
        yield Finding(
            "providers",
            "warn",
            "none in the file or the environment",
            "set OPENAI_API_KEY or its like, write [[providers]], add one in the dashboard, or serve with --demo",
        )
    for index, provider in enumerate(settings.providers):
        yield _provider(provider, str(settings.source("providers", index, "api_key")))


async def port(settings: Settings) -> Finding:
    """Whether the server could listen; a gateway that listens there already is no fault."""
    host, number = settings.server.host, settings.server.port
    name, where = "port", f"{host}:{number}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and await _is_gateway(address):
            return Finding(name, "ok", f"{where} is held by a running gateway")
        advice = "choose another with --port, or stop what listens there"
        return Finding(name, "fail", f"{where} cannot be listened on: {error.strerror}", advice)
    return Finding(name, "ok", f"{where} is free")


async def reachable(name: str, url: str, default_port: int) -> Finding:
    """Whether something accepts connections at the host of this URL."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(_NETWORK_SECONDS):
            if parts.scheme == "unix":
                _, writer = await asyncio.open_unix_connection(parts.path)
            else:
                _, writer = await asyncio.open_connection(parts.hostname, parts.port or default_port)
    except (OSError, TimeoutError, ValueError):
        return Finding(name, "fail", f"nothing answers at {parts.hostname or parts.path}", f"check {name}.url")
    writer.close()
    return Finding(name, "ok", f"{parts.hostname or parts.path} accepts connections")


def _provider(provider: ProviderSettings, source: str) -> Finding:
    from gophergate.configured import provider_of
    from gophergate.providers.registry import BY_KIND

    name = f"provider {provider.name}"
    row = BY_KIND.get(provider.kind)
    if row is None:
        return Finding(name, "fail", f"no kind '{provider.kind}'", f"one of {', '.join(sorted(BY_KIND))}")
    if not provider.enabled:
        return Finding(name, "ok", f"{provider.kind}, disabled")
    key = provider.api_key
    try:
        provider_of(provider)
    except ValueError as error:
        return Finding(name, "fail", str(error), "complete its entry in the configuration file")
    return Finding(name, "ok", f"{provider.kind}, {'without a key' if key is None else f'key {key} from {source}'}")


async def _fit(settings: Settings, opened: object) -> Finding:
    from gophergate.setup import key_fits
    from gophergate.store.database import Database

    key = find_master_key(settings)
    assert isinstance(opened, Database)  # noqa: S101 - narrows the type
    fits = None if key is None else await key_fits(opened, Keyring(key))
    match fits:
        case True:
            return Finding("key fits database", "ok", "the database was encrypted with this key")
        case False:
            advice = "give the key this database was made with; nothing else opens its secrets"
            return Finding("key fits database", "fail", "the database was encrypted with another key", advice)
        case _:
            return Finding("key fits database", "ok", "the database remembers no key yet")


def _journal_mode(file: Path) -> Finding:
    with file.open("rb") as reading:
        header = reading.read(20)
    if header[18:20] == bytes((_WAL_VERSION, _WAL_VERSION)):
        return Finding("journal mode", "ok", "WAL")
    advice = "keep the file on a local disk, and let the next `gophergate serve` turn it on"
    return Finding("journal mode", "warn", "not WAL: readers would wait for the writer", advice)


async def _is_gateway(address: tuple[object, ...]) -> bool:
    """Whether what listens there answers as a gateway does."""
    try:
        async with asyncio.timeout(_NETWORK_SECONDS):
            host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(address[0]), str(address[0]))  # noqa: S104
            reader, writer = await asyncio.open_connection(host, int(str(address[1])))
            with closing(writer):
                writer.write(b"GET /health/live HTTP/1.0\r\nhost: localhost\r\n\r\n")
                return b'"status":"ok"' in await reader.read(4096)
    except (OSError, TimeoutError):
        return False


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
