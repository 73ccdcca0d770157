"""/api/chat and /api/generate bodies to the canonical Request.

A body without `messages` is /api/generate's: its prompt is one user turn. What has no canonical name rides along in
`extra["ollama"]`, the members of `options` under dotted names ("options.num_ctx").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from gophergate.core.blocks import Block, Json, Media, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import OutputFormat, Reasoning, Request, Tool, Turn
from gophergate.dialects.base import decode_object, encode, unwrap_seal
from gophergate.dialects.callbook import CallBook
from gophergate.dialects.ollama.wire import (
    GENERATE_NOTE,
    NAME,
    OPTIONS,
    SEAL_MEMBER,
    as_extra,
    leftover,
    picture_type,
)
from gophergate.errors import BadRequest

_TOP = frozenset(
    {
        "model",
        "messages",
        "tools",
        "stream",
        "format",
        "options",
        "think",
        "logprobs",
        "top_logprobs",
    }
)
_GENERATE = _TOP | {"prompt", "system", "images"}
_MESSAGE = frozenset({"role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"})
_CALL = frozenset({"id", "type", "function", SEAL_MEMBER})
_FUNCTION = frozenset({"index", "name", "arguments"})
_INTEGERS = frozenset({"num_predict", "top_k", "seed"})


class _Arguments(msgspec.Struct):
    arguments: msgspec.Raw = msgspec.Raw()


class _Call(msgspec.Struct):
    function: _Arguments


class _Message(msgspec.Struct):
    tool_calls: list[_Call] | None = None


class _Body(msgspec.Struct):
    messages: list[_Message] = []


def read_request(body: bytes, *, model: str) -> Request:
    """The request in a body of either door; it streams unless it says otherwise. Raises BadRequest with `param`."""
    top = decode_object(body)
    is_chat = "messages" in top
    options = _object(top.get("options") or {}, "options")
    settings, unread = _settings(options)
    extra = {
        **leftover(top, _TOP if is_chat else _GENERATE),
        **leftover(unread, frozenset(), "options."),
        **({} if is_chat else {GENERATE_NOTE: True}),
    }
    stream = top.get("stream")
    if not isinstance(stream, bool | None):
        raise BadRequest("'stream' must be true or false.", param="stream")
    named = top.get("model")
    if not isinstance(named, str | None):
        raise BadRequest("'model' must be a string.", param="model")
    return Request(
        dialect=NAME,
        model=named or model,
        stream=stream is not False,
        turns=tuple(_turns(top, body) if is_chat else _prompt(top)),
        tools=tuple(_tool(tool, f"tools[{at}]") for at, tool in enumerate(_list(top.get("tools"), "tools"))),
        logprobs=_flag(top.get("logprobs"), "logprobs"),
        top_logprobs=_count(top.get("top_logprobs"), "top_logprobs"),
        reasoning=_reasoning(top.get("think")),
        format=_format(top.get("format")),
        extra=as_extra(extra),
        **settings,
    )


# -- turns ------------------------------------------------------------------------------------------------------------


def _prompt(top: dict[str, Json]) -> Iterator[Turn]:
    """/api/generate: a system text and one prompt with pictures. Without either it only loads the model."""
    system, prompt = _text(top.get("system"), "system"), _text(top.get("prompt"), "prompt")
    if system:
        yield Turn(role="system", blocks=(Text(text=system),))
    blocks: list[Block] = [*_pictures(top.get("images"), "images")]
    if prompt:
        blocks.append(Text(text=prompt))
    if blocks:
        yield Turn(role="user", blocks=tuple(blocks))


def _turns(top: dict[str, Json], body: bytes) -> Iterator[Turn]:
    book, exact = CallBook(), _exact_arguments(body)
    messages = [_object(message, f"messages[{at}]") for at, message in enumerate(_list(top["messages"], "messages"))]
    for is_result, run in groupby(enumerate(messages), key=lambda pair: pair[1].get("role") == "tool"):
        if is_result:
            yield Turn(role="user", blocks=tuple(_result(message, f"messages[{at}]", book) for at, message in run))
        else:
            for at, message in run:
                yield _turn(message, f"messages[{at}]", book, exact[at] if at < len(exact) else [])


def _turn(message: dict[str, Json], where: str, book: CallBook, exact: list[str]) -> Turn:
    blocks: list[Block] = []
    if thinking := _text(message.get("thinking"), f"{where}.thinking"):
        blocks.append(Thought(text=thinking))
    blocks.extend(_pictures(message.get("images"), f"{where}.images"))
    if content := _text(message.get("content"), f"{where}.content"):
        blocks.append(Text(text=content))
    calls = _list(message.get("tool_calls"), f"{where}.tool_calls")
    for at, call in enumerate(calls):
        blocks.append(_call(call, f"{where}.tool_calls[{at}]", book, exact[at] if at < len(exact) else ""))
    extra = as_extra(leftover(message, _MESSAGE))
    match message.get("role"):
        case "system" | "developer":
            return Turn(role="system", blocks=tuple(blocks), extra=extra)
        case "user":
            return Turn(role="user", blocks=tuple(blocks), extra=extra)
        case "assistant":
            return Turn(role="assistant", blocks=tuple(blocks), extra=extra)
    raise BadRequest(f"'{where}.role' must be system, user, assistant or tool.", param=f"{where}.role")


def _call(said: Json, where: str, book: CallBook, exact: str) -> ToolCall:
    call = _object(said, where)
    function = _object(call.get("function"), f"{where}.function")
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise BadRequest(f"'{where}.function.name' must be a string.", param=f"{where}.function.name")
    arguments = function.get("arguments")
    if not isinstance(arguments, dict | str | None):
        raise BadRequest(f"'{where}.function.arguments' must be an object.", param=f"{where}.function.arguments")
    text = exact if exact and arguments is not None else encode(arguments or {}).decode()
    wrapped = call.get(SEAL_MEMBER)
    return ToolCall(
        id=book.called(call.get("id"), name),
        name=name,
        arguments=arguments if isinstance(arguments, str) else text,
        seal=unwrap_seal(wrapped, NAME) if isinstance(wrapped, str) and wrapped else None,
        extra=as_extra({**leftover(call, _CALL), **leftover(function, _FUNCTION, "function.")}),
    )


def _exact_arguments(body: bytes) -> list[list[str]]:
    """The arguments of each message's calls as they stand in the body; empty where they are told in a looser form."""
    if b'"tool_calls"' not in body:
        return []
    try:
        messages = msgspec.json.decode(body, type=_Body).messages
    except (msgspec.DecodeError, RecursionError):
        return []
    return [[bytes(call.function.arguments).decode() for call in message.tool_calls or []] for message in messages]


