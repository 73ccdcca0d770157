"""Tool calls and results at the Gemini wire, where ids are optional and results are objects under a name.

Ids that were given are kept; ids that were made for a request are left out when it is written again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gophergate.core.blocks import Json, Media, Opaque, Text, ToolCall, ToolResult
from gophergate.dialects.base import decode, encode
from gophergate.dialects.callbook import CallBook, is_invented
from gophergate.dialects.gemini.parts import media_part, read_part, seal_of
from gophergate.dialects.gemini.wire import NAME, as_extra, camel, inner, leftover, message, own_extra, repeated
from gophergate.dialects.loss import Losses, refuse
from gophergate.dialects.silence import is_silent
from gophergate.errors import BadRequest

_CALL = frozenset({"id", "name", "args"})
_RESULT = frozenset({"id", "name", "response", "parts"})
_WRAPPERS = frozenset({"output", "result", "error"})
_FAILED_SILENTLY: Mapping[str, Json] = {"error": True}
_KEY = "_key"
"""Note on a result: the member its text was wrapped in, when it is not the usual one; "" when the text is the whole
response object."""


def read_arguments(args: Json) -> str:
    """The arguments' JSON text. A call without arguments has an empty object: clients parse what they get."""
    return encode(args).decode() if args is not None else "{}"


def read_call(part: dict[str, Json], call_id: str) -> ToolCall:
    """The block of a functionCall part; `call_id` is the one the book or the reader settled on."""
    call = camel(part.get("functionCall"))
    name = call.get("name")
    beside = leftover(part, frozenset({"functionCall", "thoughtSignature"}))
    return ToolCall(
        id=call_id,
        name=name if isinstance(name, str) else "",
        arguments=read_arguments(call.get("args")),
        seal=seal_of(part),
        extra=as_extra({**leftover(call, _CALL, "functionCall."), **beside}),
    )


def call_part(call_id: str, name: str, args: Json, extra: dict[str, Json]) -> dict[str, Json]:
    """A functionCall part. An id of our making is not shown to Google."""
    known = {} if is_invented(call_id) else {"id": call_id}
    part: dict[str, Json] = {"functionCall": {**known, "name": name, "args": args, **inner(extra, "functionCall.")}}
    part.update((key, value) for key, value in extra.items() if "." not in key)
    return part


def arguments_object(arguments: str) -> dict[str, Json] | None:
    """The arguments as Google wants them, an object; None when the text is no JSON object."""
    if not arguments.strip():
        return {}
    try:
        value = decode(arguments.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


# -- results ----------------------------------------------------------------------------------------------------------


def read_result(part: dict[str, Json], book: CallBook, where: str) -> ToolResult:
    """The block of a functionResponse part.

    `{"error": ...}` is a failed call. A lone string under output, result or error is the tool's text; any other object
    is told as its JSON. Raises BadRequest.
    """
    told = message(part["functionResponse"], f"{where}.functionResponse")
    name = told.get("name")
    name = name if isinstance(name, str) else ""
    response = told.get("response")
    extra = {
        **leftover(told, _RESULT, "functionResponse."),
        **leftover(part, frozenset({"functionResponse"})),
    }
    content: list[Text | Media | Opaque] = []
    is_error: bool | None = None
    if isinstance(response, dict):
        key, text = _unwrapped(response)
        is_error = True if response.get("error") else None
        if text is not None:
            content.append(Text(text=text))
        if key != _usual(is_error):
            extra[_KEY] = key
    elif response is not None:
        raise BadRequest(f"'{where}.functionResponse.response' must be an object.", param=where)
    for media in repeated(told.get("parts"), f"{where}.functionResponse.parts"):
        block = read_part(camel(media))
        if not isinstance(block, Text | Media | Opaque):
            raise BadRequest(f"'{where}.functionResponse.parts' may hold only media.", param=where)
        if not is_silent(block):
            content.append(block)
    return ToolResult(
        call_id=book.answered(told.get("id"), name),
        content=tuple(content),
        is_error=is_error,
        name=name,
        extra=as_extra(extra),
    )


def _unwrapped(response: dict[str, Json]) -> tuple[str, str | None]:
    """The wrapping member and the text in it. A whole object is told under its usual key unless its text alone could
    not be known for an object again."""
    if not response:
        return _usual(None), None
    if response == _FAILED_SILENTLY:
        return _usual(True), None
    if len(response) == 1:
        key, value = next(iter(response.items()))
        if key in _WRAPPERS and isinstance(value, str):
            return key, value
    text = encode(response).decode()
    is_error = True if response.get("error") else None
    return (_usual(is_error) if _goes_whole(text) is not None else ""), text


def _usual(is_error: bool | None) -> str:
    return "error" if is_error else "output"


def result_part(result: ToolResult, name: str, losses: Losses) -> dict[str, Json]:
    """A functionResponse part for the function `name`: text and JSON in its object, media in its parts (Gemini 3)."""
    extra = own_extra(result.extra)
    texts: list[str] = []
    media: list[Json] = []
    for block in result.content:
        match block:
            case Text():
                texts.append(block.text)
            case Media():
                media.append(media_part(block))
            case Opaque() if block.dialect == NAME:
                media.append(block.data)
            case Opaque() if not block.optional:
                raise refuse(block, "Gemini")
            case Opaque():
                losses.drop(block.label)
    told: dict[str, Json] = {} if is_invented(result.call_id) else {"id": result.call_id}
    told["name"] = name
    told["response"] = _response(texts, result.is_error, extra.get(_KEY))
    if media:
        told["parts"] = media
    told.update(inner(extra, "functionResponse."))
    part: dict[str, Json] = {"functionResponse": told}
    part.update((key, value) for key, value in extra.items() if "." not in key and key != _KEY)
    return part


def _response(texts: list[str], is_error: bool | None, key: Json) -> dict[str, Json]:
    if not texts:
        return dict(_FAILED_SILENTLY) if is_error else {}
    text = texts[0] if len(texts) == 1 else "\n".join(texts)
    if key == "" and (whole := arguments_object(text)) is not None:
        return whole
    if isinstance(key, str) and key:
        return {key: text}
    whole = _goes_whole(text)
    if whole is not None and (not is_error or whole.get("error")):
        return whole
    return {_usual(is_error): text}


def _goes_whole(text: str) -> dict[str, Json] | None:
    """The object that a result's text is, where it can be sent as one.

    Only for compact JSON, so no byte of a tool's words changes; not for an object that looks like our wrapping; and not
    for one with a `$ref` in it, which Google takes for a reference to a part and refuses (edge case 38).
    """
    if not text.startswith("{") or '"$ref"' in text:
        return None
    value = arguments_object(text)
    if value is None or not value or encode(value).decode() != text:
        return None
    if len(value) == 1:
        key, inner_value = next(iter(value.items()))
        if key in _WRAPPERS and isinstance(inner_value, str):
            return None
    return value
