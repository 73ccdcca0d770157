"""The data plane's doors beneath ASGI: a uvicorn protocol that answers what the router claims by itself.

Everything else on the same connection (dashboard, admin API, WebSockets) goes on to uvicorn's own ASGI path, in
the order it came. No scope, no ASGI message and no timer is made for a request of ours: one task runs its
handler. This file reads requests; turns, closing and time stand in `connection.py`.
"""

from __future__ import annotations

import logging
from functools import partial

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gophergate.errors import BadRequest, GatewayError, Internal, RequestTimeout
from gophergate.front.base import Handler, unread
from gophergate.front.connection import CONTINUE, NEVER, Connection
from gophergate.front.framing import (
    HeadTooLarge,
    check_body,
    check_head,
    check_size,
    decode_path,
    index_of,
    split_target,
    without_upgrade,
)
from gophergate.front.inbound import ReceivedRequest
from gophergate.front.listener import Listener
from gophergate.front.repeated import Repeated
from gophergate.front.reply import WireReply

logger = logging.getLogger("gophergate.front")


class _Refused(Exception):
    """Raised out of a parser callback when nothing more of this connection will be answered."""


class _Trailers(list[tuple[bytes, bytes]]):
    """Fields after a chunked body: counted and thrown away, so that none poses as a header (RFC 9110, 6.5.1)."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._left = limit

    def append(self, field: tuple[bytes, bytes]) -> None:
        self._left -= len(field[0]) + len(field[1]) + 4
        if self._left < 0:
            raise HeadTooLarge("The trailer fields of the request body are too large.")


class LaneProtocol(Connection):
    """One connection that reads HTTP/1.1 requests, ours and uvicorn's."""

    __slots__ = (
        "_aligned",
        "_expects_continue",
        "_fresh",
        "_head_at_least",
        "_head_at_most",
        "_plain_head",
        "_read",
        "_repeated",
        "_silent",
        "_until",
    )

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener)
        self._expects_continue = False
        self._repeated = Repeated()
        self._fresh: tuple[ReceivedRequest, Handler] | None = None
        """A request that began where a read did, and may come again."""
        self._plain_head: bytes | None = None
        """The head of a request whose wish to change protocol is passed over."""
        # Sizes: of the last read; of what came since body bytes last did; and what is known of the current head's,
        # which may begin and end in the middle of a read.
        self._read = 0
        self._silent = 0
        self._head_at_most = 0
        self._head_at_least = 0
        self._aligned = False
        self._until = NEVER

    # -- reading -------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if not (self._busy or self._mid_head or self._receiving or self._asgi_body):
            # The last head again, and a whole body: on its way past the parser, which stands between two messages and
            # goes on with the next that is not.
            inbound = self._repeated.again(data, self._limits.max_body_bytes)
            if inbound is not None:
                self._read_deadline = NEVER
                self._begin(self._repeated.handler, inbound, WireReply(self, False, False, True))
                return
        size = len(data)
        if self._mid_head:
            self._head_at_most += size
            self._head_at_least += size
        self._read = size
        self._silent += size
        self._aligned = not (self._mid_head or self._receiving or self._asgi_body)
        while data:
            try:
                self.parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                data = self._upgraded(data[upgrade.args[0] :])
            except httptools.HttpParserCallbackError as error:
                self._stopped(error.__context__)
                break
            except httptools.HttpParserError as error:
                self._unreadable(BadRequest(f"This is not an HTTP/1.1 request: {error}."))
                break
        if self._fresh is not None:
            self._repeated.learn(data, *self._fresh)
            self._fresh = None
        if self._mid_head or self._receiving is not None or self._asgi_body:
            self._incomplete()

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self._mid_head = True
        self._until = NEVER
        self._head_at_most = self._read
        self._head_at_least = self._read if self._aligned else 0
        self._aligned = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        limits, headers, target, parser = self._limits, self.headers, self.url, self.parser
        self._mid_head = False
        self._read_deadline = self._until = NEVER
        if len(self._waiting) >= limits.max_pipelined:
            self._deaf = True
            raise _Refused
        index = index_of(headers)
        keep_alive = parser.should_keep_alive()
        # Only 1.1 keeps a connection alive without being asked; so this spares nearly every request a formatting.
        version = "1.1" if keep_alive and b"connection" not in index else parser.get_http_version()
        method = parser.get_method().decode("ascii")
        path = ""
        try:
            if self._head_at_most > limits.max_head_bytes or len(headers) > limits.max_header_fields:
                check_size(headers, target, limits.max_head_bytes, limits.max_header_fields)
            raw_path, query = split_target(target)
            if not target.startswith(b"/"):
                self.url = raw_path + b"?" + query  # so that uvicorn sees the same path
            path = decode_path(raw_path)
            # The check costs as much as all the rest, so it is made where one of these hints at something to find.
            if version != "1.1" or len(index) != len(headers) or b"transfer-encoding" in index or b"host" not in index:
                check_head(version, headers, index)
                if b"transfer-encoding" in index:
                    self.headers = _Trailers(limits.max_head_bytes)
            if b"upgrade" in index and parser.should_upgrade():
                self.headers = headers
                self._change_protocol(version)
                return
            handler = self._edge.router.route(method, path)
            if handler is None:
                self._hand_to_asgi(headers, index)
                return
            coding = check_body(index, limits.max_body_bytes)
        except GatewayError as error:
            self._refuse(error, path, index.get, method == "HEAD")
            raise _Refused from None
        client = self._peer
        scheme: str = self.scheme or "http"
        if self._trusted:
            client = self._edge.proxies.caller(client, index, headers)
            scheme = self._edge.proxies.scheme(scheme, index)
        inbound = ReceivedRequest(
            self, limits.max_body_bytes, method, path, raw_path, query, headers, index, coding, client, scheme
        )
        reply = WireReply(self, method == "HEAD", version == "1.0", keep_alive)
        plain = method == "POST" and keep_alive and version == "1.1" and coding is None
        if plain and self._read == self._head_at_least:
            self._fresh = inbound, handler
        self._receiving = inbound
        self._expects_continue = b"expect" in index and index[b"expect"].lower() == b"100-continue"
        if self._busy:
            self._wait(partial(self._begin, handler, inbound, reply))
        else:
            self._begin(handler, inbound, reply)

    def on_body(self, body: bytes) -> None:
        self._silent = 0
        inbound = self._receiving
        if inbound is None:
            if self._asgi_body:
                super().on_body(body)
            return
        if not inbound.feed(body):
            self._deaf = True
            raise _Refused
        if inbound.size > self._limits.high_water and not inbound.wanted:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        if self._receiving is not None:
            self._receiving.complete()
            self._receiving = None
        elif self._asgi_body:
            self._asgi_body = False
            super().on_message_complete()
        self._read_deadline = NEVER

    def body_wanted(self, inbound: ReceivedRequest) -> None:
        """The handler waits for its body (inbound.BodySource)."""
        if inbound is not self._receiving:
            return
        if self._expects_continue and inbound.size == 0 and self._reply is not None and not self._reply.started:
            self.transport.write(CONTINUE)
        self._expects_continue = False
        self._until = NEVER
        self.flow.resume_reading()
        self._incomplete()

    # -- what is not whole, or cannot become so ------------------------------------------------------------------

    def _incomplete(self) -> None:
        """A head or a body is on its way: bound it in size and time."""
        limits = self._limits
        now = self.loop.time()
        if self._mid_head:
            if self._head_at_least > limits.max_head_bytes:
                self._refuse(HeadTooLarge(f"The request head is larger than {limits.max_head_bytes} bytes."))
            elif self._until == NEVER:
                self._until = self._read_deadline = now + limits.header_timeout
        elif self._deaf or self.flow.read_paused:
            self._read_deadline = NEVER
        elif self._silent > limits.max_head_bytes + self._read:
            self._unreadable(BadRequest("The request body carries more framing than body."))
        else:
            if self._until == NEVER:
                self._until = now + limits.body_timeout
            self._read_deadline = min(now + limits.body_idle_timeout, self._until)

    def _await_request(self) -> None:
        if self._mid_head or self._asgi_body:
            self._incomplete()
        else:
            self._read_deadline = self.loop.time() + self._limits.keep_alive_timeout

    def _read_overdue(self) -> None:
        part = "head" if self._mid_head else "body"
        self._unreadable(RequestTimeout(f"The request's {part} did not arrive in time."))

    def _stopped(self, cause: BaseException | None) -> None:
        """A callback has stopped the parser by raising `cause`."""
        if isinstance(cause, _Refused):
            return
        if not isinstance(cause, GatewayError):
            logger.error("reading a request failed", exc_info=cause)
            cause = Internal("Something went wrong here.")
        self._unreadable(cause)

    def _unreadable(self, error: GatewayError) -> None:
        """Nothing more can be read; whoever waits for the bytes is told, else the client is."""
        if self._receiving is not None:
            self._deaf = True
            self._read_deadline = NEVER
            self._receiving.fail(error)
        elif self._asgi_body:
            self._asgi_body = False
            cycle = self.cycle
            if self._waiting:
                self._waiting.pop()
                self._refuse(error, cycle.scope["path"])
            elif self._cycle is None or cycle.response_started:
                self._cut()
            else:
                cycle.disconnected = True
                cycle.message_event.set()
                self._deaf = True
                self._send_refusal(error, cycle.scope["path"], unread, False)
        else:
            try:
                path = decode_path(split_target(self.url)[0]) if self._mid_head and self.url else ""
            except BadRequest:
                path = ""
            self._refuse(error, path)

    # -- uvicorn's path ------------------------------------------------------------------------------------------

    def _hand_to_asgi(self, headers: list[tuple[bytes, bytes]], index: dict[bytes, bytes]) -> None:
        kept, target = self.headers, self.url
        super().on_message_begin()  # uvicorn's, which makes the scope
        self.url = target
        self.headers = kept
        self.scope["headers"] = headers
        if self._trusted:
            self.scope["client"] = (self._edge.proxies.caller(self._peer, index, headers), 0)
            self.scope["scheme"] = self._edge.proxies.scheme(self.scheme or "http", index)
        self.expect_100_continue = index.get(b"expect", b"").lower() == b"100-continue"
        self.cycle = None  # type: ignore[assignment]  # so that uvicorn always starts the task; turns are ours
        super().on_headers_complete()
        self._asgi_body = True

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self._busy:
            self._wait(partial(self._begin_asgi, cycle, app))
        else:
            self._begin_asgi(cycle, app)

    def _begin_asgi(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._busy = True
        self._cycle = cycle
        if self._listener.draining or (self._deaf and not self._waiting):
            cycle.keep_alive = False
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._closing()
        else:
            self.reply_ended(True)

    def _change_protocol(self, version: str) -> None:
        """A WebSocket goes to uvicorn; any other upgrade is passed over, as RFC 9110 (7.8) lets a server do."""
        if self._should_upgrade():
            self._hand_to_asgi(self.headers, index_of(self.headers))
            self._asgi_body = False
        else:
            self._plain_head = without_upgrade(self.parser.get_method(), self.url, version, self.headers)

    def _upgraded(self, rest: bytes) -> bytes:
        """The parser has stopped behind a head that asks for an upgrade. Returns what it shall read next."""
        if self._plain_head is not None:
            # The parser takes all that follows for the other protocol; so it is given the head anew, without.
            head, self._plain_head = self._plain_head, None
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            return head + rest
        if rest:
            self._refuse(BadRequest("A WebSocket's frames come after its handshake has been answered."))
            return b""
        self._deaf = True
        if self._busy:
            self._wait(self._begin_websocket)
        else:
            self._begin_websocket()
        return b""

    def _begin_websocket(self) -> None:
        if self._half_closed:
            self._finish()  # a WebSocket needs both directions
            return
        self._busy = True
        self._listener.connections.discard(self)
        self._read_deadline = self._write_deadline = NEVER
        self.flow.resume_reading()
        self.handle_websocket_upgrade()
