"""Where other gateways lose or leak signatures over two turns (PROTOCOLS, the last part: "Signatures"), each as a test
over fixtures of our own. `test_signatures.py` does the same with every recorded one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.blocks import Block, Seal, Text, Thought, ToolCall
from gophergate.core.events import Finished, Started
from gophergate.core.reply import Reply, fold, unfold
from gophergate.core.usage import Usage
from gophergate.dialects.base import Target, Traits, encode
from gophergate.routing.seals import kept_of
from kit import fidelity
from kit.fidelity_clients import Client, clients
from kit.fidelity_signatures import CARRIERS, as_routed, second_turn
from kit.fidelity_typed import objection

TOKEN = "UmVhbFNpZ25hdHVyZU9mR29vZ2xl"
CALL = ToolCall(id="call_1", name="look", arguments='{"city":"Oslo"}', seal=Seal(TOKEN, "gemini", "google"))


@pytest.fixture(scope="module")
def players() -> dict[str, Client]:
    return clients()


def reply(*blocks: Block) -> Reply:
    return Reply(
        started=Started(id="r1", model="m"),
        blocks=blocks,
        choices=(0,) * len(blocks),
        logprobs=(None,) * len(blocks),
        usage=Usage(input=1, output=1),
        finished=Finished(reason="tool_calls"),
    )


async def next_turn(said: Reply, door: str, players: dict[str, Client], origin: str, forget: bool = False) -> Any:
    """The client's next request, as routing sees it. `forget`: the client rebuilds calls from the members it knows."""
    body = fidelity.write(unfold(said), door, stream=True)
    asked = second_turn(door, players[door].play(body, stream=True))
    if forget:
        (message,) = (message for message in asked["messages"] if message["role"] == "assistant")
        known = ("id", "type", "function")
        message["tool_calls"] = [{name: call[name] for name in known} for call in message["tool_calls"]]
        for name in set(message) - {"role", "content", "tool_calls"}:
            del message[name]
    return await as_routed(door, encode(asked), kept_of(said, origin, "m"))


def written(request: Any, target: str, origin: str) -> str:
    to = Target(model="m", origin=origin, traits=Traits(thinking="budget"))
    return json.dumps(fidelity.DIALECTS[target].write_request(request, to).body)


@pytest.mark.parametrize(
    ("dialect", "token"), [("anthropic_messages", "QW50aHJvcGljU2VhbA=="), ("openai_responses", "gAAAAABencrypted-_x")]
)
async def test_kept_behind_the_gemini_door(dialect: str, token: str, players: dict[str, Client]) -> None:
    """Edge case 36: another vendor's signed thought, through google-genai, which decodes signatures as base64."""
    said = reply(Thought(text="Hm", seal=Seal(token, dialect, "maker"), item_id="rs_1"), Text(text="Yes."))
    request = await next_turn(said, "gemini", players, "maker")
    assert token in written(request, dialect, "maker")


@pytest.mark.parametrize("forget", [False, True], ids=["echoed", "rebuilt"])
async def test_kept_at_the_chat_door_whatever_the_client_remembers(forget: bool, players: dict[str, Client]) -> None:
    """R-S3: opencode, the Vercel SDK and langchain rebuild messages from known members; the call's id brings it."""
    request = await next_turn(reply(CALL), "openai_chat", players, "google", forget)
    assert TOKEN in written(request, "gemini", "google")


@pytest.mark.parametrize("door", ["openai_chat", "openai_responses", "anthropic_messages", "gemini"])
async def test_reasoning_details_come_back_to_openrouter(door: str, players: dict[str, Client]) -> None:
    """Its entries hold a format and an index beside the signature: all of them belong to it."""
    detail = {
        "type": "reasoning.text",
        "text": "Hm",
        "signature": "T1JTZWFs",
        "format": "anthropic-claude-v1",
        "index": 0,
    }
    chunk = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    message = {"role": "assistant", "content": "Yes.", "reasoning": "Hm", "reasoning_details": [detail]}
    body = encode({**chunk, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    reader = fidelity.DIALECTS["openai_chat"].reader(stream=False, origin="openrouter")
    said = fold([*reader.feed(body), *reader.end()])
    request = await next_turn(said, door, players, "openrouter")
    (entry,) = next(
        m for m in json.loads(written(request, "openai_chat", "openrouter"))["messages"] if m["role"] == "assistant"
    )["reasoning_details"]
    assert (entry["signature"], entry["text"], entry["type"]) == ("T1JTZWFs", "Hm", "reasoning.text")


@pytest.mark.parametrize("door", CARRIERS)
@pytest.mark.parametrize("target", list(fidelity.DIALECTS))
async def test_never_shown_to_another_vendor(door: str, target: str, players: dict[str, Client]) -> None:
    """R-S2: not bare, not wrapped, not inside a call's id, not in a member of its own."""
    sealed = Thought(text="Hm", seal=Seal("QW50aHJvcGljU2VhbA==", "anthropic_messages", "anthropic"))
    request = await next_turn(reply(sealed, CALL), door, players, "google")
    body = written(request, target, "other")
    for trace in (TOKEN, "QW50aHJvcGljU2VhbA", "gg1:", "Z2cx", "gophergate"):
        assert trace not in body


@pytest.mark.parametrize("door", [door for door in CARRIERS if door != "gemini"])
async def test_no_dummy_takes_the_place_of_a_real_one(door: str, players: dict[str, Client]) -> None:
    """Google knows a token that skips its check; a forged one costs the model its own reasoning."""
    request = await next_turn(reply(CALL), door, players, "google")
    body = written(request, "gemini", "google")
    assert TOKEN in body
    assert "skip_thought_signature_validator" not in body
    assert "context_engineering_is_the_way_to_go" not in body


@pytest.mark.parametrize("target", [name for name in fidelity.DIALECTS if name != "gemini"])
def test_a_bare_signature_of_google_s_stays_from_other_wires(target: str) -> None:
    """From a client that nothing is remembered of: its maker has no name, and most speakers of Chat are not Google."""
    part = {"functionCall": {"id": "c1", "name": "look", "args": {}}, "thoughtSignature": TOKEN}
    answer = {"functionResponse": {"id": "c1", "name": "look", "response": {"result": "ok"}}}
    contents = [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "model", "parts": [part]},
        {"role": "user", "parts": [answer]},
    ]
    request = fidelity.DIALECTS["gemini"].read_request(encode({"contents": contents}), model="m")
    assert TOKEN not in written(request, target, "someone")


@pytest.mark.parametrize("text", ["Hm.", ""])
@pytest.mark.parametrize("door", ["openai_chat", "anthropic_messages", "gemini"])
async def test_encrypted_reasoning_returns_with_the_id_of_its_item(
    door: str, text: str, players: dict[str, Client]
) -> None:
    """OpenAI's types demand it of every reasoning item, and its own SDK sends it back."""
    thought = Thought(text=text, summary=True, item_id="rs_a:b", seal=Seal("gAAAA:_x", "openai_responses", "openai"))
    request = await next_turn(reply(thought, Text(text="Yes.")), door, players, "openai")
    to = Target(model="m", origin="openai", traits=Traits(thinking="effort"))
    body = json.loads(encode(fidelity.DIALECTS["openai_responses"].write_request(request, to).body))
    (item,) = (item for item in body["input"] if item.get("type") == "reasoning")
    assert (item["id"], item["encrypted_content"]) == ("rs_a:b", "gAAAA:_x")
    assert objection("openai_responses", body) == ""
