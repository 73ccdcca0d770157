"""What coding agents and frameworks send, as PROTOCOLS lists it, taken across: bodies made here from its shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.blocks import Text, ToolCall, ToolResult
from gophergate.dialects.base import Target, encode
from kit import fidelity
from kit.crossing import OTHERS, back, cross

HI: dict[str, Any] = {"role": "user", "content": "hi"}
NOTHING = {"type": "object", "properties": {}}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FROM_CLAUDE = pytest.mark.parametrize("target", OTHERS["anthropic_messages"])
FROM_CODEX = pytest.mark.parametrize("target", OTHERS["openai_responses"])
FROM_GEMINI = pytest.mark.parametrize("target", OTHERS["gemini"])
FROM_CHAT = pytest.mark.parametrize("target", OTHERS["openai_chat"])


def claude(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 4096, "messages": [HI, *messages], **more}


def same(door: str, body: dict[str, Any]) -> dict[str, Any]:
    """Read and written again to its own dialect, as the translated path does."""
    request = fidelity.DIALECTS[door].read_request(encode(body), model="m")
    written = fidelity.DIALECTS[door].write_request(request, Target(model="m"))
    assert written.dropped == ()
    return written.body


# -- Claude Code --------------------------------------------------------------------------------------------------


PLACEHOLDER = {
    "name": "DeferredToolPlaceholder",
    "description": "Reserved placeholder that keeps deferred tool loading active; never call this tool.",
    "input_schema": NOTHING,
    "defer_loading": True,
}
DEFERRED = {"name": "Deep", "description": "Digs.", "defer_loading": True, "input_schema": CITY}
SEARCH = {"name": "ToolSearch", "description": "Finds tools.", "input_schema": NOTHING}


@FROM_CLAUDE
def test_a_deferred_tool_is_offered_to_nobody_else_before_it_is_found(target: str) -> None:
    """PROTOCOLS, Claude Code: `DeferredToolPlaceholder` must never be called; and no deferred tool is shown to
    Anthropic's own models before a search brings it. Where the search is the vendor's, all are offered at once."""
    body = claude(tools=[SEARCH, PLACEHOLDER, DEFERRED])
    written = cross("anthropic_messages", body, target)
    assert [tool.name for tool in back(target, written).tools] == ["ToolSearch"]
    assert "defer_loading" in written.dropped
    assert same("anthropic_messages", body)["tools"] == body["tools"]
    searched = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
    written = cross("anthropic_messages", claude(tools=[searched, DEFERRED]), target)
    assert [tool.name for tool in back(target, written).tools] == ["Deep"]
    assert {"defer_loading", "tool_search_tool_regex_20251119"} <= set(written.dropped)


@FROM_CLAUDE
def test_what_a_tool_search_found_is_told_and_offered(target: str) -> None:
    """PROTOCOLS, Claude Code, ToolSearch: a result of nothing but references is no empty result elsewhere."""
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "ToolSearch", "input": {}}]}
    found = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "tool_reference", "tool_name": "Deep"}]}
    body = claude(use, {"role": "user", "content": [found]}, tools=[SEARCH, PLACEHOLDER, DEFERRED])
    request = back(target, cross("anthropic_messages", body, target))
    (result,) = (block for turn in request.turns for block in turn.blocks if isinstance(block, ToolResult))
    assert [block.text for block in result.content if isinstance(block, Text)] == ["Tool found: Deep"]
    assert [tool.name for tool in request.tools] == ["ToolSearch", "Deep"]
    assert same("anthropic_messages", body)["messages"][-1]["content"] == [found]


@FROM_CLAUDE
def test_a_deferred_tool_that_was_called_is_offered(target: str) -> None:
    """PROTOCOLS, Claude Code: also when the history no longer holds the search that brought it."""
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Deep", "input": {"city": "Ulm"}}]}
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "dug"}]}
    written = cross("anthropic_messages", claude(use, result, tools=[SEARCH, DEFERRED]), target)
    assert [tool.name for tool in back(target, written).tools] == ["ToolSearch", "Deep"]


def change(kind: str, **tool: Any) -> dict[str, Any]:
    return {"role": "system", "content": [{"type": f"tool_{kind}", "tool": tool}]}


@FROM_CLAUDE
def test_tools_that_change_on_the_way_are_those_of_the_moment(target: str) -> None:
    """PROTOCOLS, Claude Code: beta `mid-conversation-tool-changes`. What was removed and not added again is no longer
    offered; what is defined in a turn is; and a turn of nothing else is no turn."""
    late = {"name": "Late", "description": "Comes late.", "input_schema": CITY}
    tools: list[dict[str, Any]] = [
        {"name": name, "description": name, "input_schema": NOTHING} for name in ("Gone", "Back")
    ]
    tools += [{**DEFERRED, "name": "Added"}, {**DEFERRED, "name": "Never"}]
    body = claude(
        change("removal", type="tool_reference", name="Gone"),
        {"role": "assistant", "content": "ok"},
        HI,
        change("removal", type="tool_reference", name="Back"),
        {"role": "assistant", "content": "ok"},
        HI,
        change("addition", type="tool_reference", name="Back"),
        change("addition", type="tool_reference", name="Added"),
        change("addition", type="tool_definition", definition=late),
        tools=tools,
    )
    request = back(target, cross("anthropic_messages", body, target))
    assert [tool.name for tool in request.tools] == ["Back", "Added", "Late"]
    assert [turn.role for turn in request.turns if turn.role not in ("user", "assistant")] == []
    again = same("anthropic_messages", body)
    assert again["tools"] == tools
    assert [message["content"] for message in again["messages"] if message["role"] == "system"] == [
        message["content"] for message in body["messages"] if message["role"] == "system"
    ]


@FROM_CLAUDE
def test_a_mark_that_moves_changes_no_byte_elsewhere(target: str) -> None:
    """PROTOCOLS, Claude Code; R-K1: the block that was marked in one turn comes back unmarked, as a string."""
    marked = {"role": "user", "content": [{"type": "text", "text": "go", "cache_control": {"type": "ephemeral"}}]}
    first = cross("anthropic_messages", {**claude(), "messages": [marked]}, target).body
    second = cross("anthropic_messages", {**claude(), "messages": [{"role": "user", "content": "go"}]}, target).body
    assert encode(first) == encode(second)


@FROM_CLAUDE
def test_a_search_of_its_own_is_a_plain_question_elsewhere(target: str) -> None:
    """PROTOCOLS, Claude Code, WebSearch: a second request whose only tool is the vendor's; plain text is accepted."""
    tool = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    written = cross("anthropic_messages", claude(tools=[tool], tool_choice={"type": "auto"}), target)
    assert not {"tools", "tool_choice", "toolConfig"} & written.body.keys()
    assert "web_search_20250305" in written.dropped


