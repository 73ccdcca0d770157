"""Ollama's bodies and the canonical requests they mean, both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.blocks import CacheMark, Citation, Media, Opaque, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import OutputFormat, Reasoning, Request, ServerTool, Tool, ToolChoice, Turn
from gophergate.dialects.base import Target, Traits, Written, wrap_seal
from gophergate.dialects.ollama import Ollama
from gophergate.errors import BadRequest

OLLAMA = Ollama()
PNG = "iVBORw0KGgoAAAA="


def read(body: dict[str, Any] | str) -> Request:
    return OLLAMA.read_request((body if isinstance(body, str) else json.dumps(body)).encode())


def write(*turns: Turn, target: Target = Target(model="llama"), **members: Any) -> Written:  # noqa: B008
    request = Request(dialect=members.pop("dialect", "openai_chat"), model="m", turns=turns, **members)
    return OLLAMA.write_request(request, target)


def turn(role: Any, *blocks: Any) -> Turn:
    return Turn(role=role, blocks=tuple(Text(text=b) if isinstance(b, str) else b for b in blocks))


# -- reading ----------------------------------------------------------------------------------------------------------


def test_a_chat_with_everything() -> None:
    request = read(
        {
            "model": "qwen3",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "what?", "images": [PNG]},
                {
                    "role": "assistant",
                    "content": "Looking.",
                    "thinking": "hm",
                    "tool_calls": [{"id": "c1", "function": {"index": 0, "name": "f", "arguments": {"n": 1}}}],
                },
                {"role": "tool", "tool_name": "f", "tool_call_id": "c1", "content": "one"},
            ],
            "tools": [
                {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
            ],
            "stream": False,
            "think": "high",
            "format": {"type": "object"},
            "options": {
                "temperature": 0.5,
                "num_predict": 9,
                "stop": "END",
                "num_ctx": 4096,
                "min_p": 0.1,
                "seed": 1.0,
            },
            "keep_alive": "5m",
            "logprobs": True,
            "top_logprobs": 2,
        }
    )
    assert request == Request(
        dialect="ollama",
        model="qwen3",
        stream=False,
        turns=(
            turn("system", "Be brief."),
            turn("user", Media(kind="image", media_type="image/png", data=PNG), "what?"),
            turn("assistant", Thought(text="hm"), "Looking.", ToolCall(id="c1", name="f", arguments='{"n": 1}')),
            turn("user", ToolResult(call_id="c1", name="f", content=(Text(text="one"),))),
        ),
        tools=(Tool(name="f", description="d", parameters={"type": "object"}),),
        max_output_tokens=9,
        temperature=0.5,
        min_p=0.1,
        seed=1,
        stop=("END",),
        logprobs=True,
        top_logprobs=2,
        reasoning=Reasoning(enabled=True, effort="high", visible=True),
        format=OutputFormat(kind="json_schema", schema={"type": "object"}),
        extra={"ollama": {"keep_alive": "5m", "options.num_ctx": 4096}},
    )


def test_it_streams_unless_told_otherwise() -> None:
    """docs.ollama.com/api: `stream` defaults to true."""
    body: dict[str, Any] = {"model": "m", "messages": []}
    assert [read({**body, **said}).stream for said in ({}, {"stream": None}, {"stream": True}, {"stream": False})] == [
        True, True, True, False,
    ]  # fmt: skip


def test_arguments_keep_their_text() -> None:
    """DESIGN 2: arguments kept as the string received, also where the wire has an object."""
    body = (
        '{"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":['
        '{"function":{"name":"f","arguments":{"b": 1.0, "a": 123456789012345678901}}},'
        '{"function":{"name":"g"}},{"function":{"name":"h","arguments":"{\\"loose\\":1}"}}]}]}'
    )
    calls = read(body).turns[1].blocks
    assert [call.arguments for call in calls] == [  # type: ignore[union-attr]
        '{"b": 1.0, "a": 123456789012345678901}',
        "{}",
        '{"loose":1}',
    ]


def test_results_find_their_calls() -> None:
    """Edge case 42: ollama-python sends neither id; by name, then by order; several results are one turn."""
    call = {"function": {"name": "f", "arguments": {}}}
    request = read(
        {
            "model": "m",
            "messages": [
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [call, call, {"function": {"name": "g", "arguments": {}}}],
                },
                {"role": "tool", "tool_name": "g", "content": "third"},
                {"role": "tool", "tool_name": "f", "content": "first"},
                {"role": "tool", "content": "second"},
                {"role": "user", "content": "and?"},
            ],
        }
    )
    made, answered, _ = request.turns
    ids = [block.id for block in made.blocks]  # type: ignore[union-attr]
    assert len(set(ids)) == 3
    assert [block.call_id for block in answered.blocks] == [ids[2], ids[0], ids[1]]  # type: ignore[union-attr]
    assert [message["content"] for message in OLLAMA.write_request(request, Target(model="m")).body["messages"]] == [
        "", "third", "first", "second", "and?",
    ]  # fmt: skip
    assert "gg-call" not in json.dumps(OLLAMA.write_request(request, Target(model="m")).body)


def test_generate_is_one_prompt() -> None:
    """The older door: prompt, system and pictures; what only it knows rides along."""
    request = read({"model": "m", "system": "s", "prompt": "p", "images": [PNG], "raw": True, "context": [1]})
    assert request.turns == (
        turn("system", "s"),
        turn("user", Media(kind="image", media_type="image/png", data=PNG), "p"),
    )
    assert request.extra == {"ollama": {"raw": True, "context": [1], "_generate": True}}
    assert OLLAMA.write_request(request, Target(model="m")).dropped == ("raw", "context")
    assert read({"model": "m"}).turns == ()


def test_limits_only_ollama_knows() -> None:
    """num_predict -1 and -2 are no number of tokens; they go back as they came."""
    request = read({"model": "m", "messages": [], "options": {"num_predict": -1}})
    assert request.max_output_tokens is None
    assert OLLAMA.write_request(request, Target(model="m")).body["options"] == {"num_predict": -1}


@pytest.mark.parametrize(
    ("data", "media_type", "kept"),
    [
        (PNG, "image/png", PNG),
        ("/9j/4AAQ", "image/jpeg", "/9j/4AAQ"),
        ("UklGRgAA", "image/webp", "UklGRgAA"),
        ("R0lGODlh", "image/gif", "R0lGODlh"),
        ("data:image/png;base64,QQ==", "image/png", "QQ=="),
        ("QQ==", "", "QQ=="),
    ],
)
def test_pictures_are_told_by_their_first_bytes(data: str, media_type: str, kept: str) -> None:
    """Other vendors want a media type, which Ollama never says."""
    (turn,) = read({"model": "m", "messages": [{"role": "user", "content": "", "images": [data]}]}).turns
    assert turn.blocks == (Media(kind="image", media_type=media_type, data=kept),)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": "x"}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"messages": [{"role": "robot"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": [1]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "images": [1]}]}, "messages[0].images[0]"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].function"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": [1]}}]}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"messages": [], "tools": [{"function": {}}]}, "tools[0].function.name"),
        ({"messages": [], "options": {"temperature": "hot"}}, "options.temperature"),
        ({"messages": [], "options": {"stop": [1]}}, "options.stop"),
        ({"messages": [], "options": []}, None),
        ({"messages": [], "think": 2}, "think"),
        ({"messages": [], "format": 2}, "format"),
        ({"messages": [], "stream": "yes"}, "stream"),
        ({"messages": [], "model": 7}, "model"),
        ({"messages": [], "top_logprobs": "x"}, "top_logprobs"),
        ({"prompt": 7}, "prompt"),
    ],
)
def test_a_wrong_body_says_where(body: dict[str, Any], param: str | None) -> None:
    """R-E1, R-X8."""
    if param is None:
        assert read(body).turns == ()
        return
    with pytest.raises(BadRequest) as caught:
        read(body)
    assert caught.value.param == param


# -- writing ----------------------------------------------------------------------------------------------------------


def test_a_conversation_from_another_door() -> None:
    """Turns keep their place; results go by their tool's name; errors are told in words, as there is no flag."""
    written = write(
        turn("system", "s"),
        turn("user", "a", Media(kind="image", url="data:image/png;base64,QQ=="), "b"),
        turn(
            "assistant",
            Thought(text="hm", seal=Seal("SIG", "anthropic_messages", "anthropic")),
            "",
            ToolCall(id="toolu_1", name="f", arguments='{"n": 1}'),
            ToolCall(id="toolu_2", name="p", namespace="fs", arguments="free", custom=True),
        ),
        turn(
            "user",
            ToolResult(call_id="toolu_1", content=(Text(text="no"),), is_error=True),
            ToolResult(call_id="toolu_2", content=(Text(text="see"), Media(kind="image", data="QQ=="))),
            "go on",
        ),
        turn("developer", "d"),
    )
    assert written.body["messages"] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a\nb", "images": ["QQ=="]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"id": "toolu_1", "function": {"name": "f", "arguments": {"n": 1}}},
                {"id": "toolu_2", "function": {"name": "fs__p", "arguments": {"input": "free"}}},
            ],
        },
        {"role": "tool", "content": "Error: no", "tool_name": "f", "tool_call_id": "toolu_1"},
        {"role": "tool", "content": "see", "images": ["QQ=="], "tool_name": "fs__p", "tool_call_id": "toolu_2"},
        {"role": "user", "content": "go on"},
        {"role": "system", "content": "d"},
    ]
    assert written.dropped == ()


