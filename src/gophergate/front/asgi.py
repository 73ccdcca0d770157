"""The data plane's doors on plain ASGI (3.0, HTTP), for any other server: the same handlers, edge and errors as
`lane.py`.

What only a server can decide (framing, pipelining, head time-outs, half-closed connections) is left to it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import quote

from gophergate.errors import ClientGone, GatewayError, RequestTimeout
from gophergate.front.base import Handler, RawHeaders
from gophergate.front.burst import Burst
from gophergate.front.edge import Edge, EdgeLimits
from gophergate.front.forwarded import plain_address
from gophergate.front.framing import check_body, check_size, foreign, index_of
from gophergate.front.inbound import ReceivedRequest
from gophergate.front.reply import RuledReply

logger = logging.getLogger("gophergate.front")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class AsgiFront:
    """An ASGI application: doors the edge's router claims go to their handlers, all else to `app`."""

    def __init__(self, edge: Edge, app: Application) -> None:
        self._edge = edge
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        handler = None
        if scope["type"] == "http":
            handler = self._edge.router.route(scope["method"], scope["path"])
        if handler is None:
            await self._app(scope, receive, send)
        else:
            await _Exchange(self._edge, scope, receive, send).run(handler)


class AsgiReply(RuledReply):
    """`Reply` as ASGI messages. What is sent waits in a bounded buffer for `_Exchange.pump`, its only reader."""

    __slots__ = ("_burst", "_head", "_http1", "_limits", "_queue", "_queued", "_room", "_stirred", "request_whole")

    def __init__(self, limits: EdgeLimits, *, head_only: bool, http1: bool, request_whole: bool) -> None:
        super().__init__(head_only)
        self.request_whole = request_whole
        """Whether the request's body is whole; a reply that starts earlier asks an HTTP/1 server to close after it."""
        self._limits = limits
        self._http1 = http1
        self._head: Message | None = None
        self._queue: list[bytes] = []
        self._queued = 0
        self._burst = Burst()
        self._stirred = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def drain(self) -> None:
        await self._room.wait()

    async def next(self) -> tuple[Message | None, bytes, bool]:
        """`(head, bytes, whether that is all)`, once there is anything. The bytes count as queued until `sent`."""
        await self._stirred.wait()
        self._stirred.clear()
        head, self._head = self._head, None
        data = self._queue[0] if len(self._queue) == 1 else b"".join(self._queue)
        self._queue = []
        return head, data, self.ended

    def sent(self, size: int) -> None:
        """The server has taken so many bytes."""
        self._queued -= size
        if self._queued <= self._limits.high_water // 4 and not self._room.is_set():
            self._room.set()
            self.relieved()

    def client_gone(self) -> None:
        self._room.set()
        self._stirred.set()
        super().client_gone()

    def _open(self, status: int, headers: RawHeaders, length: int | None, bodiless: bool) -> None:
        if not 200 <= status <= 599:
            raise ValueError(f"{status} is not the status of a final reply")
        fields = foreign(headers)
        if length is not None and status not in (204, 304):  # servers count what a 304 only tells of
            fields.append((b"content-length", b"%d" % length))
        if self._http1 and not self.request_whole:
            fields.append((b"connection", b"close"))
        self._head = {"type": "http.response.start", "status": status, "headers": fields}
        self._stirred.set()

    def _put(self, data: bytes) -> None:
        if self._full() and self._queued - self._burst.size > self._limits.max_backlog + self._limits.high_water:
            logger.warning("a reply outran its client by %d bytes and was cut off", self._limits.max_backlog)
            self.client_gone()
            return
        self._queue.append(data)
        self._queued += len(data)
        self._stirred.set()
        if self._queued > self._limits.high_water and self._room.is_set():
            self._room.clear()
            self.pressed()
        if self._full():
            self._burst.add(len(data))

    def _finish(self) -> None:
        self._stirred.set()

    def _break(self) -> None:
        self._room.set()
        self._stirred.set()

    def _full(self) -> bool:
        return not self._room.is_set()