# -- Codex ----------------------------------------------------------------------------------------------------------


CODEX: dict[str, Any] = {
    "model": "m",
    "stream": True,
    "store": False,
    "input": [
        {"type": "message", "id": "msg_1", "role": "developer", "content": [{"type": "input_text", "text": "Code"}]},
        {"type": "message", "id": "msg_2", "role": "user", "content": [{"type": "input_text", "text": "Go."}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": None, "encrypted_content": "gAAAAsealed"},
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "exec_command",
            "arguments": '{"cmd":"ls"}',
            "status": "completed",
        },
        {"type": "function_call_output", "id": "fco_1", "call_id": "call_1", "output": "a.txt"},
    ],
    "tools": [
        {"type": "function", "name": "exec_command", "parameters": NOTHING, "strict": False},
        {"type": "namespace", "name": "multi_agent_v1", "description": "Agents", "tools": [
            {"type": "function", "name": "spawn", "parameters": NOTHING, "strict": False}
        ]},
        {"type": "web_search", "external_web_access": True, "search_content_types": ["text"]},
        {"type": "tool_search", "execution": "client", "parameters": NOTHING},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "reasoning": {"effort": "medium", "context": "all_turns"},
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "thread-1",
    "text": {"verbosity": "low"},
    "client_metadata": {"x": "y"},
}  # fmt: skip


def test_every_item_of_codex_goes_home_as_it_came() -> None:
    """PROTOCOLS, Codex: client-made ids beside the maker's, `content: null`, statuses; nothing is touched."""
    assert same("openai_responses", CODEX) == CODEX


@FROM_CODEX
def test_a_turn_of_codex_is_understood_everywhere(target: str) -> None:
    """PROTOCOLS, Codex: the first developer message is the system text; a namespace's member gets a flat name; the two
    vendor's tools are dropped and named; a seal goes nowhere."""
    written = cross("openai_responses", CODEX, target)
    request = back(target, written)
    blocks = [block for turn in request.turns for block in turn.blocks]
    assert (request.turns[0].role in ("system", "developer"), request.turns[0].blocks) == (
        True,
        (Text(text="Code"),),
    )
    assert [(block.name, json.loads(block.arguments)) for block in blocks if isinstance(block, ToolCall)] == [
        ("exec_command", {"cmd": "ls"})
    ]
    assert [tool.name for tool in request.tools] == ["exec_command", "multi_agent_v1__spawn"]
    assert {"web_search", "tool_search"} <= set(written.dropped)
    assert "gAAAAsealed" not in json.dumps(written.body)


# -- Gemini CLI and google's frameworks ------------------------------------------------------------------------------


@FROM_GEMINI
def test_the_routing_call_of_gemini_cli_gets_its_schema(target: str) -> None:
    """PROTOCOLS, surprise 8 and Gemini CLI: upper-case types in `responseJsonSchema`, and a level of thinking."""
    schema = {"type": "OBJECT", "properties": {"why": {"type": "STRING"}, "n": {"type": "INTEGER"}}, "required": ["n"]}
    config = {
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
        "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
    }
    written = cross("gemini", {"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": config}, target)
    told = json.dumps(written.body)
    assert '"OBJECT"' not in told
    assert '"integer"' in told
    asked = back(target, written).reasoning
    assert (asked is not None and asked.effort == "high") or "reasoning" in written.dropped


@FROM_GEMINI
def test_the_second_turn_of_gemini_cli_keeps_its_pairs_and_ids(target: str) -> None:
    """PROTOCOLS, Gemini CLI: a system instruction of role user, calls and results with ids, output in an object."""
    part = {"functionCall": {"id": "k1", "name": "read", "args": {"city": "Oslo"}}, "thoughtSignature": "c2lnbmF0dXJl"}
    result = {"functionResponse": {"id": "k1", "name": "read", "response": {"output": "<untrusted_context>rain"}}}
    body = {
        "systemInstruction": {"role": "user", "parts": [{"text": "You are a CLI."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [part]},
            {"role": "user", "parts": [result]},
        ],
        "tools": [{"functionDeclarations": [{"name": "read", "parametersJsonSchema": CITY}]}],
        "generationConfig": {"temperature": 1, "topP": 0.95, "topK": 64},
    }
    written = cross("gemini", body, target)
    request = back(target, written)
    blocks = [block for turn in request.turns for block in turn.blocks]
    (call,) = (block for block in blocks if isinstance(block, ToolCall))
    (answer,) = (block for block in blocks if isinstance(block, ToolResult))
    assert (call.name, json.loads(call.arguments), call.id, answer.call_id) == ("read", {"city": "Oslo"}, "k1", "k1")
    assert answer.content == (Text(text="<untrusted_context>rain"),)
    assert (request.turns[0].role, request.turns[0].blocks) == ("system", (Text(text="You are a CLI."),))
    assert "c2lnbmF0dXJl" not in json.dumps(written.body)
    assert request.top_k == 64 or "top_k" in written.dropped


@FROM_GEMINI
@pytest.mark.parametrize("mode", ["AUTO", "VALIDATED"])
def test_what_googles_frameworks_always_send_is_taken(mode: str, target: str) -> None:
    """PROTOCOLS, SDKs: empty `safetySettings`, one candidate, upper-case types, and two modes of calling."""
    declared = {"name": "f", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}
    body = {
        "contents": [{"parts": [{"text": "hi"}]}],
        "safetySettings": [],
        "generationConfig": {"candidateCount": 1},
        "tools": [{"functionDeclarations": [declared]}],
        "toolConfig": {"functionCallingConfig": {"mode": mode}},
    }
    (tool,) = back(target, cross("gemini", body, target)).tools
    assert tool.parameters["properties"] == {"a": {"type": "string"}}  # type: ignore[union-attr]


# -- opencode, Instructor, the AI SDK ---------------------------------------------------------------------------------


@FROM_CHAT
def test_an_empty_text_beside_calls_says_nothing(target: str) -> None:
    """PROTOCOLS, opencode: `content: ""` beside `tool_calls`; and two user messages in a row, one turn where it must
    be one. Edge case 30."""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns = [HI, {"role": "user", "content": "and more"}, {"role": "assistant", "content": "", "tool_calls": [call]}]
    body = {
        "model": "m",
        "max_tokens": 32000,
        "messages": [*turns, {"role": "tool", "tool_call_id": "c1", "content": "r"}],
    }
    request = back(target, cross("openai_chat", body, target))
    (made,) = (turn for turn in request.turns if turn.role == "assistant")
    assert [type(block) for block in made.blocks] == [ToolCall]
    said = [
        block.text for turn in request.turns if turn.role == "user" for block in turn.blocks if isinstance(block, Text)
    ]
    assert said == ["hi", "and more"]


@FROM_CLAUDE
def test_a_forced_tool_alone_stays_forced_and_alone(target: str) -> None:
    """PROTOCOLS, Instructor: `disable_parallel_tool_use` in the choice; and the AI SDK's `eager_input_streaming`."""
    tool = {"name": "Answer", "input_schema": CITY, "eager_input_streaming": True}
    choice = {"type": "tool", "name": "Answer", "disable_parallel_tool_use": True}
    body = claude(tools=[tool], tool_choice=choice)
    written = cross("anthropic_messages", body, target)
    request = back(target, written)
    if target == "ollama":
        assert {"tool_choice", "parallel_tool_calls"} <= set(written.dropped)
    else:
        assert request.tool_choice is not None
        assert request.tool_choice.names == ("Answer",)
        assert request.parallel_tool_calls is False or "parallel_tool_calls" in written.dropped
    assert "eager_input_streaming" in written.dropped
    again = same("anthropic_messages", body)
    assert (again["tools"], again["tool_choice"]) == ([tool], choice)
