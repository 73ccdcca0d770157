"""An answer's events as guards let them go on: words and thoughts by a hold-back window, calls once they are whole.

Per block, whatever its pieces. A block is shown once there is something of it to show, in the order of their opening;
what it still holds is given out before it closes. A thought whose words were changed loses its signature, which would
no longer fit; words whose changes would show in token probabilities lose those. Both are told as losses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from msgspec.structs import replace

from gophergate.core.blocks import (
    NO_EXTRA,
    Block,
    Citation,
    Extra,
    Media,
    Opaque,
    Seal,
    Text,
    Thought,
    ToolCall,
)
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Failed, Finished, Started, UsageSeen
from gophergate.errors import GatewayError
from gophergate.policy.guards.quoted import masked_json, masked_value
from gophergate.policy.guards.requests import Looks

Lost = Callable[[str], None]


class Pieces(Protocol):
    """A text that comes in pieces (`window.Window` fits)."""

    is_changed: bool

    def feed(self, piece: str, *, is_whole: bool = False) -> str:
        """What may go on now. `is_whole`: the text is over."""


class _Shown:
    """One block on its way. `opened` is its opening, until it has been given out."""

    __slots__ = ("arguments", "block", "is_changed", "logprobs", "opened", "seal", "spoken", "window")

    def __init__(self, opened: BlockOpened, window: Pieces | None, spoken: Pieces | None) -> None:
        self.opened: BlockOpened | None = opened
        self.block: Block = opened.block
        self.window = window
        self.spoken = spoken
        self.arguments: list[str] | None = None
        self.seal: Seal | None = None
        self.logprobs = False
        self.is_changed = False


class Screen:
    """One attempt's answer. `window` makes one for a text, `look` is for texts that come whole; both raise what `stops`
    turns into the error that the caller is told. `lost` is told what had to be left out."""

    def __init__(
        self, window: Callable[[], Pieces], look: Looks, stops: Callable[[Exception], GatewayError | None], lost: Lost
    ) -> None:
        self._window = window
        self._look = look
        self._stops = stops
        self._lost = lost
        self._blocks: list[_Shown] = []
        self._next = 0
        """The first block that has not been shown."""
        self._over = False

    def take(self, events: Iterable[Event]) -> list[Event]:
        """The events as they go on. After a rule has blocked: what was decided before, what is known of the usage, and
        a `Failed` that says so."""
        out: list[Event] = []
        coming = iter(events)
        for event in coming:
            if self._over:
                break
            try:
                self._take_one(event, out)
            except Exception as problem:
                error = self._stops(problem)
                if error is None:
                    raise
                self._over = True
                out += [later for later in coming if isinstance(later, UsageSeen)]
                out.append(Failed(error))
        return out

    def _take_one(self, event: Event, out: list[Event]) -> None:
        match event:
            case BlockOpened():
                self._open(event, out)
            case BlockGrew():
                self._grow(event, out)
            case BlockClosed():
                self._close(event.index, out)
            case Failed():
                self._over = True
                # What was held back is looked at as if it were over: the caller gets all that may be shown.
                for index, shown in enumerate(self._blocks):
                    if shown.window is not None or shown.spoken is not None:
                        self._flush(index, shown, out)
                out.append(event)
            case Finished():
                self._show(len(self._blocks), out)
                out.append(replace(event, extra=self._notes(event.extra)) if event.extra else event)
            case Started():
                out.append(replace(event, extra=self._notes(event.extra)) if event.extra else event)
            case _:
                out.append(event)

    # -- one block ----------------------------------------------------------------------------------------------

    def _open(self, event: BlockOpened, out: list[Event]) -> None:
        block = event.block
        if block.extra and not isinstance(block, Opaque):
            block = replace(block, extra=self._notes(block.extra))
            event = replace(event, block=block)
        match block:
            case Text() | Thought():
                shown = _Shown(replace(event, block=replace(block, text="")), self._window(), None)
                if isinstance(block, Text) and block.citations:
                    kept = tuple(self._citation(one) for one in block.citations)
                    shown.opened = replace(event, block=replace(block, text="", citations=kept))
                if isinstance(block, Thought) and block.seal is not None and not block.redacted:
                    shown.seal = block.seal
                    shown.opened = replace(event, block=replace(block, text="", seal=None))
                self._blocks.append(shown)
                if block.text:
                    self._say(event.index, shown, block.text, out)
            case ToolCall():
                shown = _Shown(replace(event, block=replace(block, arguments="")), None, None)
                shown.arguments = [block.arguments]
                self._blocks.append(shown)
            case Media():
                transcript = block.transcript
                shown = _Shown(replace(event, block=replace(block, transcript=None)), None, self._window())
                self._blocks.append(shown)
                self._show(event.index + 1, out)
                if transcript:
                    self._speak(event.index, shown, transcript, out)
            case Opaque():
                data, extra = masked_value(block.data, self._look), self._notes(block.extra)
                if data is not block.data or extra is not block.extra:
                    # What it reported on the way may repeat it in pieces.
                    block = replace(block, data=data, extra=NO_EXTRA)
                self._blocks.append(_Shown(replace(event, block=block), None, None))
                self._show(event.index + 1, out)
            case _:
                self._blocks.append(_Shown(event, None, None))
                self._show(event.index + 1, out)

    def _grow(self, event: BlockGrew, out: list[Event]) -> None:
        shown = self._blocks[event.index]
        if event.extra:
            event = replace(event, extra=self._notes(event.extra))
            if shown.window is not None and event.text.isspace():
                # A joint between two parts, which stand for themselves: its note belongs to its place in the text.
                self._end(event.index, shown, out)
                shown.window = self._window()
                self._show(event.index + 1, out)
                out.append(event)
                return
        if shown.arguments is not None:
            shown.arguments.append(event.text)
            if event.seal is not None or event.extra:
                self._pass(event, shown, out)
        elif shown.window is not None:
            self._pass(event, shown, out)
            if event.text:
                self._say(event.index, shown, event.text, out)
        else:
            self._pass(event, shown, out, text=event.text)
            if event.transcript:
                self._speak(event.index, shown, event.transcript, out)

    def _pass(self, event: BlockGrew, shown: _Shown, out: list[Event], text: str = "") -> None:
        """What a growth brings beside words: seals of thoughts wait for the end, probabilities tell the words."""
        seal = event.seal
        if seal is not None and isinstance(shown.block, Thought) and not shown.block.redacted:
            shown.seal, seal = seal, None
        if event.logprobs is not None and not shown.logprobs:
            shown.logprobs = True
            self._lost("logprobs")
        citations = tuple(self._citation(one) for one in event.citations)
        if text or seal is not None or citations or event.extra:
            self._show(event.index + 1, out)
            out.append(BlockGrew(event.index, text, seal, citations, extra=event.extra))

    def _close(self, index: int, out: list[Event]) -> None:
        self._flush(index, self._blocks[index], out)
        self._show(index + 1, out)
        out.append(BlockClosed(index))

    def _flush(self, index: int, shown: _Shown, out: list[Event]) -> None:
        if shown.arguments is not None:
            said = "".join(shown.arguments)
            shown.arguments = None
            custom = isinstance(shown.block, ToolCall) and shown.block.custom
            said = self._look(said) if custom else masked_json(said, self._look)
            self._show(index + 1, out)
            if said:
                out.append(BlockGrew(index, said))
        if shown.window is not None:
            self._end(index, shown, out)
            if shown.seal is not None:
                if shown.is_changed:
                    self._lost("thinking signature")
                else:
                    self._show(index + 1, out)
                    out.append(BlockGrew(index, seal=shown.seal))
            shown.window = None
        if shown.spoken is not None:
            self._speak(index, shown, "", out, is_whole=True)
            shown.spoken = None

    def _end(self, index: int, shown: _Shown, out: list[Event]) -> None:
        """All that its window holds."""
        assert shown.window is not None  # noqa: S101 - it is open
        self._say(index, shown, "", out, is_whole=True)
        shown.is_changed = shown.is_changed or shown.window.is_changed

    def _say(self, index: int, shown: _Shown, piece: str, out: list[Event], *, is_whole: bool = False) -> None:
        assert shown.window is not None  # noqa: S101 - it is open
        said = shown.window.feed(piece, is_whole=is_whole)
        if said:
            self._show(index + 1, out)
            out.append(BlockGrew(index, said))

    def _speak(self, index: int, shown: _Shown, piece: str, out: list[Event], *, is_whole: bool = False) -> None:
        assert shown.spoken is not None  # noqa: S101 - it is open
        said = shown.spoken.feed(piece, is_whole=is_whole)
        if said:
            out.append(BlockGrew(index, transcript=said))

    def _show(self, until: int, out: list[Event]) -> None:
        """Open what has been opened before `until` and has not been shown."""
        while self._next < until:
            shown = self._blocks[self._next]
            if shown.opened is not None:
                out.append(shown.opened)
                shown.opened = None
            self._next += 1

    def _notes(self, extra: Extra) -> Extra:
        """Members of a dialect's own, masked; the same object where nothing was found."""
        masked: Extra = masked_value(extra, self._look) if extra else extra
        return masked

    def _citation(self, citation: Citation) -> Citation:
        """A source as it may be shown. The maker's own object of it goes where its words were changed."""
        url, title, quote = self._look(citation.url), self._look(citation.title), self._look(citation.quote)
        native = masked_value(citation.native, self._look) if citation.native is not None else None
        if (url, title, quote) == (citation.url, citation.title, citation.quote) and native is citation.native:
            return citation
        return replace(citation, url=url, title=title, quote=quote, native=native)
