"""A gateway as a process: made from settings alone, serving until it is told to stop, drained."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from gophergate import heap
from gophergate.app import Gateway, Parts
from gophergate.front.server import CannotListen, connections_allowed
from gophergate.ids import Ids
from gophergate.keyfile import Announce, prepare
from gophergate.ledger.journal import open_journal
from gophergate.logs import log_to_stderr
from gophergate.settings import Settings
from gophergate.setup import check_key, dashboard_address, first_run
from gophergate.store.database import open_database
from gophergate.store.revision import upgrade
from gophergate.transport.choose import ProxyRules, over_proxies
from gophergate.transport.deliver import deliver
from gophergate.transport.fetch import fetch
from gophergate.transport.http1 import Http1Transport
from gophergate.transport.pool import PoolLimits

logger = logging.getLogger("gophergate")

_MAX_FETCHED = 20 << 20
"""Bytes of a medium that a caller names by its address: no vendor takes larger ones inline."""
_FETCH_TIMEOUT = 20.0


@asynccontextmanager
async def assembled(settings: Settings, *, announce: Announce) -> AsyncIterator[Gateway]:
    """A listening gateway from settings alone: database opened and brought up to date, key checked, journal taken over,
    and on a first start administrator and client key made before anybody can call.

    Raises SetupError, SettingsError, DatabaseUnavailable, UpgradeFailed, CannotListen.
    """
    keyring = prepare(settings, announce=announce)
    database = await open_database(settings.database.url.reveal())
    rules = ProxyRules.read(os.environ)
    limits = PoolLimits(per_origin=connections_allowed())
    fast = Http1Transport(limits=limits)
    transport = over_proxies(rules, fast)
    fetching = partial(fetch, transport=fast, limit_bytes=_MAX_FETCHED, timeout=_FETCH_TIMEOUT)
    journal = open_journal(settings.data_dir / "journal")
    try:
        await upgrade(database)
        await check_key(database, keyring, now=int(time.time() * 1_000_000))
        sending = partial(deliver, transport=fast, timeout=_FETCH_TIMEOUT)
        parts = Parts(database, keyring, transport, fetching, sending, journal)
        ids = Ids(parts.wall, parts.bits)
        first = await first_run(settings, database, keyring, ids=ids, now=int(parts.wall() * 1_000_000))
        try:
            async with Gateway(settings, parts) as gateway:
                if first is not None:
                    first.announce(dashboard_address(settings, gateway.port), announce)
                yield gateway
        except CannotListen:
            if first is not None:  # It is stored, and would never be shown again.
                first.announce(dashboard_address(settings, settings.server.port), announce)
            raise
    finally:
        await transport.aclose()
        journal.close()
        await database.close()


async def serve(settings: Settings, *, announce: Announce) -> int:
    """Serve until SIGTERM or SIGINT, then drain. Gives the exit status. Raises as `assembled` does."""
    log_to_stderr(settings.logging.level, as_json=settings.logging.format == "json")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    loop = asyncio.get_running_loop()
    for sentence in settings.passed_over:
        logger.warning("%s", sentence)
    if settings.server.workers > 1:
        logger.warning("server.workers is %d, but this version serves with one process", settings.server.workers)
    if settings.redis.url is not None:
        logger.warning("redis.url is set, but this version shares nothing through Redis")
    async with assembled(settings, announce=announce) as gateway:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, gateway.server.stop)
        logger.info("listening on %s", dashboard_address(settings, gateway.port))
        heap.settle()
        tidying = loop.create_task(heap.give_back(gateway.warmed))
        await gateway.server.until_stopped()
        tidying.cancel()
        logger.info("draining for at most %g seconds", settings.server.drain_timeout)
    logger.info("stopped")
    return 0
