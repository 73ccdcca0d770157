"""generateContent and streamGenerateContent bodies (and countTokens', which wrap one) to the canonical Request.

Takes both spellings of every member. What has no canonical name rides along in `extra["gemini"]`, the members of
`generationConfig` and `toolConfig` under dotted names ("generationConfig.imageConfig").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

import msgspec

from gophergate.core.blocks import NO_EXTRA, Block, Json
from gophergate.core.request import OutputFormat, Reasoning, Request, ServerTool, Tool, ToolChoice, Turn
from gophergate.dialects.base import decode_object
from gophergate.dialects.callbook import CallBook
from gophergate.dialects.gemini.calls import read_call, read_result
from gophergate.dialects.gemini.parts import read_part
from gophergate.dialects.gemini.rejoin import rejoined
from gophergate.dialects.gemini.schema import folded, from_google
from gophergate.dialects.gemini.wire import NAME, SAID_FORMAT, as_extra, camel, leftover, message, repeated
from gophergate.errors import BadRequest

_TOP = frozenset(
    {
        "model",
        "contents",
        "systemInstruction",
        "tools",
        "toolConfig",
        "generationConfig",
        "serviceTier",
        "store",
        "generateContentRequest",
    }
)
_GENERATION = frozenset(
    {
        "maxOutputTokens",
        "temperature",
        "topP",
        "topK",
        "presencePenalty",
        "frequencyPenalty",
        "stopSequences",
        "candidateCount",
        "seed",
        "responseLogprobs",
        "logprobs",
        "responseModalities",
        "thinkingConfig",
        "responseMimeType",
        "responseSchema",
        "responseJsonSchema",
        "responseFormat",
    }
)
_DECLARATION = frozenset({"name", "description", "parameters", "parametersJsonSchema"})
_CONTENT = frozenset({"role", "parts"})


def read_request(body: bytes, *, model: str, stream: bool) -> Request:
    """The request in a body whose model and streaming stand in the path. Raises BadRequest with `param`."""
    top = camel(decode_object(body))
    if "generateContentRequest" in top:
        top = message(top["generateContentRequest"], "generateContentRequest")
    config = message(top.get("generationConfig") or {}, "generationConfig")
    tool_config = message(top.get("toolConfig") or {}, "toolConfig")
    calling = message(tool_config.get("functionCallingConfig") or {}, "toolConfig.functionCallingConfig")
    numbers = _Numbers(config)
    # Most requests say few of the settings there are.
    settings = {_SCALARS[name][0]: _SCALARS[name][1](numbers, name) for name in sorted(_SCALARS.keys() & config.keys())}
    spoken_format, unread = _format(config)
    extra = {
        **leftover(top, _TOP),
        **leftover(config, _GENERATION, "generationConfig."),
        **unread,
        **leftover(tool_config, frozenset({"functionCallingConfig"}), "toolConfig."),
        **leftover(calling, frozenset({"mode", "allowedFunctionNames"}), "functionCallingConfig."),
    }
    return Request(
        dialect=NAME,
        model=model or _model(top.get("model")),
        stream=stream,
        turns=_turns(top),
        tools=tuple(_tools(top.get("tools"))),
        tool_choice=_choice(calling),
        stop=_words(config.get("stopSequences"), "generationConfig.stopSequences"),
        reasoning=_reasoning(config.get("thinkingConfig")),
        format=spoken_format,
        modalities=tuple(
            word.lower() for word in _words(config.get("responseModalities"), "generationConfig.responseModalities")
        ),
        service_tier=_lower_word(top.get("serviceTier")),
        store=top["store"] if isinstance(top.get("store"), bool) else None,
        extra=as_extra(extra),
        **settings,  # type: ignore[arg-type]  # typed where each is read
    )


def _model(said: Json) -> str:
    return said.removeprefix("models/") if isinstance(said, str) else ""


def _lower_word(said: Json) -> str | None:
    return said.lower() if isinstance(said, str) and said else None


# -- turns ------------------------------------------------------------------------------------------------------------


def _turns(top: dict[str, Json]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    instruction = top.get("systemInstruction")
    if isinstance(instruction, str):
        instruction = {"parts": [{"text": instruction}]}
    if instruction:
        told = message(instruction, "systemInstruction")
        blocks = _blocks(told.get("parts"), "systemInstruction.parts", CallBook())
        turns.append(Turn(role="system", blocks=blocks, extra=as_extra(leftover(told, _CONTENT))))
    book = CallBook()
    spoken = [
        _content(content, f"contents[{at}]", book)
        for at, content in enumerate(repeated(top.get("contents"), "contents"))
    ]
    for role, run in groupby(spoken, key=lambda turn: turn.role):
        if role == "assistant":
            contents = list(run)
            extra = next((turn.extra for turn in contents if turn.extra), NO_EXTRA)
            turns.append(Turn(role=role, blocks=rejoined(turn.blocks for turn in contents), extra=extra))
        else:
            turns.extend(run)
    return tuple(turns)


def _content(said: Json, where: str, book: CallBook) -> Turn:
    told = message(said, where)
    role = told.get("role")
    if role not in ("model", "user", "function", None, ""):
        raise BadRequest(f"'{where}.role' must be 'user' or 'model'.", param=f"{where}.role")
    return Turn(
        role="assistant" if role == "model" else "user",
        blocks=_blocks(told.get("parts"), f"{where}.parts", book),
        extra=as_extra(leftover(told, _CONTENT)),
    )


def _blocks(parts: Json, where: str, book: CallBook) -> tuple[Block, ...]:
    return tuple(
        _block(message(part, f"{where}[{at}]"), f"{where}[{at}]", book)
        for at, part in enumerate(repeated(parts, where))
    )


def _block(part: dict[str, Json], where: str, book: CallBook) -> Block:
    if "functionCall" in part:
        call = message(part["functionCall"], f"{where}.functionCall")
        name = call.get("name")
        if not isinstance(name, str) or not name:
            raise BadRequest(f"'{where}.functionCall.name' must be a string.", param=f"{where}.functionCall.name")
        if not isinstance(call.get("args", {}), dict | None):
            raise BadRequest(f"'{where}.functionCall.args' must be an object.", param=f"{where}.functionCall.args")
        return read_call(part, book.called(call.get("id"), name))
    if "functionResponse" in part:
        return read_result(part, book, where)
    if "text" in part and not isinstance(part["text"], str | None):
        raise BadRequest(f"'{where}.text' must be a string.", param=f"{where}.text")
    return read_part(part)


# -- tools ------------------------------------------------------------------------------------------------------------


def _tools(said: Json) -> Iterable[Tool | ServerTool]:
    for at, entry in enumerate(repeated(said, "tools")):
        where = f"tools[{at}]"
        for name, value in message(entry, where).items():
            if name == "functionDeclarations":
                for number, declared in enumerate(repeated(value, f"{where}.functionDeclarations")):
                    yield _declared(declared, f"{where}.functionDeclarations[{number}]")
            else:
                yield ServerTool(dialect=NAME, label=name, data={name: value}, name=name)


def _declared(said: Json, where: str) -> Tool:
    told = message(said, where)
    name = told.get("name")
    if not isinstance(name, str) or not name:
        raise BadRequest(f"'{where}.name' must be a string.", param=f"{where}.name")
    described = told.get("description")
    schema = told.get("parametersJsonSchema")
    return Tool(
        name=name,
        description=described if isinstance(described, str) else "",
        parameters=folded(schema) if schema is not None else from_google(told.get("parameters")),
        extra=as_extra(leftover(told, _DECLARATION)),
    )


def _choice(calling: dict[str, Json]) -> ToolChoice | None:
    mode = calling.get("mode")
    names = _words(calling.get("allowedFunctionNames"), "toolConfig.functionCallingConfig.allowedFunctionNames")
    match mode.upper() if isinstance(mode, str) else mode:
        case "AUTO" | "MODE_UNSPECIFIED" | 1:
            return ToolChoice(mode="allowed", names=names) if names else ToolChoice(mode="auto")
        case "ANY" | 2:
            if len(names) == 1:
                return ToolChoice(mode="named", names=names)
            return ToolChoice(mode="allowed", names=names, required=True) if names else ToolChoice(mode="required")
        case "NONE" | 3:
            return ToolChoice(mode="none")
        case "VALIDATED" | 4:
            if names:
                return ToolChoice(mode="allowed", names=names)
            return ToolChoice(mode="auto", dialect=NAME, native={"mode": "VALIDATED"})
        case None:
            return ToolChoice(mode="allowed", names=names) if names else None
    where = "toolConfig.functionCallingConfig.mode"
    raise BadRequest(f"'{where}' must be AUTO, ANY, NONE or VALIDATED.", param=where)


# -- settings ---------------------------------------------------------------------------------------------------------


class _Numbers:
    """The scalar settings, with protobuf JSON's leniency: a number may stand in a string."""

    __slots__ = ("_config",)

    def __init__(self, config: dict[str, Json]) -> None:
        self._config = config

    def real(self, name: str) -> float | None:
        value = self._config.get(name)
        if isinstance(value, str):
            try:
                value = msgspec.json.decode(value)
            except (msgspec.DecodeError, UnicodeError):
                value = value or None
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise BadRequest(f"'generationConfig.{name}' must be a number.", param=f"generationConfig.{name}")
        return value

    def whole(self, name: str) -> int | None:
        value = self.real(name)
        if value is None:
            return None
        if isinstance(value, float) and not value.is_integer():
            raise BadRequest(f"'generationConfig.{name}' must be a whole number.", param=f"generationConfig.{name}")
        return int(value)

    def flag(self, name: str) -> bool | None:
        value = self._config.get(name)
        if value is not None and not isinstance(value, bool):
            raise BadRequest(f"'generationConfig.{name}' must be true or false.", param=f"generationConfig.{name}")
        return value


