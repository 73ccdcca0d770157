"""An answer on its way to the client, piece by piece: bytes left as they are, or events written anew.

Both kinds hold everything back until the first content-bearing event (R-F1). They never raise: what fails before
that moment is left in `error` for the loop of attempts; what fails after it is told inside the stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gophergate.core.events import BlockGrew, BlockOpened, Event, Failed, Finished
from gophergate.core.request import Request
from gophergate.dialects.base import Reader, Writer
from gophergate.dialects.loss import unshown
from gophergate.errors import GatewayError, UpstreamBroken, UpstreamCut, UpstreamRefused
from gophergate.routing.base import Order
from gophergate.routing.secrecy import Striking, strike, without

_CONTENT = (BlockOpened, BlockGrew, Finished)
_MAY_LOSE = (BlockOpened, Finished)
_DECLINED = frozenset({"content_filter", "refusal"})
_HOLD = 1 << 20
"""An unfinished event larger than this is passed on in pieces: holding it would only delay it."""


def declined(order: Order, events: Iterable[Event]) -> UpstreamRefused | None:
    """The failure that an answer is which says only that it will not, where another vendor may be asked instead."""
    if not order.declines:
        return None
    reason = ""
    for event in events:
        if isinstance(event, BlockOpened):
            return None
        if isinstance(event, Finished):
            reason = event.reason
    if reason not in _DECLINED:
        return None
    return UpstreamRefused("The provider's content policy refused the answer.", status=400, code="content_filter")


def _bears_content(events: Iterable[Event]) -> bool:
    return any(isinstance(event, _CONTENT) for event in events)


class Stream:
    """`done`: nothing more will be delivered; `on_done` is called then. `delivered`: the client has seen content.
    `error`: why not. `secrets` are the provider's keys, which an error must not repeat."""

    def __init__(self, order: Order, secrets: tuple[str, ...] = ()) -> None:
        self.order = order
        self.secrets = secrets
        self.on_done: Callable[[], None] = _nothing
        self.done = False
        self.delivered = False
        self.error: GatewayError | None = None

    def feed(self, data: bytes) -> None:
        """More of the provider's bytes, in order."""
        raise AssertionError("each kind of stream has its own")

    def _say(self, data: bytes) -> None:
        if data:
            self.order.account.said(data)
            self.order.outlet.send(data)

    def _over(self) -> None:
        self.done = True
        self.on_done()

    def _fail(self, error: GatewayError, telling: bytes) -> None:
        self._over()
        if not self.delivered:
            self.error = error
            return
        self.order.account.broke(error)
        self._say(telling)
        self.order.outlet.finish()

    def _finish(self) -> None:
        self._over()
        self.order.outlet.finish()


def _nothing() -> None:
    """Nobody waits for the end."""