def test_tools_are_functions_with_a_schema() -> None:
    written = write(
        turn("user", "x"),
        tools=(
            Tool(name="f", description="d", parameters={"type": "object"}, strict=True, cache=CacheMark()),
            Tool(name="bare"),
            ServerTool(dialect="gemini", label="googleSearch", data={}),
        ),
        tool_choice=ToolChoice(mode="required"),
        parallel_tool_calls=False,
    )
    assert written.body["tools"] == [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}},
        {"type": "function", "function": {"name": "bare", "parameters": {"type": "object", "properties": {}}}},
    ]
    assert written.dropped == ("parallel_tool_calls", "tool_choice", "cache_control", "strict", "googleSearch")


def test_to_use_no_tools_none_are_offered() -> None:
    """tool_choice "none" loses nothing; "auto" is what Ollama does."""
    for mode, offered in (("none", False), ("auto", True)):
        written = write(turn("user", "x"), tools=(Tool(name="f"),), tool_choice=ToolChoice(mode=mode))  # type: ignore[arg-type]
        assert ("tools" in written.body, written.dropped) == (offered, ())


@pytest.mark.parametrize(
    ("reasoning", "family", "think", "dropped"),
    [
        (Reasoning(enabled=True), "", True, ()),
        (Reasoning(enabled=False), "", False, ()),
        (Reasoning(effort="none"), "", False, ()),
        (Reasoning(budget=0), "", False, ()),
        (Reasoning(effort="low"), "", "low", ()),
        (Reasoning(effort="low"), "toggle", True, ("reasoning.effort",)),
        (Reasoning(effort="minimal"), "", "low", ("reasoning.effort",)),
        (Reasoning(effort="max"), "level", "high", ("reasoning.effort",)),
        (Reasoning(enabled=True, budget=2048), "", True, ("reasoning.budget",)),
        (Reasoning(enabled=True, adaptive=True), "", True, ()),
        (Reasoning(effort="low", visible=False), "", "low", ("reasoning.visible",)),
        (Reasoning(visible=False), "", None, ("reasoning.visible",)),
    ],
)
def test_thinking(reasoning: Reasoning, family: Any, think: Any, dropped: tuple[str, ...]) -> None:
    """Edge case 34: levels, a switch, and what neither can say."""
    written = write(turn("user", "x"), reasoning=reasoning, target=Target(model="m", traits=Traits(thinking=family)))
    assert written.body.get("think") == think
    assert written.dropped == dropped


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (OutputFormat(kind="json"), "json"),
        (OutputFormat(kind="json_schema", schema={"type": "object"}, name="n", strict=True), {"type": "object"}),
        (OutputFormat(kind="enum", schema={"enum": ["a"]}), {"enum": ["a"]}),
        (OutputFormat(kind="text"), None),
    ],
)
def test_formats(asked: OutputFormat, said: Any) -> None:
    assert write(turn("user", "x"), format=asked).body.get("format") == said


