"""An answer that was cut, gone on with by another deployment: opt-in (`continue_streams`), and marked (R-F1).

The whole reply is one writer's, so it goes by the translated path from its first byte. Between the two parts stands a
thought that says who went on; the client sees it as a note, never as words of the answer. Only plain answers go on: one
that had begun to call a tool fails as any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from gophergate.core.blocks import Text, Thought
from gophergate.core.events import (
    BlockClosed,
    BlockGrew,
    BlockOpened,
    Event,
    Failed,
    Finished,
    Started,
)
from gophergate.core.request import Request, Turn
from gophergate.dialects.base import Reader, Writer
from gophergate.errors import GatewayError
from gophergate.routing.base import Order
from gophergate.routing.secrecy import strike
from gophergate.routing.streams import Translated, TranslatedStream

_GO_ON = (
    "Your last answer was cut off by a technical failure. Go on from exactly where it stopped: repeat nothing of it, "
    "and add no remark about the interruption."
)


class Thread:
    """What runs through all the attempts of one reply. `delivered`: the client has seen content."""

    def __init__(self) -> None:
        self.writer: Writer | None = None
        self.delivered = False
        self._blocks: list[Text | Thought | None] = []
        self._open: set[int] = set()
        self._said: list[str] = []

    @property
    def opened(self) -> int:
        """How many blocks the client has been shown."""
        return len(self._blocks)

    @property
    def may_go_on(self) -> bool:
        """Whether another deployment can take it up: nothing but thoughts and words so far, of one choice."""
        return all(block is not None for block in self._blocks)

    def heard(self, event: Event) -> None:
        """An event that was written for the client."""
        match event:
            case BlockOpened(index=index, block=block, choice=choice):
                known = block if isinstance(block, Text | Thought) and not choice else None
                self._blocks.append(known)
                self._open.add(index)
                if isinstance(block, Text):
                    self._said.append(block.text)
            case BlockGrew(index=index, text=text):
                if isinstance(self._blocks[index], Text):
                    self._said.append(text)
            case BlockClosed(index=index):
                self._open.discard(index)

    def asked(self, request: Request) -> Request:
        """The request as the next deployment gets it: with what has been said, and to go on from there."""
        said = "".join(self._said)
        if not self.delivered or not said.strip():
            return request
        words = Turn(role="assistant", blocks=(Text(text=said),))
        return replace(request, turns=(*request.turns, words, Turn(role="user", blocks=(Text(text=_GO_ON),))))

    def bridge(self, label: str) -> Iterator[Event]:
        """What stands between the two parts: the cut block's end, and a note of who goes on."""
        yield from (BlockClosed(index) for index in sorted(self._open))
        self._open.clear()
        at = self.opened
        self._blocks.append(Thought())
        yield BlockOpened(at, Thought())
        yield BlockGrew(at, f"[x-gophergate: the answer was cut here and is continued by {label}]")
        yield BlockClosed(at)

    def stream(
        self, order: Order, request: Request, writer: Writer, reader: Reader | None, secrets: tuple[str, ...]
    ) -> Translated:
        """One part of the reply on its way."""
        return ContinuedStream(order, self, writer, reader, secrets)

    def fail(self, order: Order, error: GatewayError) -> None:
        """Nobody could go on: the reply ends with its error event."""
        order.account.broke(error)
        if self.writer is not None:
            told = self.writer.write(Failed(error))
            order.account.said(told)
            order.outlet.send(told)
        order.outlet.finish()


class ContinuedStream(TranslatedStream):
    """One part of a reply that may have several."""

    def __init__(
        self,
        order: Order,
        thread: Thread,
        writer: Writer,
        reader: Reader | None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        thread.writer = thread.writer or writer
        super().__init__(order, thread.writer, reader, secrets)
        self._thread = thread
        self._goes_on = thread.delivered
        self._shift = 0

    def _due(self, event: Event) -> Sequence[Event]:
        thread = self._thread
        if isinstance(event, Failed):
            if self.delivered and thread.may_go_on:
                strike(event.error, self.secrets)
                self._over()
                self.error = event.error
                return ()
            return super()._due(event)
        if self._goes_on and isinstance(event, Started):
            return ()
        if not self.delivered and isinstance(event, BlockOpened | Finished):
            if self._goes_on:
                self._early[:0] = thread.bridge(self.order.account.deployment_label)
            self._shift = thread.opened
        if isinstance(event, BlockOpened | BlockGrew | BlockClosed):
            event = replace(event, index=event.index + self._shift)
        thread.heard(event)
        due = super()._due(event)
        thread.delivered = thread.delivered or self.delivered
        return due
