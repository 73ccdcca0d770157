"""What clients of the Messages API say, to a canonical request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.blocks import CacheMark, Media, Opaque, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import OutputFormat, Reasoning, Request, ServerTool, Tool, ToolChoice, Turn
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.base import Target, wrap_seal
from gophergate.errors import BadRequest

MESSAGES = AnthropicMessages()
NAME = "anthropic_messages"


def read(**body: Any) -> Request:
    return MESSAGES.read_request(json.dumps({"model": "m", "messages": [], **body}).encode())


def blocks(*content: Any, role: str = "user") -> tuple[Any, ...]:
    return read(messages=[{"role": role, "content": list(content)}]).turns[0].blocks


CLAUDE_CODE: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "do it", "cache_control": {"type": "ephemeral"}}]},
        {"role": "system", "content": "be brief", "output_config": {"effort": "medium"}},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "", "signature": "EqQB=="},
                {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": "a\nb",
                    "is_error": False,
                    "cache_control": {"type": "ephemeral"},
                }
            ],
        },
    ],
    "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.330;"},
        {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "Rules.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ],
    "tools": [
        {
            "name": "Bash",
            "description": "Run",
            "input_schema": {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"},
            "eager_input_streaming": True,
        },
        {"name": "DeferredToolPlaceholder", "input_schema": {"type": "object"}, "defer_loading": True},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
    ],
    "metadata": {"user_id": '{"device_id":"d","session_id":"s-1"}'},
    "max_tokens": 128000,
    "thinking": {"type": "adaptive", "display": "omitted"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "output_config": {"effort": "high", "task_budget": {"type": "tokens", "total": 1}},
    "stream": True,
}


def test_claude_code_s_second_turn() -> None:
    """PROTOCOLS, Claude Code: role system among the messages, keys of their own, thinking, cache marks, all kept."""
    request = MESSAGES.read_request(json.dumps(CLAUDE_CODE).encode())
    system, user, inner, assistant, result = request.turns
    assert (system.role, len(system.blocks)) == ("system", 3)
    assert system.blocks[2] == Text(text="Rules.", cache=CacheMark("1h"))
    assert user.blocks == (Text(text="do it", cache=CacheMark()),)
    assert inner == Turn(
        role="system", blocks=(Text(text="be brief"),), extra={NAME: {"output_config": {"effort": "medium"}}}
    )
    assert assistant.blocks == (
        Thought(seal=Seal("EqQB==", NAME)),
        ToolCall(id="toolu_1", name="Bash", arguments='{"command":"ls"}'),
    )
    assert result.blocks == (
        ToolResult(call_id="toolu_1", content=(Text(text="a\nb"),), is_error=False, cache=CacheMark()),
    )
    assert request.tools == (
        Tool(
            name="Bash",
            description="Run",
            parameters=CLAUDE_CODE["tools"][0]["input_schema"],
            strict=False,
            extra={NAME: {"eager_input_streaming": True}},
        ),
        Tool(
            name="DeferredToolPlaceholder",
            parameters={"type": "object"},
            strict=False,
            extra={NAME: {"defer_loading": True, "_withheld": True}},
        ),
        ServerTool(dialect=NAME, label="web_search_20250305", data=CLAUDE_CODE["tools"][2], name="web_search"),
    )
    assert request.reasoning == Reasoning(enabled=True, effort="high", adaptive=True, visible=False)
    assert request.user == '{"device_id":"d","session_id":"s-1"}'
    assert (request.max_output_tokens, request.stream, request.dialect) == (128000, True, NAME)
    assert request.extra[NAME] == {
        "context_management": CLAUDE_CODE["context_management"],
        "output_config": {"task_budget": {"type": "tokens", "total": 1}},
    }


def test_claude_code_s_second_turn_goes_out_again_as_it_was() -> None:
    """R-S1: on the translated path too, nothing of it changes but strings that become one text block."""
    written = MESSAGES.write_request(MESSAGES.read_request(json.dumps(CLAUDE_CODE).encode()), Target(model="claude-x"))
    expected = json.loads(json.dumps(CLAUDE_CODE))
    expected["model"] = "claude-x"
    expected["messages"][1]["content"] = [{"type": "text", "text": "be brief"}]
    expected["messages"][3]["content"][0]["content"] = [{"type": "text", "text": "a\nb"}]
    assert written.body == expected
    assert written.dropped == ()
    assert dict(written.headers)["anthropic-beta"].split(",") == [
        "context-management-2025-06-27",
        "task-budgets-2026-03-13",
        "mid-conversation-output-config-2026-07-01",
    ]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
            Media(kind="image", media_type="image/png", data="iVBO"),
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
            Media(kind="image", url="https://x/y.png"),
        ),
        (
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            Media(kind="image", file_id="file_1", dialect=NAME),
        ),
        (
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                "title": "T",
                "context": "C",
                "citations": {"enabled": True},
            },
            Media(
                kind="document",
                media_type="application/pdf",
                data="JVBE",
                name="T",
                extra={NAME: {"context": "C", "citations": {"enabled": True}}},
            ),
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
            Media(kind="document", media_type="text/plain", text="words"),
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}},
            Media(kind="document", url="https://x/y.pdf"),
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            Media(kind="document", file_id="file_1", dialect=NAME),
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}]}},
            Media(
                kind="document",
                media_type="text/plain",
                text="a",
                extra={NAME: {"source": {"type": "content", "content": [{"type": "text", "text": "a"}]}}},
            ),
        ),
        (
            {"type": "container_upload", "file_id": "file_1"},
            Opaque(
                dialect=NAME,
                label="container_upload",
                data={"type": "container_upload", "file_id": "file_1"},
                optional=False,
            ),
        ),
    ],
)
def test_media_of_every_source_round_trip(block: dict[str, Any], expected: Media | Opaque) -> None:
    """Images and documents by data, URL, file, text and blocks, read and written again."""
    assert blocks(block) == (expected,)
    again = MESSAGES.write_request(read(messages=[{"role": "user", "content": [block]}]), Target(model="m"))
    assert again.body["messages"][0]["content"] == [block]


def test_a_document_of_mixed_blocks_is_content_no_other_vendor_gets() -> None:
    """Pictures inside cannot be told as text: kept whole here, refused by name elsewhere."""
    image = {"type": "image", "source": {"type": "url", "url": "https://x"}}
    document = {"type": "document", "source": {"type": "content", "content": [image]}, "title": "T"}
    (block,) = blocks(document)
    assert isinstance(block, Opaque)
    assert not block.optional
    assert block.data == document


def test_a_search_result_is_a_text_document_elsewhere() -> None:
    """Its words may go to another vendor; to its own it goes back as it was."""
    result = {
        "type": "search_result",
        "source": "https://s",
        "title": "T",
        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        "citations": {"enabled": True},
        "cache_control": {"type": "ephemeral"},
    }
    (block,) = blocks(result)
    assert isinstance(block, Media)
    assert (block.kind, block.text, block.name, block.cache) == ("document", "a\n\nb", "T", CacheMark())
    again = MESSAGES.write_request(read(messages=[{"role": "user", "content": [result]}]), Target(model="m"))
    assert again.body["messages"][0]["content"] == [result]


@pytest.mark.parametrize(
    ("block", "role", "optional"),
    [
        ({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, "assistant", True),
        ({"type": "web_search_tool_result", "tool_use_id": "s", "content": []}, "assistant", True),
        ({"type": "mcp_tool_use", "id": "s", "name": "x", "server_name": "y", "input": {}}, "assistant", True),
        ({"type": "bash_code_execution_tool_result", "tool_use_id": "s", "content": {}}, "assistant", True),
        ({"type": "compaction", "content": "all of it"}, "assistant", False),
        ({"type": "compaction", "content": None}, "assistant", True),
        ({"type": "tool_addition", "tool": {"type": "tool_reference", "name": "x"}}, "system", True),
        ({"type": "hologram", "x": 1}, "user", False),
        ({"type": "hologram", "x": 1}, "assistant", True),
    ],
)
def test_what_only_this_dialect_understands_is_kept_whole(block: dict[str, Any], role: str, optional: bool) -> None:
    """R-C1: server tools, their results, and blocks of tomorrow; a user's unknown block is content."""
    assert blocks({**block, "cache_control": {"type": "ephemeral"}}, role=role) == (
        Opaque(dialect=NAME, label=block["type"], data=block, optional=optional, cache=CacheMark()),
    )


