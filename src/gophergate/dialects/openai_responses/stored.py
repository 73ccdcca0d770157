"""What a store of responses needs of this wire: a request's input as items that stand on their own, and longer ones.

Pure, like the rest: whoever keeps responses (the operations layer) calls these and owns the keeping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gophergate.core.blocks import Json
from gophergate.dialects.base import Stamp, json_type
from gophergate.dialects.members import text_of
from gophergate.dialects.openai_responses.frames import Ids
from gophergate.errors import BadRequest

Item = dict[str, Json]

_PREFIX = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "function_call_output": "fco",
    "custom_tool_call_output": "ctco",
    "additional_tools": "at",
}
_WITH_STATUS = frozenset(
    {"message", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"}
)


def input_items(body: Mapping[str, Any], stamp: Stamp) -> list[Item]:
    """The input of a request as items that can be listed: each with a type, an id and, where its kind has one, a
    status; content that was a bare string as a list of one part. References stay references.

    Ids that are missing derive from `stamp`, so the same request of the same call gives the same items. Raises
    BadRequest when the input is neither a string nor a list of objects and strings.
    """
    value = body.get("input")
    if value is None:
        return []
    if isinstance(value, str):
        value = [{"role": "user", "content": value}]
    if not isinstance(value, list):
        raise BadRequest(f"'input' must be a string or an array of items, not {json_type(value)}.", param="input")
    ids = Ids(stamp.token)
    # The caller's own ids are taken first, so that none of ours comes to equal one.
    for item in value:
        if isinstance(item, dict) and text_of(item.get("id")):
            ids.take(text_of(item["id"]), "")
    return [_whole_item(item, index, ids) for index, item in enumerate(value)]


def _whole_item(item: Json, index: int, ids: Ids) -> Item:
    if isinstance(item, str):
        item = {"role": "user", "content": item}
    if not isinstance(item, dict):
        raise BadRequest(f"'input[{index}]' must be an object, not {json_type(item)}.", param=f"input[{index}]")
    kind = text_of(item.get("type")) or ("message" if "role" in item else "item_reference")
    whole: Item = {**item, "type": kind}
    if kind == "item_reference":
        return whole
    if not text_of(item.get("id")):
        whole["id"] = ids.take("", _PREFIX.get(kind, "item"))
    if kind in _WITH_STATUS and not item.get("status"):
        whole["status"] = "completed"
    if kind == "message" and isinstance(item.get("content"), str):
        whole["content"] = [_text_part(item["content"], item.get("role"))]
    return whole


def _text_part(text: str, role: Json) -> Item:
    if role == "assistant":
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "input_text", "text": text}


def extend_input(previous: Iterable[Item], new: Json) -> list[Item]:
    """The input of a follow-up request: the items of earlier turns (inputs and outputs, in order), then the new input,
    a string or a list of items.

    A reference to one of the earlier items brings nothing: that item is there. Other references stay, for whoever
    can resolve them. Raises BadRequest as `input_items` does.
    """
    items = [dict(item) for item in previous]
    known = {text_of(item.get("id")) for item in items} - {""}
    if new is None:
        return items
    if isinstance(new, str):
        return [*items, {"type": "message", "role": "user", "content": new}]
    if not isinstance(new, list):
        raise BadRequest(f"'input' must be a string or an array of items, not {json_type(new)}.", param="input")
    for index, item in enumerate(new):
        if not isinstance(item, dict):
            raise BadRequest(f"'input[{index}]' must be an object, not {json_type(item)}.", param=f"input[{index}]")
        is_reference = item.get("type") == "item_reference" or (item.get("type") is None and "role" not in item)
        if not (is_reference and text_of(item.get("id")) in known):
            items.append(item)
    return items
