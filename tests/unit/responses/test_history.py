"""The way back from a response."""

from __future__ import annotations

from typing import Any

import pytest

from gophergate.dialects.base import Stamp, encode
from gophergate.errors import BadRequest
from gophergate.responses.history import NoPrevious, asked_of, history, listed_items
from gophergate.responses.store import Kept, MemoryResponses

THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}


def turn(number: int, output: list[dict[str, Any]] | None = None, maker: str = "p/m", **more: Any) -> Kept:
    said = {"type": "message", "role": "assistant", "content": []}
    return Kept(
        owner="a",
        id=f"resp_{number}",
        maker=maker,
        previous=f"resp_{number - 1}" if number else None,
        body=encode({"model": "m", "input": f"say {number}"}),
        response=encode({"status": "completed", "output": output or [said], **more}),
        stamp=Stamp(f"token{number}", 1),
    )


def store_of(*turns: Kept) -> MemoryResponses:
    store = MemoryResponses(lambda: 0.0)
    for one in turns:
        store.put(one)
    return store


async def test_earlier_turns_come_oldest_first_inputs_and_outputs() -> None:
    store = store_of(turn(0), turn(1))
    found = await history(store, "a", "resp_1")
    items = found.items(None)
    assert [item["role"] for item in items] == ["user", "assistant", "user", "assistant"]
    assert [item["content"][0]["text"] for item in items[::2]] == ["say 0", "say 1"]
    assert found.base is None
    assert await history(store, "a", "resp_1") == found, "ids derive from the call, so they stay"


async def test_it_ends_at_a_response_that_its_maker_keeps() -> None:
    """R-S4."""
    store = store_of(Kept(owner="a", id="resp_0", maker="p/m", native=True), turn(1))
    found = await history(store, "a", "resp_1")
    assert (len(found.turns), found.base and found.base.id) == (1, "resp_0")
    assert len(await listed_items(store, turn(1))) == 1


@pytest.mark.parametrize(("asked", "said"), [("resp_9", "'resp_9' not found"), ("resp_1", "goes on from 'resp_0'")])
async def test_a_missing_turn_is_named(asked: str, said: str) -> None:
    with pytest.raises(NoPrevious, match=said) as error:
        await history(store_of(turn(1)), "a", asked)
    assert (error.value.code, error.value.param) == ("previous_response_not_found", "previous_response_id")


async def test_a_response_that_is_still_being_made_cannot_be_gone_on_from() -> None:
    with pytest.raises(BadRequest, match="still being made"):
        await history(store_of(turn(0, status="in_progress")), "a", "resp_0")


@pytest.mark.parametrize(
    ("token", "maker", "stays"),
    [
        (None, "p/m", False),
        ("bare", "p/m", True),
        ("bare", "other/m", False),
        ("gg1:anthropic_messages:other:x", "other/m", True),
    ],
)
async def test_a_provider_gets_only_thoughts_it_can_place(token: str | None, maker: str, stays: bool) -> None:
    """R-S2: sealed thoughts go to their maker only; wrapped ones are for the translated path to open."""
    thought = {**THOUGHT, **({"encrypted_content": token} if token else {})}
    found = await history(store_of(turn(0, [thought], maker)), "a", "resp_0")
    assert (thought in found.items("p")) is stays
    assert thought in found.items(None)


@pytest.mark.parametrize(
    ("body", "previous", "store"),
    [
        (b'{"input":"x"}', None, None),
        (b'{"previous_response_id":"r","store":false}', "r", False),
        (b'{"previous_response_id":7}', None, None),
        (b'{"input":[{"previous_response_id":"inner"}]}', None, None),
    ],
)
def test_only_the_top_of_a_body_says_anything_of_state(body: bytes, previous: str | None, store: bool | None) -> None:
    asked = asked_of(body)
    assert (asked.previous, asked.store) == (previous, store)
