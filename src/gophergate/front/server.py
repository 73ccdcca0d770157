"""Starts and stops the listener. Knows sockets, signals and the order of a shutdown; nothing of requests.

uvicorn's own `Server` is not used: it polls ten times a second, takes the signals for itself, and ends running
requests by cancelling their tasks, which looks like a whole reply to some clients.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any

import msgspec
from uvicorn._types import ASGIApplication
from uvicorn.config import Config
from uvicorn.server import ServerState

from gophergate.errors import Unavailable
from gophergate.front.connection import Connection
from gophergate.front.edge import Edge, EdgeLimits
from gophergate.front.lane import LaneProtocol
from gophergate.front.listener import Listener

logger = logging.getLogger("gophergate.front")


class CannotListen(Unavailable):
    """The address cannot be had; the message is for the operator."""


_LOOK = 0.02
"""Seconds between two looks at what still runs while draining."""
_SETTLE = 2.0
"""Seconds that handlers have to settle once their clients are cut off, and again once they are cancelled."""


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen. `unix` (a path) instead of host and port; port 0 lets the system choose (`Server.port`).

    `reuse_port` lets several processes listen at one address. `max_connections` None means: as many as the limit
    of open files allows when each may need one more for its upstream."""

    host: str = "127.0.0.1"
    port: int = 8080
    unix: str | None = None
    reuse_port: bool = False
    backlog: int = 2048
    max_connections: int | None = None


class Server:
    """One listener on the running event loop. `async with` starts it, and drains it on the way out.

    Requests the edge's router claims are served beneath ASGI, all others by `app`. Logging is left as it is."""

    def __init__(
        self,
        app: ASGIApplication,
        edge: Edge,
        binding: Binding | None = None,
        *,
        drain_timeout: float = 30.0,
    ) -> None:
        self._app = app
        self._edge = edge
        self._binding = binding or Binding()
        self._drain_timeout = drain_timeout
        self._listener: Listener | None = None
        self._state: ServerState | None = None
        self._server: asyncio.AbstractServer | None = None
        self._ticking: asyncio.TimerHandle | None = None
        self._drain = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def addresses(self) -> tuple[Any, ...]:
        """Where it listens: `(host, port, ...)` for TCP, a path for a Unix socket. Empty before start."""
        sockets = getattr(self._server, "sockets", None) or ()
        return tuple(sock.getsockname() for sock in sockets)

    @property
    def port(self) -> int:
        """The real TCP port."""
        return int(self.addresses[0][1])

    @property
    def state(self) -> ServerState:
        """uvicorn's record of open connections and running tasks, for tests. Raises RuntimeError before start."""
        if self._state is None:
            raise RuntimeError("the server has not been started")
        return self._state

    def statistics(self) -> dict[str, int]:
        """Open connections, requests being answered, and the bound on connections."""
        listener = self._listener
        if listener is None:
            return {"connections": 0, "running": 0, "max_connections": 0}
        state = listener.server_state
        return {
            "connections": len(state.connections),
            "running": len(state.tasks),
            "max_connections": listener.max_connections,
        }

    async def start(self) -> None:
        """Listen. Raises CannotListen."""
        loop = asyncio.get_running_loop()
        binding = self._binding
        listener = Listener(
            self._edge,
            _uvicorn_config(self._app, self._edge.limits),
            loop,
            max_connections=binding.max_connections or connections_allowed(),
        )
        protocol = partial(LaneProtocol, listener)
        try:
            if binding.unix is not None:
                self._server = await loop.create_unix_server(protocol, binding.unix, backlog=binding.backlog)
            else:
                self._server = await loop.create_server(
                    protocol, binding.host, binding.port, reuse_port=binding.reuse_port, backlog=binding.backlog
                )
        except OSError as error:
            where = binding.unix or f"{binding.host}:{binding.port}"
            raise CannotListen(f"Cannot listen on {where}: {_reason(error)}.") from error
        self._listener = listener
        self._state = listener.server_state
        self._tick(loop, listener, _period(self._edge.limits))

    def stop(self) -> None:
        """Ask for the drain; called again, for the end at once. What a signal handler calls."""
        if self._drain.is_set():
            self._hurry.set()
        self._drain.set()

    async def until_stopped(self) -> None:
        """Wait for `stop`."""
        await self._drain.wait()

    async def aclose(self) -> None:
        """Drain: accept nothing more, let running requests finish for `drain_timeout` seconds, then cut them off, so
        that a client sees a reply that is not whole. Returns when no handler runs any more. Cancelling it cuts
        everything off at once. Harmless when repeated."""
        self._drain.set()
        listener, self._listener = self._listener, None
        if listener is None or self._server is None:
            return
        state = listener.server_state
        listener.draining = True
        self._server.close()
        for connection in tuple(state.connections):
            connection.shutdown()
        try:
            end = listener.loop.time() + self._drain_timeout
            while (state.connections or state.tasks) and listener.loop.time() < end and not self._hurry.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._hurry.wait(), _LOOK)
        finally:
            left = len(state.tasks)
            for open_connection in tuple(state.connections):
                _cut(open_connection)
            await _settle(state.tasks)
            if left:
                logger.warning("shutdown cut off %d running requests", left)
            if self._ticking is not None:
                self._ticking.cancel()
            if self._binding.unix is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._binding.unix)

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _tick(self, loop: asyncio.AbstractEventLoop, listener: Listener, period: float) -> None:
        self._ticking = loop.call_later(period, self._tick, loop, listener, period)
        listener.tick()


