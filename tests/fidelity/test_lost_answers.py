"""Where other gateways lose an answer (PROTOCOLS, the last part: "Answers"), each as a test over fixtures of our own.

An answer is read by its provider's dialect, and written for every client, whose vendor's SDK reads it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.events import Failed
from kit import fidelity
from kit.crossing import RESPONSE, chat, delta, parts, players, read, responses, sse, told
from kit.fidelity_said import said_by

EVERY_CLIENT = pytest.mark.parametrize("client", list(fidelity.DIALECTS))
WITH_SOURCES = ["openai_chat", "openai_responses", "anthropic_messages", "gemini"]


CUT = {
    "openai_chat": sse(delta(role="assistant", content="Half an ans")),
    "openai_responses": sse(
        {"type": "response.created", "response": RESPONSE},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "i", "delta": "Half"},
        names=True,
    ),
    "anthropic_messages": sse(
        {
            "type": "message_start",
            "message": {"id": "m1", "model": "m", "role": "assistant", "content": [], "usage": {}},
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Half"}},
        {"type": "content_block_stop", "index": 0},
        names=True,
    ),
    "gemini": sse(parts({"text": "Half an ans"})),
    "ollama": b'{"model":"m","message":{"role":"assistant","content":"Half"},"done":false}\n',
}


@EVERY_CLIENT
@pytest.mark.parametrize("provider", list(CUT))
def test_a_clean_end_before_a_finish_reason_is_no_stop(provider: str, client: str) -> None:
    """Law 3, R-F2, edge case 5: the client's SDK raises, whatever the provider and the client."""
    events = read(provider, CUT[provider])
    assert isinstance(events[-1], Failed)
    written = fidelity.write(events, client, stream=True)
    try:
        said = said_by(client, players()[client].play(written, stream=True))
    except Exception as error:  # each SDK has its own
        assert "before it said that it was finished" in str(error)  # noqa: PT017 - and no other error
    else:
        pytest.fail(f"taken for a whole reply: {said}")


@EVERY_CLIENT
@pytest.mark.parametrize(
    "member",
    [
        {"reasoning": "Let me think."},
        {"reasoning_content": "Let me think."},
        {"reasoning_text": "Let me think."},
        {"reasoning_details": [{"type": "reasoning.text", "text": "Let me think.", "index": 0}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "Let me think.", "index": 0}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Let me think."}]}]},
    ],
    ids=["reasoning", "reasoning_content", "reasoning_text", "details", "summary", "parts"],
)
def test_reasoning_under_any_name_is_reasoning(member: dict[str, Any], client: str) -> None:
    """Edge case 16: DeepSeek's, Groq's, GitHub's, OpenRouter's and Mistral's word for the same thing."""
    said = told("openai_chat", chat(delta(**member), delta(content="Yes.")), client)
    assert (said.thought, said.text) == ("Let me think.", "Yes.")


@EVERY_CLIENT
def test_arguments_that_come_only_when_done_are_kept(client: str) -> None:
    """Edge case 46: some speakers of Responses send no deltas."""
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": ""}
    done = {**item, "arguments": '{"city":"Oslo"}', "status": "completed"}
    body = responses(
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {
            "type": "response.function_call_arguments.done",
            "output_index": 0,
            "item_id": "fc_1",
            "arguments": '{"city":"Oslo"}',
        },
        {"type": "response.output_item.done", "output_index": 0, "item": done},
    )
    (call,) = told("openai_responses", body, client).calls
    assert (call.name, call.arguments) == ("look", {"city": "Oslo"})


@EVERY_CLIENT
def test_parallel_calls_of_gemini_stay_apart(client: str) -> None:
    """Edge case 35: two calls in one chunk are two calls, each with its own arguments and id."""
    first, second = ({"functionCall": {"name": "look", "args": {"city": city}}} for city in ("Oslo", "Rome"))
    said = told("gemini", sse(parts(first, second, finish="STOP")), client)
    assert [call.arguments for call in said.calls] == [{"city": "Oslo"}, {"city": "Rome"}]
    if client not in ("gemini", "ollama"):
        assert len({call.id for call in said.calls}) == 2
    assert said.finish == "tool_calls"


@pytest.mark.parametrize("stream", [True, False])
def test_thinking_stands_before_the_text(stream: bool) -> None:
    """Also where a provider tells both in one chunk, the text first."""
    body = chat(delta(content="Yes.", reasoning_content="Let me think."))
    events = read("openai_chat", body)
    whole = players()["anthropic_messages"].play(
        fidelity.write(events, "anthropic_messages", stream=stream), stream=stream
    )
    assert [block["type"] for block in whole["content"]] == ["thinking", "text"]
    whole = players()["openai_responses"].play(fidelity.write(events, "openai_responses", stream=stream), stream=stream)
    assert [item["type"] for item in whole["output"]] == ["reasoning", "message"]


def test_sequence_numbers_rise_by_one() -> None:
    """Every event of the Responses stream carries its number and its indexes: openai-node fails without."""
    call = {"index": 0, "id": "c1", "function": {"name": "look", "arguments": "{}"}}
    events = read("openai_chat", chat(delta(reasoning="Hm"), delta(content="Yes."), delta(tool_calls=[call])))
    lines = fidelity.write(events, "openai_responses", stream=True).decode().splitlines()
    sent = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert [event["sequence_number"] for event in sent] == list(range(len(sent)))
    for event in sent:
        name = event["type"].split(".")[1]
        if name in ("output_text", "content_part"):
            assert {"output_index", "content_index", "item_id"} <= event.keys()
        elif name == "output_item":
            assert "output_index" in event


@pytest.mark.parametrize("stream", [True, False])
def test_usage_reaches_the_gemini_door_with_thoughts_and_cached_tokens(stream: bool) -> None:
    """R-U1: streamed usage is elsewhere 0 at this door."""
    usage = {
        "prompt_tokens": 50,
        "completion_tokens": 30,
        "total_tokens": 80,
        "prompt_tokens_details": {"cached_tokens": 20},
        "completion_tokens_details": {"reasoning_tokens": 12},
    }
    said = told("openai_chat", chat(delta(content="Yes."), usage=usage), "gemini", stream=stream)
    assert said.usage is not None
    assert (said.usage.input, said.usage.cached, said.usage.output, said.usage.reasoning) == (50, 20, 30, 12)


@EVERY_CLIENT
@pytest.mark.parametrize("arguments", [{}, {"arguments": ""}, {"arguments": "{}"}], ids=["none", "empty", "braces"])
def test_a_call_without_arguments_is_a_call(arguments: dict[str, str], client: str) -> None:
    """Edge case 12."""
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "now", **arguments}}
    said = told("openai_chat", chat(delta(tool_calls=[call]), finish="tool_calls"), client)
    assert [(call.name, call.arguments) for call in said.calls] == [("now", {})]


