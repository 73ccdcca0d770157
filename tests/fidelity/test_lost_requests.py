"""Where other gateways lose a request (PROTOCOLS, the last part: "Requests"), each as a test over fixtures of our own.

A request comes through one door and is written for a target of another dialect.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gophergate.core.blocks import Media, Text, ToolCall, ToolResult
from gophergate.dialects.base import Target, Traits
from kit import fidelity
from kit.crossing import OTHERS, back, cross

USER: dict[str, Any] = {"role": "user", "content": "hi"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLAUDE = Traits(thinking="budget", max_output=64_000)
PNG = "iVBORw0KGgo="


def chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [USER, *messages], **more}


def claude(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 4096, "messages": [USER, *messages], **more}


def called(*names: str, **stray: Any) -> dict[str, Any]:
    calls = [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": '{"city":"Oslo"}'}, **stray}
        for n, name in enumerate(names)
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def results(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {"role": "tool", "tool_call_id": f"call_{number}", "content": f"result {number}"}


def keys_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from keys_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_in(inner)


# -- tools ------------------------------------------------------------------------------------------------------------


def test_an_unsaid_strict_is_said_when_crossing() -> None:
    """Absent it means false in Chat and true in Responses, where the schema allows it."""
    function = {"name": "look", "parameters": {**SCHEMA, "additionalProperties": False}}
    (tool,) = cross("openai_chat", chat(tools=[{"type": "function", "function": function}]), "openai_responses").body[
        "tools"
    ]
    assert tool["strict"] is False
    asked = {"model": "m", "input": "hi", "tools": [{"type": "function", **function}]}
    (tool,) = cross("openai_responses", asked, "openai_chat").body["tools"]
    assert tool["function"]["strict"] is True


@pytest.mark.parametrize("target", OTHERS["openai_chat"])
def test_stray_members_of_replayed_calls_stay_behind(target: str) -> None:
    """Clients send back the `index` that belongs to a stream's chunks."""
    body = cross("openai_chat", chat(called("look", index=0), *results(1)), target).body
    assert "index" not in set(keys_in(body))


@pytest.mark.parametrize("target", OTHERS["openai_chat"])
def test_a_turn_of_calls_alone_gets_no_filler(target: str) -> None:
    written = cross("openai_chat", chat(called("look"), *results(1)), target)
    turn = next(turn for turn in back(target, written).turns if turn.role == "assistant")
    assert [type(block) for block in turn.blocks] == [ToolCall]


@pytest.mark.parametrize("target", OTHERS["openai_chat"])
def test_a_vendor_s_members_stay_with_it_and_are_named(target: str) -> None:
    """R-C1: `usage` (OpenRouter), `enable_thinking` (Qwen), `reasoning` (OpenRouter)."""
    asked = chat(usage={"include": True}, enable_thinking=True, provider={"order": ["x"]}, reasoning={"exclude": True})
    written = cross("openai_chat", asked, target)
    assert not {"usage", "enable_thinking", "provider", "exclude"} & set(keys_in(written.body))
    assert {"usage", "provider"} <= set(written.dropped)


def test_identical_parallel_calls_stay_several_on_the_way_to_gemini() -> None:
    """Three results answer three calls, not one."""
    body = cross("openai_chat", chat(called("look", "look", "look"), *results(3)), "gemini").body
    _, made, answered = body["contents"]
    assert [part["functionCall"]["args"] for part in made["parts"]] == [{"city": "Oslo"}] * 3
    said = [json.dumps(part["functionResponse"]["response"]) for part in answered["parts"]]
    assert [f"result {n}" in text for n, text in enumerate(said)] == [True] * 3


@pytest.mark.parametrize("target", OTHERS["gemini"])
def test_calls_of_gemini_without_ids_do_not_collide(target: str) -> None:
    """Edge case 42: elsewhere the id is the function's name, so that two calls of one function are one."""
    part = {"functionCall": {"name": "look", "args": {"city": "Oslo"}}}
    answers = [{"functionResponse": {"name": "look", "response": {"result": f"result {n}"}}} for n in range(2)]
    contents = [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "model", "parts": [part, part]},
        {"role": "user", "parts": answers},
    ]
    again = back(target, cross("gemini", {"contents": contents}, target))
    calls = [block for turn in again.turns for block in turn.blocks if isinstance(block, ToolCall)]
    told = [block for turn in again.turns for block in turn.blocks if isinstance(block, ToolResult)]
    assert len({call.id for call in calls}) == 2
    assert [result.call_id for result in told] == [call.id for call in calls]
    assert [result.content[0].text for result in told] == ["result 0", "result 1"]  # type: ignore[union-attr]


