"""A whole gateway in a thread of its own, for clients that block: schema testers, browsers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from gophergate.app import Gateway
from kit.gate import gate


class Serving:
    """A running gateway. `run` does something on its loop and gives the result."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop) -> None:
        self.gateway = gateway
        self.url = f"http://127.0.0.1:{gateway.port}"
        self._loop = loop

    def run(self, work: Any) -> Any:
        """The result of a coroutine, run where the gateway runs."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)


@contextmanager
def serving(folder: Path, *providers: Mapping[str, Any], sections: str = "") -> Iterator[Serving]:
    """Start a gateway as `kit.gate` does, and drain it at the end."""
    started: dict[str, Any] = {}
    ready, over = threading.Event(), threading.Event()

    async def live() -> None:
        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        try:
            async with gate(folder, *providers, sections=sections) as gateway:
                started["serving"] = Serving(gateway, loop)
                started["end"] = lambda: loop.call_soon_threadsafe(end.set)
                ready.set()
                await end.wait()
        except BaseException as error:
            started.setdefault("error", error)
            raise
        finally:
            ready.set()
            over.set()

    thread = threading.Thread(target=lambda: uvloop.run(live()), daemon=True)
    thread.start()
    assert ready.wait(60)
    if "error" in started:
        raise started["error"]
    try:
        yield started["serving"]
    finally:
        started["end"]()
        assert over.wait(60)
        thread.join(30)