def test_settings_and_losses_by_name() -> None:
    """DESIGN 2, "loss is named"; refused settings too."""
    written = write(
        Turn(
            role="user",
            name="ann",
            blocks=(
                Text(text="x", cache=CacheMark(), citations=(Citation(url="u"),)),
                Media(kind="image", data="QQ==", detail="high", extra={"gemini": {"videoMetadata": {}}}),
            ),
        ),
        max_output_tokens=5,
        temperature=0.0,
        top_k=3,
        stop=("a",),
        n=2,
        user="u",
        service_tier="flex",
        verbosity="low",
        target=Target(model="m", traits=Traits(refuses=frozenset({"temperature"}))),
        extra={"ollama": {"keep_alive": 0, "options.num_ctx": 1, "_generate": True}, "gemini": {"labels": {}}},
    )
    assert {name: value for name, value in written.body.items() if name != "messages"} == {
        "model": "m",
        "stream": False,
        "keep_alive": 0,
        "options": {"num_predict": 5, "top_k": 3, "stop": ["a"], "num_ctx": 1},
    }
    named = "labels n user service_tier verbosity temperature name cache_control citations detail videoMetadata"
    assert set(written.dropped) == set(named.split())


@pytest.mark.parametrize(
    "block",
    [
        Media(kind="image", url="https://x.org/a.png"),
        Media(kind="image", file_id="f", dialect="openai_chat"),
        Media(kind="audio", data="QQ==", media_type="audio/wav"),
        Media(kind="document", data="QQ==", media_type="application/pdf"),
        ToolCall(id="1", name="f", arguments="{"),
        Opaque(dialect="openai_responses", label="compaction", data={}, optional=False),
    ],
)
def test_what_cannot_go_is_refused_by_name(block: Any) -> None:
    """R-T2: content is never dropped in silence."""
    with pytest.raises(BadRequest, match="block cannot be sent"):
        write(turn("assistant", block))


