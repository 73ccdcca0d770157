"""An answer on its way to the client, piece by piece: bytes left as they are, or events written anew.

Both kinds hold everything back until the first content-bearing event (R-F1). They never raise: what fails before
that moment is left in `error` for the loop of attempts; what fails after it is told inside the stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Failed, Finished
from gophergate.dialects.base import InPieces, Reader, Writer
from gophergate.dialects.loss import unshown
from gophergate.errors import GatewayError, UpstreamBroken, UpstreamCut, UpstreamRefused
from gophergate.routing.base import Order
from gophergate.routing.flow import Stream
from gophergate.routing.heavy import LARGE, beside
from gophergate.routing.screening import WORK, passing
from gophergate.routing.secrecy import Striking, strike, without

_CONTENT = (BlockOpened, BlockGrew, Finished)
_MAY_LOSE = (BlockOpened, Finished)
_DECLINED = frozenset({"content_filter", "refusal"})
_HOLD = 1 << 20
"""An unfinished event larger than this is passed on in pieces: holding it would only delay it."""
_REPEATING = (BlockClosed, Finished)
_LONG = 1 << 20
"""Bytes of an answer from which on the ends of its blocks are written beside the loop: some dialects repeat there all
that was said."""


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


def _parted(events: Iterable[Event]) -> Iterator[Event]:
    """The same, but that a block grows no more than `_HOLD` at once: each part is sent before the next is written."""
    for event in events:
        if type(event) is BlockGrew and len(event.text) > _HOLD and not event.logprobs:
            index, text = event.index, event.text
            cut = range(0, len(text), _HOLD)
            for at in cut[:-1]:
                yield BlockGrew(index, text[at : at + _HOLD])
            event = replace(event, text=text[cut[-1] :])
        yield event


class _Deaf:
    """Stands for a reader that could not read on."""

    finished = False

    def feed(self, data: bytes) -> list[Event]:
        return []

    def end(self) -> list[Event]:
        return []

    def tail(self) -> bytes:
        return b""


_DEAF = _Deaf()


class VerbatimStream(Stream):
    """The provider's bytes, untouched; a copy feeds the reader.

    Only whole events are passed on, so that a cut never leaves half of one before the error event. What the
    reader cannot parse still flows: the call is then unmetered, not broken.
    """

    def __init__(self, order: Order, reader: Reader, content_type: bytes, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(order, reader, secrets)
        self._tap = reader
        self._content_type = content_type
        self._early: list[bytes] = []
        self._partial: list[bytes] = []
        self._partial_size = 0
        self._filter = None if order.peek.include_usage else order.door.usage_filter()
        self._blind: Striking | None = None
        """What unreadable bytes pass through: no event says whether they tell of an error, and a key may be in them."""
        self._last = b""
        """The last bytes passed that told something: an error event goes on from there."""
        self._at_rest = False
        """Whether everything so far has passed, up to the end of an event: only then may words take the short way."""
        # Lines of JSON and JSON arrays have no blank lines: there a line is what must stay whole.
        self._gap = b"\n\n" if content_type.startswith(b"text/event-stream") else b"\n"

    def _fed(self, data: bytes, events: list[Event]) -> None:
        if self._blind is not None:
            self._say(self._blind.feed(data))
            return
        if self._at_rest and len(events) == 1 and type(events[0]) is BlockGrew and data.find(b"\n\n") == len(data) - 2:
            # More of a block and nothing else, as nearly every read is: no usage to withhold, nothing to wait for.
            self.order.account.see(events)
            self._last = data
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
        if self._tap.finished and not self.done:
            if len(self._gap) == 1 and self._partial:
                self._say(b"".join(self._partial))
            self._finish()

    def _ended(self, events: list[Event], error: GatewayError | None) -> None:
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
        self.order.account.see(events)
        is_cut = bool(events) and isinstance(events[-1], Failed)
        self._pass(b"" if is_cut else rest, events)
        if not self.done:
            if self._filter is not None:
                self._say(self._filter.end())
            if rest and not rest.endswith(b"\n"):
                self._say(self._gap)
            self._say(self._tap.tail())
            self._finish()

    def _go_blind(self, data: bytes) -> None:
        """The tap cannot read this: the bytes flow on, and the call is marked unmetered."""
        self._blind = Striking(self.secrets)
        self._reader = _DEAF
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
        if events or b"data:" in data:
            self._last = data
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
        return self.order.door.broken(error, self.order.stamp, self._last)


class Translated(Stream):
    """Events written anew in the caller's dialect: as they come (`TranslatedStream`), or in one (`TranslatedBody`)."""

    def __init__(self, order: Order, writer: Writer, reader: Reader | None, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(order, reader, secrets)
        self._writer = writer
        self._size = 0
        self._passing = passing(order)

    def take(self, events: list[Event]) -> None:
        """Events, in order; everything after the terminal one is ignored."""
        if self._passing is not None:
            events = self._passing.take(events)
        elif events:
            self.order.account.see(events)
        self._pass_on(events)

    async def take_whole(self, events: list[Event], size: int) -> None:
        """All events of an answer of so many bytes that came in one piece."""
        if size < self._much:
            self.take(events)
        else:
            await self.take_much(events)
        self._ended([], None)

    def _fed(self, data: bytes, events: list[Event]) -> None:
        if not events:
            return
        if self._is_much(events):
            self._fall_behind(partial(self._take_apart, data, events))
        else:
            self._size += len(data)
            self.take(events)

    async def _take_apart(self, data: bytes, events: list[Event]) -> None:
        self._size += len(data)
        await self.take_much(events)

    async def take_much(self, events: list[Event]) -> None:
        """As `take`, without holding up the loop."""
        if self._passing is not None:
            events = self._passing.seen(events, await beside(self._size, self._passing.screened, events))
        else:
            self.order.account.see(events)
        await self._pass_on_apart(events)

    def _ended(self, events: list[Event], error: GatewayError | None) -> None:
        if events:
            self.take(events)
        if not self.done:
            self.take([Failed(error or UpstreamCut())])

    async def _end_apart(self, events: list[Event]) -> None:
        await self.take_much(events)
        self._ended([], None)

    def _is_much(self, events: list[Event]) -> bool:
        """Whether these are much work: they repeat much, or guards look at what they have held until a block closes."""
        if self._size >= self._much and any(type(event) in _REPEATING for event in events):
            return True
        return self._passing is not None and self._passing.is_much(events)

    @property
    def _is_large(self) -> bool:
        return self._size + self._unread >= self._much or super()._is_large

    @property
    def _much(self) -> int:
        return _LONG if self._passing is None else LARGE // WORK

    def _disclose(self, events: Iterable[Event]) -> None:
        """Name what they hold that the caller is not shown."""
        door = self.order.door
        if names := unshown(events, door.name, door.shows):
            self.order.account.dropped(names)

    def _pass_on(self, events: list[Event]) -> None:
        raise AssertionError("each kind has its own")

    async def _pass_on_apart(self, events: list[Event]) -> None:
        """As `_pass_on`, for much work."""
        raise AssertionError("each kind has its own")


class TranslatedStream(Translated):
    """Every event written as it comes."""

    def __init__(self, order: Order, writer: Writer, reader: Reader | None, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(order, writer, reader, secrets)
        self._early: list[Event] = []

    def _pass_on(self, events: list[Event]) -> None:
        for event in events:
            if self.done:
                return
            due = self._due(event)
            if due:
                self._tell(event, self._writer.write_all(due))

    async def _pass_on_apart(self, events: list[Event]) -> None:
        for event in _parted(events):
            if self.done:
                return
            due = self._due(event)
            if due:
                last = b""
                for data in await beside(self._size, self._pieces, due):
                    for at in range(0, len(data), _HOLD):
                        if last:
                            self._say(last)
                            await self.order.outlet.drain()
                        last = data[at : at + _HOLD]
                self._tell(event, last)

    def _pieces(self, due: Sequence[Event]) -> list[bytes]:
        """What is written for them, unjoined where the writer can."""
        writer = self._writer
        if isinstance(writer, InPieces):
            return [piece for one in due for piece in writer.pieces(one)]
        return [writer.write_all(due)]

    def _due(self, event: Event) -> Sequence[Event]:
        """What is to be written for the client, now that `event` has come."""
        kind = type(event)
        if (event.citations or event.logprobs) if type(event) is BlockGrew else kind in _MAY_LOSE:
            self._disclose((event,))
        if self.delivered and kind is not Failed:
            return (event,)
        if type(event) is Failed:
            strike(event.error, self.secrets)
            self._fail(event.error, self._writer.write(event) if self.delivered else b"")
            return ()
        self._early.append(event)
        if kind is Finished:
            refused = declined(self.order, self._early)
            if refused is not None:
                self._fail(refused, b"")
                return ()
        elif kind not in _CONTENT:
            return ()
        self.delivered = True
        self.order.outlet.begin(self._writer.content_type)
        early, self._early = self._early, []
        return early

    def _tell(self, event: Event, data: bytes) -> None:
        """`data` was written now that `event` has come."""
        self._say(data)
        if type(event) is Finished:
            self._finish()


class TranslatedBody(Translated):
    """One body, written once the reply is whole, for a caller who did not ask for a stream."""

    def __init__(self, order: Order, writer: Writer, reader: Reader | None, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(order, writer, reader, secrets)
        self._events: list[Event] = []

    def _pass_on(self, events: list[Event]) -> None:
        if self._is_whole_with(events):
            self._give(self._writer.write_all(self._events))

    async def _pass_on_apart(self, events: list[Event]) -> None:
        if self._is_whole_with(events):
            self._give(await beside(self._size, self._writer.write_all, self._events))

    def _is_whole_with(self, events: list[Event]) -> bool:
        """Whether there is a reply to be told, now that these have come. One that broke, or that declines, fails."""
        if self.done or not events:
            return False
        self._events += events
        last = events[-1]
        if type(last) is Failed:
            strike(last.error, self.secrets)
            self._fail(last.error, b"")
        elif type(last) is Finished:
            refused = declined(self.order, self._events)
            if refused is None:
                self._disclose(self._events)
                return True
            self._fail(refused, b"")
        return False

    def _give(self, body: bytes) -> None:
        self.delivered = True
        self._over()
        self.order.account.said(body)
        self.order.outlet.whole(body, self._writer.content_type)
