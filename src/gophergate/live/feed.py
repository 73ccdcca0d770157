"""What is told of calls: that one began, what is said in it, how it ended. Words only for those who may read them.

Fed by the ledger's entries while somebody watches. What is said is gathered for a moment, so that a stream costs a
viewer ten messages a second, not a thousand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Protocol

import msgspec

from gophergate.core.blocks import Media, Text, Thought, ToolCall
from gophergate.core.call import CallRecord, Running
from gophergate.core.events import BlockGrew, BlockOpened, Event
from gophergate.core.money import to_dollars
from gophergate.live.hub import Hub
from gophergate.live.signs import WORDS, About, Sign
from gophergate.redaction import redacted
from gophergate.times import rfc3339

EVERY = 0.1
"""Seconds that words are gathered."""
_MOST_AT_ONCE = 40
"""Calls whose words are told at one time; the others wait for the next."""
_MOST_WORDS = 16_000
"""Characters of one call that wait; what comes beyond them is not shown."""
_LARGEST_READ = 256 << 10
_PROMPT = 2_000
_SAID = frozenset({"content", "text", "parts", "output", "message"})
"""Members of answers that hold what is said: where one of them is struck out, no words are told at all."""


class Source(Protocol):
    """A call under way (`ledger.entry.Entry` fits)."""

    @property
    def call_id(self) -> str: ...

    @property
    def body(self) -> bytes: ...

    @property
    def unlogged(self) -> bool: ...

    def now(self) -> Running: ...


class _Told:
    """What is known of one call that is being told."""

    __slots__ = ("kinds", "parts", "size", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.kinds: dict[int, str] = {}
        self.parts: list[dict[str, Any]] = []
        self.size = 0


class Feed:
    """The audience of all calls. `names` are the members of requests whose values are never shown."""

    def __init__(self, hub: Hub, names: Iterable[str] = ()) -> None:
        self._hub = hub
        self._names = frozenset(names)
        self._is_mute = not _SAID.isdisjoint(self._names)
        self._calls: dict[str, _Told] = {}
        self._spoken: dict[str, _Told] = {}
        self._untold: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def began(self, source: Source) -> None:
        """A call begins: told at once. In a flood it is not told of at all, and costs next to nothing from here on."""
        if self._hub.is_full:
            self._untold.add(source.call_id)
            self._hub.drop()
            return
        if "deltas" in self._hub.watched:
            self._calls[source.call_id] = _Told(source)
        if "calls" not in self._hub.watched:
            return
        now = source.now()
        words = partial(_prompted, source.body, self._names) if self._has_words(source) else None
        self._hub.tell(Sign("call.started", partial(running, now), _about(now), words))

    def heard(self, source: Source, events: Iterable[Event]) -> None:
        """The provider said something."""
        call_id = source.call_id
        if call_id in self._untold or "deltas" not in self._hub.watched:
            return
        told = self._calls.get(call_id)
        if told is None:  # it began before anybody watched
            told = self._calls[call_id] = _Told(source)
        for event in events:
            kind = type(event)
            if kind is BlockGrew:
                self._add(told, told.kinds.get(event.index, "text"), event.text)  # type: ignore[union-attr]
            elif kind is BlockOpened:
                self._opened(told, event)  # type: ignore[arg-type]
            else:
                continue
            self._spoken[call_id] = told
        if self._spoken and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY, self._tell)

    def ended(self, record: CallRecord) -> None:
        """A call is over, and in the ledger."""
        self._untold.discard(record.id)
        told = self._spoken.pop(record.id, None)
        if told is not None:
            self._tell_one(told)
        self._calls.pop(record.id, None)
        if "calls" not in self._hub.watched:
            return
        if self._hub.is_full:
            self._hub.drop()
            return
        names = tuple(name for name in (record.model_requested, record.model, _label(record)) if name)
        about = About(record.team_id, record.client_id, record.key_id, names, record.provider or "", record.status)
        self._hub.tell(Sign("call.finished", partial(finished, record), about))

    def forget(self) -> None:
        """Nobody watches any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._calls.clear()
        self._untold.clear()
        self._spoken.clear()

    def _has_words(self, source: Source) -> bool:
        """Whether what is said in a call is for anybody who watches."""
        return WORDS in self._hub.watched and not source.unlogged and not self._is_mute

    def _opened(self, told: _Told, event: BlockOpened) -> None:
        block = event.block
        if isinstance(block, Text):
            told.kinds[event.index] = "text"
            self._add(told, "text", block.text)
        elif isinstance(block, Thought):
            told.kinds[event.index] = "thought"
            self._add(told, "thought", block.text)
        elif isinstance(block, ToolCall):
            told.kinds[event.index] = "tool"
            told.parts.append({"kind": "tool", "name": block.name, "text": block.arguments})
            told.size += len(block.arguments)
        elif isinstance(block, Media):
            told.kinds[event.index] = "media"
            told.parts.append({"kind": "media", "text": block.media_type or ""})
        else:
            told.kinds[event.index] = "other"

    def _add(self, told: _Told, kind: str, text: str) -> None:
        if not text or kind in ("media", "other") or told.size > _MOST_WORDS:
            return
        told.size += len(text)
        parts = told.parts
        if parts and parts[-1]["kind"] == kind:
            parts[-1]["text"] += text
        else:
            parts.append({"kind": kind, "text": text})

    def _tell(self) -> None:
        self._timer = None
        for call_id in list(self._spoken)[:_MOST_AT_ONCE]:
            self._tell_one(self._spoken.pop(call_id))
        if self._spoken:
            self._timer = asyncio.get_running_loop().call_later(EVERY, self._tell)

    def _tell_one(self, told: _Told) -> None:
        parts, told.parts, told.size = told.parts, [], 0
        if self._hub.is_full:
            self._hub.drop()
            return
        now = told.source.now()
        known = {
            "id": now.id,
            "model": now.model,
            "provider": now.provider,
            "output_tokens": now.output_tokens,
            "first_token_ms": now.first_token_ms,
            "elapsed_ms": now.elapsed_ms,
        }
        words = {"parts": parts} if self._has_words(told.source) else None
        self._hub.tell(Sign("call.delta", known, _about(now), words))


