"""The process itself: how it is, how it is set, and a copy of its database."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from fastapi.responses import StreamingResponse

import gophergate
from gophergate.admin.desk import AtDesk
from gophergate.admin.prices import PriceListShown, list_shown
from gophergate.admin.resilience import AilmentShown, ailments
from gophergate.admin.shapes import Listing, Moment, Shown
from gophergate.errors import BadRequest
from gophergate.observe.host import host
from gophergate.settings.explain import explain
from gophergate.store.backup import copy_to

_PIECE = 1 << 20


class SettingShown(Shown):
    """One knob: its value as TOML with secrets masked, where it came from, and what it means."""

    name: str
    value: str
    source: str
    meaning: str


class HostShown(Shown):
    """The machine and this process on it. Memory and disk in bytes."""

    name: str
    cpus: int
    cpu_percent: float
    load: list[float]
    memory_total: int
    memory_available: int
    disk_total: int
    disk_free: int
    process_memory: int
    process_cpu_seconds: float
    open_files: int


class SystemShown(Shown):
    """How the gateway is. `configuration_version` rises with every swap of the catalogue; `broken` names what was left
    out of it, and why; `ailments` are breakers that are not closed and credentials that rest. `ledger` counts rows
    written, waiting and dropped; `connections` those to providers."""

    version: str
    python: str
    node: str
    started_at: Moment
    uptime_s: float
    database: str
    configuration_version: int
    broken: dict[str, str]
    ailments: list[AilmentShown]
    ledger: dict[str, Any]
    connections: dict[str, int]
    prices: PriceListShown
    host: HostShown


async def settings(desk: AtDesk) -> Listing[SettingShown]:
    """Every knob with its value and source. Secrets are masked."""
    return Listing[SettingShown](items=[SettingShown.model_validate(row) for row in explain(desk.rooms.settings)])


async def get(desk: AtDesk) -> SystemShown:
    """How the gateway and its host are now."""
    rooms = desk.rooms
    return SystemShown(
        version=gophergate.__version__,
        python=platform.python_version(),
        node=platform.node(),
        started_at=int(rooms.started * 1_000_000),
        uptime_s=round(rooms.wall() - rooms.started, 1),
        database=rooms.database.name,
        configuration_version=rooms.configuration.version,
        broken=rooms.configuration.broken,
        ailments=ailments(desk),
        ledger=msgspec.to_builtins(rooms.writer.statistics()),
        connections=rooms.transport.statistics(),
        prices=list_shown(await asyncio.to_thread(rooms.prices.news)),
        host=HostShown(**host(rooms.settings.data_dir)),
    )


async def backup(desk: AtDesk) -> StreamingResponse:
    """A consistent copy of the SQLite database, taken while it serves. Keep it with the encryption key: without it the
    stored provider keys do not open."""
    file = desk.rooms.settings.database_file
    if file is None:
        raise BadRequest("The database is PostgreSQL: back it up with pg_dump.", code="not_sqlite")
    copy = desk.rooms.settings.data_dir / f"backup-{desk.rooms.ids.new()}.db"
    try:
        await copy_to(desk.rooms.database, copy)
        async with desk.change():
            await desk.note("backup", "database", None)
        size = (await asyncio.to_thread(copy.stat)).st_size
    except BaseException:
        await asyncio.to_thread(_gone, copy)
        raise
    headers = {
        "content-disposition": 'attachment; filename="gophergate-backup.db"',
        "content-length": str(size),
        "cache-control": "no-store",
    }
    return StreamingResponse(_pieces(copy), media_type="application/vnd.sqlite3", headers=headers)


async def _pieces(copy: Path) -> AsyncIterator[bytes]:
    try:
        with await asyncio.to_thread(copy.open, "rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece
    finally:
        _gone(copy)


def _gone(copy: Path) -> None:
    copy.unlink(missing_ok=True)
