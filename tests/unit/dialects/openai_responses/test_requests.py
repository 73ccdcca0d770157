"""Requests of Responses clients read, and requests of any door written for Responses providers (edge cases 22, 25, 26,
28-33, 48, 49, 53; R-S1, R-S2, R-C1, R-C2, R-G3, R-K1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.blocks import CacheMark, Citation, Media, Opaque, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import OutputFormat, Reasoning, Request, ServerTool, Tool, ToolChoice, Turn
from gophergate.dialects.base import Target, Traits, Written, encode
from gophergate.dialects.openai_responses import OpenAIResponses
from gophergate.errors import BadRequest

ME = "openai_responses"
DIALECT = OpenAIResponses()
TARGET = Target(model="gpt-x", origin="openai")
LOOK = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}


def read(**body: Any) -> Request:
    return DIALECT.read_request(json.dumps({"model": "m", **body}).encode())


def write(request: Request, target: Target = TARGET) -> Written:
    return DIALECT.write_request(request, target)


def again(**body: Any) -> dict[str, Any]:
    """A body read and written to the same dialect: it must lose nothing."""
    written = write(read(**body))
    assert written.dropped == ()
    found = json.loads(encode(written.body))
    assert found.pop("model") == "gpt-x"
    return found  # type: ignore[no-any-return]


def crossing(*turns: Turn, **settings: Any) -> Request:
    return Request(dialect="anthropic_messages", model="m", turns=turns, **settings)


def user(*blocks: Any) -> Turn:
    return Turn(role="user", blocks=blocks)


def assistant(*blocks: Any) -> Turn:
    return Turn(role="assistant", blocks=blocks)


# -- input ------------------------------------------------------------------------------------------------------


def test_input_may_be_a_plain_string() -> None:
    """Edge case 48."""
    assert read(input="hi").turns == (Turn(role="user", blocks=(Text(text="hi"),), extra={ME: {"_plain": "input"}}),)
    assert again(input="hi") == {"input": "hi"}


def test_instructions_are_a_system_turn_and_go_back_to_their_place() -> None:
    request = read(instructions="Be brief.", input="hi")
    assert (request.turns[0].role, request.turns[0].blocks) == ("system", (Text(text="Be brief."),))
    assert again(instructions="Be brief.", input="hi") == {"instructions": "Be brief.", "input": "hi"}


def test_messages_keep_their_roles_places_and_forms() -> None:
    """opencode leaves the type out; system text may stand anywhere."""
    items = [
        {"role": "system", "content": "one"},
        {"role": "user", "content": "two"},
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "three"}]},
        {"role": "assistant", "content": "four", "phase": "commentary"},
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": []},
        {
            "role": "assistant",
            "content": [{"type": "output_text", "text": "five"}, {"type": "refusal", "refusal": "six"}],
        },
        {"role": "user", "content": []},
    ]
    request = read(input=items)
    assert [turn.role for turn in request.turns] == ["system", "user", "developer", "assistant", "user"]
    assert [block.text for block in request.turns[3].blocks if isinstance(block, Text)] == ["four", "five", "six"]
    assert again(input=items) == {"input": items}


def test_a_tool_loop_is_read_as_turns_and_goes_back_as_it_came() -> None:
    """Client-made ids are taken as they come (edge case 53); outputs are strings or lists (edge case 49)."""
    items = [
        {"role": "user", "content": "go"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": None, "encrypted_content": "gAAA"},
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "look",
            "arguments": "{}",
            "status": "completed",
        },
        {
            "type": "custom_tool_call",
            "id": "ctc_1",
            "call_id": "call_2",
            "name": "exec",
            "input": "ls",
            "namespace": "sh",
        },
        {"type": "function_call_output", "id": "fco_1", "call_id": "call_1", "output": "seen"},
        {
            "type": "custom_tool_call_output",
            "call_id": "call_2",
            "output": [
                {"type": "input_text", "text": "a"},
                {"type": "input_image", "image_url": "data:image/png;base64,QUJD"},
            ],
        },
    ]
    request = read(input=items)
    assert [turn.role for turn in request.turns] == ["user", "assistant", "user"]
    thought, function, custom = request.turns[1].blocks
    assert isinstance(thought, Thought)
    assert (thought.seal, thought.item_id) == (Seal("gAAA", ME), "rs_1")
    assert isinstance(function, ToolCall)
    assert (function.id, function.item_id) == ("call_1", "fc_1")
    assert custom == ToolCall(id="call_2", name="exec", arguments="ls", custom=True, namespace="sh", item_id="ctc_1")
    first, second = request.turns[2].blocks
    assert isinstance(first, ToolResult)
    assert isinstance(second, ToolResult)
    assert first.content == (Text(text="seen"),)
    assert second.custom
    assert second.content[1] == Media(kind="image", media_type="image/png", data="QUJD", dialect=ME)
    back = again(input=items)["input"]
    assert back == items


def test_files_pictures_and_sound_keep_every_form() -> None:
    parts = [
        {"type": "input_image", "image_url": "https://a/b.png", "detail": "high"},
        {"type": "input_image", "file_id": "file-1", "detail": "auto"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,QUJD"},
        {"type": "input_file", "filename": "a.png", "file_data": "data:image/png;base64,QUJD"},
        {"type": "input_file", "filename": "raw", "file_data": "QUJD"},
        {"type": "input_file", "file_url": "https://a/b.pdf"},
        {"type": "input_file", "file_id": "file-2"},
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}},
        {"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}},
        {"type": "input_tomorrow", "x": 1},
    ]
    items = [{"type": "message", "role": "user", "content": parts}]
    blocks = read(input=items).turns[0].blocks
    assert [block.kind for block in blocks if isinstance(block, Media)] == [
        *("image", "image", "document", "image", "document", "document", "document", "audio")
    ]
    assert isinstance(blocks[8], Text)
    assert blocks[8].cache == CacheMark()
    assert again(input=items) == {"input": items}


def test_server_items_are_opaque_and_go_back_whole() -> None:
    items = [
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
        {"type": "mcp_approval_response", "approve": True, "approval_request_id": "mcpr_1"},
        {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAA"},
        {"type": "item_reference", "id": "msg_1"},
        {"id": "msg_2"},
        {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}},
        {"type": "configuration_update", "reasoning": {"effort": "high"}},
    ]
    request = read(input=items)
    optional = {b.label: b.optional for turn in request.turns for b in turn.blocks if isinstance(b, Opaque)}
    assert optional == {
        "web_search_call": True,
        "mcp_approval_response": False,
        "compaction": False,
        "item_reference": False,
        "computer_call_output": False,
        "configuration_update": True,
    }
    assert again(input=items) == {"input": items}


def test_reasoning_items_keep_their_structure() -> None:
    items = [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": t} for t in ("a", "b\n\nc")]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": ""}], "encrypted_content": "gAAA"},
        {
            "type": "reasoning",
            "id": "rs_3",
            "summary": [{"type": "summary_text", "text": "short"}],
            "content": [{"type": "reasoning_text", "text": "long"}],
            "status": "completed",
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x", "annotations": []}]},
    ]
    texts = [block.text for block in read(input=items).turns[0].blocks if isinstance(block, Thought)]
    assert texts == ["a\n\nb\n\nc", "", "long"]
    assert again(input=items) == {"input": items}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": None, "input": "x"}, "model"),
        ({"model": 7, "input": "x"}, "model"),
        ({"input": {"role": "user"}}, "input"),
        ({"input": [7]}, "input[0]"),
        ({"input": [{"role": "user", "content": "x"}, {"role": "robot", "content": "x"}]}, "input[1].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"type": "function_call", "call_id": "c", "arguments": "{}"}]}, "input[0].name"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(body: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(**body)
    assert caught.value.param == param


def test_a_member_of_an_odd_type_rides_along() -> None:
    """STYLE: a field we got slightly wrong never rejects a request."""
    odd = {"temperature": "hot", "include": "all", "reasoning": "deep", "text": {"format": {"type": "xml"}}, "stop": 5}
    assert again(input="x", **odd) == {"input": "x", **odd}


# -- tools ------------------------------------------------------------------------------------------------------

GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}
CODEX = [
    {**LOOK, "strict": False, "description": "Looks."},
    {
        "type": "namespace",
        "name": "functions",
        "description": "Main.",
        "tools": [
            {"type": "custom", "name": "exec", "description": "Runs.", "format": GRAMMAR},
            {**LOOK, "name": "wait", "strict": False, "defer_loading": True},
        ],
    },
    {"type": "namespace", "name": "clock", "description": "", "tools": [{**LOOK, "name": "sleep", "strict": True}]},
    {"type": "web_search", "external_web_access": True},
    {"type": "tool_search", "execution": "client", "parameters": {}},
    {"type": "namespace", "name": "empty", "description": "", "tools": []},
]


def test_namespaces_free_form_tools_and_server_tools_are_read_and_go_back() -> None:
    """Edge case 49, R-C2."""
    request = read(input="x", tools=CODEX)
    assert [(tool.name, tool.namespace, tool.custom) for tool in request.tools if isinstance(tool, Tool)] == [
        ("look", "", False),
        ("exec", "functions", True),
        ("wait", "functions", False),
        ("sleep", "clock", False),
    ]
    assert [tool.label for tool in request.tools if isinstance(tool, ServerTool)] == [
        "web_search",
        "tool_search",
        "namespace",
    ]
    assert again(input="x", tools=CODEX)["tools"] == CODEX


def test_tools_hidden_in_the_input_are_tools_and_go_back_to_their_item() -> None:
    """Codex with its newest models: no top-level tools, an additional_tools item first (PROTOCOLS, surprise 5)."""
    item = {"type": "additional_tools", "role": "developer", "id": "at_1", "tools": CODEX[1:4]}
    late = {"type": "additional_tools", "role": "developer", "tools": [CODEX[0]]}
    items = [item, {"role": "user", "content": "go"}, late, {"role": "user", "content": "on"}]
    request = read(input=items, tools=[CODEX[4]])
    assert [tool.name for tool in request.tools] == ["", "exec", "wait", "sleep", "", "look"]
    assert len(request.turns) == 2
    assert again(input=items, tools=[CODEX[4]]) == {"input": items, "tools": [CODEX[4]]}


def test_a_call_without_its_namespace_finds_it() -> None:
    """Codex replays members of `functions` without their namespace; elsewhere the namespace is part of the name."""
    call = {"type": "function_call", "call_id": "c", "name": "wait", "arguments": "{}"}
    request = read(input=[call], tools=CODEX)
    block = request.turns[0].blocks[0]
    assert isinstance(block, ToolCall)
    assert (block.namespace, block.name) == ("functions", "wait")
    assert again(input=[call], tools=CODEX)["input"] == [call]


def test_strict_is_said_when_crossing_and_left_alone_at_home() -> None:
    """Left out it means false in Chat and true here (PROTOCOLS, "Requests")."""
    assert write(crossing(user(Text(text="x")), tools=(Tool(name="f"), Tool(name="g", strict=True)))).body["tools"] == [
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False},
        {"type": "function", "name": "g", "parameters": {"type": "object", "properties": {}}, "strict": True},
    ]
    fits = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
    open_inside = {**fits, "properties": {"a": {"type": "array", "items": {"type": "object"}}}}
    tools = [{**LOOK, "parameters": schema} for schema in (fits, open_inside, {"type": "object"})]
    tools.append({"type": "function", "name": "bare"})
    assert again(input="x", tools=tools)["tools"] == tools
    assert [tool.strict for tool in read(input="x", tools=tools).tools if isinstance(tool, Tool)] == [
        True,
        False,
        False,
        True,
    ]
    lax = Target(model="m", traits=Traits(strict_tools=False))
    assert "strict" not in write(crossing(tools=(Tool(name="f"),)), lax).body["tools"][0]


def test_a_chat_grammar_is_told_in_this_wires_form() -> None:
    chat = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}
    tool = write(crossing(tools=(Tool(name="f", custom=True, format=chat),))).body["tools"][0]
    assert tool["format"] == {"type": "grammar", "syntax": "lark", "definition": "x"}


@pytest.mark.parametrize(
    ("choice", "read_as"),
    [
        ("auto", ToolChoice(mode="auto")),
        ("none", ToolChoice(mode="none")),
        ("required", ToolChoice(mode="required")),
        ({"type": "function", "name": "look"}, ToolChoice(mode="named", names=("look",))),
        ({"type": "custom", "name": "exec"}, ToolChoice(mode="named", names=("exec",), custom=True)),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "look"}]},
            ToolChoice(mode="allowed", names=("look",), required=True),
        ),
        (
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "web_search"}, {"type": "function", "name": "look"}],
            },
            None,
        ),
        ({"type": "web_search_preview"}, None),
        ({"type": "mcp", "server_label": "s"}, None),
    ],
)
def test_tool_choices_are_read_and_go_back(choice: Any, read_as: ToolChoice | None) -> None:
    tools = [CODEX[0], {"type": "custom", "name": "exec"}]
    found = read(input="x", tools=tools, tool_choice=choice).tool_choice
    if read_as is not None:
        assert found == read_as
    else:
        assert found is not None
        assert found.native == choice
    assert again(input="x", tools=tools, tool_choice=choice)["tool_choice"] == choice


def test_another_vendors_server_tools_and_choices_are_dropped_and_named() -> None:
    """Edge cases 25 and 26."""
    request = crossing(
        user(Text(text="x")),
        tools=(ServerTool(dialect="anthropic_messages", label="web_search_20250305", data={}),),
        tool_choice=ToolChoice(mode="native", dialect="anthropic_messages", native={"type": "tool"}),
    )
    written = write(request)
    assert "tools" not in written.body
    assert "tool_choice" not in written.body
    assert written.dropped == ("web_search_20250305", "tool_choice")
    chosen = write(crossing(tools=(Tool(name="f", custom=True),), tool_choice=ToolChoice(mode="named", names=("f",))))
    assert chosen.body["tool_choice"] == {"type": "custom", "name": "f"}


# -- settings -----------------------------------------------------------------------------------------------------


def test_every_setting_of_this_wire_goes_back() -> None:
    body = {
        "input": "x",
        "stream": True,
        "max_output_tokens": 5,
        "temperature": 0.0,
        "top_p": 1,
        "top_logprobs": 3,
        "presence_penalty": 0.5,
        "parallel_tool_calls": False,
        "reasoning": {"effort": "high", "generate_summary": "concise", "context": "all_turns"},
        "text": {
            "format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True, "description": "d"},
            "verbosity": "low",
            "x": 1,
        },
        "service_tier": "flex",
        "user": "u" * 99,
        "safety_identifier": "s",
        "metadata": {"a": "b"},
        "prompt_cache_key": "k",
        "store": True,
        "previous_response_id": "resp_1",
        "background": True,
        "include": ["reasoning.encrypted_content", "web_search_call.action.sources", "message.output_text.logprobs"],
        "truncation": "auto",
        "conversation": {"id": "conv_1"},
        "client_metadata": {"a": 1},
        "stream_options": {"include_obfuscation": False},
        "max_tool_calls": 3,
    }
    assert again(**body) == body
    request = read(**body)
    assert request.include == ("web_search_call.action.sources",)
    assert request.logprobs
    assert request.reasoning is not None
    assert request.reasoning.summary == "concise"


def test_what_this_wire_cannot_say_is_dropped_and_named() -> None:
    """R-G3. A default spelled out is no loss."""
    request = crossing(
        user(Text(text="x")),
        stop=("a",),
        seed=1,
        top_k=3,
        min_p=0.1,
        n=2,
        presence_penalty=0.5,
        logit_bias={"5": 1.0},
        modalities=("text",),
        format=OutputFormat(kind="enum", schema={"enum": ["a"]}),
        service_tier="standard_only",
        user="u" * 65,
        metadata={"a": 1},
        max_output_tokens=1,
        extra={"anthropic_messages": {"context_management": {}, "_note": 1}},
    )
    written = write(request)
    assert set(written.dropped) == {
        *("stop", "seed", "top_k", "min_p", "n", "presence_penalty", "logit_bias", "format"),
        *("service_tier", "user", "metadata", "max_output_tokens", "context_management"),
    }
    assert written.body["max_output_tokens"] == 16


def test_settings_that_the_model_refuses_are_dropped_and_named() -> None:
    """Edge case 33: temperature on models that refuse it."""
    target = Target(
        model="o3", traits=Traits(refuses=frozenset({"temperature", "logprobs", "reasoning"}), thinking="effort")
    )
    body = {"temperature": 0.5, "include": ["message.output_text.logprobs"], "reasoning": {"effort": "low"}}
    written = write(read(input="x", **body), target)
    assert set(written.dropped) == {"temperature", "logprobs", "reasoning"}
    assert written.body.keys() == {"model", "input"}


@pytest.mark.parametrize(
    ("reasoning", "expected"),
    [
        (Reasoning(effort="high"), {"effort": "high"}),
        (Reasoning(enabled=False), {"effort": "none"}),
        (Reasoning(enabled=True, budget=1024), {"effort": "low", "summary": "auto"}),
        (Reasoning(enabled=True, budget=8000), {"effort": "medium", "summary": "auto"}),
        (Reasoning(enabled=True, budget=32000, visible=False), {"effort": "high"}),
        (Reasoning(adaptive=True, effort="max"), {"effort": "max", "summary": "auto"}),
        (Reasoning(budget=0), {"effort": "none"}),
        (Reasoning(budget=-1), {"summary": "auto"}),
        (Reasoning(effort="low", summary="detailed"), {"effort": "low", "summary": "detailed"}),
    ],
)
def test_reasoning_of_other_wires_becomes_an_effort(reasoning: Reasoning, expected: dict[str, str]) -> None:
    """Edge case 34. Thoughts come back sealed, so that the next turn can go on from them."""
    body = write(crossing(user(Text(text="x")), reasoning=reasoning)).body
    assert body["reasoning"] == expected
    assert body["include"] == ["reasoning.encrypted_content"]


def test_nothing_is_stored_for_a_caller_who_did_not_ask() -> None:
    """Elsewhere storing is asked for, here it is the default."""
    assert write(crossing(user(Text(text="x")))).body["store"] is False
    assert write(crossing(user(Text(text="x")), store=True)).body["store"] is True
    assert "store" not in write(read(input="x")).body
    thinks = Target(model="gpt-x", traits=Traits(thinking="effort"))
    assert write(crossing(), thinks).body["include"] == ["reasoning.encrypted_content"]
    assert "include" not in write(crossing()).body
    assert write(crossing(logprobs=True, top_logprobs=2)).body["include"] == ["message.output_text.logprobs"]


def test_structured_output_crosses() -> None:
    schema = {"type": "object"}
    forms: list[tuple[OutputFormat, dict[str, Any]]] = [
        (OutputFormat(kind="text"), {"type": "text"}),
        (OutputFormat(kind="json"), {"type": "json_object"}),
        (OutputFormat(kind="json_schema"), {"type": "json_object"}),
        (
            OutputFormat(kind="json_schema", schema=schema),
            {"type": "json_schema", "name": "response", "schema": schema},
        ),
    ]
    for form, expected in forms:
        assert write(crossing(format=form)).body["text"] == {"format": expected}


# -- content of other doors ---------------------------------------------------------------------------------------


def test_system_turns_stay_where_they_stood() -> None:
    """Claude Code puts system messages among the others (PROTOCOLS, surprise 4)."""
    request = crossing(
        Turn(role="system", blocks=(Text(text="a", cache=CacheMark()), Text(text="b"))),
        user(Text(text="q")),
        Turn(role="system", blocks=(Text(text="c"),)),
    )
    written = write(request)
    assert [item["role"] for item in written.body["input"]] == ["system", "user", "system"]
    assert [part["text"] for part in written.body["input"][0]["content"]] == ["a", "b"]
    assert written.dropped == ("cache_control",)
    developer = Target(model="m", traits=Traits(system_role="developer"))
    assert [item["role"] for item in write(request, developer).body["input"]] == ["developer", "user", "developer"]


def test_results_between_words_keep_their_order_and_errors_are_said() -> None:
    """Edge cases 28-30: no empty messages, and a failed tool is known to have failed."""
    request = crossing(
        assistant(ToolCall(id="t1", name="f", arguments=""), ToolCall(id="t2", name="g", arguments="x", custom=True)),
        user(
            Text(text="first"),
            ToolResult(call_id="t1", content=(Text(text="boom"),), is_error=True),
            Text(text="then"),
            ToolResult(call_id="t2", content=(), is_error=False),
            ToolResult(
                call_id="t3", content=(Media(kind="image", media_type="image/png", data="QUJD"),), is_error=True
            ),
            ToolResult(call_id="t4", content=(Text(text="error: x"),), is_error=True),
        ),
    )
    items = write(request).body["input"]
    assert [item.get("call_id") or item["content"][0]["text"] for item in items] == [
        *("t1", "t2", "first", "t1", "then", "t2", "t3", "t4")
    ]
    assert items[0]["arguments"] == "{}"
    assert items[3]["output"] == "Error: boom"
    assert (items[5]["type"], items[5]["output"]) == ("custom_tool_call_output", "")
    assert [part["type"] for part in items[6]["output"]] == ["input_text", "input_image"]
    assert items[7]["output"] == "error: x"


def test_media_of_other_doors() -> None:
    def part(media: Media) -> dict[str, Any]:
        content = write(crossing(user(media))).body["input"][0]["content"]
        return content[0]  # type: ignore[no-any-return]

    image = Media(kind="image", media_type="image/png", data="QUJD")
    assert part(image) == {"type": "input_image", "image_url": "data:image/png;base64,QUJD", "detail": "auto"}
    assert part(Media(kind="image", url="https://a/b"))["image_url"] == "https://a/b"
    pdf = Media(kind="document", media_type="application/pdf", data="QUJD")
    assert part(pdf) == {
        "type": "input_file",
        "file_data": "data:application/pdf;base64,QUJD",
        "filename": "document.pdf",
    }
    assert part(Media(kind="document", url="https://a/b.pdf")) == {"type": "input_file", "file_url": "https://a/b.pdf"}
    text = Media(kind="document", media_type="text/plain", text="héllo", name="n.txt")
    assert part(text) == {"type": "input_file", "file_data": "data:text/plain;base64,aMOpbGxv", "filename": "n.txt"}
    chat = Media(kind="document", file_id="file-1", dialect="openai_chat")
    assert part(chat) == {"type": "input_file", "file_id": "file-1"}


@pytest.mark.parametrize(
    "block",
    [
        Media(kind="audio", media_type="audio/mpeg", data="QUJD"),
        Media(kind="video", media_type="video/mp4", data="QUJD"),
        Media(kind="image", file_id="file_abc", dialect="anthropic_messages"),
        Opaque(dialect="anthropic_messages", label="search_result", data={}, optional=False),
    ],
)
def test_content_that_has_no_place_is_refused_by_name(block: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        write(crossing(user(block)))
    assert caught.value.code == "unsupported_content"
    assert "OpenAI Responses" in caught.value.message
    with pytest.raises(BadRequest):
        write(crossing(user(ToolResult(call_id="c", content=(block,)))))


def test_a_model_that_does_not_fetch_is_not_sent_addresses() -> None:
    blind = Target(model="m", traits=Traits(fetches=frozenset()))
    with pytest.raises(BadRequest, match="does not fetch"):
        write(crossing(user(Media(kind="image", url="https://a/b"))), blind)
    at_home = [{"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "https://a/b"}]}]
    assert write(read(input=at_home), blind).body["input"] == at_home


def test_another_makers_state_goes_nowhere_else() -> None:
    """R-S2, edge case 22: dropped with its seal; its words are named, and a stray reasoning item goes with what it led
    to ("provided without its required following item")."""
    foreign = Seal("sig", "anthropic_messages", "anthropic")
    mine = Thought(text="M", summary=True, item_id="rs_1", seal=Seal("gAAA", ME, "openai"))
    theirs = Thought(text="T", seal=foreign)
    request = crossing(
        assistant(mine, ToolCall(id="c", name="f", arguments="{}", seal=foreign), theirs, Text(text="x")),
        assistant(Text(text="y"), mine, Opaque(dialect="anthropic_messages", label="server_tool_use", data={})),
    )
    written = write(request)
    assert [item["type"] for item in written.body["input"]] == ["reasoning", "function_call", "message", "message"]
    assert written.dropped == ("reasoning", "server_tool_use")
    assert b"sig" not in encode(written.body)
    elsewhere = write(request, Target(model="m", origin="azure"))
    assert b"gAAA" not in encode(elsewhere.body)
    silent = write(crossing(assistant(Thought(redacted=True, seal=foreign), Text(text="x"))))
    assert silent.dropped == ()


def test_items_of_another_provider_of_this_wire_are_refused_or_dropped() -> None:
    block = Opaque(dialect=ME, label="web_search_call", data={"type": "web_search_call"}, origin="xai")
    assert write(crossing(assistant(block, Text(text="x")))).dropped == ("web_search_call",)
    with pytest.raises(BadRequest, match="compaction"):
        write(crossing(assistant(Opaque(dialect=ME, label="compaction", data={}, origin="xai", optional=False))))


def test_citations_of_replayed_text_and_the_names_of_speakers() -> None:
    cited = Text(text="x", citations=(Citation(url="https://a", start=0, end=1), Citation(quote="q")))
    written = write(crossing(Turn(role="assistant", blocks=(cited,), name="bob")))
    annotations = written.body["input"][0]["content"][0]["annotations"]
    assert [note["url"] for note in annotations] == ["https://a"]
    assert written.dropped == ("name", "citations")


def test_a_growing_conversation_keeps_its_earlier_bytes() -> None:
    """R-K1, edge case 32: the input stands last, and nothing depends on the process."""
    items: list[Any] = [{"role": "user", "content": "a"}]
    first = encode(write(read(input=items, tools=CODEX, temperature=1)).body)
    second = encode(write(read(input=[*items, {"role": "user", "content": "b"}], tools=CODEX, temperature=1)).body)
    assert second.startswith(first.removesuffix(b"]}"))


def test_neighbouring_namespaces_of_one_name_keep_their_own_descriptions() -> None:
    """PROTOCOLS, Codex: namespaces. What the second says of itself is not lost in the first."""
    inner = [{"type": "function", "name": "f"}]
    said = [{"type": "namespace", "name": "n", "description": word, "tools": inner} for word in ("one", "two")]
    request = DIALECT.read_request(json.dumps({"model": "m", "input": "hi", "tools": said}).encode())
    assert json.loads(encode(DIALECT.write_request(request, Target(model="m")).body))["tools"] == said


def test_thinking_unseen_and_without_how_much_is_dropped_by_name() -> None:
    """R-C1: Anthropic's adaptive thinking with its thoughts left out has no word here."""
    asked = Request(
        dialect="anthropic_messages", model="m", reasoning=Reasoning(enabled=True, adaptive=True, visible=False)
    )
    written = write(asked)
    assert ("reasoning" in written.body, written.dropped) == (False, ("reasoning",))