def test_seals_of_other_makers_come_home() -> None:
    """Edge case 22, R-S2: a wrapped signature names its maker; bare is this dialect's; empty is none."""
    foreign = Seal("c2ln", "gemini", "google")
    assert blocks(
        {"type": "thinking", "thinking": "a", "signature": wrap_seal(foreign)},
        {"type": "thinking", "thinking": "b", "signature": "sig"},
        {"type": "thinking", "thinking": "c", "signature": ""},
        {"type": "thinking", "thinking": "d"},
        {"type": "redacted_thinking", "data": "enc"},
        role="assistant",
    ) == (
        Thought(text="a", seal=foreign),
        Thought(text="b", seal=Seal("sig", NAME)),
        Thought(text="c"),
        Thought(text="d"),
        Thought(redacted=True, seal=Seal("enc", NAME)),
    )


@pytest.mark.parametrize(
    ("mark", "read_as", "extra"),
    [
        ({"type": "ephemeral"}, CacheMark(), {}),
        ({"type": "ephemeral", "ttl": "1h"}, CacheMark("1h"), {}),
        (
            {"type": "ephemeral", "scope": "global"},
            CacheMark(),
            {NAME: {"cache_control": {"type": "ephemeral", "scope": "global"}}},
        ),
        (None, None, {}),
    ],
)
def test_cache_marks(mark: Any, read_as: CacheMark | None, extra: dict[str, Any]) -> None:
    """Edge case 31: anywhere, with a ttl, with members of tomorrow."""
    block = {"type": "text", "text": "x", "cache_control": mark}
    assert blocks(block) == (Text(text="x", cache=read_as, extra=extra),)
    again = MESSAGES.write_request(read(messages=[{"role": "user", "content": [block]}]), Target(model="m"))
    assert again.body["messages"][0]["content"][0].get("cache_control") == mark


