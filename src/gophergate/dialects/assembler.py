"""Where loose provider streams become strict: readers say what they saw, the assembler keeps the lifecycle.

And `Sequencer`, its counterpart for writers of dialects whose blocks may not overlap in time.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from gophergate.core.blocks import NO_EXTRA, Block, Citation, Extra, Json, Seal, Text, Thought, ToolCall
from gophergate.core.events import (
    BlockClosed,
    BlockGrew,
    BlockOpened,
    Event,
    Failed,
    Finished,
    Reason,
    Started,
    UsageSeen,
)
from gophergate.core.usage import Usage
from gophergate.errors import GatewayError, UpstreamCut

_STRENGTH: dict[Reason, int] = {"stop": 0, "stop_sequence": 1, "tool_calls": 1}


class Assembler:
    """Collects events that obey `core.lifecycle` whatever order a provider says things in.

    `text` and `thought` extend the current block of a choice, or open a new one after a block of another kind;
    `open`/`grow`/`close` are for providers that name their blocks (`key`: any hashable the reader chooses).
    The finish is held until `done` (or `end`), because usage often follows the finish reason. After the
    terminal event everything is ignored. `take` hands over what has been collected.
    """

    __slots__ = (
        "_choices_reason",
        "_current",
        "_events",
        "_finish_extra",
        "_keys",
        "_nameless",
        "_native",
        "_next",
        "_open",
        "_stop",
        "_with_calls",
        "finished",
        "started",
    )

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._keys: dict[Hashable, int] = {}
        self._open: dict[int, int] = {}
        self._current: dict[int, tuple[str, int]] = {}
        self._next = 0
        self._choices_reason: dict[int, Reason] = {}
        self._with_calls: set[int] = set()
        self._nameless: set[int] = set()
        self._native = ""
        self._stop: str | None = None
        self._finish_extra: Extra = NO_EXTRA
        self.started = False
        self.finished = False

    def take(self) -> list[Event]:
        """The events since the last take."""
        events, self._events = self._events, []
        return events

    # -- the beginning ----------------------------------------------------------------------------------------

    def start(self, id: str = "", model: str = "", created: int | None = None, extra: Extra = NO_EXTRA) -> None:
        """The provider began. Said once; later calls are ignored."""
        if not self.started and not self.finished:
            self.started = True
            self._events.append(Started(id=id, model=model, created=created, extra=extra))

    # -- running text -----------------------------------------------------------------------------------------

    def text(
        self,
        text: str,
        *,
        choice: int = 0,
        refusal: bool = False,
        logprobs: Json = None,
        citations: tuple[Citation, ...] = (),
        seal: Seal | None = None,
        extra: Extra = NO_EXTRA,
    ) -> None:
        """More words. An empty piece opens no block unless it carries something else."""
        self._run(
            "refusal" if refusal else "text",
            choice,
            Text(text="", refusal=refusal),
            text,
            seal,
            logprobs,
            citations,
            extra,
        )

    def thought(
        self,
        text: str,
        *,
        choice: int = 0,
        seal: Seal | None = None,
        summary: bool = False,
        extra: Extra = NO_EXTRA,
    ) -> None:
        """More reasoning."""
        self._run("thought", choice, Thought(summary=summary), text, seal, None, (), extra)

    def running(self, kind: str, choice: int = 0) -> int:
        """The index of a choice's running block if it is of that kind ("text", "refusal", "thought"), else -1."""
        current = self._current.get(choice)
        return current[1] if current is not None and current[0] == kind and not self.finished else -1

    def pause_run(self, choice: int = 0) -> None:
        """Close the running text or thought of a choice: what follows is a new block, even of the same kind."""
        current = self._current.pop(choice, None)
        if current is not None:
            self._close(current[1])

    def _run(
        self,
        kind: str,
        choice: int,
        empty: Block,
        text: str,
        seal: Seal | None,
        logprobs: Json,
        citations: tuple[Citation, ...],
        extra: Extra,
    ) -> None:
        if self.finished or not (text or seal is not None or logprobs is not None or citations or extra):
            return
        current = self._current.get(choice)
        if current is None or current[0] != kind:
            if current is not None:
                self._close(current[1])
            index = self._opened(empty, choice)
            self._current[choice] = (kind, index)
        else:
            index = current[1]
        self._events.append(BlockGrew(index, text, seal, citations, logprobs, "", extra))

    # -- named blocks -----------------------------------------------------------------------------------------

    def open(self, key: Hashable, block: Block, *, choice: int = 0) -> int:
        """Open a block under `key` (a key already known is left alone) and give its index, -1 after the end."""
        if self.finished:
            return -1
        index = self._keys.get(key)
        if index is None:
            self.pause_run(choice)
            index = self._keys[key] = self._opened(block, choice)
        return index

    def is_known(self, key: Hashable) -> bool:
        """True once `open` was called with that key, also after the block has closed."""
        return key in self._keys

    def grow(
        self,
        key: Hashable,
        text: str = "",
        *,
        seal: Seal | None = None,
        citations: tuple[Citation, ...] = (),
        logprobs: Json = None,
        transcript: str = "",
        extra: Extra = NO_EXTRA,
    ) -> None:
        """More of the block under `key`; nothing for a block that is unknown, closed, or when nothing is said."""
        index = self._keys.get(key, -1)
        if self.finished or index not in self._open:
            return
        if text or seal is not None or citations or logprobs is not None or transcript or extra:
            self._events.append(BlockGrew(index, text, seal, citations, logprobs, transcript, extra))

    def close(self, key: Hashable) -> None:
        """The block under `key` is whole. Harmless when it is unknown or closed already."""
        index = self._keys.get(key, -1)
        if not self.finished:
            self._close(index)

    def whole(self, block: Block, *, choice: int = 0) -> None:
        """A block that arrived in one piece: opened, full, and closed."""
        if not self.finished:
            self.pause_run(choice)
            self._close(self._opened(block, choice))

    def _opened(self, block: Block, choice: int) -> int:
        self.start()
        index = self._next
        self._next += 1
        self._open[index] = choice
        if type(block) is ToolCall:
            self._with_calls.add(choice)
            if not block.name:
                self._nameless.add(choice)
        self._events.append(BlockOpened(index, block, choice))
        return index

    def _close(self, index: int) -> None:
        if self._open.pop(index, None) is not None:
            self._events.append(BlockClosed(index))

    # -- the end ----------------------------------------------------------------------------------------------

    def usage(self, usage: Usage | None) -> None:
        """A running or final total."""
        if usage is not None and not self.finished:
            self.start()
            self._events.append(UsageSeen(usage))

    def ending(
        self,
        reason: Reason,
        *,
        native: str = "",
        stop_sequence: str | None = None,
        choice: int = 0,
        extra: Extra = NO_EXTRA,
    ) -> None:
        """A finish reason was given; usage may still follow. Of two reasons the more telling one stands."""
        known = self._choices_reason.get(choice)
        if known is None or _STRENGTH.get(reason, 2) > _STRENGTH.get(known, 2):
            self._choices_reason[choice] = reason
            if choice == 0:
                self._native = native
        if stop_sequence is not None:
            self._stop = stop_sequence
        if extra:
            self._finish_extra = extra

    @property
    def has_reason(self) -> bool:
        """True once a finish reason was given."""
        return bool(self._choices_reason)

    def done(self) -> None:
        """The reply is over, by the provider's own word: finish, or fail when no reason was ever given."""
        if self.finished:
            return
        if not self._choices_reason:
            self.fail(UpstreamCut())
            return
        self.start()
        for index in sorted(self._open):
            self._close(index)
        reasons = [self._reason(choice) for choice in range(max(self._choices_reason) + 1)]
        self.finished = True
        self._events.append(
            Finished(
                reason=reasons[0],
                native_reason=self._native,
                stop_sequence=self._stop,
                others=tuple(reasons[1:]),
                extra=self._finish_extra,
            )
        )

    def fail(self, error: GatewayError) -> None:
        """The reply broke. Open blocks stay open: nothing pretends that they were whole."""
        if not self.finished:
            self.finished = True
            self._events.append(Failed(error))

    def _reason(self, choice: int) -> Reason:
        if choice in self._nameless:
            return "malformed_tool_call"  # Nobody can make it, so nothing may look as if all were well.
        reason = self._choices_reason.get(choice, "stop")
        # A forced call ends with "stop" at OpenAI, Gemini says STOP beside every call: what a client must
        # know is that there are calls to make.
        return "tool_calls" if reason == "stop" and choice in self._with_calls else reason


