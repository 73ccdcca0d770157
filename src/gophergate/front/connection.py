"""One client connection: whose turn it is to be answered, how it closes, and how long anybody is waited for.

What the bytes read mean is `lane.py`'s business, what a reply says its own. Nothing here waits: deadlines are
kept by `listener.Listener.tick`, so that no request needs a timer of its own.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import select
import socket
import struct
import sys
import termios
from collections import deque
from collections.abc import Callable
from functools import partial

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gophergate.errors import ClientGone, GatewayError, Unavailable
from gophergate.front.base import Handler, Header, Inbound, unread
from gophergate.front.burst import Burst
from gophergate.front.forwarded import plain_address
from gophergate.front.inbound import ReceivedRequest
from gophergate.front.listener import Listener
from gophergate.front.reply import WireReply

logger = logging.getLogger("gophergate.front")

NEVER = float("inf")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_REFUSED_BEYOND = 64
"""Connections over the limit that are still told so with a 503; those beyond are closed without a word."""


class Connection(HttpToolsProtocol):
    """Requests are answered strictly in turn. The one being answered is `_reply` (ours) or `_cycle` (uvicorn's); those
    behind it stand in `_waiting` as callables that begin their turn, while reading is paused. `_deaf` means that
    nothing further will be taken as a request; bytes are then read only to see the client's close."""

    # Slots for what is ours, and for what is uvicorn's but used in every request: the two together are more
    # attributes than Python keeps in an object's fast layout (30), beyond which each access is a dict look-up.
    __slots__ = (
        "_asgi_body",
        "_burst",
        "_busy",
        "_cycle",
        "_deaf",
        "_edge",
        "_half_closed",
        "_limits",
        "_lingering",
        "_listener",
        "_mid_head",
        "_peer",
        "_probed",
        "_read_deadline",
        "_receiving",
        "_reply",
        "_stalled_at",
        "_trusted",
        "_waiting",
        "_write_deadline",
        "flow",
        "headers",
        "loop",
        "parser",
        "scheme",
        "tasks",
        "transport",
        "url",
    )

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener.config, listener.server_state, {}, listener.loop)
        self.access_log = False
        self._listener = listener
        self._edge = listener.edge
        self._limits = listener.edge.limits
        self._peer = ""
        self._trusted = False
        # Turns.
        self._busy = False
        self._waiting: deque[Callable[[], None]] = deque()
        self._reply: WireReply | None = None
        self._cycle: RequestResponseCycle | None = None
        # The way to the close.
        self._deaf = False
        self._half_closed = False
        self._lingering = False
        self._probed = False
        # What has been read in part; always the last request parsed.
        self._mid_head = False
        self._receiving: ReceivedRequest | None = None
        self._asgi_body = False
        # Deadlines.
        self._read_deadline = NEVER
        self._write_deadline = NEVER
        self._stalled_at = 0
        self._burst = Burst()

    # -- the transport's callbacks -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        listener = self._listener
        transport.set_write_buffer_limits(high=self._limits.high_water)
        self._peer = plain_address(self.client[0]) if self.client else ""
        self._trusted = self._edge.proxies.trusts(self._peer)
        self._await_request()
        listener.connections.add(self)
        over = len(listener.connections) - listener.max_connections
        if listener.draining or over > _REFUSED_BEYOND:
            transport.abort()
        elif over > 0:
            self._refuse(Unavailable("Too many connections are open here. Try again in a moment.", retry_after=1))

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.connections.discard(self)
        self._deaf = True
        self._waiting.clear()
        self._read_deadline = self._write_deadline = NEVER
        cycle, self._cycle = self._cycle, None
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)
        self._client_gone()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more. It may have gone, or still read: only writing tells (RFC 9112, 9.6)."""
        if not self._busy or self._lingering:
            self._closing()
            return False
        self._deaf = self._half_closed = True
        self._mid_head = False
        if self._receiving is not None or self._asgi_body:
            if not self._waiting:
                self._cut()  # the request being answered can never be whole
                return True
            self._waiting.pop()
            self._receiving, self._asgi_body = None, False
        self._read_deadline = NEVER
        self._probe()
        self._look_for_hangup(0.02)
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()
        if self._reply is not None:
            self._reply.pressed()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._write_deadline = NEVER
        if self._reply is not None:
            self._reply.relieved()

    # -- turns ---------------------------------------------------------------------------------------------------

    def _begin(self, handler: Handler, inbound: Inbound, reply: WireReply) -> None:
        self._busy = True
        self._reply = reply
        # Named, for numbering tasks costs more than making one; and not by uvloop, which numbers it all the same.
        task = asyncio.Task(self._run(handler, inbound, reply), loop=self.loop, name="call")
        reply.task = task
        self.tasks.add(task)

    async def _run(self, handler: Handler, inbound: Inbound, reply: WireReply) -> None:
        try:
            await handler(inbound, reply)
            if not reply.ended:
                self._edge.conclude(inbound, reply, None)
        except BaseException as error:
            self._edge.conclude(inbound, reply, error)
        finally:
            if reply.task is not None:
                self.tasks.discard(reply.task)

    def _wait(self, turn: Callable[[], None]) -> None:
        self._waiting.append(turn)
        self.flow.pause_reading()

    def _await_request(self) -> None:
        """No request is under way; the reader says what is waited for, and for how long."""
        self._read_deadline = self.loop.time() + self._limits.keep_alive_timeout

    def _refuse(self, error: GatewayError, path: str = "", header: Header = unread, head_only: bool = False) -> None:
        """Answer with `error` when its turn comes, then close. Nothing after it is taken as a request."""
        self._deaf = True
        self._mid_head = False
        self._read_deadline = NEVER
        turn = partial(self._send_refusal, error, path, header, head_only)
        if self._busy:
            self._wait(turn)
        else:
            turn()

    def _send_refusal(self, error: GatewayError, path: str, header: Header, head_only: bool) -> None:
        self._busy = True
        reply = WireReply(self, head_only, http10=False, keep_alive=False)
        self._edge.refuse(reply, path, error, header(b"x-request-id"), header)

    # -- closing -------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """No reply follows: close, such that the last one arrives.

        Closing a socket with unread bytes resets it, and a reset can overtake the reply (RFC 9112, 9.6). So where
        the client may still be sending, only our half is closed and the rest is read and thrown away for a moment."""
        self._reply = self._cycle = None
        self._waiting.clear()
        unread = self._deaf or self._mid_head or self._receiving or self._asgi_body or self.flow.read_paused
        self._deaf = True
        if unread and not self._half_closed and not self.transport.is_closing():
            self._lingering = True
            self.flow.resume_reading()
            self._read_deadline = self.loop.time() + self._limits.linger_timeout
            try:
                self.transport.write_eof()
            except OSError:  # reset by the client, which asyncio's own loop, unlike uvloop, may find out only here
                self._close()
        else:
            self._close()

    def _close(self) -> None:
        self._closing()
        self.transport.close()

    def _closing(self) -> None:
        """The transport closes once its buffer is empty; a client that never empties it is cut off in time."""
        self._deaf = True
        self._read_deadline = NEVER
        self._watch_writing()

    def _cut(self) -> None:
        """Drop the connection and what waits in its buffer, and tell whoever is answering, at once."""
        self._deaf = True
        self._waiting.clear()
        sock = self.transport.get_extra_info("socket")
        if sock is not None and self._reply is not None and self._reply.ends_with_the_connection:
            # An ordinary close would look like the end of its body.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()
        self._client_gone()

    def _client_gone(self) -> None:
        inbound, self._receiving = self._receiving, None
        if inbound is not None:
            inbound.fail(ClientGone("The client closed before its request was whole."))
        reply, self._reply = self._reply, None
        if reply is not None:
            if reply.task is not None:  # cancelled before its first step it would not get to leave by itself
                reply.task.add_done_callback(self.tasks.discard)
            reply.client_gone()

    # -- what a reply asks of its connection (reply.Wire) --------------------------------------------------------

    @property
    def date_line(self) -> bytes:
        return self._listener.date_line

    def keeps_alive(self) -> bool:
        if self._waiting:
            return not self._listener.draining
        return not (self._deaf or self._receiving or self._listener.draining)

    def write(self, data: bytes) -> None:
        if self.flow.write_paused:
            behind = self.transport.get_write_buffer_size() - self._burst.size
            if behind > self._limits.max_backlog + self._limits.high_water:
                logger.warning("a reply outran its client by %d bytes and was cut off", self._limits.max_backlog)
                self._cut()
                return
            self._stalled_at += len(data)
        self.transport.write(data)
        if self.flow.write_paused:
            self._burst.add(len(data))

    def full(self) -> bool:
        return self.flow.write_paused

    async def emptied(self) -> None:
        await self.flow.drain()

    def reply_ended(self, keep_alive: bool) -> None:
        """The reply is whole, and if the connection stays: on to the next request, or wait for one."""
        if not keep_alive:
            self._finish()
            return
        self._reply = self._cycle = None
        if self._waiting:
            turn = self._waiting.popleft()
            if not self._waiting and not self._deaf:
                self.flow.resume_reading()
            turn()
        elif self._deaf or self._listener.draining:
            self._finish()
        else:
            self._busy = False
            if self.flow.read_paused:
                self.flow.resume_reading()
            self._await_request()

    def reply_broken(self) -> None:
        self._cut()

    # -- time ----------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Act on the deadlines that have passed."""
        if now >= self._read_deadline:
            self._read_deadline = NEVER
            if self._lingering or (not self._busy and not self._mid_head and not self._asgi_body):
                self._close()
            else:
                self._read_overdue()
        if now >= self._write_deadline:
            if self._untaken() < self._stalled_at:
                self._watch_writing()  # slow, but it does take something
            else:
                self._cut()
        if self._busy and self.flow.read_paused and not self._half_closed:
            self._look_for_hangup(None)

    def _read_overdue(self) -> None:
        """A request has begun and does not come to its end; the reader says so."""
        raise AssertionError("a connection without a reader has no request to wait for")

    def _untaken(self) -> int:
        """Bytes the client's system has not acknowledged: in our buffer and in the kernel's, whose megabytes would
        make a slow client look like one that takes nothing."""
        sock = self.transport.get_extra_info("socket")
        queued = bytearray(4)
        if sock is not None and sock.fileno() >= 0:
            fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, queued)
        return self.transport.get_write_buffer_size() + int.from_bytes(queued, sys.byteorder)

    def _watch_writing(self) -> None:
        self._stalled_at = self._untaken()
        self._write_deadline = self.loop.time() + self._limits.write_timeout

    def _probe(self) -> None:
        """Write something a listening client passes over; a closed one's system answers it with a reset."""
        self._probed = True
        if self._reply is not None:
            probe = self._reply.probe()
        elif self._cycle is not None and not self._cycle.response_started:
            probe = CONTINUE if self._cycle.scope["http_version"] == "1.1" else b""
        else:
            probe = b""
        if probe:
            self.transport.write(probe)

    def _look_for_hangup(self, again_in: float | None) -> None:
        """Nothing is being read, so the loop does not see a reset; ask the system. Repeated while there is a turn."""
        sock = self.transport.get_extra_info("socket")
        if not self._busy or self.transport.is_closing() or sock is None:
            return
        poller = select.poll()
        poller.register(sock.fileno(), select.POLLRDHUP)
        events = poller.poll(0)
        seen = events[0][1] if events else 0
        if seen & (select.POLLHUP | select.POLLERR):
            self._cut()
        elif again_in is not None:
            self.loop.call_later(again_in, self._look_for_hangup, min(again_in * 2, 1.0))
        elif seen & select.POLLRDHUP and not self._probed:
            self._probe()

    # -- shutting down -------------------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """The listener drains (`Listener.draining` is set): close now if idle, else after the reply under way."""
        if self._cycle is not None:
            self._cycle.keep_alive = False
        if not self._busy and not self._mid_head:
            self._close()

    def abort(self) -> None:
        """Break the connection now; whoever is answering learns that the client is gone."""
        self._cut()