@pytest.mark.parametrize("target", OTHERS["gemini"])
def test_both_spellings_of_gemini_are_read(target: str) -> None:
    """PROTOCOLS, surprise 2: google-genai mixes them in one body, and puts schemas in `parameters_json_schema`."""
    contents = [
        {"role": "user", "parts": [{"text": "see"}, {"inline_data": {"mime_type": "image/png", "data": PNG}}]},
        {"role": "model", "parts": [{"function_call": {"name": "look", "args": {"some_key": 1}}}]},
        {"role": "user", "parts": [{"function_response": {"name": "look", "response": {"result": "ok"}}}]},
    ]
    tools = [{"functionDeclarations": [{"name": "look", "parameters_json_schema": SCHEMA}]}]
    again = back(target, cross("gemini", {"contents": contents, "tools": tools}, target))
    blocks = [block for turn in again.turns for block in turn.blocks]
    assert [block.data for block in blocks if isinstance(block, Media)] == [PNG]
    assert [json.loads(block.arguments) for block in blocks if isinstance(block, ToolCall)] == [{"some_key": 1}]
    (tool,) = again.tools
    assert tool.parameters["properties"] == SCHEMA["properties"]  # type: ignore[union-attr]


@pytest.mark.parametrize("target", OTHERS["openai_chat"])
def test_allowed_tools_are_not_refused(target: str) -> None:
    """Edge case 26: one of these, which most wires say by offering only these; Ollama has no choice, and says so."""
    functions = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("a", "b", "c")]
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": name}} for name in ("a", "b")]}
    asked = chat(tools=functions, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    written = cross("openai_chat", asked, target)
    told = json.dumps(written.body)
    match target:
        case "gemini":
            config = written.body["toolConfig"]["functionCallingConfig"]
            assert config == {"mode": "ANY", "allowedFunctionNames": ["a", "b"]}
        case "anthropic_messages":
            assert [tool["name"] for tool in written.body["tools"]] == ["a", "b"]
            assert written.body["tool_choice"] == {"type": "any"}
        case "openai_responses":
            assert written.body["tool_choice"]["type"] == "allowed_tools"
            assert written.body["tool_choice"]["mode"] == "required"
        case _:
            assert '"a"' in told
            assert "tool_choice" in written.dropped


@pytest.mark.parametrize("target", OTHERS["openai_chat"])
def test_legacy_functions_are_tools(target: str) -> None:
    """`functions`, `function_call` and a message of role function: the interface before tools."""
    made = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": '{"city":"Oslo"}'}}
    asked = chat(
        made,
        {"role": "function", "name": "look", "content": "rain"},
        functions=[{"name": "look", "parameters": SCHEMA}],
        function_call="auto",
    )
    again = back(target, cross("openai_chat", asked, target))
    blocks = [block for turn in again.turns for block in turn.blocks]
    assert [tool.name for tool in again.tools] == ["look"]
    assert [block.name for block in blocks if isinstance(block, ToolCall)] == ["look"]
    (result,) = (block for block in blocks if isinstance(block, ToolResult))
    assert result.content[0].text == "rain"  # type: ignore[union-attr]


SERVER_TOOLS = {
    "openai_responses": ({"model": "m", "input": "hi", "tools": [{"type": "web_search"}]}, "web_search"),
    "anthropic_messages": (
        claude(tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}]),
        "web_search_20250305",
    ),
    "gemini": ({"contents": [{"parts": [{"text": "hi"}]}], "tools": [{"googleSearch": {}}]}, "googleSearch"),
}


@pytest.mark.parametrize("door", list(SERVER_TOOLS))
@pytest.mark.parametrize("target", list(fidelity.DIALECTS))
def test_a_vendor_s_server_tools_are_never_offered_as_functions(door: str, target: str) -> None:
    """Edge case 26: another vendor's are dropped and named; the vendor's own get them as they came."""
    asked, label = SERVER_TOOLS[door]
    written = cross(door, asked, target) if target != door else None
    if written is None:
        request = fidelity.DIALECTS[door].read_request(json.dumps(asked).encode(), model="m")
        assert fidelity.DIALECTS[door].write_request(request, Target(model="m")).body["tools"] == asked["tools"]
    else:
        assert "tools" not in written.body
        assert label in written.dropped


# -- turns ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", OTHERS["anthropic_messages"])
def test_thoughts_never_become_words_of_the_answer(target: str) -> None:
    """Unsigned or another maker's: told as reasoning where the wire has a place for it, or dropped by name."""
    thought = {"type": "thinking", "thinking": "SECRET PLAN", "signature": "c2ln"}
    answered = {"role": "assistant", "content": [thought, {"type": "text", "text": "Yes."}]}
    written = cross("anthropic_messages", claude(answered, USER), target)
    turns = back(target, written).turns
    words = [block.text for turn in turns for block in turn.blocks if isinstance(block, Text)]
    assert not any("SECRET PLAN" in text for text in words)
    assert "SECRET PLAN" in json.dumps(written.body) or "reasoning" in written.dropped