def test_plain_documents_are_text() -> None:
    papers = (Media(kind="document", text="one"), Media(kind="document", media_type="text/csv", data="dHdv"))
    assert write(turn("user", *papers)).body["messages"] == [{"role": "user", "content": "one\ntwo"}]


def test_a_turn_that_only_others_understand_leaves_no_message() -> None:
    written = write(turn("assistant", Opaque(dialect="anthropic_messages", label="server_tool_use", data={})))
    assert (written.body["messages"], written.dropped) == ([], ("server_tool_use",))


def test_a_seal_comes_back_with_an_echoed_call() -> None:
    """PROTOCOLS, "Gemini's thoughtSignature behind another door": raw clients echo members they do not know."""
    seal = Seal("QQ==", "gemini", "google")
    call = {"function": {"name": "f", "arguments": {}}, "gophergate_seal": wrap_seal(seal)}
    (made,) = read({"model": "m", "messages": [{"role": "assistant", "tool_calls": [call]}]}).turns
    assert made.blocks[0].seal == seal  # type: ignore[union-attr]
    written = OLLAMA.write_request(Request(dialect="ollama", model="m", turns=(made,)), Target(model="m"))
    assert "gophergate_seal" not in json.dumps(written.body)


def test_a_longer_conversation_keeps_the_earlier_bytes() -> None:
    """R-K1."""
    turns = [turn("user", "a"), turn("assistant", "b"), turn("user", "c")]
    short = json.dumps(write(*turns[:2], temperature=1.0, tools=(Tool(name="f"),)).body)
    longer = json.dumps(write(*turns, temperature=1.0, tools=(Tool(name="f"),)).body)
    assert longer.startswith(short.removesuffix("]}"))
