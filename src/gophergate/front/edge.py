"""What both adapters of the edge share: their bounds, their collaborators, and what becomes of a handler that fails.

Nothing here touches a socket.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Protocol

import msgspec

from gophergate.errors import ClientGone, GatewayError, Internal
from gophergate.front.base import ErrorWriter, Header, Inbound, Refusal, Reply, Router, unread
from gophergate.front.forwarded import TrustedProxies

logger = logging.getLogger("gophergate.front")

_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")


class EdgeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Every bound of the edge. Times in seconds, sizes in bytes."""

    max_body_bytes: int = 32 * 1024 * 1024
    """Of a request body, as sent and as decoded; beyond it 413."""
    max_head_bytes: int = 64 * 1024
    max_header_fields: int = 200
    """Beyond either: 431."""
    header_timeout: float = 20.0
    """From the first byte of a request to the end of its head; then 408."""
    body_idle_timeout: float = 30.0
    """Between two pieces of a body that is being read; then 408."""
    body_timeout: float = 300.0
    """For the whole body; then 408."""
    keep_alive_timeout: float = 75.0
    """Of a connection without a request; then it is closed without a word."""
    write_timeout: float = 60.0
    """Of a client that takes none of the bytes waiting for it; then the connection is broken."""
    linger_timeout: float = 2.0
    """How long a refused request's remaining bytes are read and thrown away, so that the refusal arrives."""
    high_water: int = 64 * 1024
    """Bytes waiting for a client above which its reply is under pressure."""
    max_backlog: int = 8 * 1024 * 1024
    """Bytes queued under pressure, in earlier turns of the loop, at which a handler that queues more has its connection
    broken."""
    max_pipelined: int = 64
    """Requests that may wait on one connection; those after them are not answered, and the connection closes."""


class EndingReply(Reply, Protocol):
    """A reply as its adapter sees it."""

    @property
    def ended(self) -> bool:
        """`end` or `abort` has been called."""


class Edge:
    """One listening edge: which doors, which bounds, how errors are worded. Shared by all its connections.

    `new_id` gives an id to requests that brought no `x-request-id` of their own."""

    def __init__(
        self,
        router: Router,
        write_error: ErrorWriter,
        *,
        new_id: Callable[[], str],
        limits: EdgeLimits | None = None,
        proxies: TrustedProxies | None = None,
    ) -> None:
        self.router = router
        self.limits = limits or EdgeLimits()
        self.proxies = proxies or TrustedProxies()
        self._write_error = write_error
        self._new_id = new_id

    def request_id(self, sent: bytes | None) -> bytes:
        """The caller's own id if it is a plain word of at most 128 characters, else a new one."""
        if sent is not None and _REQUEST_ID.fullmatch(sent):
            return sent
        return self._new_id().encode()

    def told(self, path: str, error: GatewayError, header: Header) -> Refusal:
        """An `ErrorTeller`, with the caller's own id or a new one."""
        return self._write_error(path, error, header, self.request_id(header(b"x-request-id")).decode())

    def conclude(self, inbound: Inbound, reply: EndingReply, error: BaseException | None) -> None:
        """What becomes of a handler that has returned (`error` None) or raised, in the handler's own task.

        A GatewayError before `start` is answered in the door's dialect; anything else raised or forgotten is
        logged with its request id and answered as Internal, or, once started, breaks the connection. Cancellation
        is swallowed when the client has gone (the edge asked for it) and passes on otherwise."""
        if isinstance(error, asyncio.CancelledError):
            if reply.gone:
                return
            reply.abort()
            raise error
        if error is not None and not isinstance(error, Exception):
            reply.abort()
            raise error
        if reply.gone and (error is None or isinstance(error, GatewayError)):
            return
        if reply.ended and error is None:
            return
        if isinstance(error, ClientGone):
            reply.abort()
        elif isinstance(error, GatewayError) and not reply.started:
            self.refuse(reply, inbound.path, error, inbound.header(b"x-request-id"), inbound.header)
        else:
            self._defect(inbound, reply, error)

    def _defect(self, inbound: Inbound, reply: EndingReply, error: Exception | None) -> None:
        request_id = self.request_id(inbound.header(b"x-request-id"))
        what = "handler failed" if error is not None else "handler left its reply unfinished"
        logger.error("%s (request %s, path %r)", what, request_id.decode(), inbound.path, exc_info=error)
        if reply.ended or reply.gone:
            return
        if reply.started:
            reply.abort()
            return
        sorry = Internal(f"Something went wrong here. The log has it under request {request_id.decode()}.")
        self.refuse(reply, inbound.path, sorry, request_id, inbound.header)

    def refuse(
        self, reply: Reply, path: str, error: GatewayError, request_id: bytes | None, header: Header = unread
    ) -> None:
        """Answer with `error` in the dialect of the door at `path`, with a request id. Never raises."""
        named = self.request_id(request_id).decode()
        try:
            reply.whole(*self._write_error(path, error, header, named))
        except Exception:
            logger.exception("writing an error reply failed (request %s)", named)
            reply.whole(500, [(b"content-type", b"text/plain")], b"internal error\n")
