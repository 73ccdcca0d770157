"""The canonical request to a Chat Completions body for a provider.

What the caller said in this dialect goes out as it was said (parts, custom tools, vendor members). What came through
another door is put in the plainest words every look-alike knows: joined texts, functions, no vendor members.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from gophergate.core.blocks import Block, Json, Media, Opaque, Text, Thought, ToolCall, ToolResult, Vector
from gophergate.core.request import EFFORTS, OutputFormat, Reasoning, Request, Turn
from gophergate.dialects.base import Target, Written
from gophergate.dialects.loss import Losses, refuse, spoken_before
from gophergate.dialects.openai_chat.parts import write_part
from gophergate.dialects.openai_chat.thoughts import ThoughtsWritten
from gophergate.dialects.openai_chat.tools import LEGACY, ToolsWritten
from gophergate.dialects.openai_chat.wire import GEMINI, NAME, NOTE_LEGACY, NOTE_REASONING, own, said
from gophergate.dialects.roots import object_answer
from gophergate.dialects.silence import spoken
from gophergate.dialects.toolnames import flat_name, with_short_names, wrap_input

_WHERE = "OpenAI Chat"
_AS_SAID = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "presence_penalty",
    "frequency_penalty",
    "n",
    "seed",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "verbosity",
    "audio",
    "service_tier",
    "user",
    "metadata",
    "prompt_cache_key",
    "store",
)
"""Settings whose name and value are the same here and in the canon."""

_as_said = attrgetter(*_AS_SAID)
_NOTHING_SAID = (None,) * len(_AS_SAID)
_MAPPED = ("parallel_tool_calls", "max_output_tokens", "stop", "reasoning", "format", "modalities")
_SUPPORTED = frozenset({*_AS_SAID, *_MAPPED})
_TIERS = ("flex", "priority", "scale", "fast")
_MODALITIES = frozenset({"text", "audio", "image"})
"""What an answer may be made of here: OpenAI's words, and OpenRouter's for pictures."""
_GOOGLES_COPY = "thought_signature"
"""Where Google's OpenAI door says a message's signature once more: it goes where the signature goes."""
_BUDGETS = ((2048, "low"), (8192, "medium"))
"""The effort a thinking budget (tokens, up to) comes to, where only words are known; above the last it is high."""


def write_request(request: Request, target: Target) -> Written:
    """The body for `target`. Raises BadRequest that names the block no message can carry."""
    said = request if request.dialect == NAME else with_short_names(request, flat=True)
    return _Writing(said, target).written()


class _Writing:
    """One request on its way out."""

    __slots__ = ("_losses", "_native", "_request", "_target")

    def __init__(self, request: Request, target: Target) -> None:
        self._request = request
        self._target = target
        self._losses = Losses()
        self._native = request.dialect == NAME

    def written(self) -> Written:
        request, refused = self._request, self._target.traits.refuses
        body: dict[str, Json] = {"model": self._target.model, "messages": self._messages()}
        ToolsWritten(request, self._target.traits, self._losses).write(body)
        if request.stream:
            body["stream"] = True
            more = own(request.extra).get("stream_options")
            body["stream_options"] = {**(more if isinstance(more, dict) else {}), "include_usage": True}
        if request.max_output_tokens is not None:
            body[self._target.traits.max_tokens_member] = request.max_output_tokens
        values = _as_said(request)
        if values != _NOTHING_SAID:
            body |= {
                name: value
                for name, value in zip(_AS_SAID, values, strict=True)
                if value is not None and (self._native or self._is_meant(name, value))
            }
        if request.stop:
            body["stop"] = list(request.stop)
        if request.modalities and (self._native or request.modalities != ("text",)):
            said = [word for word in request.modalities if self._native or word in _MODALITIES]
            if len(said) < len(request.modalities):
                self._losses.drop("modalities")
            if said:
                body["modalities"] = said
        if request.format is not None:
            self._format(request.format, body)
        if request.reasoning is not None:
            self._reasoning(request.reasoning, body)
        for name in sorted(refused):
            self._refuse(name, body)
        self._losses.unsupported(request, _SUPPORTED)
        if request.extra:
            self._losses.foreign(request.extra, NAME)
        for name, value in own(request.extra).items():
            if name not in refused:
                body.setdefault(name, value)
            else:
                self._losses.drop(name)
        return Written(body=body, dropped=self._losses.names)

    def _is_meant(self, name: str, value: Json) -> bool:
        """False for what another door says differently, or says only to repeat the default of this one."""
        match name:
            case "store":
                return value is True
            case "service_tier" if value not in _TIERS:
                if value not in ("auto", "default"):
                    self._losses.drop(name)
                return False
            case "metadata" if not self._request.store:
                self._losses.drop(name)  # OpenAI answers 400 to metadata on what is not stored.
                return False
            case _:
                return True

    def _refuse(self, name: str, body: dict[str, Json]) -> None:
        """Leave out a setting that the model answers with an error to."""
        member = {
            "max_output_tokens": self._target.traits.max_tokens_member,
            "format": "response_format",
            "reasoning": "reasoning_effort",
        }.get(name, name)
        if body.pop(member, None) is not None and name != "stream_options":
            self._losses.drop(name)

    # -- messages ---------------------------------------------------------------------------------------------

    def _messages(self) -> list[dict[str, Json]]:
        messages: list[dict[str, Json]] = []
        answered: int | None = None  # where results of the last calls belong
        turns = self._request.turns
        for turn in turns if self._native else spoken(turns, self._losses, NAME):
            if turn.extra:
                self._losses.foreign(turn.extra, NAME)
            if turn.role == "assistant":
                messages.append(self._assistant(turn))
                answered = len(messages) if "tool_calls" in messages[-1] and not self._native else None
                messages.extend(self._made(turn))
            elif turn.role == "user":
                self._disclose(turn.blocks)
                if ToolResult not in map(type, turn.blocks):
                    messages.append(self._message("user", turn, self._content(turn.blocks)))
                    continue
                results, words = self._answered(turn)
                at = len(messages) if answered is None else answered
                messages[at:at] = results
                answered = answered and at + len(results)
                messages.extend(words)
            else:
                self._disclose(turn.blocks)
                role = self._target.traits.system_role or turn.role
                content = self._content(turn.blocks, joiner="\n\n")
                if content or self._native:
                    messages.append(self._message(role, turn, content))
        return messages

    def _disclose(self, blocks: Iterable[Block]) -> None:
        """Name what stands beside the content of blocks from another door and has no place here."""
        for block in blocks:
            if block.extra:
                self._losses.foreign(block.extra, NAME)
            if type(block) is Text:
                if block.citations:
                    self._losses.drop("citations")
            elif type(block) is ToolResult:
                self._disclose(block.content)
            elif type(block) is Media and block.kind == "document" and block.detail is not None and not self._native:
                self._losses.drop("detail")
            if (
                type(block) is not Thought
                and type(block) is not Vector
                and block.cache is not None
                and not self._native
            ):
                self._losses.drop("cache_control")

    def _message(self, role: str, turn: Turn, content: Json) -> dict[str, Json]:
        message: dict[str, Json] = {"role": role, "content": content}
        if turn.name:
            message["name"] = turn.name
        if turn.extra:
            message.update(said(turn.extra))
        return message

    def _answered(self, turn: Turn) -> tuple[list[dict[str, Json]], list[dict[str, Json]]]:
        """The tool results, each a message, which stand directly after the calls they answer (edge case 28);
        and what else was said."""
        results = [block for block in turn.blocks if isinstance(block, ToolResult)]
        rest = [block for block in turn.blocks if not isinstance(block, ToolResult)]
        words: list[dict[str, Json]] = []
        shown = [] if self._native else [part for result in results for part in self._shown(result)]
        if rest or shown:
            content = self._content(rest) if rest else ""
            if shown:
                parts = [{"type": "text", "text": content}] if isinstance(content, str) and content else content
                content = [*shown, *(parts or [])]
            words.append(self._message("user", turn, content))
        return [self._result(result) for result in results], words

    def _assistant(self, turn: Turn) -> dict[str, Json]:
        blocks = turn.blocks
        thoughts = ThoughtsWritten((b for b in blocks if isinstance(b, Thought)), self._target, self._losses)
        calls = [block for block in blocks if isinstance(block, ToolCall)]
        refusals = [block for block in blocks if isinstance(block, Text) and block.refusal]
        spoken = [b for b in blocks if isinstance(b, Media) and b.kind == "audio" and b.file_id and b.dialect == NAME]
        rest: list[Block] = [
            block
            for block in blocks
            if not isinstance(block, Thought | ToolCall) and block not in refusals and block not in spoken
        ]
        if not self._native:
            rest = [block for block in map(spoken_before, rest) if not isinstance(block, Media)]
            if any(isinstance(block, Text) and block.citations for block in rest):
                self._losses.drop("citations")
        content = self._content(rest, joiner="") if rest else None
        if thoughts.parts:
            words = [{"type": "text", "text": content}] if isinstance(content, str) and content else content
            content = [*thoughts.parts, *(words if isinstance(words, list) else [])]
        if content is None and not (calls or refusals or spoken):
            content = ""
        message = self._message("assistant", turn, content)
        message.update(thoughts.members)
        if refusals:
            message["refusal"] = "".join(refusal.text for refusal in refusals)
        if spoken:
            message["audio"] = {"id": spoken[-1].file_id}
        for block in rest:
            if isinstance(block, Text) and (seal := self._google_seal(block)):
                message["extra_content"] = seal
        for call in calls:
            self._call(call, message)
        if _GOOGLES_COPY in message and not any(
            block.seal is not None and block.seal.token == message[_GOOGLES_COPY] and self._google_seal(block)
            for block in blocks
            if isinstance(block, Text | ToolCall)
        ):
            del message[_GOOGLES_COPY]
        return message

    def _made(self, turn: Turn) -> list[dict[str, Json]]:
        """The pictures of a turn from another door: an assistant's message holds words alone, so the next model sees
        them as it sees the user's."""
        made = [] if self._native else [b for b in map(spoken_before, turn.blocks) if isinstance(b, Media)]
        return [{"role": "user", "content": [write_part(block, self._target) for block in made]}] if made else []

    def _call(self, call: ToolCall, message: dict[str, Json]) -> None:
        unknown = own(call.extra)
        if unknown.get(NOTE_LEGACY) and LEGACY not in message and self._native:
            message[LEGACY] = {"name": call.name, "arguments": call.arguments}
            return
        told: dict[str, Json] = {"id": call.id}
        if call.custom and self._native:
            told |= {"type": "custom", "custom": {"name": call.name, "input": call.arguments}}
        else:
            arguments = wrap_input(call.arguments) if call.custom else call.arguments
            function: dict[str, Json] = {"name": flat_name(call), "arguments": arguments if arguments else "{}"}
            nested = unknown.get("function")
            told |= {"type": "function", "function": {**function, **(nested if isinstance(nested, dict) else {})}}
        told |= {name: value for name, value in said(call.extra).items() if name != "function"}
        seal = self._google_seal(call)
        if seal:
            told["extra_content"] = seal
        calls = message.setdefault("tool_calls", [])
        calls.append(told)

    def _google_seal(self, block: Text | ToolCall) -> dict[str, Json] | None:
        """Google's signature for Google's OpenAI door: shown to its own maker only. A bare one that came through the
        Gemini door names no maker, and most speakers of this wire are not Google."""
        seal = block.seal
        if seal is None or not seal.belongs_to(GEMINI, self._target.origin) or not (seal.origin or self._native):
            return None
        return {"google": {"thought_signature": seal.token}}

    def _result(self, result: ToolResult) -> dict[str, Json]:
        unknown = said(result.extra)
        content: Json
        if self._native:
            content = self._content(result.content)
        else:
            content = "\n".join(self._plain(result))
            if result.is_error and not content.casefold().startswith("error"):
                content = f"Error: {content}" if content else "Error"
        if own(result.extra).get(NOTE_LEGACY) and self._native:
            return {"role": "function", "name": result.name, "content": content, **unknown}
        message: dict[str, Json] = {"role": "tool", "tool_call_id": result.call_id, "content": content}
        if result.name and self._native:
            message["name"] = result.name
        return {**message, **unknown}

    def _plain(self, result: ToolResult) -> list[str]:
        """A result from another door as lines: a tool message holds text only, media follow in the next message."""
        lines, count = [], 0
        for block in result.content:
            match block:
                case Text():
                    lines.append(block.text)
                case Media():
                    count += 1
                    lines.append(f"[{_label(result, count)} follows in the next message]")
                case Opaque():
                    if not block.optional:
                        raise refuse(block, _WHERE)
                    self._losses.drop(block.label)
        return lines

    def _shown(self, result: ToolResult) -> list[dict[str, Json]]:
        parts: list[dict[str, Json]] = []
        count = 0
        for block in result.content:
            if isinstance(block, Media):
                count += 1
                parts.append({"type": "text", "text": f"{_label(result, count)}:"})
                parts.append(write_part(block, self._target))
        return parts

    def _content(self, blocks: Iterable[Block], *, joiner: str | None = None) -> Json:
        """A string where one says it all, else a list of parts. Texts from another door are joined with `joiner`."""
        kept: list[Text | Media | Opaque] = []
        words: list[str] = []
        for block in blocks:
            if type(block) is Text:
                kept.append(block)
                if not (block.refusal or own(block.extra)):
                    words.append(block.text)
            elif type(block) is Opaque and block.dialect != NAME and block.optional:
                self._losses.drop(block.label)
            elif type(block) is Media or type(block) is Opaque:
                kept.append(block)
            elif type(block) is Thought:
                self._losses.drop("reasoning")
            else:
                raise refuse(block, _WHERE)
        if len(words) == len(kept):
            if len(words) < 2:
                return words[0] if words else ""
            if joiner is not None and not self._native:
                return joiner.join(words)
        return [write_part(block, self._target) for block in kept]

    # -- settings ---------------------------------------------------------------------------------------------

    def _format(self, output: OutputFormat, body: dict[str, Json]) -> None:
        match output.kind:
            case "text":
                body["response_format"] = {"type": "text"}
            case "json":
                schema = {} if output.schema is None else {"schema": output.schema}
                body["response_format"] = {"type": "json_object", **schema}
            case "json_schema":
                inner: dict[str, Json] = {"name": output.name or ("" if self._native else "response")}
                if output.description:
                    inner["description"] = output.description
                if output.schema is not None:
                    inner["schema"] = output.schema if self._native else object_answer(output.schema, self._losses)
                if output.strict is not None:
                    inner["strict"] = output.strict
                if not inner["name"]:
                    del inner["name"]
                body["response_format"] = {"type": "json_schema", "json_schema": {**inner, **own(output.extra)}}
            case "enum":
                self._losses.drop("format")

    def _reasoning(self, reasoning: Reasoning, body: dict[str, Json]) -> None:
        members = own(reasoning.extra).get(NOTE_REASONING)
        if isinstance(members, dict):
            body.update(members)
            return
        self._losses.foreign(reasoning.extra, NAME)
        if reasoning.summary is not None:
            self._losses.drop("reasoning.summary")
        if reasoning.visible is False:
            self._losses.drop("reasoning.visible")
        if self._target.traits.thinking in ("toggle", "budget"):
            self._toggle(reasoning, body)
            return
        effort = reasoning.effort
        if effort is None and reasoning.enabled is False:
            effort = "none"
        elif effort is None and reasoning.budget is not None and reasoning.budget > 0:
            effort = next((word for limit, word in _BUDGETS if reasoning.budget <= limit), "high")
        if effort is not None and not self._native and effort not in EFFORTS:
            self._losses.drop("reasoning.effort")
        elif effort is not None:
            body["reasoning_effort"] = effort
        elif reasoning.enabled or reasoning.adaptive:
            self._losses.drop("reasoning")  # "think", without how much, has no word here

    def _toggle(self, reasoning: Reasoning, body: dict[str, Json]) -> None:
        """Thinking that is switched on or off: `thinking` of DeepSeek, Z.AI, Moonshot and Anthropic's own door."""
        enabled = reasoning.enabled
        if enabled is None and (reasoning.effort or reasoning.budget or reasoning.adaptive):
            enabled = reasoning.effort != "none" and reasoning.budget != 0
        if enabled is None:
            return
        thinking: dict[str, Json] = {"type": "enabled" if enabled else "disabled"}
        if enabled and reasoning.budget and reasoning.budget > 0:
            if self._target.traits.thinking == "budget":
                thinking["budget_tokens"] = reasoning.budget
            else:
                self._losses.drop("reasoning.budget")
        if enabled and reasoning.effort:
            self._losses.drop("reasoning.effort")
        body["thinking"] = thinking


def _label(result: ToolResult, count: int) -> str:
    return f"Attachment {count} of tool result {result.call_id}"
