"""The small Protocols of the edge. `lane.py` (beneath ASGI) and `asgi.py` are adapters of `Inbound` and `Reply`.

A handler is `async def handle(inbound: Inbound, reply: Reply) -> None`. Its task is cancelled when the client
goes away (`reply.gone` is then True), unless it has taken over with `reply.on_gone`. What it raises as a
GatewayError before `start` becomes an error in the door's dialect; that is the caller's (front's) business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from gophergate.errors import GatewayError

if TYPE_CHECKING:
    from gophergate.front.caller_headers import Told

RawHeaders = Sequence[tuple[bytes, bytes]]
"""Header fields in order, names in lower case."""


class Heard:
    """What has been made of a head. Requests whose heads are the same to the byte share it, so it is made once.

    `told` belongs to `caller_headers`; `digest` is the hash of the key that was presented, which policy looks up."""

    __slots__ = ("digest", "told")

    def __init__(self) -> None:
        self.digest: bytes | None = None
        self.told: Told | None = None


class Inbound(Protocol):
    """One request. Head fields are ready; the body is awaited."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str:
        """Percent-decoded once by the parser's rules; never normalised."""

    @property
    def raw_path(self) -> bytes:
        """As sent, without the query."""

    @property
    def query(self) -> bytes:
        """As sent, without the question mark; never logged (it may hold a key)."""

    @property
    def headers(self) -> RawHeaders: ...

    @property
    def client(self) -> str:
        """The peer's IP address, or what a trusted proxy says it is."""

    @property
    def scheme(self) -> str: ...

    @property
    def heard(self) -> Heard: ...

    def header(self, name: bytes) -> bytes | None:
        """The first field of that (lower-case) name, None when absent."""

    async def body(self) -> bytes:
        """The whole body, once (a second call raises RuntimeError). Comes decoded of transfer-encoding and of
        content-encoding; `headers` stay as sent. Raises BodyTooLarge, RequestTimeout, BadRequest (broken
        framing or coding), ClientGone. A caller that asked with `Expect: 100-continue` is told to go on by
        this await, not before."""


class Reply(Protocol):
    """The only way to answer. One head, then bytes, then `end`. All of it synchronous; nothing here waits but `drain`.

    A started reply never gets a second status: `start` twice raises RuntimeError, and so does `send` before
    `start` or after `end`. After the client has gone every method is harmless and does nothing. Once `end` has
    been called the connection belongs to the next request: the handler may go on, but is told nothing more.
    """

    @property
    def started(self) -> bool: ...

    @property
    def gone(self) -> bool: ...

    def start(self, status: int, headers: RawHeaders, *, length: int | None = None) -> None:
        """Send the head. With `length` a Content-Length, else chunked (HTTP/1.1) or until close (HTTP/1.0).

        The edge owns connection, content-length, transfer-encoding and date: those in `headers` are left out.
        Raises ValueError on a field that holds CR, LF or NUL, with nothing sent."""

    def send(self, data: bytes) -> None:
        """Queue body bytes. Never waits; watch pressure by `on_pressure` or await `drain`.

        More bytes than `length` said raise RuntimeError and break the connection. One piece may have any size;
        who goes on sending while the buffer is full is cut off at a bound (`EdgeLimits.max_backlog`)."""

    def end(self) -> None:
        """The body is whole. Keep-alive follows where it is allowed. Fewer bytes than `length` said break the
        connection instead. Harmless when repeated."""

    def whole(self, status: int, headers: RawHeaders, body: bytes) -> None:
        """A reply that is known to its last byte: `start` with its length, `send` and `end` in one."""

    def abort(self) -> None:
        """Break the connection so that the client sees the body is not whole. `on_gone` is not called."""

    async def drain(self) -> None:
        """Wait until the client's buffer is below its high-water mark (or the client is gone)."""

    def on_pressure(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        """Be told when the client's buffer is full, and when it has drained. `pause` is called at once if it is full;
        `resume` also when the client goes, so that whoever was paused can see to its end."""

    def on_gone(self, callback: Callable[[], None] | None) -> None:
        """Replace the default (cancel the handler's task) by `callback`; None restores the default. Called once, at
        once if the client has gone already; never after `end` or `abort`."""


Handler = Callable[[Inbound, Reply], Awaitable[None]]


class Router(Protocol):
    """Which door a request belongs to; all public paths stand behind one of these."""

    def route(self, method: str, path: str) -> Handler | None:
        """The handler of exactly this method and (once decoded, never normalised) path.

        None means: not the data plane's; the request goes to the ASGI application on the same connection.
        Called synchronously for every request, so it must be cheap and must not raise."""


Header = Callable[[bytes], bytes | None]
"""The first field of a (lower-case) name, None when absent."""


def unread(_name: bytes) -> None:
    """The `Header` of a request whose head was not read, or does not matter."""


Refusal = tuple[int, RawHeaders, bytes]
"""Status, headers and body of a whole answer; no content-length among them."""

ErrorWriter = Callable[[str, GatewayError, Header, str], Refusal]
"""`(path, error, header, request id)` told in the envelope of the door at `path`, or of the client that the request's
own headers tell where the path is nobody's alone; `path` is "" when it could not be read. The headers carry
content-type, the id, and whatever the error asks for (Retry-After)."""

ErrorTeller = Callable[[str, GatewayError, Header], Refusal]
"""The same with an id found or made (`edge.Edge.told`)."""

ID_TOO: Mapping[str, bytes] = {"anthropic_messages": b"request-id"}
"""By door: the field that its vendor's clients look for the request's id in, beside x-request-id."""
