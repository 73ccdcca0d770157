"""One socket to one origin: an asyncio protocol around httptools' response parser. The hot path.

Bytes go from the socket through the parser into the answer's consumer within one callback: no stream reader, no
queue, no task per piece, and one timer per connection that is compared, not re-made. What the bytes mean, and
whether a call is tried again, is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Protocol, cast

from httptools import HttpParserCallbackError, HttpParserError, HttpResponseParser

from gophergate.errors import GatewayError, UpstreamBroken, UpstreamError, UpstreamTimeout
from gophergate.transport.base import Ask, Timeouts
from gophergate.transport.fields import MAX_HEAD, all_of, named
from gophergate.transport.repeated import Repeated

JOIN = 64 * 1024
"""A request body up to this many bytes is copied behind its head and goes out in one write."""
SLICE = 256 * 1024
"""Bytes of a larger body handed over at a time, so that encrypting it never stalls the loop."""
MUCH = 128 * 1024
"""Bytes in one read after which others have their turn: libuv reads on as long as its buffer gets full, 32 times."""

_FIRST_BYTE, _HEAD, _BODY, _KEPT = range(4)

_FAR = 86_400.0
"""Seconds. No timer is set further ahead; it is looked at again then."""


class Home(Protocol):
    """Who lent this connection out."""

    def opened(self, connection: Connection) -> None:
        """Its socket is open (with TLS: and trusted)."""

    def give_back(self, connection: Connection) -> None:
        """The answer was read whole and the connection may serve again."""

    def forget(self, connection: Connection) -> None:
        """It serves no more, or never could; its place is free. Told exactly once."""

    def lost(self, connection: Connection) -> None:
        """Its socket is gone. Told once after `opened`."""


class Receiver(Protocol):
    """The answer a connection delivers to. All synchronous; `begin` comes first, `end` or `fail` ends it."""

    def begin(self, status: int, headers: list[tuple[bytes, bytes]], named: dict[bytes, bytes], coding: bytes) -> None:
        """The head is here: its fields, the first of each name, and the content coding of the body to come. May raise
        UpstreamBroken."""

    def take(self, data: bytes, /) -> None:
        """A piece of the body, not yet decoded of its content coding."""

    def end(self) -> None:
        """The body is whole."""

    def whole(self, status: int, headers: list[tuple[bytes, bytes]], named: dict[bytes, bytes], body: bytes) -> None:
        """All of the answer is here: `begin` without a coding, `take` and `end` in one."""

    def fail(self, error: BaseException, *, stale: bool = False) -> None:
        """It will never be whole. `stale`: a kept-alive connection proved dead before a byte was read."""


class _Surplus(Exception):
    """Bytes after the end of the answer: the connection cannot be trusted with another call."""


class Connection(asyncio.Protocol):
    """Serves one call at a time. Every method is synchronous and harmless once the connection is closed."""

    __slots__ = (
        "_barren",
        "_connected",
        "_ends_at",
        "_feed",
        "_framed",
        "_grew",
        "_headers",
        "_held",
        "_is_head",
        "_keep",
        "_keep_for",
        "_loop",
        "_moved_at",
        "_parser",
        "_pending",
        "_phase",
        "_repeated",
        "_sent_at",
        "_time",
        "_timeouts",
        "_timer",
        "_timer_at",
        "_touched",
        "_transport",
        "_whole",
        "_write_paused",
        "closed",
        "deliver",
        "home",
        "host",
        "receiver",
        "served",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, home: Home, host: str, keep_for: float) -> None:
        self._loop = loop
        self._time = loop.time
        self._keep_for = keep_for
        self._transport: asyncio.Transport
        self._connected = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._pending: memoryview | None = None
        self._write_paused = False
        self._held = False
        self._phase = _KEPT
        self._moved_at = self._time()
        self._timeouts = Timeouts()
        self._repeated = Repeated()
        self._barren = MAX_HEAD
        self._whole = self._touched = self._grew = self._keep = False
        self._headers: list[tuple[bytes, bytes]] = []
        self.home = home
        self.host = host
        """For messages only."""
        self.served = 0
        """Answers read whole so far: above zero the connection is a kept-alive one."""
        self.closed = False
        self.receiver: Receiver | None = None
        self.deliver: Callable[[bytes], None] = _discard
        """Where a piece of body goes at once. The receiver may put its consumer here in place of itself."""
        self._new_parser()

    def _new_parser(self) -> None:
        self._parser = HttpResponseParser(self)
        self._feed = self._parser.feed_data

    # -- the call ------------------------------------------------------------------------------------------

    def begin(self, receiver: Receiver, head: bytes, ask: Ask, ends_at: float) -> None:
        """Send `ask` behind its `head` and let `receiver` have its answer. `ends_at` is on the loop's clock.

        A body above `JOIN` bytes is handed over slice by slice as the socket takes it, never copied.
        """
        self.receiver = receiver
        self._touched = False
        self._is_head = ask.method == "HEAD"
        self._timeouts = timeouts = ask.timeouts
        self._ends_at = ends_at
        self._phase = _FIRST_BYTE
        self._sent_at = now = self._time()
        body = ask.body
        if len(body) <= JOIN:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._pending = memoryview(body)
            self._push()
        due = now + timeouts.first_byte
        if due < self._timer_at or ends_at < self._timer_at:
            self._arm(min(due, ends_at))

    def hold(self) -> None:
        """Read no more for now. The idle time-out stands still; the total one does not."""
        if not self._held and self.is_usable():
            self._held = True
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Undo `hold`."""
        if self._held and self.is_usable():
            self._held = False
            self._moved_at = self._time()
            self._transport.resume_reading()
            if self.receiver is not None:
                self._arm_earlier()

    def close(self) -> None:
        """Close the socket at once, unsent bytes included. The receiver hears nothing of it."""
        if self.closed:
            return
        self._detach()
        if self._connected:
            self._transport.abort()

    def fail(self, error: BaseException) -> None:
        """Close, and tell the receiver, if any, why."""
        receiver = self.receiver
        self.close()
        if receiver is not None:
            receiver.fail(error)

    def is_usable(self) -> bool:
        """Whether the socket, once it was open, still is, as far as is known here."""
        return not (self.closed or self._transport.is_closing())

    # -- asyncio's side ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connected = True
        self.home.opened(self)

    def data_received(self, data: bytes) -> None:
        receiver = self.receiver
        if receiver is None:
            self.close()  # Nobody asked for these bytes: an answer to come could not be told from them.
            return
        fresh = False
        if not self._touched:
            fresh = self._pending is None and not self._is_head
            if fresh and (again := self._repeated.again(data)) is not None:
                # The parser stands between two messages, and goes on with the next that is not like the last.
                self._keep = True
                self._settle()
                receiver.whole(*again)
                return
            self._touched = True
            self._barren = MAX_HEAD
        try:
            self._feed(data)
        except HttpParserError as error:
            if not self._whole:
                self._parser_failed(error)
                return
            self._keep = False
        if self.closed:
            return  # The consumer gave up inside the parser.
        if self._whole:
            self._whole = False
            if self.deliver is _refuse:
                # The parser may still wait for the body that a HEAD's content-length speaks of.
                self._new_parser()
            elif fresh and self._keep:
                self._repeated.learn(data, self._headers)
            self.deliver = _discard
            self._settle()
            receiver.end()
            return
        if self._grew:
            self._grew = False
            self._barren = MAX_HEAD
            moved_at = self._moved_at = self._time()
            if len(data) > MUCH and not self._held:
                self._transport.pause_reading()
                self._loop.call_soon(self._rested)
        else:
            self._barren -= len(data)
            if self._barren < 0:
                self.fail(UpstreamBroken(f"'{self.host}' sent {MAX_HEAD} bytes and not one of a body."))
                return
            moved_at = self._moved_at
        if self._timer_at > moved_at + self._timeouts.idle:
            self._arm_earlier()

    def eof_received(self) -> None:
        self._ended_by_peer(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended_by_peer(exc)
        self.home.lost(self)

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._pending is not None:
            self._push()

    # -- the parser's side ---------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._whole:
            raise _Surplus
        self._headers = []
        self._grew = False
        self._phase = _HEAD
        self._moved_at = self._time()

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the head these are trailers, gathered for nobody: no provider says anything in them.
        # Blanks before a value the parser leaves out, those behind it not.
        self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        if self._whole:
            raise _Surplus
        headers = self._headers
        status = self._parser.get_status_code()
        if status < 200:
            if status == 101 or status < 100:
                raise UpstreamBroken(f"'{self.host}' answered with status {status}, which nobody asked for.")
            self._phase = _FIRST_BYTE
            return
        said = named(headers, self.host)
        receiver = self.receiver
        if receiver is not None:
            self.deliver = receiver.take
        self._phase = _BODY
        self._framed = b"content-length" in said or b"transfer-encoding" in said
        self._keep = self._parser.should_keep_alive()
        if self._pending is not None:
            # Answered before it heard us out: say no more, and never reuse a connection left half-way.
            self._pending = None
            self._keep = False
        coding = b""
        if b"transfer-encoding" in said:
            self._headers = []
        if self._is_head or status in (204, 304):
            self._whole = True
            self.deliver = _refuse
        elif b"content-encoding" in said:
            coding = b",".join(all_of(b"content-encoding", headers))
        if receiver is not None:
            receiver.begin(status, headers, said, coding)

    def on_body(self, data: bytes) -> None:
        self._grew = True
        self.deliver(data)

    def on_message_complete(self) -> None:
        if self._phase == _BODY:
            self._whole = True

    # -- inside --------------------------------------------------------------------------------------------

    def _push(self) -> None:
        while self._pending is not None and not self._write_paused:
            piece = self._pending[:SLICE]
            rest = self._pending[SLICE:]
            self._pending = rest if rest else None
            self._transport.write(piece)
        self._sent_at = self._time()

    def _rested(self) -> None:
        if not self._held and self.is_usable():
            self._transport.resume_reading()

    def _settle(self) -> None:
        """The answer is whole: give the connection back before anybody acts on that."""
        self.receiver = None
        if not self._keep:
            self.close()
        else:
            if self._held:
                self.read_on()
            self.served += 1
            self._phase = _KEPT
            self._moved_at = now = self._time()
            if self._timer_at > now + self._keep_for:
                self._arm(now + self._keep_for)
            self.home.give_back(self)

    def _parser_failed(self, error: HttpParserError) -> None:
        cause: BaseException | None = error.__context__ if isinstance(error, HttpParserCallbackError) else None
        if cause is None or isinstance(cause, _Surplus):
            cause = UpstreamBroken(f"'{self.host}' broke HTTP: {error}.")
        self.fail(cause)

    def _ended_by_peer(self, error: Exception | None) -> None:
        receiver = self.receiver
        if receiver is None or self.closed:
            self.close()
            return
        if self._phase == _BODY and not self._framed and error is None:
            self.close()  # RFC 9112, section 6.3: without a length the close is the end.
            receiver.end()
            return
        host, stale = self.host, self.served > 0 and not self._touched
        self.close()
        when = "before the end of its answer" if self._touched else "without an answer"
        failure: GatewayError = UpstreamBroken(f"'{host}' closed the connection {when}.")
        failure.__cause__ = error
        receiver.fail(failure, stale=stale)

    def _detach(self) -> None:
        self.closed = True
        self.receiver = None
        self.deliver = _discard
        self._pending = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.home.forget(self)

    # -- time ----------------------------------------------------------------------------------------------

    def _due(self) -> tuple[float, str]:
        """When the state we are in has lasted too long, and the phase to name then."""
        if self._phase == _KEPT:
            return self._moved_at + self._keep_for, "kept"
        if self._held:
            return self._ends_at, "total"
        if self._phase == _FIRST_BYTE:
            due, phase = self._sent_at + self._timeouts.first_byte, "first_byte"
        else:
            # A head has `idle` seconds from its first byte to its last: trickling does not extend it.
            due, phase = self._moved_at + self._timeouts.idle, "idle"
        return (due, phase) if due < self._ends_at else (self._ends_at, "total")

    def _arm_earlier(self) -> None:
        due, _ = self._due()
        if due < self._timer_at:
            self._arm(due)

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        now = self._time()
        due = min(due, now + _FAR)
        self._timer_at = due
        self._timer = self._loop.call_later(max(due - now, 0.0), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._timer_at = math.inf
        due, phase = self._due()
        if due > self._time():
            self._arm(due)
        elif phase == "kept":
            self.close()
        else:
            self.fail(_timed_out(self.host, phase))


def _timed_out(host: str, phase: str) -> UpstreamError:
    said = {
        "first_byte": f"'{host}' did not begin to answer in time.",
        "idle": f"'{host}' fell silent in the middle of its answer.",
        "total": f"The call to '{host}' took longer than it may.",
    }
    return UpstreamTimeout(said[phase], phase=phase)


def _discard(data: bytes, /) -> None:
    """The answer was given up; what the parser still holds goes nowhere."""


def _refuse(data: bytes, /) -> None:
    raise _Surplus
