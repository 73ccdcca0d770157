"""The only writers to a client: the rules every reply keeps, and the one that writes HTTP/1.1 (RFC 9112).

A reply knows its own bytes; when its turn is and what becomes of the connection is the connection's business.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from gophergate.front.base import RawHeaders
from gophergate.front.framing import reply_head

logger = logging.getLogger("gophergate.front")

_COPY_BELOW = 32 * 1024
"""Smaller pieces are joined with their framing into one write; copying a larger one costs more than a second write."""


_BODILESS = (204, 304)


class RuledReply(ABC):
    """The state every reply goes through, whatever writes it: started once, counted, ended or broken, gone.

    The adapter sets `task` to the handler's task, and calls `client_gone`, `pressed` and `relieved`."""

    __slots__ = ("_bodiless", "_left", "_on_gone", "_pressure", "ended", "gone", "started", "task")

    _left: int | None
    """Bytes still to come, where their number was told; of a reply that has started."""

    def __init__(self, head_only: bool) -> None:
        self.started = False
        self.ended = False
        self.gone = False
        self.task: asyncio.Task[None] | None = None
        self._bodiless = head_only
        self._on_gone: Callable[[], None] | None = None
        self._pressure: tuple[Callable[[], None], Callable[[], None]] | None = None

    # -- what a handler calls ------------------------------------------------------------------------------------

    def start(self, status: int, headers: RawHeaders, *, length: int | None = None) -> None:
        if self.gone:
            return
        if self.started:
            raise RuntimeError("the reply has already been started")
        bodiless = self._bodiless or status in _BODILESS
        self._open(status, headers, length, bodiless)
        self.started = True
        self._bodiless = bodiless
        self._left = None if bodiless else length

    def send(self, data: bytes) -> None:
        if self.gone:
            return
        if not self.started or self.ended:
            raise RuntimeError("the reply has ended" if self.ended else "the reply has not been started")
        if not data or self._bodiless:
            return
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                self.abort()
                raise RuntimeError("the reply is longer than the length it declared")
        self._put(data)

    def end(self) -> None:
        if self.gone or self.ended:
            return
        if not self.started:
            raise RuntimeError("the reply has not been started")
        if self._left:
            logger.error("a reply ended %d bytes short of the length it declared", self._left)
            self.abort()
            return
        self.ended = True
        self._finish()

    def whole(self, status: int, headers: RawHeaders, body: bytes) -> None:
        if self.gone:
            return
        if self.started:
            raise RuntimeError("the reply has already been started")
        self._whole(status, headers, body, self._bodiless or status in _BODILESS)

    def abort(self) -> None:
        if self.gone or self.ended:
            return
        self.ended = self.gone = True
        self._break()

    def on_pressure(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._pressure = pause, resume
        if self._full() and not self.gone:
            pause()

    def on_gone(self, callback: Callable[[], None] | None) -> None:
        self._on_gone = callback
        if callback is not None and self.gone and not self.ended:
            callback()

    @abstractmethod
    async def drain(self) -> None: ...

    # -- what the adapter calls ----------------------------------------------------------------------------------

    def client_gone(self) -> None:
        """Nobody reads any more. The handler's task is cancelled, or its callback called; once."""
        if self.gone or self.ended:
            return
        self.gone = True
        self.relieved()
        if self._on_gone is not None:
            self._on_gone()
        elif self.task is not None:
            self.task.cancel()

    def pressed(self) -> None:
        """The client's buffer is full."""
        if self._pressure is not None and not self.ended:
            self._pressure[0]()

    def relieved(self) -> None:
        """The client's buffer has room again."""
        if self._pressure is not None and not self.ended:
            self._pressure[1]()

    # -- what a writer does --------------------------------------------------------------------------------------

    @abstractmethod
    def _open(self, status: int, headers: RawHeaders, length: int | None, bodiless: bool) -> None: ...

    @abstractmethod
    def _put(self, data: bytes) -> None: ...

    def _whole(self, status: int, headers: RawHeaders, body: bytes, bodiless: bool) -> None:
        self._open(status, headers, len(body), bodiless)
        self.started = self.ended = True
        if body and not bodiless:
            self._put(body)
        self._finish()

    @abstractmethod
    def _finish(self) -> None: ...

    @abstractmethod
    def _break(self) -> None: ...

    @abstractmethod
    def _full(self) -> bool: ...


class Wire(Protocol):
    """The connection a `WireReply` writes to."""

    loop: asyncio.AbstractEventLoop

    @property
    def date_line(self) -> bytes:
        """The Date field, with its CRLF."""

    def keeps_alive(self) -> bool:
        """Whether another reply may follow the one that starts now."""

    def write(self, data: bytes) -> None:
        """Queue bytes for the client."""

    def full(self) -> bool:
        """Whether more bytes wait for the client than its high-water mark."""

    async def emptied(self) -> None:
        """Wait until it is not full, or the client is gone."""

    def reply_ended(self, keep_alive: bool) -> None:
        """The reply is whole; its turn is over."""

    def reply_broken(self) -> None:
        """Close at once, such that the client sees that the reply is not whole."""


class WireReply(RuledReply):
    """`Reply` in HTTP/1.1 on a connection of our own.

    The head waits for the first piece or the end, so that a small reply is one write. A stream's waits no longer than
    until the next turn of the loop; with a declared length the body is at hand."""

    __slots__ = ("_chunked", "_head", "_http10", "_keep_alive", "_until_close", "_wire")

    def __init__(self, wire: Wire, head_only: bool, http10: bool, keep_alive: bool) -> None:
        super().__init__(head_only)
        self._wire = wire
        self._http10 = http10
        self._keep_alive = keep_alive
        self._chunked = self._until_close = False
        self._head: bytes | None = None

    async def drain(self) -> None:
        await self._wire.emptied()

    @property
    def ends_with_the_connection(self) -> bool:
        """Whether the connection's close is what tells the client that the body is whole (HTTP/1.0)."""
        return self._until_close and self.started

    def probe(self) -> bytes:
        """Bytes a client that still listens expects or passes over, b"" where there are none.

        A head that waits for its first piece. Before the head an interim reply (RFC 9110, 15.2). Inside a chunked body
        a zero, which becomes the leading digit of the next chunk's size (RFC 9112, 7.1: `chunk-size = 1*HEXDIG`,
        `last-chunk = 1*"0"`)."""
        if self._head is not None:
            head, self._head = self._head, None
            return head
        if self._http10 or self.ended:
            return b""
        if not self.started:
            return b"HTTP/1.1 100 Continue\r\n\r\n"
        return b"0" if self._chunked else b""

    def _open(self, status: int, headers: RawHeaders, length: int | None, bodiless: bool) -> None:
        chunked = until_close = False
        framing = b""
        if length is not None:
            framing = _counted(status, length)
        elif self._http10 and not bodiless:
            until_close = True
        elif not bodiless:
            chunked, framing = True, b"transfer-encoding: chunked\r\n"
        self._head = self._written(status, headers, framing, not until_close)
        self._chunked, self._until_close = chunked, until_close
        if length is None:
            self._wire.loop.call_soon(self._flush)

    def _whole(self, status: int, headers: RawHeaders, body: bytes, bodiless: bool) -> None:
        head = self._written(status, headers, _counted(status, len(body)), True)
        self.started = self.ended = True
        if bodiless:
            body = b""
        if len(body) < _COPY_BELOW:
            self._wire.write(head + body)
        else:
            self._wire.write(head)
            self._wire.write(body)
        self._wire.reply_ended(self._keep_alive)

    def _written(self, status: int, headers: RawHeaders, framing: bytes, keep_alive: bool) -> bytes:
        """The head, in which `framing` tells the reply's end; `keep_alive` is whether it leaves the connection open."""
        keep_alive = keep_alive and self._keep_alive and self._wire.keeps_alive()
        if not keep_alive:
            framing += b"connection: close\r\n"
        elif self._http10:
            framing += b"connection: keep-alive\r\n"
        head = reply_head(status, headers, self._wire.date_line, framing)
        self._keep_alive = keep_alive
        return head

    def _put(self, data: bytes) -> None:
        head = self._head
        if head is None:
            head = b""
        else:
            self._head = None
        size = len(data)
        if size < _COPY_BELOW:
            self._wire.write(b"%b%x\r\n%b\r\n" % (head, size, data) if self._chunked else head + data)
        elif self._chunked:
            self._wire.write(b"%b%x\r\n" % (head, size))
            self._wire.write(data)
            self._wire.write(b"\r\n")
        else:
            self._wire.write(head)
            self._wire.write(data)

    def _finish(self) -> None:
        if self._chunked:
            self._wire.write((self._head or b"") + b"0\r\n\r\n")
        elif self._head is not None:
            self._wire.write(self._head)
        self._head = None
        self._wire.reply_ended(self._keep_alive)

    def _break(self) -> None:
        self._head = None
        self._wire.reply_broken()

    def _full(self) -> bool:
        return self._wire.full()

    def _flush(self) -> None:
        if self._head is not None and not self.gone:
            self._wire.write(self._head)
        self._head = None


def _counted(status: int, length: int) -> bytes:
    return b"content-length: %d\r\n" % length if status != 204 else b""