@pytest.mark.parametrize(
    ("choice", "expected", "parallel"),
    [
        ({"type": "auto"}, ToolChoice(mode="auto"), None),
        ({"type": "auto", "disable_parallel_tool_use": True}, ToolChoice(mode="auto"), False),
        ({"type": "any", "disable_parallel_tool_use": False}, ToolChoice(mode="required"), True),
        ({"type": "tool", "name": "f"}, ToolChoice(mode="named", names=("f",)), None),
        ({"type": "none"}, ToolChoice(mode="none"), None),
        (
            {"type": "auto", "new": 1},
            ToolChoice(mode="auto", dialect=NAME, native={"type": "auto", "new": 1}),
            None,
        ),
    ],
)
def test_tool_choices(choice: dict[str, Any], expected: ToolChoice, parallel: bool | None) -> None:
    """Every way to choose, and whether calls may be parallel."""
    request = read(tool_choice=choice, tools=[{"name": "f", "input_schema": {"type": "object"}}], messages=_HI)
    assert (request.tool_choice, request.parallel_tool_calls) == (expected, parallel)
    assert MESSAGES.write_request(request, Target(model="m")).body["tool_choice"] == choice


_HI = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("body", "reasoning"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, Reasoning(enabled=True, budget=2000)),
        ({"thinking": {"type": "disabled"}}, Reasoning(enabled=False)),
        (
            {"thinking": {"type": "adaptive", "display": "summarized"}},
            Reasoning(enabled=True, adaptive=True, summary="auto"),
        ),
        (
            {"thinking": {"type": "adaptive", "display": "updates"}},
            Reasoning(enabled=True, adaptive=True, extra={NAME: {"display": "updates"}}),
        ),
        (
            {"thinking": {"type": "between_tools"}},
            Reasoning(extra={NAME: {"thinking": {"type": "between_tools"}}}),
        ),
        ({"output_config": {"effort": "max"}}, Reasoning(effort="max")),
    ],
)
def test_reasoning_in_every_form_round_trips(body: dict[str, Any], reasoning: Reasoning) -> None:
    """Thinking budgets, adaptive thinking, its display, effort."""
    request = read(messages=_HI, max_tokens=9000, **body)
    assert request.reasoning == reasoning
    written = MESSAGES.write_request(request, Target(model="m")).body
    assert {name: written[name] for name in body} == body


@pytest.mark.parametrize("place", ["output_config", "output_format"])
def test_structured_output_in_both_places(place: str) -> None:
    """`output_format` is the older name of `output_config.format`."""
    form = {"type": "json_schema", "schema": {"type": "object", "properties": {}}}
    request = read(messages=_HI, **({"output_format": form} if place == "output_format" else {place: {"format": form}}))
    assert request.format == OutputFormat(kind="json_schema", schema=form["schema"], strict=True)
    assert MESSAGES.write_request(request, Target(model="m")).body["output_config"] == {"format": form}


def test_count_tokens_needs_no_max_tokens() -> None:
    """The body of `count_tokens` is a request without limits, and goes out without them."""
    request = read(messages=_HI, system="s", tools=[{"name": "f", "input_schema": {"type": "object"}}])
    assert request.max_output_tokens is None
    counted = MESSAGES.write_count(request, Target(model="m")).body
    assert list(counted) == ["model", "tools", "system", "messages"]


def test_the_path_s_model_and_stream_count_where_the_body_has_none() -> None:
    """Vertex carries both in the path."""
    body = json.dumps({"anthropic_version": "vertex-2023-10-16", "messages": _HI}).encode()
    request = MESSAGES.read_request(body, model="claude-x", stream=True)
    assert (request.model, request.stream) == ("claude-x", True)
    assert request.extra == {NAME: {"anthropic_version": "vertex-2023-10-16"}}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": "hi"}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}, "messages[0].content[0].text"),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "a", "input": {}}]}]},
            "messages[0].content[0].name",
        ),
        (
            {
                "messages": [
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": "x"}]}
                ]
            },
            "messages[0].content[0].input",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "ftp"}}]}]},
            "messages[0].content[0].source",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "thinking"}]},
                        ],
                    }
                ]
            },
            "messages[0].content[0].content",
        ),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"temperature": True}, "temperature"),
        ({"stop_sequences": [1]}, "stop_sequences"),
        ({"tools": [{"description": "no name"}]}, "tools[0].name"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"thinking": True}, "thinking"),
        ({"metadata": 5}, "metadata"),
        ({"model": None}, "model"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_its_place(body: dict[str, Any], param: str) -> None:
    """R-E1: one sentence, naming the member."""
    with pytest.raises(BadRequest) as caught:
        read(**body)
    assert caught.value.param == param


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000, b'{"model": "\xff"}'])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    """R-X8: never a crash."""
    with pytest.raises(BadRequest):
        MESSAGES.read_request(body)