async def serve(
    app: ASGIApplication,
    edge: Edge,
    binding: Binding | None = None,
    *,
    drain_timeout: float = 30.0,
    started: Callable[[Server], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain; a second signal ends at once. `started` is called once it listens.

    To be run on the main thread's loop. Cancelling it drains as well."""
    server = Server(app, edge, binding, drain_timeout=drain_timeout)
    with _signals(server.stop):
        async with server:
            if started is not None:
                started(server)
            await server.until_stopped()


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _uvicorn_config(app: ASGIApplication, limits: EdgeLimits) -> Config:
    config = Config(
        app,
        interface="asgi3",
        http=LaneProtocol,
        ws=_websocket_protocol,  # type: ignore[arg-type]  # only ever called
        ws_max_size=limits.max_body_bytes,
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        server_header=False,
    )
    config.load()
    return config


def _websocket_protocol(**arguments: Any) -> asyncio.BaseProtocol:
    """The WebSocket protocol, imported with the first WebSocket: start-up is counted."""
    from gophergate.front.upgraded import UpgradedProtocol

    return UpgradedProtocol(**arguments)


def connections_allowed() -> int:
    """Clients that the limit of open files has room for when each may need one more file for its upstream."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 65536 if soft == resource.RLIM_INFINITY else soft
    return max(16, (files - 64) // 2)


def _period(limits: EdgeLimits) -> float:
    """How often deadlines are looked at: each at most a quarter late, and the Date line at most a second."""
    shortest = min(
        limits.header_timeout,
        limits.body_idle_timeout,
        limits.body_timeout,
        limits.keep_alive_timeout,
        limits.write_timeout,
        limits.linger_timeout,
    )
    return max(0.01, min(1.0, shortest / 4))


def _cut(connection: Any) -> None:
    """Ours are told; a WebSocket of uvicorn's only has its transport to cut."""
    if isinstance(connection, Connection):
        connection.abort()
    elif isinstance(connection.transport, asyncio.Transport):
        connection.transport.abort()


async def _settle(tasks: set[asyncio.Task[None]]) -> None:
    """Wait for the handlers that are left; cancel those that go on regardless."""
    if not tasks:
        return
    _, going_on = await asyncio.wait(tuple(tasks), timeout=_SETTLE)
    for task in going_on:
        task.cancel()
    if going_on:
        _, stubborn = await asyncio.wait(going_on, timeout=_SETTLE)
        for task in stubborn:
            logger.error("a handler ignored its cancellation: %r", task)


def _reason(error: OSError) -> str:
    """Why, in the system's words. uvloop puts a sentence of its own around them, and none of what a look-up says."""
    if isinstance(error, socket.gaierror):
        return "there is no such address"
    return os.strerror(error.errno).lower() if error.errno else str(error)