class VerbatimStream(Stream):
    """The provider's bytes, untouched; a copy feeds the reader.

    Only whole events are passed on, so that a cut never leaves half of one before the error event. What the
    reader cannot parse still flows: the call is then unmetered, not broken.
    """

    def __init__(self, order: Order, reader: Reader, content_type: bytes, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(order, secrets)
        self._reader = reader
        self._content_type = content_type
        self._early: list[bytes] = []
        self._partial: list[bytes] = []
        self._partial_size = 0
        self._filter = None if order.peek.include_usage else order.door.usage_filter()
        self._blind: Striking | None = None
        """What unreadable bytes pass through: no event says whether they tell of an error, and a key may be in them."""
        self._at_rest = False
        """Whether everything so far has passed, up to the end of an event: only then may words take the short way."""
        # Lines of JSON and JSON arrays have no blank lines: there a line is what must stay whole.
        self._gap = b"\n\n" if content_type.startswith(b"text/event-stream") else b"\n"

    def feed(self, data: bytes) -> None:
        if self.done or not data:
            return
        if self._blind is not None:
            self._say(self._blind.feed(data))
            return
        events = self._reader.feed(data)
        if self._at_rest and len(events) == 1 and type(events[0]) is BlockGrew and data.find(b"\n\n") == len(data) - 2:
            # More of a block and nothing else, as nearly every read is: no usage to withhold, nothing to wait for.
            self.order.account.see(events)
            self._say(data)
            return
        failure = events[-1].error if events and isinstance(events[-1], Failed) else None
        if isinstance(failure, UpstreamBroken) and not isinstance(failure, UpstreamCut):
            self._go_blind(data)
            return
        if events:
            self.order.account.see(events)
        whole = self._whole_events(data)
        self._pass(whole if failure is None else self._unended(whole, failure), events)
        self._at_rest = self.delivered and not self._partial and data.endswith(b"\n\n")
        if self._reader.finished and not self.done:
            if len(self._gap) == 1 and self._partial:
                self._say(b"".join(self._partial))
            self._finish()

    def end(self, error: GatewayError | None = None) -> None:
        """The provider's bytes are over, cleanly or by `error`."""
        if self.done:
            return
        if self._blind is not None:
            self._say(self._blind.end())
        if error is not None:
            self._fail(error, self._error_event(error))
            return
        if self._blind is not None:
            self._finish()
            return
        rest = b"".join(self._partial)
        self._partial.clear()
        events = self._reader.end()
        self.order.account.see(events)
        is_cut = bool(events) and isinstance(events[-1], Failed)
        self._pass(b"" if is_cut else rest, events)
        if not self.done:
            if self._filter is not None:
                self._say(self._filter.end())
            if rest and not rest.endswith(b"\n"):
                self._say(self._gap)
            self._say(self._reader.tail())
            self._finish()

    def _go_blind(self, data: bytes) -> None:
        """The tap cannot read this: the bytes flow on, and the call is marked unmetered."""
        self._blind = Striking(self.secrets)
        self.order.account.unreadable()
        if not self.delivered:
            self.delivered = True
            self.order.outlet.begin(self._content_type)
        self._say(self._blind.feed(b"".join((*self._early, *self._partial, data))))
        self._early.clear()
        self._partial.clear()

    def _pass(self, data: bytes, events: list[Event]) -> None:
        if data and self._filter is not None:
            data = self._filter.feed(data)
        failure = events[-1].error if events and isinstance(events[-1], Failed) else None
        if failure is not None:
            strike(failure, self.secrets)
            data = without(data, self.secrets)
        if not self.delivered:
            if failure is not None:
                self._fail(failure, b"")
                return
            self._early.append(data)
            if not _bears_content(events):
                return
            refused = declined(self.order, events)
            if refused is not None:
                self._fail(refused, b"")
                return
            self.delivered = True
            self.order.outlet.begin(self._content_type)
            data = b"".join(self._early)
            self._early.clear()
        self._say(data)
        if failure is not None:
            # Its own words have just passed; a cut it could not put into words is ours to tell.
            self._fail(failure, self._error_event(failure) if isinstance(failure, UpstreamBroken) else b"")

    def _unended(self, data: bytes, failure: GatewayError) -> bytes:
        """Of a reply that says it is over and never why, without that last word: it would look whole (law 2)."""
        if not isinstance(failure, UpstreamCut):
            return data
        if len(self._gap) == 1:
            return data.rstrip().removesuffix(b"]")
        said = data.rstrip(b"\r\n")
        ends = [at + len(gap) for gap in (b"\n\n", b"\r\n\r\n") if (at := said.rfind(gap)) >= 0]
        return data[: max(ends, default=0)]

    def _whole_lines(self, data: bytes) -> bytes:
        cut = data.rfind(b"\n") + 1
        if not cut and self._partial_size < _HOLD:
            self._partial.append(data)
            self._partial_size += len(data)
            return b""
        whole, rest = b"".join((*self._partial, data[:cut])), data[cut:]
        self._partial[:] = [rest] if rest else []
        self._partial_size = len(rest)
        return whole

    def _whole_events(self, data: bytes) -> bytes:
        if len(self._gap) == 1:
            return self._whole_lines(data)
        partial = self._partial
        if not data.endswith((b"\n\n", b"\r\n\r\n", b"\r\r")):
            cut = max(data.rfind(b"\n\n") + 2, data.rfind(b"\r\n\r\n") + 4 if b"\r" in data else 0)
            if cut < 2 and self._partial_size < _HOLD:
                # A blank line may be split over two pieces: the joined end decides.
                partial.append(data)
                self._partial_size += len(data)
                if not self._ends_event():
                    return b""
                data, tail = b"", b""
            else:
                data, tail = (data[:cut], data[cut:]) if cut >= 2 else (data, b"")
        else:
            tail = b""
        if partial:
            data = b"".join((*partial, data))
            partial.clear()
        self._partial_size = len(tail)
        if tail:
            partial.append(tail)
        return data

    def _ends_event(self) -> bool:
        partial = self._partial
        last = partial[-1]
        if len(last) < 4 and len(partial) > 1:
            last = b"".join(partial[-4:])
        return last.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))

    def _error_event(self, error: GatewayError) -> bytes:
        order = self.order
        blank = Request(dialect=order.door.name, model=order.peek.model, stream=True)
        return order.door.writer(blank, order.stamp, stream=True).write(Failed(error))


class TranslatedStream(Stream):
    """Events written in the caller's dialect; for a caller who did not ask for a stream, one body at the end."""

    def __init__(
        self, order: Order, request: Request, writer: Writer, reader: Reader | None, secrets: tuple[str, ...] = ()
    ) -> None:
        super().__init__(order, secrets)
        self._streams = request.stream
        self._writer = writer
        self._reader = reader
        self._early: list[Event] = []

    def feed(self, data: bytes) -> None:
        if not self.done and self._reader is not None:
            self.take(self._reader.feed(data))

    def end(self, error: GatewayError | None = None) -> None:
        """The provider's bytes are over, cleanly or by `error`."""
        if self.done:
            return
        if error is None and self._reader is not None:
            self.take(self._reader.end())
        if not self.done:
            self._take_one(Failed(error or UpstreamCut()))

    def take(self, events: list[Event]) -> None:
        """Events, in order; everything after the terminal one is ignored."""
        if events:
            self.order.account.see(events)
        for event in events:
            if self.done:
                return
            self._take_one(event)

    def _take_one(self, event: Event) -> None:
        is_more = type(event) is BlockGrew
        if (event.citations or event.logprobs) if is_more else type(event) in _MAY_LOSE:  # type: ignore[union-attr]
            door = self.order.door
            if names := unshown(event, door.name, door.shows):
                self.order.account.dropped(names)
        if isinstance(event, Failed):
            strike(event.error, self.secrets)
            self._fail(event.error, self._writer.write(event) if self.delivered else b"")
            return
        if not self.delivered and isinstance(event, Finished):
            refused = declined(self.order, [*self._early, event])
            if refused is not None:
                self._fail(refused, b"")
                return
        if not self._streams:
            if isinstance(event, BlockOpened):
                self._early.append(event)
            body = self._writer.write(event)
            if isinstance(event, Finished):
                self.delivered = True
                self._over()
                self.order.account.said(body)
                self.order.outlet.whole(body, self._writer.content_type)
            return
        if not self.delivered:
            self._early.append(event)
            if not isinstance(event, _CONTENT):
                return
            self.delivered = True
            self.order.outlet.begin(self._writer.content_type)
            early, self._early = self._early, []
            self._say(b"".join([self._writer.write(held) for held in early]))
        else:
            self._say(self._writer.write(event))
        if isinstance(event, Finished):
            self._finish()
