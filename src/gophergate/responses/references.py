"""Items of ours that a request only refers to, put back in full.

Vercel's SDK, and whoever else relies on storage, sends `{"type": "item_reference", "id": ...}` for the items of earlier
responses instead of the items. What a maker keeps it finds itself; under an id that we minted nobody but us does.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from gophergate.core.blocks import Json
from gophergate.dialects.base import decode, encode
from gophergate.dialects.members import text_of
from gophergate.dialects.openai_responses.wire import NAME, OUR_MARK
from gophergate.dialects.splice import raw_member, with_member
from gophergate.errors import BadRequest
from gophergate.responses.history import is_placed, items_of
from gophergate.responses.store import ResponseStore
from gophergate.routing.base import Order, Plan

_MARK = b'"item_reference"'


async def dereferenced(plan: Plan, order: Order, store: ResponseStore) -> Order:
    """The order with every item of ours in the place of its reference. Raises BadRequest for one that is not kept."""
    if _MARK not in order.body:
        return order
    try:
        said = raw_member(order.body, "input")
        items = None if said is None else decode(said)
        if not isinstance(items, list) or not any(_token(item) for item in items):
            return order
        native = next((d.provider_name for d in plan.deployments if d.speaks(NAME)), None)
        found = [whole for item in items for whole in await _whole(item, order.owner, store, native)]
        return replace(order, body=with_member(order.body, "input", encode(found)))
    except (ValueError, msgspec.DecodeError):
        raise BadRequest("The member 'input' must stand once in the request.", param="input") from None


async def _whole(item: Json, owner: str, store: ResponseStore, native: str | None) -> list[Json]:
    """The item, or what it refers to; nothing for a thought that `native`, who gets it as it is, could not place."""
    token = _token(item)
    if not token:
        return [item]
    wanted = text_of(item["id"]) if isinstance(item, dict) else ""
    for response_id in _responses(token):
        kept = await store.find(owner, response_id)
        if kept is not None and not kept.native:
            for one in items_of(kept):
                if one.get("id") == wanted:
                    is_its_own = kept.provider == native
                    return [dict(one)] if native is None or is_placed(one, is_its_own) else []
    raise BadRequest(
        f"Item with id '{wanted}' not found: items are kept of stored responses only, and for a while. Send the item "
        "itself.",
        param="input",
        code="item_not_found",
    )


def _token(item: Json) -> str:
    """What stands behind our mark in the id that an item refers to; "" for anything but a reference to one of ours."""
    if not isinstance(item, dict) or item.get("type") != "item_reference":
        return ""
    _, mark, token = text_of(item.get("id")).partition(f"_{OUR_MARK}")
    return token if mark else ""


def _responses(token: str) -> Iterator[str]:
    """The responses that an item of that token may be of: behind a response's own stands the item's number, in two
    digits or, of a very long one, three."""
    yield f"resp_{token[:-2]}"
    yield f"resp_{token[:-3]}"