_SCALARS: dict[str, tuple[str, Callable[[_Numbers, str], float | bool | None]]] = {
    "maxOutputTokens": ("max_output_tokens", _Numbers.whole),
    "temperature": ("temperature", _Numbers.real),
    "topP": ("top_p", _Numbers.real),
    "topK": ("top_k", _Numbers.whole),
    "presencePenalty": ("presence_penalty", _Numbers.real),
    "frequencyPenalty": ("frequency_penalty", _Numbers.real),
    "candidateCount": ("n", _Numbers.whole),
    "seed": ("seed", _Numbers.whole),
    "responseLogprobs": ("logprobs", _Numbers.flag),
    "logprobs": ("top_logprobs", _Numbers.whole),
}
"""Members of generationConfig that hold one value: what the canon calls them, and how they are read."""


def _words(said: Json, where: str) -> tuple[str, ...]:
    if said is None:
        return ()
    words = [said] if isinstance(said, str) else said
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise BadRequest(f"'{where}' must be an array of strings.", param=where)
    return tuple(words)


def _reasoning(said: Json) -> Reasoning | None:
    """thinkingConfig. Thoughts stay out of the answer unless `includeThoughts`: the vendor's default, written out."""
    if said is None:
        return None
    told = message(said, "generationConfig.thinkingConfig")
    numbers = _Numbers({"thinkingConfig.thinkingBudget": told.get("thinkingBudget")})
    budget = numbers.whole("thinkingConfig.thinkingBudget")
    level = _lower_word(told.get("thinkingLevel"))
    if level is not None:
        level = level.removeprefix("thinking_level_")
    shown = told.get("includeThoughts") is True
    known = frozenset({"includeThoughts", "thinkingBudget", "thinkingLevel"})
    return Reasoning(
        enabled=None if budget is None else budget != 0,
        effort=level if level != "unspecified" else None,
        budget=budget,
        summary="auto" if shown else None,
        visible=shown,
        extra=as_extra(leftover(told, known)),
    )


