"""Pages of other origins that call the data plane from a browser: preflights answered, and every answer marked.

Only where origins are configured (`server.cors_origins`) does this stand before the doors; else nothing of it is there.
It speaks for doors alone: the operators' API is never told of any origin. Source: https://fetch.spec.whatwg.org/#http-cors-protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from gophergate.errors import Forbidden, GatewayError
from gophergate.front.base import ErrorWriter, Handler, Header, Inbound, RawHeaders, Refusal, Reply, Router
from gophergate.front.fallback import MethodNotAllowed

_METHODS = ("GET", "HEAD", "POST", "DELETE")
_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, \t-]{1,8192}")
_EXPOSED = (b"access-control-expose-headers", b"*")
"""Every header of an answer: x-request-id, x-gophergate-*, rate limits. A key is sent as a header and no cookie counts
here, so calls come without credentials in the sense of the specification, and the star means what it says."""
_VARY = (b"vary", b"origin")
_PREFLIGHT = (
    (b"access-control-max-age", b"7200"),  # the longest that Chromium heeds
    (b"vary", b"origin, access-control-request-method, access-control-request-headers"),
)


class CrossOrigin:
    """A `Router` before another one. `origins` are origins as browsers write them, or "*" for every one."""

    def __init__(self, doors: Router, origins: Iterable[str]) -> None:
        self._doors = doors
        self._origins = frozenset(origin.encode() for origin in origins)
        self._any = b"*" in self._origins

    def route(self, method: str, path: str) -> Handler | None:
        """The door's handler, whose answer is marked; of OPTIONS at a path that has a door, the preflight."""
        if method == "OPTIONS":
            methods = self._methods(path)
            return self._preflight(path, ", ".join(methods)) if methods else None
        door = self._doors.route(method, path)
        if door is None:
            return None

        async def handle(inbound: Inbound, reply: Reply) -> None:
            await door(inbound, _Marked(reply, self._told(inbound.header(b"origin"))))

        return handle

    def errors(self, write_error: ErrorWriter) -> ErrorWriter:
        """The same writer of errors at doors, marked: an application can read why it was refused."""

        def write(path: str, error: GatewayError, header: Header, request_id: str) -> Refusal:
            status, headers, body = write_error(path, error, header, request_id)
            if self._methods(path):
                headers = [*headers, *self._told(header(b"origin"))]
            return status, headers, body

        return write

    def _methods(self, path: str) -> list[str]:
        return [method for method in _METHODS if self._doors.route(method, path) is not None]

    def _told(self, origin: bytes | None) -> RawHeaders:
        """What an answer to a page of that origin says of who may read it."""
        if self._any:
            return ((b"access-control-allow-origin", b"*"), _EXPOSED)
        if origin is None or origin not in self._origins:
            return (_VARY,)
        return ((b"access-control-allow-origin", origin), _EXPOSED, _VARY)

    def _preflight(self, path: str, methods: str) -> Handler:
        async def handle(inbound: Inbound, reply: Reply) -> None:
            origin = inbound.header(b"origin")
            if origin is None or inbound.header(b"access-control-request-method") is None:
                raise MethodNotAllowed(f"{path} answers to {methods}, not to OPTIONS.", headers={"allow": methods})
            if not self._any and origin not in self._origins:
                raise Forbidden("Pages of this origin may not call this gateway (server.cors_origins).")
            told = [field for field in self._told(origin) if field is not _VARY]
            told += [(b"access-control-allow-methods", methods.encode()), *_PREFLIGHT]
            names = inbound.header(b"access-control-request-headers")
            if names is not None and _NAMES.fullmatch(names):
                # Vendors' clients send a dozen of their own, and a star would leave Authorization out.
                told.append((b"access-control-allow-headers", names))
            reply.whole(204, told, b"")

        return handle


class _Marked:
    """`Reply` whose head has some fields more. All else is the reply's own."""

    __slots__ = ("_fields", "_reply", "abort", "drain", "end", "on_gone", "on_pressure", "send")

    send: Callable[[bytes], None]
    end: Callable[[], None]
    abort: Callable[[], None]
    drain: Any
    on_pressure: Any
    on_gone: Any

    def __init__(self, reply: Reply, fields: RawHeaders) -> None:
        self._reply = reply
        self._fields = fields
        self.send, self.end, self.abort = reply.send, reply.end, reply.abort
        self.drain, self.on_pressure, self.on_gone = reply.drain, reply.on_pressure, reply.on_gone

    @property
    def started(self) -> bool:
        return self._reply.started

    @property
    def gone(self) -> bool:
        return self._reply.gone

    def start(self, status: int, headers: RawHeaders, *, length: int | None = None) -> None:
        self._reply.start(status, [*headers, *self._fields], length=length)

    def whole(self, status: int, headers: RawHeaders, body: bytes) -> None:
        self._reply.whole(status, [*headers, *self._fields], body)
