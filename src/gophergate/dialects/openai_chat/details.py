"""OpenRouter's `reasoning_details`: reasoning in entries of a kind and an index, some signed, some encrypted.

Source: https://openrouter.ai/docs/use-cases/reasoning-tokens
"""

from __future__ import annotations

from typing import Any

import msgspec

from gophergate.core.blocks import Extra, Json, Seal, Thought
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import encode
from gophergate.dialects.members import text_of
from gophergate.dialects.openai_chat.wire import NAME, NOTE_DETAIL, own_extra


class Detail(msgspec.Struct, frozen=True):
    """One entry. `rest` are its members but for what it says and its seal; `index` any JSON, encoded."""

    kind: str
    index: bytes
    text: str
    seal: Seal | None
    rest: dict[str, Json]

    @property
    def is_encrypted(self) -> bool:
        return self.kind == "reasoning.encrypted"

    @property
    def is_summary(self) -> bool:
        return self.kind == "reasoning.summary"

    @property
    def extra(self) -> Extra:
        return own_extra({NOTE_DETAIL: self.rest})


def read_detail(entry: dict[str, Any], origin: str) -> Detail:
    """An entry of the list; what it seals is its maker's, `origin`."""
    kind = text_of(entry.get("type"))
    member = "summary" if kind == "reasoning.summary" else "text"
    token = text_of(entry.get("data" if kind == "reasoning.encrypted" else "signature"))
    return Detail(
        kind=kind,
        index=encode(entry.get("index")),
        text=text_of(entry.get(member)),
        seal=Seal(token, NAME, origin) if token else None,
        rest={k: v for k, v in entry.items() if k not in (member, "data", "signature") and v is not None},
    )


class DetailsTold:
    """Puts the pieces of entries together: one Thought for each entry, which a signature ends."""

    __slots__ = ("_begun", "_choice", "_events", "_key", "_rest", "_sealed")

    def __init__(self, events: Assembler, choice: int) -> None:
        self._events = events
        self._choice = choice
        self._key: tuple[Json, ...] = ()
        self._rest: dict[str, Json] = {}
        self._sealed = False
        self._begun = 0

    def go_on_with(self, detail: Detail) -> bool:
        """Whether this is more of the running entry."""
        return self._key[1:3] == (detail.kind, detail.index) and not (detail.text and self._sealed)

    def begin(self, detail: Detail) -> None:
        """An entry's first piece, without what it says."""
        self._begun += 1
        self._key = ("detail", detail.kind, detail.index, self._choice, self._begun)
        self._rest = detail.rest
        opened = Thought(summary=detail.is_summary, extra=detail.extra)
        self._events.open(self._key, opened, choice=self._choice)

    def grow(self, detail: Detail) -> None:
        self._sealed = detail.seal is not None
        if detail.rest != self._rest:
            self._rest = {**self._rest, **detail.rest}
            self._events.grow(self._key, extra=own_extra({NOTE_DETAIL: self._rest}))
        self._events.grow(self._key, detail.text, seal=detail.seal)

    def close(self) -> None:
        self._events.close(self._key)
