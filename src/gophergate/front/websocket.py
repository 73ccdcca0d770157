"""Calls over a WebSocket (RFC 6455), as an ASGI 3 application: the handshake with its key, then one call at a time.

What a message means is its session's business. The connection outlives the failure of any call on it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

import msgspec

from gophergate.errors import BadRequest, GatewayError, RateLimited
from gophergate.front.base import Inbound, RawHeaders
from gophergate.front.edge import Edge
from gophergate.front.forwarded import plain_address
from gophergate.front.framed import FramedReply, Frames, error_frame
from gophergate.front.framing import index_of
from gophergate.front.inbound import ReceivedRequest, WholeRequest

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_GOING_AWAY = 1001
_SERVICE_RESTART = 1012


class Session(Protocol):
    """One connection's state."""

    async def take(self, message: bytes, reply: FramedReply) -> None:
        """Answer one message, as a handler does. Its task is cancelled when the client goes."""


Opens = Callable[[Inbound], Awaitable[Session]]
"""Lets a caller in, or raises GatewayError: Unauthenticated, Forbidden, Unavailable."""


class SocketLimits(msgspec.Struct, frozen=True, kw_only=True):
    """`idle_timeout` seconds without a message, while no call runs. The size of a message is the server's to bound."""

    idle_timeout: float = 900.0


class SocketFront:
    """The application of one path. Errors before the handshake are answered in HTTP, in the dialect of the path."""

    def __init__(self, edge: Edge, opens: Opens, limits: SocketLimits | None = None) -> None:
        self._edge = edge
        self._opens = opens
        self._limits = limits or SocketLimits()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        opened = self._inbound(scope)
        try:
            session = await self._opens(opened)
        except GatewayError as error:
            await refuse(scope, send, *self._edge.told(opened.path, error, opened.header))
            return
        request_id = self._edge.request_id(opened.header(b"x-request-id"))
        await send({"type": "websocket.accept", "headers": [(b"x-request-id", request_id)]})
        await _Connection(self._edge, self._limits, opened, session, receive, send).run()

    def _inbound(self, scope: MutableMapping[str, Any]) -> Inbound:
        headers: RawHeaders = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
        index = index_of(headers)
        peer = plain_address(scope["client"][0]) if scope.get("client") else ""
        scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "ws"), "http")
        client = peer
        proxies = self._edge.proxies
        if proxies.trusts(peer):
            client = proxies.caller(peer, index, headers)
            scheme = proxies.scheme(scheme, index)
        path, raw_path, query = scope["path"], scope.get("raw_path", b""), scope.get("query_string", b"")
        inbound = ReceivedRequest(_NoBody(), 0, "GET", path, raw_path, query, headers, index, None, client, scheme)
        inbound.complete()
        return inbound


class _NoBody:
    """An upgrade has no body."""

    def body_wanted(self, inbound: ReceivedRequest) -> None: ...


class _Connection:
    """One connection. The server's own task reads; another writes; and each call has one, of which one answers."""

    def __init__(
        self,
        edge: Edge,
        limits: SocketLimits,
        opened: Inbound,
        session: Session,
        receive: Receive,
        send: Send,
    ) -> None:
        self._edge = edge
        self._limits = limits
        self._opened = opened
        self._session = session
        self._receive = receive
        self._send = send
        self._frames = Frames(edge.limits.high_water, edge.limits.max_backlog)
        self._calls: set[asyncio.Task[None]] = set()
        self._reply: FramedReply | None = None
        self._quiet_since = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Returns when the connection is over and nothing of it runs any more."""
        writer = asyncio.create_task(self._write())
        try:
            code = await self._read(writer)
        finally:
            if self._reply is not None:
                self._reply.client_gone()
            self._frames.close()
            tasks = (*self._calls, writer)
            await asyncio.wait(tasks, timeout=self._edge.limits.write_timeout)
            for task in tasks:
                task.cancel()
        if code:
            with contextlib.suppress(OSError):  # the client was quicker
                await self._send({"type": "websocket.close", "code": code})

    async def _read(self, writer: asyncio.Task[None]) -> int:
        """Take messages to the end; the code to close with, 0 when the client has closed."""
        while True:
            try:
                message = await self._next(writer)
            except TimeoutError:
                return _GOING_AWAY
            if message is None or message["type"] == "websocket.disconnect":
                return 0
            if message["type"] == "websocket.drain":
                if self._calls:
                    await asyncio.wait(tuple(self._calls))
                return _SERVICE_RESTART
            text = message.get("text")
            self._take(text.encode() if text is not None else None)
            await self._frames.drained()

    async def _next(self, writer: asyncio.Task[None]) -> Message | None:
        """The next message; None when the client takes nothing any more. Raises TimeoutError after a long silence."""
        receiving = asyncio.ensure_future(self._receive())
        loop, idle = asyncio.get_running_loop(), self._limits.idle_timeout
        try:
            while True:
                left = idle if self._is_busy else self._quiet_since + idle - loop.time()
                if left <= 0:
                    raise TimeoutError
                done, _ = await asyncio.wait({receiving, writer}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if receiving in done:
                    return receiving.result()
                if done:
                    return None
        finally:
            receiving.cancel()

    @property
    def _is_busy(self) -> bool:
        """Whether an answer is under way. A call whose answer is whole may still have its own ends to see to."""
        reply = self._reply
        return reply is not None and not (reply.ended or reply.gone)

    def _take(self, message: bytes | None) -> None:
        self._quiet_since = asyncio.get_running_loop().time()
        if message is None:
            self._refuse(BadRequest("Messages are JSON in text frames; this one was binary."))
        elif self._is_busy:
            self._refuse(
                RateLimited(
                    "A response is being made on this connection; wait for it, or open another connection.",
                    code="response_in_progress",
                )
            )
        else:
            self._reply = reply = FramedReply(self._frames)
            task = reply.task = asyncio.create_task(self._run(message, reply))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    async def _run(self, message: bytes, reply: FramedReply) -> None:
        inbound = WholeRequest(self._opened, message)
        try:
            await self._session.take(message, reply)
        except BaseException as error:
            self._edge.conclude(inbound, reply, error)
        else:
            self._edge.conclude(inbound, reply, None)
        finally:
            self._quiet_since = asyncio.get_running_loop().time()

    def _refuse(self, error: GatewayError) -> None:
        status, _, body = self._edge.told(self._opened.path, error, self._opened.header)
        self._frames.put(error_frame(body, status))

    async def _write(self) -> None:
        """Send what waits, until the queue is closed and empty, or the client takes nothing more."""
        while messages := await self._frames.next():
            for message in messages:
                try:
                    async with asyncio.timeout(self._edge.limits.write_timeout):
                        await self._send({"type": "websocket.send", "text": message.decode("utf-8", "replace")})
                except (TimeoutError, OSError):
                    return
                self._frames.sent(len(message))


async def refuse(scope: MutableMapping[str, Any], send: Send, status: int, headers: RawHeaders, body: bytes) -> None:
    """Answer a handshake with an ordinary reply, where the server can; else close it (RFC 6455, 4.2.2)."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    sized = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": status, "headers": sized})
    await send({"type": "websocket.http.response.body", "body": body})