class Sequencer:
    """Events with overlapping blocks in, the same events with one block open at a time out.

    A block that opens while another is open waits, with all that belongs to it, until its turn; indexes are
    renumbered in the order in which blocks are let through. Nothing is lost or merged (edge case 13).
    """

    __slots__ = ("_closed", "_front", "_map", "_next", "_waiting")

    def __init__(self) -> None:
        self._front: int | None = None
        self._waiting: dict[int, list[Event]] = {}
        self._closed: set[int] = set()
        self._map: dict[int, int] = {}
        self._next = 0

    def feed(self, event: Event) -> list[Event]:
        """What may be said now."""
        if type(event) is BlockGrew:
            if event.index == self._front:
                return [self._renumbered(event)]
            self._waiting[event.index].append(event)
            return []
        if type(event) is BlockOpened:
            if self._front is None:
                return [self._let(event)]
            self._waiting[event.index] = [event]
            return []
        if type(event) is BlockClosed:
            if event.index != self._front:
                self._waiting[event.index].append(event)
                self._closed.add(event.index)
                return []
            said: list[Event] = [BlockClosed(self._map[event.index])]
            self._front = None
            said.extend(self._advance())
            return said
        return [event]

    def _let(self, event: BlockOpened) -> BlockOpened:
        self._front = event.index
        self._map[event.index] = self._next
        self._next += 1
        return BlockOpened(self._map[event.index], event.block, event.choice)

    def _renumbered(self, event: BlockGrew) -> BlockGrew:
        index = self._map[event.index]
        if index == event.index:
            return event
        return BlockGrew(index, event.text, event.seal, event.citations, event.logprobs, event.transcript, event.extra)

    def _advance(self) -> Iterable[Event]:
        while self._front is None and self._waiting:
            index = min(self._waiting)
            for event in self._waiting.pop(index):
                match event:
                    case BlockOpened():
                        yield self._let(event)
                    case BlockGrew():
                        yield self._renumbered(event)
                    case BlockClosed():
                        yield BlockClosed(self._map[index])
                        self._front = None