def _result(message: dict[str, Json], where: str, book: CallBook) -> ToolResult:
    name = message.get("tool_name")
    name = name if isinstance(name, str) else ""
    content: list[Text | Media] = [*_pictures(message.get("images"), f"{where}.images")]
    if text := _text(message.get("content"), f"{where}.content"):
        content.insert(0, Text(text=text))
    return ToolResult(
        call_id=book.answered(message.get("tool_call_id"), name),
        name=name,
        content=tuple(content),
        extra=as_extra(leftover(message, _MESSAGE)),
    )


def _pictures(said: Json, where: str) -> Iterable[Media]:
    for at, data in enumerate(_list(said, where)):
        if not isinstance(data, str):
            raise BadRequest(f"'{where}[{at}]' must be base64.", param=f"{where}[{at}]")
        media_type = picture_type(data)
        if data.startswith("data:"):
            head, _, data = data[5:].partition(",")
            media_type = head.partition(";")[0]
        yield Media(kind="image", media_type=media_type, data=data)


# -- tools and settings -----------------------------------------------------------------------------------------------


def _tool(said: Json, where: str) -> Tool:
    tool = _object(said, where)
    function = _object(tool.get("function"), f"{where}.function")
    name, description = function.get("name"), function.get("description")
    if not isinstance(name, str) or not name:
        raise BadRequest(f"'{where}.function.name' must be a string.", param=f"{where}.function.name")
    known = frozenset({"name", "description", "parameters"})
    return Tool(
        name=name,
        description=description if isinstance(description, str) else "",
        parameters=function.get("parameters"),
        extra=as_extra(
            {**leftover(tool, frozenset({"type", "function"})), **leftover(function, known, "function.")},
        ),
    )


def _settings(options: dict[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """The options that have canonical names, under those names, and the others."""
    settings: dict[str, Json] = {}
    unread = dict(options)
    for option in sorted(OPTIONS.keys() & options.keys()):
        name = OPTIONS[option]
        value = _number(options, option, f"options.{option}", whole=option in _INTEGERS)
        if option == "num_predict" and value is not None and value < 0:
            continue  # -1: no limit, -2: fill the context. Only Ollama knows them.
        unread.pop(option, None)
        if value is not None:
            settings[name] = value
    stop = unread.pop("stop", None)
    words = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise BadRequest("'options.stop' must be an array of strings.", param="options.stop")
    if words:
        settings["stop"] = tuple(words)
    return settings, unread


def _reasoning(think: Json) -> Reasoning | None:
    match think:
        case None | "":
            return None
        case True:
            return Reasoning(enabled=True, visible=True)
        case False:
            return Reasoning(enabled=False)
        case str():
            return Reasoning(enabled=True, effort=think, visible=True)
    raise BadRequest("'think' must be a boolean or a level.", param="think")


def _format(said: Json) -> OutputFormat | None:
    match said:
        case None | "":
            return None
        case "json":
            return OutputFormat(kind="json")
        case dict():
            return OutputFormat(kind="json_schema", schema=said)
    raise BadRequest("'format' must be 'json' or a JSON schema.", param="format")


# -- shapes -----------------------------------------------------------------------------------------------------------


def _object(value: Json, where: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise BadRequest(f"'{where}' must be an object.", param=where)
    return value


def _list(value: Json, where: str) -> list[Json]:
    if not isinstance(value, list | None):
        raise BadRequest(f"'{where}' must be an array.", param=where)
    return value or []


def _text(value: Json, where: str) -> str:
    if not isinstance(value, str | None):
        raise BadRequest(f"'{where}' must be a string.", param=where)
    return value or ""


def _flag(value: Json, where: str) -> bool | None:
    if not isinstance(value, bool | None):
        raise BadRequest(f"'{where}' must be true or false.", param=where)
    return value


def _count(value: Json, where: str) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise BadRequest(f"'{where}' must be a whole number.", param=where)
    return value


def _number(members: dict[str, Json], name: str, where: str, *, whole: bool) -> int | float | None:
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequest(f"'{where}' must be a number.", param=where)
    return int(value) if whole and isinstance(value, float) and value.is_integer() else value
