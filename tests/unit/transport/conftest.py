"""Both event loops, and nothing left behind: no task, no socket, after any test of this room (R-P1)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
import uvloop

from gophergate.transport.http1 import Http1Transport
from kit.certificates import Authority

ON_BOTH_LOOPS = {"test_connection", "test_answer", "test_pool", "test_http1", "test_connect"}
"""Where the loop's own transports show: how they pause, abort, report the end. The rest runs on the one we ship."""


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, object]:
    loops: dict[str, object] = {"uvloop": uvloop.new_event_loop}
    if item.path.stem in ON_BOTH_LOOPS:
        loops["asyncio"] = asyncio.new_event_loop
    return loops


@pytest.fixture(autouse=True)
async def nothing_left_behind() -> AsyncIterator[None]:
    before = _open_sockets()
    yield
    tasks: set[asyncio.Task[object]] = set()
    leaked = 0
    for _ in range(100):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        leaked = _open_sockets() - before
        if not tasks and leaked <= 0:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"left behind: {tasks or ''} {leaked} sockets")


def _open_sockets() -> int:
    """How many sockets this process holds. A number: uvloop makes a new pair for signals at each of its runs."""
    count = 0
    for number in os.listdir("/proc/self/fd"):
        try:
            link = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        count += link.startswith("socket:")
    return count


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def transport() -> AsyncIterator[Http1Transport]:
    client = Http1Transport()
    yield client
    await client.aclose()
