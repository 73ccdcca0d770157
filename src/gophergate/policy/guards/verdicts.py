"""What an operator's endpoint answers when it is asked about texts: the shape of it (docs/guards.md), and who asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gophergate.policy.guards.detecting import Find
from gophergate.policy.guards.rules import Definition

MOST_ANSWERED = 1 << 20
"""Bytes of an endpoint's answer."""
LABEL = "WEBHOOK"
"""What is found where the endpoint has no word for it."""

Ask = Callable[[Definition, bytes], Awaitable[bytes]]
"""Posts a question to a guard's endpoint; gives what it answered. Raises Unanswered."""


class Unanswered(Exception):
    """There is no verdict; the text says why."""


async def nobody(definition: Definition, question: bytes) -> bytes:
    """`Ask` where no endpoint can be reached."""
    raise Unanswered("no endpoint can be asked from here")


class _Place(msgspec.Struct, frozen=True):
    """A find: `text` counts the texts of the question, the places its characters (code points)."""

    text: Annotated[int, Meta(ge=0)]
    start: Annotated[int, Meta(ge=0)]
    end: int
    label: Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{0,31}\Z")] = LABEL


class _Verdict(msgspec.Struct, frozen=True):
    verdict: Literal["allow", "block", "mask"]
    finds: list[_Place] = []


class Verdict(msgspec.Struct, frozen=True):
    """What an endpoint says: whether all of it is blocked, and what it found in each text."""

    blocks: bool
    finds: Mapping[str, Sequence[Find]] = {}


def read_verdict(answer: bytes, texts: Sequence[str]) -> Verdict:
    """The verdict on those texts. Raises Unanswered, in words, for what is none."""
    try:
        said = msgspec.json.decode(answer, type=_Verdict)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unanswered(f"its answer is no verdict: {error}") from None
    if said.verdict == "mask" and not said.finds:
        raise Unanswered("its answer is no verdict: it says 'mask' and not where")
    found: dict[str, list[Find]] = {}
    for one in said.finds if said.verdict != "allow" else ():
        if one.text >= len(texts) or not one.start < one.end <= len(texts[one.text]):
            raise Unanswered(f"its answer is no verdict: there is no {one.start} to {one.end} in text {one.text}")
        found.setdefault(texts[one.text], []).append(Find(one.start, one.end, one.label))
    return Verdict(said.verdict == "block", found)
