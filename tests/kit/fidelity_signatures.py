"""Two turns with signatures: what a provider minted comes back to it byte for byte, and is never shown to another.

The first answer of provider A goes through the door of client dialect B; the client's real SDK reads it, and sends what
it read back as history, as its users do. Before that request is routed the gateway looks at it (`routing.continuity`),
then it goes on to A again (its own signatures must be there), and to others (they must not be anywhere in the body).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from gophergate.core.blocks import Thought, ToolCall
from gophergate.core.events import Failed
from gophergate.core.reply import Reply, fold
from gophergate.core.request import Request
from gophergate.dialects.base import Target, Traits, encode
from gophergate.errors import BadRequest
from gophergate.routing.base import Plan
from gophergate.routing.continuity import Continuity
from gophergate.routing.seals import MemorySeals, kept_of, seal_of
from kit import fidelity, ordered
from kit.fidelity_clients import Client
from kit.fidelity_compare import Score

Json = Any

CARRIERS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama")

UNCARRIED = {
    ("openai_chat", "Media"): "a picture in a Chat message has no place for its signature",
    ("ollama", "Text"): "ollama-python drops what it does not know; only what belongs to a call is remembered",
    ("ollama", "Thought"): "the same, for thoughts that no call follows",
    ("ollama", "Media"): "Ollama's clients take no pictures",
    ("anthropic_messages", "Media"): "Anthropic's clients take no pictures",
    ("openai_responses", "Media"): "a picture in a Responses answer has no place for its signature",
}
"""Signatures that a door cannot bring back, by (client's dialect, block), with the reason: told here, not scored."""


@dataclass
class Returned:
    """How many tokens came back to their maker, and the places where one was shown to somebody else."""

    kept: Score = field(default_factory=Score)
    hidden: Score = field(default_factory=Score)


def sealed_blocks(reply: Reply) -> list[tuple[str, str]]:
    """Every token that the maker minted in an answer, in order, with the kind of its block."""
    found: list[tuple[str, str]] = []
    calls = False
    for block in reversed(reply.of_choice(0)):
        calls = calls or isinstance(block, ToolCall)
        kind = "before a call" if calls and isinstance(block, Thought) else type(block).__name__
        if (seal := seal_of(block)) is not None:
            found.append((_one_alphabet(seal.token), kind))
    return found[::-1]


def _one_alphabet(token: str) -> str:
    """Google's SDKs decode a token and encode it again in base64's other alphabet; Google reads both."""
    return token.translate(str.maketrans("-_", "+/")).rstrip("=")


async def play_signatures(file: str, dialect: str, clients: dict[str, Client]) -> dict[str, Returned]:
    """All signed answers of one file in one dialect, through every door, streamed and whole by turns."""
    returned = {client: Returned() for client in CARRIERS}
    for record in fidelity.answers(file, dialect):
        events = fidelity.read(record, origin="a")
        if isinstance(events[-1], Failed):
            continue
        reply = fold(events)
        tokens = sealed_blocks(reply)
        if not tokens:
            continue
        stream = zlib.crc32(record["id"].encode()) % 2 == 0
        for client, result in returned.items():
            told = clients[client].play(fidelity.write(events, client, stream=stream), stream=stream)
            asked = await as_routed(client, encode(second_turn(client, told)), kept_of(reply, "a", "m"))
            where = f"{record['id']} {'streamed' if stream else 'whole'}"
            carried = [token for token, kind in tokens if (client, kind) not in UNCARRIED or client == dialect]
            result.kept.untold["signatures"] += len(tokens) - len(carried)
            _to_its_maker(asked, dialect, carried, where, result.kept)
            _to_others(asked, dialect, [token for token, _ in tokens], where, result.hidden)
    return returned


async def as_routed(client: str, body: bytes, kept: dict[str, bytes]) -> Request:
    """The second request as routing sees it: with the makers of its tokens, and what its calls lack put back."""
    store = MemorySeals(lambda: 0.0)
    await store.put("", kept)
    holder: Any = SimpleNamespace(current=SimpleNamespace(providers={}))
    maker: Any = SimpleNamespace(is_maker=lambda origin: True)
    door = fidelity.DIALECTS[client]
    peek = door.peek(body, model="m")
    _, order = await Continuity(store, holder).settled(Plan((maker,)), ordered.order(door, body, peek=peek))
    assert order.reread is not None
    return order.reread.request


def _to_its_maker(asked: Request, dialect: str, tokens: list[str], where: str, score: Score) -> None:
    target = Target(model="m", origin="a", traits=Traits(thinking="budget"))
    body = encode(fidelity.DIALECTS[dialect].write_request(asked, target).body)
    there = {_one_alphabet(text) for text in _strings(json.loads(body))}
    for token in tokens:
        score.check(token in there, where, "signature", f"{token[:24]}… is not in the next turn")


def _to_others(asked: Request, dialect: str, tokens: list[str], where: str, score: Score) -> None:
    for name, speaker in fidelity.DIALECTS.items():
        try:
            body = encode(speaker.write_request(asked, Target(model="m", origin="other")).body)
        except BadRequest:
            continue  # refused by name: nothing was shown
        told = body.replace(b"-", b"+").replace(b"_", b"/")
        for token in tokens:
            is_shown = token.replace("-", "+").replace("_", "/").encode() in told
            score.check(not is_shown, where, f"shown to {name}", f"{token[:24]}… of {dialect}")
        score.check(b"gg1:" not in body and b"Z2cx" not in body, where, f"shown to {name}", "a signature we wrapped")


def _strings(value: Json) -> Iterator[str]:
    """Every string inside: a token stands alone."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


# -- what a client sends back -------------------------------------------------------------------------------------


def second_turn(client: str, told: dict[str, Json]) -> dict[str, Json]:
    """The next request of a client that keeps what its SDK read, and answers every call."""
    return _TURNS[client](told)


def _chat(told: dict[str, Json]) -> dict[str, Json]:
    message = told["choices"][0]["message"]
    calls = message.get("tool_calls") or []
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "done"} for call in calls]
    return {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}, message, *results, {"role": "user", "content": "go on"}],
        "tools": [
            {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
            for name in dict.fromkeys(call[call["type"]]["name"] for call in calls)
        ],
    }


def _responses(told: dict[str, Json]) -> dict[str, Json]:
    output = told["output"]
    answers = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}
    results = [
        {"type": answers[item["type"]], "call_id": item["call_id"], "output": "done"}
        for item in output
        if item["type"] in answers
    ]
    names = dict.fromkeys(item["name"] for item in output if item["type"] in answers)
    return {
        "model": "m",
        "input": [{"role": "user", "content": "hi"}, *output, *results, {"role": "user", "content": "go on"}],
        "tools": [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in names],
    }


def _messages(told: dict[str, Json]) -> dict[str, Json]:
    content = told["content"]
    calls = [block for block in content if block["type"] == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "done"} for call in calls]
    return {
        "model": "m",
        "max_tokens": 4096,
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": content},
            {"role": "user", "content": [*results, {"type": "text", "text": "go on"}]},
        ],
        "tools": [
            {"name": name, "input_schema": {"type": "object"}} for name in dict.fromkeys(call["name"] for call in calls)
        ],
    }


def _gemini(told: dict[str, Json]) -> dict[str, Json]:
    content = told["candidates"][0]["content"]
    calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
    results = [{"functionResponse": {**_identity(call), "response": {"result": "done"}}} for call in calls]
    declared = [{"name": name} for name in dict.fromkeys(call["name"] for call in calls)]
    return {
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            content,
            {"role": "user", "parts": [*results, {"text": "go on"}]},
        ],
        **({"tools": [{"functionDeclarations": declared}]} if declared else {}),
    }


def _identity(call: dict[str, Json]) -> dict[str, Json]:
    return {name: call[name] for name in ("id", "name") if name in call}


def _ollama(told: dict[str, Json]) -> dict[str, Json]:
    message = {name: value for name, value in told["message"].items() if value}
    calls = message.get("tool_calls", [])
    results = [{"role": "tool", "tool_name": call["function"]["name"], "content": "done"} for call in calls]
    return {
        "model": "m",
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", **message},
            *results,
            {"role": "user", "content": "go on"},
        ],
    }


_TURNS = {
    "openai_chat": _chat,
    "openai_responses": _responses,
    "anthropic_messages": _messages,
    "gemini": _gemini,
    "ollama": _ollama,
}
