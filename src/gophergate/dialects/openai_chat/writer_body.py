"""Events to one Chat Completions body, for clients that asked for no stream."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gophergate.core.blocks import Json, Media, Opaque, Text, Thought, ToolCall
from gophergate.core.reply import Reply
from gophergate.core.request import Request
from gophergate.dialects import whole
from gophergate.dialects.base import Stamp
from gophergate.dialects.logprobs import whole_tokens
from gophergate.dialects.members import list_of, object_of
from gophergate.dialects.openai_chat.citations import annotation
from gophergate.dialects.openai_chat.shapes import Shapes, attachment, picture, plain_members
from gophergate.dialects.openai_chat.thoughts import DETAILS, detail_entry
from gophergate.dialects.openai_chat.usage import write_usage
from gophergate.dialects.openai_chat.wire import NAME, own, write_seal


class BodyWriter(whole.BodyWriter):
    """One chat completion."""

    __slots__ = ("_shapes",)

    def __init__(self, request: Request, stamp: Stamp) -> None:
        super().__init__()
        self._shapes = Shapes(request, stamp)

    def heartbeat(self) -> bytes:
        """Nothing: a body has no place for it."""
        return b""

    def _body(self, reply: Reply) -> dict[str, Json]:
        shapes = self._shapes
        shapes.begin(reply.started)
        late = dict(own(reply.finished.extra))
        members = {object_of(m).get("index"): object_of(m) for m in list_of(late.pop("choices", None))}
        choices = []
        for choice, reason in enumerate((reply.finished.reason, *reply.finished.others)):
            message, logprobs = self._message(reply, choice)
            message.update(object_of(members.get(choice, {}).get("message")))
            word = shapes.reason(reason, refused=bool(message["refusal"]))
            more = {k: v for k, v in members.get(choice, {}).items() if k not in ("index", "message")}
            choices.append({"index": choice, "message": message, "logprobs": logprobs, "finish_reason": word, **more})
        body = {**shapes.head, **late, "choices": choices}
        if reply.usage is not None:
            body["usage"] = write_usage(reply.usage)
        return body

    def _message(self, reply: Reply, choice: int) -> tuple[dict[str, Json], Json]:
        message: dict[str, Json] = {"role": "assistant", "content": None, "refusal": None}
        logprobs: dict[str, Json] = {}
        parts: list[Json] = []
        for block, of, tokens in zip(reply.blocks, reply.choices, reply.logprobs, strict=True):
            if of == choice:
                self._add(block, message, parts)
                if tokens is not None and isinstance(block, Text):
                    logprobs.setdefault("refusal" if block.refusal else "content", []).extend(whole_tokens(tokens))
        if parts:
            text = message["content"]
            message["content"] = [*([{"type": "text", "text": text}] if text else []), *parts]
        return message, {"content": None, "refusal": None, **logprobs} if logprobs else None

    def _add(self, block: object, message: dict[str, Json], parts: list[Json]) -> None:
        adders: tuple[tuple[type, Callable[..., None]], ...] = (
            (Text, self._add_text),
            (Thought, self._add_thought),
            (ToolCall, self._add_call),
            (Media, self._add_media),
        )
        for kind, add in adders:
            if isinstance(block, kind):
                add(block, message)
        if isinstance(block, Opaque) and block.dialect == NAME:
            parts.append(block.data)

    def _add_text(self, text: Text, message: dict[str, Json]) -> None:
        member = "refusal" if text.refusal else "content"
        message[member] = (message[member] or "") + text.text
        if text.citations:
            message.setdefault("annotations", []).extend(annotation(c) for c in text.citations)
        if text.seal is not None:
            message["extra_content"] = write_seal(text.seal)

    def _add_thought(self, thought: Thought, message: dict[str, Json]) -> None:
        if thought.text:
            for member in plain_members(thought):
                message[member] = message.get(member, "") + thought.text
        entry = detail_entry(thought, len(message.get(DETAILS, ())))
        if entry is not None:
            message.setdefault(DETAILS, []).append(entry)

    def _add_call(self, call: ToolCall, message: dict[str, Json]) -> None:
        if not call.arguments and not call.custom:
            call = msgspec.structs.replace(call, arguments="{}")
        if self._shapes.is_legacy:
            message["function_call"] = {"name": call.name, "arguments": call.arguments}
            return
        calls = message.setdefault("tool_calls", [])
        calls.append(self._shapes.call(call, len(calls)))

    def _add_media(self, media: Media, message: dict[str, Json]) -> None:
        if media.kind == "audio":
            told = {**self._shapes.audio(media), "data": media.data or "", "transcript": media.transcript or ""}
            message["audio"] = told
        elif media.kind == "image":
            message.setdefault("images", []).append(picture(media))
        else:
            message.setdefault("annotations", []).append(attachment(media))