@EVERY_CLIENT
@pytest.mark.parametrize("kind", ["file_citation", "container_file_citation", "file_path"])
def test_a_citation_of_a_file_breaks_nothing(kind: str, client: str) -> None:
    """Its text arrives; the file belongs to the vendor, so that no URL is made up for it."""
    cited = {"type": kind, "file_id": "file-1", "filename": "a.txt", "index": 3, "container_id": "cntr_1"}
    part = {"type": "output_text", "text": "As the file says.", "annotations": [cited]}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    said = told(
        "openai_responses", responses({"type": "response.output_item.done", "output_index": 0, "item": item}), client
    )
    assert (said.text, said.sources) == ("As the file says.", [])


@pytest.mark.parametrize("client", WITH_SOURCES)
@pytest.mark.parametrize("where", ["x_groq", "moonshot"])
def test_usage_in_odd_places_counts(where: str, client: str) -> None:
    """Groq's `x_groq.usage`, and Moonshot's `cached_tokens` beside the sums."""
    counts: dict[str, Any] = {"prompt_tokens": 50, "completion_tokens": 30, "total_tokens": 80}
    last = delta("stop")
    if where == "x_groq":
        body = sse(delta(content="Yes."), {**last, "x_groq": {"id": "r", "usage": counts}}, done=True)
    else:
        body = chat(delta(content="Yes."), usage={**counts, "cached_tokens": 20})
    said = told("openai_chat", body, client)
    assert said.usage is not None
    assert (said.usage.input, said.usage.output) == (50, 30)
    assert said.usage.cached == (20 if where == "moonshot" else 0)


@EVERY_CLIENT
def test_comments_of_the_provider_neither_break_nor_leak(client: str) -> None:
    """Edge case 2: OpenRouter keeps its connections alive with them, before, between and inside nothing."""
    comment = b": OPENROUTER PROCESSING\n\n"
    body = comment + chat(delta(content="Yes.")).replace(b"\n\n", b"\n\n" + comment)
    assert told("openai_chat", body, client).text == "Yes."
    assert b"OPENROUTER" not in fidelity.write(read("openai_chat", body), client, stream=True)


@pytest.mark.parametrize("door", list(fidelity.DIALECTS))
@pytest.mark.parametrize(("status", "kind"), [(400, "invalid_request"), (404, "not_found"), (429, "rate_limit")])
def test_a_foreign_refusal_keeps_its_status_at_every_door(status: int, kind: str, door: str) -> None:
    """R-E1: elsewhere a 500 at the Gemini door."""
    body = json.dumps({"error": {"message": "No, and why.", "type": "x", "code": None}}).encode()
    error = fidelity.DIALECTS["openai_chat"].read_error(status, {}, body)
    assert (error.status, error.kind) == (status, kind)
    envelope = json.loads(fidelity.DIALECTS[door].write_error(error, "req_1"))
    said = envelope["error"]
    assert "No, and why." in (said if isinstance(said, str) else said["message"])
    if door == "gemini":
        assert said["code"] == status
        assert said["status"] == {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}[status]


FIRST_WORD_IS_AN_ERROR = {
    "openai_chat": sse({"error": {"message": "Slow down.", "code": 429}}),
    "openai_responses": sse({"type": "error", "code": "rate_limit_exceeded", "message": "Slow down."}, names=True),
    "anthropic_messages": sse(
        {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}}, names=True
    ),
    "gemini": sse({"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}),
    "ollama": b'{"error":"Slow down."}\n',
}


@pytest.mark.parametrize("provider", list(FIRST_WORD_IS_AN_ERROR))
def test_an_error_before_anything_was_said_can_still_be_a_status(provider: str) -> None:
    """R-E1: the failure is the first event, so that nothing has been sent, and the client can get a status or another
    provider's answer."""
    (event,) = read(provider, FIRST_WORD_IS_AN_ERROR[provider])
    assert isinstance(event, Failed)
    assert event.error.message == "Slow down."
    if provider != "ollama":
        assert event.error.status == 429
