"""Tests of the edge run on uvloop, as the edge does in service; those that name their loops run on each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from kit.edges import Front, running


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"uvloop": uvloop.new_event_loop}
    marker = item.get_closest_marker("asyncio")
    if marker is not None and "asyncio" in marker.kwargs.get("loop_factories", ()):
        factories["asyncio"] = asyncio.new_event_loop
    return factories


@pytest.fixture(params=["lane", "asgi"])
def adapter(request: pytest.FixtureRequest) -> str:
    """Which adapter serves the doors: ours beneath ASGI, or its twin on uvicorn's stock protocol."""
    name: str = request.param
    return name


@pytest.fixture
async def front(adapter: str) -> AsyncIterator[Front]:
    """A running edge with default bounds, under each adapter."""
    async with running(adapter) as edge:
        yield edge


@pytest.fixture
async def lane() -> AsyncIterator[Front]:
    """A running edge with default bounds, beneath ASGI."""
    async with running("lane") as edge:
        yield edge