def _format(config: dict[str, Json]) -> tuple[OutputFormat | None, dict[str, Json]]:
    """The structured output that is asked for, and members that did not fit in it."""
    spoken, unread = _older_format(config)
    said = config.get("responseFormat")
    if said is None:
        return spoken, unread
    whole: dict[str, Json] = {"generationConfig.responseFormat": said}
    return (spoken, {**unread, **whole}) if spoken is not None or unread else _newer_format(said, whole)


def _older_format(config: dict[str, Json]) -> tuple[OutputFormat | None, dict[str, Json]]:
    media_type = config.get("responseMimeType")
    native, plain = config.get("responseSchema"), config.get("responseJsonSchema")
    schema = folded(plain) if plain is not None else from_google(native)
    match media_type:
        case "text/x.enum":
            return OutputFormat(kind="enum", schema=schema), {}
        case "application/json" | None | "" if schema is not None:
            return OutputFormat(kind="json_schema", schema=schema), {}
        case "application/json":
            return OutputFormat(kind="json"), {}
        case "text/plain":
            return OutputFormat(kind="text"), {}
        case None:
            return None, {}
    names = ("responseMimeType", "responseSchema", "responseJsonSchema")
    return None, {f"generationConfig.{name}": config[name] for name in names if name in config}


def _newer_format(said: Json, whole: dict[str, Json]) -> tuple[OutputFormat | None, dict[str, Json]]:
    """`responseFormat`: entries for words, sound, pictures, video. What it asks of words is the format."""
    entries = [camel(entry) for entry in (said if isinstance(said, list) else [said])]
    words = next((camel(entry["text"]) for entry in entries if "text" in entry), {})
    schema, media_type = words.get("schema"), words.get("mimeType")
    if schema is None and not (isinstance(media_type, str) and media_type.lower().endswith("json")):
        return None, whole
    form = OutputFormat(
        kind="json" if schema is None else "json_schema", schema=folded(schema), extra=as_extra({SAID_FORMAT: said})
    )
    return form, {} if all(entry.keys() == {"text"} for entry in entries) else whole
