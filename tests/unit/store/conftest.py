from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gophergate.store.database import Database, open_database
from gophergate.store.revision import upgrade


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with today's schema and no rows, to be copied: making it takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "empty.db"

    async def make() -> None:
        database = await open_database(f"sqlite+aiosqlite:///{path}")
        await upgrade(database)
        await database.close()

    asyncio.run(make())
    return path


@pytest.fixture
def fresh(template: Path, tmp_path: Path) -> Callable[[], Path]:
    """Makes new database files."""
    made = iter(range(1_000_000))

    def copy() -> Path:
        path = tmp_path / f"{next(made)}.db"
        shutil.copy(template, path)
        return path

    return copy


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, fresh: Callable[[], Path]) -> AsyncIterator[Database]:
    """A database with today's schema and no rows, of either kind."""
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite+aiosqlite:///{fresh()}"
        else:
            url = await stack.enter_async_context(request.getfixturevalue("postgresql_server").fresh())
        opened = await open_database(url)
        stack.push_async_callback(opened.close)
        yield opened