@pytest.mark.parametrize("target", OTHERS["anthropic_messages"])
def test_the_error_flag_of_a_result_goes_out(target: str) -> None:
    """Where the wire has no flag, the words say it."""
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}]}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "no such city", "is_error": True}
    again = back(target, cross("anthropic_messages", claude(use, {"role": "user", "content": [result]}), target))
    (told,) = (block for turn in again.turns for block in turn.blocks if isinstance(block, ToolResult))
    words = told.content[0].text  # type: ignore[union-attr]
    assert "no such city" in words
    assert told.is_error or words.casefold().startswith("error")


def test_the_error_flag_of_a_gemini_result_comes_in() -> None:
    """Google says it by the name of the member."""
    contents = [
        {"role": "user", "parts": [{"text": "hi"}]},
        {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "look", "args": {}}}]},
        {"role": "user", "parts": [{"functionResponse": {"id": "c1", "name": "look", "response": {"error": "none"}}}]},
    ]
    body = cross("gemini", {"contents": contents}, "anthropic_messages").body
    assert body["messages"][-1]["content"][0]["is_error"] is True


@pytest.mark.parametrize("target", OTHERS["anthropic_messages"])
def test_media_inside_a_result_arrive(target: str) -> None:
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "shot", "input": {}}]}
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "see"}, picture]}
    written = cross("anthropic_messages", claude(use, {"role": "user", "content": [result]}), target)
    assert PNG in json.dumps(written.body)
    assert not written.dropped


@pytest.mark.parametrize("target", ["openai_chat", "openai_responses", "gemini"])
def test_a_pdf_by_url_is_a_document(target: str) -> None:
    """And not a picture, or no longer a PDF."""
    url = "https://example.com/a.pdf"
    document = {"type": "document", "source": {"type": "url", "url": url}}
    traits = Traits(fetches=frozenset({"image", "document"}))
    asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [document]}]}
    if target == "openai_chat":
        request = fidelity.DIALECTS["anthropic_messages"].read_request(json.dumps(asked).encode())
        try:
            body = fidelity.DIALECTS[target].write_request(request, Target(model="m", traits=traits)).body
        except Exception as refusal:
            assert "document" in str(refusal)  # noqa: PT017 - named, and not sent as something else
            return
    else:
        body = cross("anthropic_messages", asked, target, traits).body
    assert "image_url" not in json.dumps(body)
    assert url in json.dumps(body)


def test_a_csv_file_goes_to_anthropic_as_text() -> None:
    """Its API takes text/plain and application/pdf as documents, and refuses text/csv."""
    file = {"filename": "a.csv", "file_data": "data:text/csv;base64,YSxiCjEsMg=="}
    asked = {"model": "m", "messages": [{"role": "user", "content": [{"type": "file", "file": file}]}]}
    (block,) = cross("openai_chat", asked, "anthropic_messages").body["messages"][0]["content"]
    assert block["source"]["media_type"] == "text/plain"
    assert block["source"]["data"] == "a,b\n1,2"


@pytest.mark.parametrize("target", OTHERS["openai_chat"])
def test_system_text_stays_system_text(target: str) -> None:
    asked = {"model": "m", "messages": [{"role": "system", "content": "Be brief."}, USER]}
    turns = back(target, cross("openai_chat", asked, target)).turns
    assert [(turn.role in ("system", "developer"), turn.blocks[0].text) for turn in turns] == [  # type: ignore[union-attr]
        (True, "Be brief."),
        (False, "hi"),
    ]


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", OTHERS["gemini"])
def test_json_mode_and_thinking_of_gemini_arrive_or_are_named(target: str) -> None:
    config = {"responseMimeType": "application/json", "thinkingConfig": {"thinkingBudget": 4096}}
    asked = {"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": config}
    written = cross("gemini", asked, target, CLAUDE if target == "anthropic_messages" else None)
    again = back(target, written)
    assert (again.format is not None and again.format.kind == "json") or "format" in written.dropped
    assert again.reasoning is not None
    assert again.reasoning.effort or again.reasoning.budget or again.reasoning.enabled


@pytest.mark.parametrize("most", [1500, 4096, 9000])
@pytest.mark.parametrize("budget", [1024, 4096, 32_000])
def test_a_thinking_budget_stays_below_the_output_limit(budget: int, most: int) -> None:
    """Edge case 34: Anthropic refuses `budget_tokens` that are not below `max_tokens`."""
    config = {"maxOutputTokens": most, "thinkingConfig": {"thinkingBudget": budget}}
    asked = {"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": config}
    written = cross("gemini", asked, "anthropic_messages", CLAUDE)
    assert written.body["max_tokens"] == most
    assert 1024 <= written.body["thinking"]["budget_tokens"] < most
