"""Reasoning inside a message, both ways, in the four forms of the look-alikes.

One string (`reasoning_content`, `reasoning`, `reasoning_text`), OpenRouter's `reasoning_details` with signatures and
encrypted entries, Mistral's thinking parts, and tags in the text (which are left as text in requests). A thought
remembers its form in its extras, so its maker gets it back as it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gophergate.core.blocks import NO_EXTRA, Json, Thought
from gophergate.dialects.base import Target, show_seal, unwrap_seal
from gophergate.dialects.loss import Losses
from gophergate.dialects.members import list_of, text_of
from gophergate.dialects.openai_chat.wire import NAME, NOTE_DETAIL, NOTE_MEMBERS, NOTE_THINKING, PLAIN_THOUGHTS, own

DETAILS = "reasoning_details"
THINKING = "thinking"
"""A `reasoning_member` of a target that takes Mistral's parts."""


def read_thoughts(message: dict[str, Any], unknown: dict[str, Json]) -> list[Thought]:
    """The thoughts of an assistant message. Plain reasoning that differs from the detailed goes into `unknown`."""
    thoughts = [_read_detail(entry) for entry in list_of(message.get(DETAILS)) if isinstance(entry, dict)]
    told = "".join(thought.text for thought in thoughts)
    plain = {member: text for member in PLAIN_THOUGHTS if (text := text_of(message.get(member)))}
    if not plain:
        return thoughts
    if not thoughts:
        text = next(iter(plain.values()))
        same = [member for member, said in plain.items() if said == text]
        marks = NO_EXTRA if same == ["reasoning_content"] else {NAME: {NOTE_MEMBERS: same}}
        thoughts = [Thought(text=text, extra=marks)]
        unknown.update({member: said for member, said in plain.items() if said != text})
        return thoughts
    same = [member for member, said in plain.items() if said == told]
    unknown.update({member: said for member, said in plain.items() if said != told})
    if same and own(thoughts[0].extra):
        first = thoughts[0]
        thoughts[0] = Thought(
            text=first.text,
            seal=first.seal,
            redacted=first.redacted,
            summary=first.summary,
            item_id=first.item_id,
            extra={NAME: {**own(first.extra), NOTE_MEMBERS: same}},
        )
    return thoughts


def _read_detail(entry: dict[str, Any]) -> Thought:
    kind = text_of(entry.get("type"))
    member = "summary" if kind == "reasoning.summary" else "text"
    token = text_of(entry.get("data")) or text_of(entry.get("signature"))
    seal = unwrap_seal(token, NAME) if token else None
    item_id, extra = "", NO_EXTRA
    if seal is not None and seal.dialect != NAME:
        item_id = text_of(entry.get("id"))  # An entry that our writer made of another dialect's thought.
    else:
        rest = {k: v for k, v in entry.items() if k not in (member, "data", "signature") and v is not None}
        extra = {NAME: {NOTE_DETAIL: rest}}
    return Thought(
        text=text_of(entry.get(member)),
        seal=seal,
        redacted=kind == "reasoning.encrypted",
        summary=member == "summary",
        item_id=item_id,
        extra=extra,
    )


def detail_entry(thought: Thought, index: int) -> dict[str, Json] | None:
    """A thought for a client as a `reasoning_details` entry: for what must come back, and what came as one.

    None for plain reasoning, which needs none.
    """
    rest = own(thought.extra).get(NOTE_DETAIL)
    if rest is None and thought.seal is None:
        return None
    entry: dict[str, Json] = dict(rest) if isinstance(rest, dict) else {}
    kind = "encrypted" if thought.redacted else "summary" if thought.summary else "text"
    entry.setdefault("type", f"reasoning.{kind}")
    if thought.text or not thought.redacted:
        entry["summary" if thought.summary else "text"] = thought.text
    if thought.seal is not None:
        entry["data" if thought.redacted else "signature"] = show_seal(thought.seal, NAME)
    if thought.item_id:
        entry["id"] = thought.item_id
    entry["index"] = index
    return entry


class ThoughtsWritten:
    """The thoughts of one turn on their way to a target.

    `members` belong to the message, `parts` at the head of its content list. A seal goes only to its maker; text of
    a foreign thought goes where the target has a place for plain reasoning, otherwise it is dropped and named.
    """

    __slots__ = ("members", "parts")

    def __init__(self, thoughts: Iterable[Thought], target: Target, losses: Losses) -> None:
        self.members: dict[str, Json] = {}
        self.parts: list[dict[str, Json]] = []
        details: list[dict[str, Json]] = []
        plain: dict[str, list[str]] = {}
        echoed: list[str] = []
        told: list[str] = []
        for thought in thoughts:
            marks = own(thought.extra)
            ours = thought.seal is not None and thought.seal.belongs_to(NAME, target.origin)
            entry = marks.get(NOTE_DETAIL)
            if isinstance(entry, dict) and (ours or thought.seal is None):
                details.append(_detail(thought, entry))
                echoed = echoed or list_of(marks.get(NOTE_MEMBERS))
                told.append(thought.text)
                continue
            if NOTE_THINKING in marks and (ours or thought.seal is None):
                self.parts.append(_thinking_part(thought.text, marks[NOTE_THINKING]))
                continue
            if ours:
                details.append(_detail(thought, {}))
                continue
            if not thought.text:
                continue
            members = list_of(marks.get(NOTE_MEMBERS)) or [target.traits.reasoning_member]
            for member in members:
                if member == THINKING:
                    self.parts.append(_thinking_part(thought.text, None))
                elif member == DETAILS:
                    details.append({"type": "reasoning.text", "text": thought.text})
                elif member:
                    plain.setdefault(member, []).append(thought.text)
                else:
                    losses.drop("reasoning")
        for member in echoed:
            plain.setdefault(member, []).insert(0, "".join(told))
        self.members.update({member: "\n\n".join(texts) for member, texts in plain.items()})
        if details:
            self.members[DETAILS] = details


def _detail(thought: Thought, rest: dict[str, Json]) -> dict[str, Json]:
    entry = dict(rest)
    kind = "encrypted" if thought.redacted else "summary" if thought.summary else "text"
    entry.setdefault("type", f"reasoning.{kind}")
    if thought.text:
        entry["summary" if thought.summary else "text"] = thought.text
    if thought.seal is not None:
        entry["data" if thought.redacted else "signature"] = thought.seal.token
    return entry


def _thinking_part(text: str, rest: Json) -> dict[str, Json]:
    more = rest if isinstance(rest, dict) else {}
    return {"type": THINKING, THINKING: [{"type": "text", "text": text}], **more}
