"""A whole gateway for a test: real sockets, real SQLite file, everything on, in the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from gophergate import app, setup
from gophergate.app import Gateway
from gophergate.core.call import CallRecord
from gophergate.keyfile import prepare
from gophergate.process import assembled
from gophergate.providers.registry import BY_KIND
from gophergate.secrets import Passwords
from gophergate.settings import Settings, load
from gophergate.store.calls import Calls
from gophergate.store.database import open_database
from gophergate.store.revision import upgrade

KEY = "sk-gg-journey-000000000000000000000000"
PASSWORD = "journey-password"


def toml(providers: Iterable[Mapping[str, Any]], sections: str = "") -> str:
    """A configuration file with these providers; `sections` are put before them."""
    lines = [sections, "[server]\nport = 0\n" if "[server]" not in sections else ""]
    for provider in providers:
        lines.append("[[providers]]")
        for name, value in provider.items():
            if isinstance(value, dict):
                value = "{ " + ", ".join(f"{k} = {v}" for k, v in value.items()) + " }"
            elif isinstance(value, str):
                value = f'"{value}"'
            elif isinstance(value, list | tuple):
                value = "[" + ", ".join(f'"{item}"' for item in value) + "]"
            lines.append(f"{name} = {str(value).lower() if isinstance(value, bool) else value}")
    return "\n".join(lines)


class inline:  # noqa: N801 - reads as a word
    """A list of tables, as TOML writes it in one line."""

    def __init__(self, tables: list[dict[str, str]]) -> None:
        self._tables = tables

    def __str__(self) -> str:
        told = (
            "{ " + ", ".join(f'{name} = "{value}"' for name, value in table.items()) + " }" for table in self._tables
        )
        return f"[{', '.join(told)}]"


@asynccontextmanager
async def gate(
    folder: Path, *providers: Mapping[str, Any], sections: str = "", environ: Mapping[str, str] | None = None
) -> AsyncIterator[Gateway]:
    """A gateway with these providers and the simulator, listening on a free port; `KEY` is its first client key."""
    folder.mkdir(exist_ok=True)
    (folder / "gophergate.toml").write_text(toml(providers, sections))
    given = {"GOPHERGATE_BOOTSTRAP_KEY": KEY, "GOPHERGATE_ADMIN_PASSWORD": PASSWORD, **(environ or {})}
    file, data = str(folder / "gophergate.toml"), str(folder / "data")
    settings = load(environ=given, cwd=folder, config=file, data=data, demo=True, kinds=BY_KIND)
    async with AsyncExitStack() as stack:
        with _quick_passwords():
            await _with_todays_schema(settings)
            gateway = await stack.enter_async_context(assembled(settings, announce=lambda _: None))
        yield gateway


async def _with_todays_schema(settings: Settings) -> None:
    """What a first start would make, from a copy: it takes longer to make than all else there, some hundred times."""
    file = settings.database_file
    if file is None or file.exists():
        return
    if not _SCHEMA:
        with TemporaryDirectory() as folder:
            made = Path(folder) / "made.db"
            database = await open_database(f"sqlite+aiosqlite:///{made}")
            await upgrade(database)
            await database.close()
            _SCHEMA.append(made.read_bytes())
    prepare(settings, announce=lambda _: None)
    file.write_bytes(_SCHEMA[0])


_SCHEMA: list[bytes] = []
"""A database file with today's schema and no rows, once one was needed."""


@contextmanager
def _quick_passwords() -> Iterator[None]:
    """What is made in this scope hashes passwords at bcrypt's least cost: at ours, which the unit tests hold, every
    gateway and every operator of a test would cost a quarter of a second each."""
    quick = partial(Passwords, cost=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "Passwords", quick)
        patch.setattr(setup, "Passwords", quick)
        yield


def url(gateway: Gateway) -> str:
    """Where it listens."""
    return f"http://127.0.0.1:{gateway.port}"


async def rows(gateway: Gateway, at_least: int = 1, patience: float = 10.0) -> list[CallRecord]:
    """The call rows in the database, oldest first, once there are `at_least` that many."""
    calls = Calls(gateway.parts.database)
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        page = await calls.page(limit=500)
        if len(page.items) >= at_least:
            return list(reversed(page.items))
        assert asyncio.get_running_loop().time() < deadline, f"{len(page.items)} rows, not {at_least}"
        await asyncio.sleep(0.02)