class _Exchange:
    """One request. Three tasks: the handler's, one that listens to the client, and the server's own, which pumps."""

    def __init__(self, edge: Edge, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self._edge = edge
        self._limits = edge.limits
        self._scope = scope
        self._receive = receive
        self._send = send
        self._wanted = asyncio.Event()
        self._headers: RawHeaders = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
        self._index = index_of(self._headers)
        self._reply = AsgiReply(
            self._limits,
            head_only=scope["method"] == "HEAD",
            http1=str(scope.get("http_version", "1.1")).startswith("1"),
            request_whole=self._index.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in self._index,
        )

    def body_wanted(self, inbound: ReceivedRequest) -> None:
        """The handler waits for its body (inbound.BodySource)."""
        self._wanted.set()

    async def run(self, handler: Handler) -> None:
        """Returns when the server has taken the reply and the handler has ended.

        After a broken reply it returns without having sent the end, upon which a server closes the connection."""
        try:
            inbound = self._inbound()
        except GatewayError as error:
            header = self._index.get
            self._edge.refuse(self._reply, self._scope["path"], error, header(b"x-request-id"), header)
            await self._pump()
            return
        listening = asyncio.create_task(self._listen(inbound))
        task = asyncio.create_task(self._handle(handler, inbound))
        self._reply.task = task
        try:
            await self._pump()
            await asyncio.wait([task])
        finally:
            self._reply.client_gone()  # a cancelled call; of no effect otherwise
            listening.cancel()
            await asyncio.wait([task, listening])

    def _inbound(self) -> ReceivedRequest:
        scope, limits, proxies = self._scope, self._limits, self._edge.proxies
        raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        check_size(self._headers, raw_path, limits.max_head_bytes, limits.max_header_fields)
        peer = plain_address(scope["client"][0]) if scope.get("client") else ""
        scheme: str = scope.get("scheme", "http")
        client = peer
        if proxies.trusts(peer):
            client = proxies.caller(peer, self._index, self._headers)
            scheme = proxies.scheme(scheme, self._index)
        return ReceivedRequest(
            self,
            limits.max_body_bytes,
            scope["method"],
            scope["path"],
            raw_path,
            scope.get("query_string", b""),
            self._headers,
            self._index,
            check_body(self._index, limits.max_body_bytes),
            client,
            scheme,
        )

    async def _handle(self, handler: Handler, inbound: ReceivedRequest) -> None:
        try:
            await handler(inbound, self._reply)
        except BaseException as error:
            self._edge.conclude(inbound, self._reply, error)
        else:
            self._edge.conclude(inbound, self._reply, None)

    async def _listen(self, inbound: ReceivedRequest) -> None:
        """Feed the body, no further ahead of the handler than the high-water mark; then wait for the client to go."""
        limits, loop = self._limits, asyncio.get_running_loop()
        if self._index.get(b"expect", b"").lower() == b"100-continue":
            await self._wanted.wait()  # servers send their 100 with the first `receive`
        until = loop.time() + limits.body_timeout
        while not inbound.whole:
            if inbound.size > limits.high_water and not self._wanted.is_set():
                await self._wanted.wait()
                until = loop.time() + limits.body_timeout
            try:
                async with asyncio.timeout_at(min(loop.time() + limits.body_idle_timeout, until)):
                    message = await self._receive()
            except TimeoutError:
                inbound.fail(RequestTimeout("The request's body did not arrive in time."))
                return
            if message["type"] == "http.disconnect":
                break
            if not inbound.feed(message.get("body", b"")):
                return
            if not message.get("more_body", False):
                self._reply.request_whole = True
                inbound.complete()
        else:
            while (await self._receive())["type"] != "http.disconnect":
                pass
        inbound.fail(ClientGone("The client closed before its request was whole."))
        self._reply.client_gone()

    async def _pump(self) -> None:
        reply = self._reply
        last = False
        while not last:
            head, data, last = await reply.next()
            if reply.gone:
                return
            try:
                async with asyncio.timeout(self._limits.write_timeout):
                    if head is not None:
                        await self._send(head)
                    if data or last:
                        await self._send({"type": "http.response.body", "body": data, "more_body": not last})
            except (TimeoutError, OSError):  # taken by nobody, or (ASGI 2.4) the server knows it is gone
                reply.client_gone()
                return
            reply.sent(len(data))
