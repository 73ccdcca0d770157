"""Sound and pictures in answers, as each vendor's SDK hears and sees them: the thing itself where the client's API has
a place for it, else its words; and never its bytes for words."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

from gophergate.core.events import Event
from gophergate.core.lifecycle import checked
from gophergate.dialects.base import Target, encode
from gophergate.dialects.loss import unshown
from kit import fidelity
from kit.fidelity_clients import Client, clients
from kit.fidelity_said import said_by
from kit.fidelity_typed import objection

SOUND = b"RIFF....WAVE, spoken in pieces of any length"
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n not really").decode()
WITH_SOUND = {"openai_chat", "gemini"}
WITH_PICTURES = {"openai_chat", "openai_responses", "gemini"}


@cache
def players() -> dict[str, Client]:
    return clients()


def read(dialect: str, body: bytes, *, stream: bool) -> list[Event]:
    reader = fidelity.DIALECTS[dialect].reader(stream=stream, origin="maker")
    return checked([*reader.feed(body), *reader.end()])


def sse(events: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def spoken_by_chat() -> list[Event]:
    """Each piece of sound is base64 of its own, padded where it ends; words come beside it."""
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    pieces = [base64.b64encode(SOUND[at : at + 10]).decode() for at in range(0, len(SOUND), 10)]
    deltas = [{"role": "assistant", "audio": {"id": "audio_1", "transcript": "Hello"}}]
    deltas += [{"audio": {"data": piece}} for piece in pieces]
    deltas += [{"audio": {"transcript": " wörld"}}, {"audio": {"expires_at": 9}}]
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    last = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return read("openai_chat", sse([*chunks, last]), stream=True)


def spoken_by_responses() -> list[Event]:
    response = {
        "id": "resp_1",
        "object": "response",
        "model": "m",
        "created_at": 1,
        "status": "in_progress",
        "output": [],
    }
    pieces = [base64.b64encode(SOUND[at : at + 10]).decode() for at in range(0, len(SOUND), 10)]
    events: list[dict[str, Any]] = [{"type": "response.created", "response": response}]
    events += [{"type": "response.audio.delta", "delta": piece} for piece in pieces]
    events += [{"type": "response.audio.transcript.delta", "delta": word} for word in ("Hello", " wörld")]
    events += [{"type": "response.audio.done"}, {"type": "response.audio.transcript.done"}]
    events.append({"type": "response.completed", "response": {**response, "status": "completed"}})
    return read("openai_responses", sse(events), stream=True)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("client", list(fidelity.DIALECTS))
@pytest.mark.parametrize("speaker", [spoken_by_chat, spoken_by_responses])
def test_sound_is_heard_or_read(speaker: Any, client: str, stream: bool) -> None:
    """R-T2: its words where there is no place for sound, as they come; its loss is named; its bytes are no words."""
    events = speaker()
    body = fidelity.write(events, client, stream=stream)
    whole = players()[client].play(body, stream=stream)
    told = json.dumps(whole, ensure_ascii=False)
    assert "Hello wörld" in told
    assert (base64.b64encode(SOUND).decode() in told) == (client in WITH_SOUND)
    if client not in WITH_SOUND:
        assert said_by(client, whole).text == "Hello wörld"
        assert unshown(events, client, fidelity.DIALECTS[client].shows) == ["audio"]


def test_a_stream_of_responses_tells_the_sound_beside_the_words() -> None:
    """`response.audio.delta` is an event of no item; joined, its pieces are the sound."""
    told = fidelity.write(spoken_by_chat(), "openai_responses", stream=True).decode().splitlines()
    events = [json.loads(line[6:]) for line in told if line.startswith("data: ")]
    pieces = [event["delta"] for event in events if event["type"] == "response.audio.delta"]
    assert base64.b64decode("".join(pieces)) == SOUND
    assert [event["type"] for event in events].count("response.audio.done") == 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("client", list(fidelity.DIALECTS))
def test_a_picture_made_by_openais_own_tool_is_seen(client: str, stream: bool) -> None:
    """R-T2: an item of its own for clients of the Responses API, whole; a picture, or a note, for all others."""
    item = {
        "id": "ig_1",
        "type": "image_generation_call",
        "status": "completed",
        "background": "opaque",
        "output_format": "webp",
        "revised_prompt": "A small cat",
        "result": PICTURE,
    }
    whole = {"id": "resp_1", "object": "response", "model": "m", "created_at": 1, "status": "completed"}
    events = read("openai_responses", json.dumps({**whole, "output": [item]}).encode(), stream=False)
    heard = players()[client].play(fidelity.write(events, client, stream=stream), stream=stream)
    told = json.dumps(heard)
    if client == "openai_responses":
        assert heard["output"] == [item]
    elif client in WITH_PICTURES:
        assert PICTURE in told
        assert "image/webp" in told
    else:
        assert PICTURE not in told
        assert said_by(client, heard).text == "[image (image/webp), which this API cannot show]"


@pytest.mark.parametrize("target", [name for name in fidelity.DIALECTS if name != "gemini"])
def test_a_picture_that_a_model_made_is_shown_to_the_next_one(target: str) -> None:
    """Edge case 19: a history with one goes on, also at its own maker; behind the turn, and behind its results."""
    call = {"functionCall": {"id": "c1", "name": "look", "args": {}}}
    answer = {"functionResponse": {"id": "c1", "name": "look", "response": {"output": "rain"}}}
    contents = [
        {"role": "user", "parts": [{"text": "Draw."}]},
        {
            "role": "model",
            "parts": [{"text": "Here."}, {"inlineData": {"mimeType": "image/png", "data": PICTURE}}, call],
        },
        {"role": "user", "parts": [answer, {"text": "Now in red."}]},
    ]
    dialect = fidelity.DIALECTS[target]
    request = fidelity.DIALECTS["gemini"].read_request(json.dumps({"contents": contents}).encode(), model="m")
    written = dialect.write_request(request, Target(model="m"))
    assert written.dropped == ()
    again = dialect.read_request(encode(written.body), model="m")
    said = [(turn.role, type(block).__name__) for turn in again.turns for block in turn.blocks]
    if target == "ollama":
        assert ("assistant", "Media") in said
        return
    assert [role for role, kind in said if kind == "Media"] == ["user"]
    kinds = [kind for _, kind in said]
    assert kinds.index("ToolCall") < kinds.index("Media")
    if target != "openai_responses":  # whose results need not stand right behind their calls
        assert kinds[kinds.index("ToolCall") + 1] == "ToolResult"
    assert objection(target, json.loads(encode(written.body))) == ""