def _about(now: Running) -> About:
    label = f"{now.provider}/{now.model}" if now.provider else ""
    names = tuple(name for name in (now.model_requested, now.model, label) if name)
    return About(now.team_id, now.client_id, now.key_id, names, now.provider or "")


def _label(record: CallRecord) -> str:
    return f"{record.provider}/{record.model}" if record.provider else ""


def running(now: Running) -> dict[str, Any]:
    """A call under way, as viewers and the API show it."""
    shown: dict[str, Any] = msgspec.structs.asdict(now)
    shown["started_at"] = rfc3339(now.started_at)
    return shown


def finished(record: CallRecord) -> dict[str, Any]:
    """A call that is over, in the shape of the call log."""
    shown: dict[str, Any] = msgspec.structs.asdict(record)
    shown["started_at"] = rfc3339(record.started_at)
    shown["cost"] = None if record.cost is None else to_dollars(record.cost)
    if record.usage is not None:
        usage = msgspec.structs.asdict(record.usage)
        paid = usage.get("provider_cost")
        usage["provider_cost"] = None if paid is None else to_dollars(paid)
        shown["usage"] = usage
    attempts = [msgspec.structs.asdict(attempt) for attempt in record.attempts]
    for attempt in attempts:
        if attempt["cost"] is not None:
            attempt["cost"] = to_dollars(attempt["cost"])
    shown["attempts"] = attempts
    return shown


def _prompted(body: bytes, names: frozenset[str]) -> dict[str, str]:
    return {"prompt": prompt_of(body, names)}


def prompt_of(body: bytes, names: frozenset[str] = frozenset()) -> str:
    """The last that the caller said, for a glance: at most `_PROMPT` characters. "" when there is nothing to read, or
    too much to read it in passing."""
    if len(body) > _LARGEST_READ:
        return ""
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""
    if not isinstance(asked, dict):
        return ""
    if names:
        asked = redacted(asked, names)
    for member in ("messages", "input", "contents", "prompt", "query", "texts"):
        turns = asked.get(member)
        if isinstance(turns, str):
            return turns[:_PROMPT]
        if isinstance(turns, list):
            for turn in reversed(turns):
                if isinstance(turn, str) and turn:
                    return turn[:_PROMPT]
                if isinstance(turn, dict) and turn.get("role", "user") == "user":
                    text = _text_of(turn.get("content", turn.get("parts", turn.get("text", ""))))
                    if text:
                        return text[:_PROMPT]
    return ""


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(text for part in content if (text := _part_text(part)))
    return ""


def _part_text(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping):
        text = part.get("text")
        return text if isinstance(text, str) else ""
    return ""
