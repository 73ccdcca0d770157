"""Canonical requests as Google gets them, and what is named as lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.blocks import CacheMark, Citation, Media, Opaque, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import OutputFormat, Reasoning, Request, ServerTool, Tool, ToolChoice, Turn
from gophergate.dialects.base import Target, Traits, Written
from gophergate.dialects.gemini import Gemini
from gophergate.errors import BadRequest

GEMINI = Gemini()
TARGET = Target(model="gemini-3-pro", origin="google")


def write(*turns: Turn, target: Target = TARGET, **members: Any) -> Written:
    request = Request(dialect=members.pop("dialect", "openai_chat"), model="m", turns=turns, **members)
    return GEMINI.write_request(request, target)


def turn(role: Any, *blocks: Any) -> Turn:
    return Turn(role=role, blocks=tuple(Text(text=b) if isinstance(b, str) else b for b in blocks))


def call(id: str, name: str = "f", arguments: str = "{}", **members: Any) -> ToolCall:
    return ToolCall(id=id, name=name, arguments=arguments, **members)


def result(call_id: str, *content: Any, **members: Any) -> ToolResult:
    blocks = tuple(Text(text=b) if isinstance(b, str) else b for b in content)
    return ToolResult(call_id=call_id, content=blocks, **members)


def test_system_and_developer_turns_fold_into_the_instruction() -> None:
    """PROTOCOLS, "system text moved into the user turn" is the fault elsewhere: in order, and disclosed when moved."""
    written = write(turn("system", "one"), turn("user", "hi"), turn("developer", "two"))
    assert written.body == {
        "systemInstruction": {"parts": [{"text": "one"}, {"text": "two"}]},
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
    }
    assert written.dropped == ("system_position",)
    assert write(turn("system", "one"), turn("user", "hi")).dropped == ()


@pytest.mark.parametrize("turns", [(), (turn("system", "s"),), (turn("user", ""),)])
def test_contents_are_never_empty(turns: tuple[Turn, ...]) -> None:
    """Edge case 40."""
    assert write(*turns).body["contents"] == [{"role": "user", "parts": [{"text": " "}]}]


def test_a_user_comes_first_and_roles_alternate() -> None:
    """Edge case 40: a history that begins with the assistant; the same role in a row is one content."""
    written = write(turn("assistant", "a"), turn("assistant", "b"), turn("user", "c"), turn("user", "d"))
    assert written.body["contents"] == [
        {"role": "user", "parts": [{"text": " "}]},
        {"role": "model", "parts": [{"text": "a"}, {"text": "b"}]},
        {"role": "user", "parts": [{"text": "c"}, {"text": "d"}]},
    ]


def test_an_assistant_turn_of_calls_gets_no_filler() -> None:
    """Edge case 30: no empty text beside the calls."""
    written = write(turn("user", "go"), turn("assistant", "", call("1", arguments='{"a": 1}')))
    assert written.body["contents"][1]["parts"] == [{"functionCall": {"id": "1", "name": "f", "args": {"a": 1}}}]


def test_results_follow_their_calls_in_the_calls_order() -> None:
    """Edge cases 28, 41: text before results, results out of order, parallel identical calls never merged."""
    written = write(
        turn("user", "go"),
        turn("assistant", call("1"), call("2"), call("3", "g")),
        turn("user", "note", result("3", "c"), result("1", "a")),
        turn("user", result("2", "b")),
    )
    assert written.body["contents"][2]["parts"] == [
        {"functionResponse": {"id": "1", "name": "f", "response": {"output": "a"}}},
        {"functionResponse": {"id": "2", "name": "f", "response": {"output": "b"}}},
        {"functionResponse": {"id": "3", "name": "g", "response": {"output": "c"}}},
        {"text": "note"},
    ]


@pytest.mark.parametrize(
    ("answer", "response"),
    [
        (result("1", "sunny"), {"output": "sunny"}),
        (result("1", "no such city", is_error=True), {"error": "no such city"}),
        (result("1", '{"c":20}'), {"c": 20}),
        (result("1", '{"c": 20}'), {"output": '{"c": 20}'}),
        (result("1", '{"output":"x"}'), {"output": '{"output":"x"}'}),
        (result("1", '{"schema":{"$ref":"#/a"}}'), {"output": '{"schema":{"$ref":"#/a"}}'}),
        (result("1", '{"c":20}', is_error=True), {"error": '{"c":20}'}),
        (result("1", "a", "b"), {"output": "a\nb"}),
        (result("1", is_error=True), {"error": True}),
        (result("1"), {}),
    ],
)
def test_a_result_is_an_object(answer: ToolResult, response: dict[str, Any]) -> None:
    """Edge cases 38, 41: plain strings wrapped, JSON as it is, the error flag kept, `$ref` never as a key."""
    written = write(turn("user", "go"), turn("assistant", call("1")), turn("user", answer))
    (part,) = written.body["contents"][2]["parts"]
    assert part["functionResponse"]["response"] == response


def test_a_result_may_hold_media() -> None:
    """Edge case 29: an image and a PDF inside a tool result."""
    picture = Media(kind="image", media_type="image/png", data="QUJD")
    paper = Media(kind="document", media_type="application/pdf", data="QUJD", name="a.pdf")
    written = write(turn("user", "go"), turn("assistant", call("1")), turn("user", result("1", "seen", picture, paper)))
    assert written.body["contents"][2]["parts"] == [
        {
            "functionResponse": {
                "id": "1",
                "name": "f",
                "response": {"output": "seen"},
                "parts": [
                    {"inlineData": {"mimeType": "image/png", "data": "QUJD"}},
                    {"inlineData": {"mimeType": "application/pdf", "data": "QUJD", "displayName": "a.pdf"}},
                ],
            }
        }
    ]


def test_an_orphan_result_is_refused_by_name() -> None:
    """Edge case 29: Google wants a function's name, which nobody knows here."""
    with pytest.raises(BadRequest, match="'lost' answers no call"):
        write(turn("user", result("lost", "x")))
    named = write(turn("user", result("lost", "x", name="f")))
    assert named.body["contents"][0]["parts"][0]["functionResponse"]["name"] == "f"


def test_broken_arguments_are_refused_by_name() -> None:
    with pytest.raises(BadRequest, match="tool call 'f'"):
        write(turn("assistant", call("1", arguments='{"a":')))
    with pytest.raises(BadRequest, match="tool call 'f'"):
        write(turn("assistant", call("1", arguments="[1]")))


def test_custom_and_namespaced_tools_become_functions() -> None:
    """R-C2, edge case 49: one string argument named input; a flat name; the choice follows."""
    tools = (Tool(name="patch", custom=True, namespace="fs"), Tool(name="ls", namespace="fs"))
    written = write(
        turn("user", "go"),
        turn("assistant", call("1", "patch", "free\ntext", custom=True, namespace="fs")),
        turn("user", result("1", "done")),
        tools=tools,
        tool_choice=ToolChoice(mode="named", names=("patch",), custom=True),
    )
    declared = written.body["tools"][0]["functionDeclarations"]
    assert [function["name"] for function in declared] == ["fs__patch", "fs__ls"]
    assert list(declared[0]["parametersJsonSchema"]["properties"]) == ["input"]
    assert "parametersJsonSchema" not in declared[1]
    assert written.body["contents"][1]["parts"][0]["functionCall"] == {
        "id": "1",
        "name": "fs__patch",
        "args": {"input": "free\ntext"},
    }
    assert written.body["contents"][2]["parts"][0]["functionResponse"]["name"] == "fs__patch"
    assert written.body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == ["fs__patch"]


def test_seals_go_only_to_their_maker() -> None:
    """R-S2, edge cases 22, 36: on text, thoughts and calls; another maker's is left off, never forged."""
    own, unknown = Seal("OWN", "gemini", "google"), Seal("ANY", "gemini")
    other, foreign = Seal("VTX", "gemini", "vertex"), Seal("SIG", "anthropic_messages", "anthropic")
    written = write(
        turn("user", "go"),
        turn(
            "assistant",
            Thought(text="t", seal=own),
            Text(text="x", seal=unknown),
            call("1", seal=own),
            call("2", seal=other),
            Thought(text="seen", seal=foreign),
            Thought(seal=foreign),
            Thought(seal=foreign, redacted=True),
        ),
    )
    assert written.body["contents"][1]["parts"] == [
        {"text": "t", "thought": True, "thoughtSignature": "OWN"},
        {"text": "x", "thoughtSignature": "ANY"},
        {"functionCall": {"id": "1", "name": "f", "args": {}}, "thoughtSignature": "OWN"},
        {"functionCall": {"id": "2", "name": "f", "args": {}}},
        {"text": "seen", "thought": True},
    ]
    assert written.dropped == ()


def test_opaque_blocks() -> None:
    """R-S2: Google's own go back; another vendor's are dropped and named, or refused when they matter."""
    own = Opaque(dialect="gemini", label="toolCall", data={"toolCall": {"id": "1"}}, origin="google")
    other = Opaque(dialect="gemini", label="toolCall", data={"toolCall": {"id": "1"}}, origin="vertex")
    foreign = Opaque(dialect="anthropic_messages", label="web_search_tool_result", data={})
    written = write(turn("user", "go"), turn("assistant", own, other, foreign, "x"))
    assert written.body["contents"][1]["parts"] == [{"toolCall": {"id": "1"}}, {"text": "x"}]
    assert written.dropped == ("toolCall", "web_search_tool_result")
    with pytest.raises(BadRequest, match="compaction"):
        write(turn("user", Opaque(dialect="openai_responses", label="compaction", data={}, optional=False)))


@pytest.mark.parametrize(
    ("media", "part"),
    [
        (
            Media(kind="image", media_type="image/png", data="QQ=="),
            {"inlineData": {"mimeType": "image/png", "data": "QQ=="}},
        ),
        (
            Media(kind="image", url="data:image/gif;base64,QQ=="),
            {"inlineData": {"mimeType": "image/gif", "data": "QQ=="}},
        ),
        (
            Media(kind="image", url="https://x.org/a.JPG?s=1"),
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.org/a.JPG?s=1"}},
        ),
        (
            Media(kind="document", url="https://x.org/a.pdf", name="a"),
            {"fileData": {"mimeType": "application/pdf", "fileUri": "https://x.org/a.pdf", "displayName": "a"}},
        ),
        (
            Media(kind="audio", media_type="audio/wav", data="QQ=="),
            {"inlineData": {"mimeType": "audio/wav", "data": "QQ=="}},
        ),
        (
            Media(kind="document", text="héllo"),
            {"inlineData": {"mimeType": "text/plain", "data": "aMOpbGxv"}},
        ),
        (
            Media(kind="video", file_id="gs://b/a.mp4", dialect="gemini"),
            {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://b/a.mp4"}},
        ),
    ],
)
def test_media(media: Media, part: dict[str, Any]) -> None:
    assert write(turn("user", media)).body["contents"][0]["parts"] == [part]


@pytest.mark.parametrize(
    "media",
    [
        Media(kind="document", file_id="file-1", dialect="openai_chat"),
        Media(kind="image", url="data:image/svg+xml,<svg/>"),
        Media(kind="image"),
    ],
)
def test_media_that_cannot_go_are_refused_by_name(media: Media) -> None:
    """R-T2: content is never dropped in silence."""
    with pytest.raises(BadRequest, match=media.kind):
        write(turn("user", media))


def test_pictures_are_no_system_instruction() -> None:
    with pytest.raises(BadRequest, match="image"):
        write(turn("system", Media(kind="image", data="QQ==", media_type="image/png")))


def test_schemas_go_as_json_schema() -> None:
    """Edge case 37: $ref, type lists, anyOf, const and additionalProperties in the field that takes them."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "a": {"type": ["string", "null"]},
            "b": {"$ref": "#/$defs/B", "description": "a B"},
            "c": {"const": "x"},
            "const": {"anyOf": [{"$ref": "#/$defs/B"}, {"type": "null"}], "title": "t"},
        },
        "$defs": {"B": {"type": "object", "additionalProperties": False}},
        "additionalProperties": False,
    }
    written = write(
        turn("user", "x"),
        tools=(Tool(name="f", parameters=schema), Tool(name="g", parameters={"properties": {}}), Tool(name="h")),
        format=OutputFormat(kind="json_schema", schema=schema, name="n", description="d", strict=True),
    )
    plain = {
        "type": "object",
        "properties": {
            "a": {"type": ["string", "null"]},
            "b": {"anyOf": [{"$ref": "#/$defs/B"}], "description": "a B"},
            "c": {"enum": ["x"]},
            "const": {"anyOf": [{"$ref": "#/$defs/B"}, {"type": "null"}], "title": "t"},
        },
        "$defs": {"B": {"type": "object", "additionalProperties": False}},
        "additionalProperties": False,
    }
    functions = written.body["tools"][0]["functionDeclarations"]
    assert functions == [
        {"name": "f", "parametersJsonSchema": plain},
        {"name": "g", "parametersJsonSchema": {"type": "object", "properties": {}}},
        {"name": "h"},
    ]
    assert written.body["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": {**plain, "description": "d"},
    }
    assert "$schema" in schema, "the request is a value"


def test_an_enum_is_googles_own_schema() -> None:
    config = write(turn("user", "x"), format=OutputFormat(kind="enum", schema={"type": "string", "enum": ["a"]})).body
    assert config["generationConfig"] == {
        "responseMimeType": "text/x.enum",
        "responseSchema": {"type": "STRING", "enum": ["a"]},
    }


@pytest.mark.parametrize(
    ("choice", "calling"),
    [
        (ToolChoice(mode="auto"), {"mode": "AUTO"}),
        (ToolChoice(mode="none"), {"mode": "NONE"}),
        (ToolChoice(mode="required"), {"mode": "ANY"}),
        (ToolChoice(mode="named", names=("f",)), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (
            ToolChoice(mode="allowed", names=("f", "gone"), required=True),
            {"mode": "ANY", "allowedFunctionNames": ["f"]},
        ),
        (ToolChoice(mode="allowed", names=("f",)), {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
        (ToolChoice(mode="auto", dialect="gemini", native={"mode": "VALIDATED"}), {"mode": "VALIDATED"}),
    ],
)
def test_tool_choices(choice: ToolChoice, calling: dict[str, Any]) -> None:
    written = write(turn("user", "x"), tools=(Tool(name="f"),), tool_choice=choice)
    assert written.body["toolConfig"] == {"functionCallingConfig": calling}
    assert written.dropped == ()


def test_a_choice_goes_with_its_tool() -> None:
    """Edge cases 25, 26: another vendor's server tool is dropped and named, and the choice of it with it."""
    written = write(
        turn("user", "x"),
        tools=(ServerTool(dialect="openai_responses", label="web_search", data={}, name="web_search"), Tool(name="f")),
        tool_choice=ToolChoice(mode="named", names=("web_search",)),
        parallel_tool_calls=False,
    )
    assert written.body["tools"] == [{"functionDeclarations": [{"name": "f"}]}]
    assert "toolConfig" not in written.body
    assert written.dropped == ("web_search", "parallel_tool_calls", "tool_choice")


def test_strict_tools_are_validated_calls() -> None:
    """VALIDATED holds calls to their schemas; where the model cannot, strict is named as dropped."""
    tools = (Tool(name="f", parameters={"type": "object"}, strict=True),)
    written = write(turn("user", "x"), tools=tools)
    assert written.body["toolConfig"] == {"functionCallingConfig": {"mode": "VALIDATED"}}
    plain = write(turn("user", "x"), tools=tools, target=Target(model="m", traits=Traits(strict_tools=False)))
    assert ("toolConfig" in plain.body, plain.dropped) == (False, ("strict",))


@pytest.mark.parametrize(
    ("reasoning", "family", "thinking", "dropped"),
    [
        (Reasoning(effort="high"), "level", {"thinkingLevel": "HIGH", "includeThoughts": True}, ()),
        (Reasoning(effort="high"), "budget", {"thinkingBudget": 24576, "includeThoughts": True}, ()),
        (Reasoning(effort="high", visible=False), "budget", {"thinkingBudget": 24576}, ()),
        (Reasoning(effort="max"), "level", {"thinkingLevel": "XHIGH", "includeThoughts": True}, ("reasoning.effort",)),
        (Reasoning(effort="max"), "budget", {"thinkingBudget": 24576, "includeThoughts": True}, ("reasoning.effort",)),
        (Reasoning(enabled=True, budget=5000), "budget", {"thinkingBudget": 5000, "includeThoughts": True}, ()),
        (
            Reasoning(enabled=True, budget=5000),
            "level",
            {"thinkingLevel": "MEDIUM", "includeThoughts": True},
            ("reasoning.budget",),
        ),
        (Reasoning(enabled=True, adaptive=True), "budget", {"thinkingBudget": -1, "includeThoughts": True}, ()),
        (Reasoning(enabled=True, adaptive=True), "level", {"includeThoughts": True}, ()),
        (Reasoning(enabled=False), "budget", {"thinkingBudget": 0}, ()),
        (Reasoning(enabled=False), "level", {"thinkingLevel": "MINIMAL"}, ("reasoning",)),
        (Reasoning(effort="none"), "", {"thinkingBudget": 0}, ()),
        (Reasoning(effort="low", summary="auto"), "", {"thinkingLevel": "LOW", "includeThoughts": True}, ()),
    ],
)
def test_thinking_in_the_familys_words(
    reasoning: Reasoning, family: Any, thinking: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    """Edge case 34: words to budgets and back, never clamped in silence."""
    target = Target(model="m", traits=Traits(thinking=family))
    written = write(turn("user", "x"), reasoning=reasoning, target=target)
    assert written.body["generationConfig"] == {"thinkingConfig": thinking}
    assert written.dropped == dropped


def test_who_speaks_gemini_is_taken_at_its_word() -> None:
    reasoning = Reasoning(enabled=True, budget=128, visible=False)
    target = Target(model="m", traits=Traits(thinking="level"))
    written = write(turn("user", "x"), reasoning=reasoning, dialect="gemini", target=target)
    assert written.body["generationConfig"] == {"thinkingConfig": {"thinkingBudget": 128}}


def test_settings_and_losses_by_name() -> None:
    """DESIGN 2, "loss is named"."""
    written = write(
        Turn(
            role="user",
            name="ann",
            blocks=(
                Text(
                    text="x",
                    cache=CacheMark(),
                    citations=(Citation(url="u"),),
                    extra={"anthropic_messages": {"odd": 1}},
                ),
                Media(kind="image", media_type="image/png", data="QQ==", detail="high"),
            ),
        ),
        max_output_tokens=10,
        temperature=0.0,
        top_p=0.9,
        top_k=5,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        stop=("a", "b"),
        n=2,
        seed=0,
        logprobs=True,
        top_logprobs=2,
        modalities=("text",),
        min_p=0.1,
        logit_bias={"1": 2.0},
        user="u",
        metadata={"a": "b"},
        prompt_cache_key="k",
        store=True,
        service_tier="scale",
        verbosity="low",
        extra={
            "openai_chat": {"prediction": {}},
            "gemini": {"labels": {"a": "b"}, "generationConfig.mediaResolution": "LOW"},
        },
    )
    assert written.body["generationConfig"] == {
        "maxOutputTokens": 10,
        "temperature": 0.0,
        "topP": 0.9,
        "topK": 5,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
        "candidateCount": 2,
        "seed": 0,
        "responseLogprobs": True,
        "logprobs": 2,
        "stopSequences": ["a", "b"],
        "responseModalities": ["TEXT"],
        "mediaResolution": "LOW",
    }
    assert written.body["labels"] == {"a": "b"}
    assert set(written.dropped) == {
        "prediction", "name", "odd", "cache_control", "citations", "detail", "min_p", "logit_bias", "verbosity", "user",
        "metadata", "prompt_cache_key", "store", "service_tier",
    }  # fmt: skip


def test_refused_settings_are_dropped_and_named() -> None:
    target = Target(model="m", traits=Traits(refuses=frozenset({"temperature", "reasoning"})))
    written = write(turn("user", "x"), temperature=1.0, reasoning=Reasoning(effort="low"), target=target)
    assert ("generationConfig" in written.body, written.dropped) == (False, ("temperature", "reasoning"))


def test_a_longer_conversation_keeps_the_earlier_bytes() -> None:
    """R-K1: appending a turn leaves the earlier bytes a strict prefix."""
    turns = [turn("system", "s"), turn("user", "a"), turn("assistant", call("1")), turn("user", result("1", "r"))]
    settings: dict[str, Any] = {"tools": (Tool(name="f"),), "temperature": 0.5, "extra": {"gemini": {"labels": {}}}}
    short = json.dumps(write(*turns[:3], **settings).body)
    longer = json.dumps(write(*turns, **settings).body)
    assert longer.startswith(short.removesuffix("]}"))


def test_invented_ids_are_not_shown_to_google() -> None:
    """Edge case 42: what came without ids goes without ids, still in pairs."""
    contents = [
        {"role": "user", "parts": [{"text": "go"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}] * 2},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": n}}} for n in "ab"]},
    ]
    request = GEMINI.read_request(json.dumps({"contents": contents}).encode())
    assert GEMINI.write_request(request, TARGET).body["contents"] == contents


def test_adaptive_thinking_that_is_not_to_be_seen_is_dynamic_thinking() -> None:
    """Claude Code asks so: `{"type": "adaptive", "display": "omitted"}`."""
    unseen = Reasoning(enabled=True, adaptive=True, visible=False)
    config = write(turn("user", "hi"), reasoning=unseen).body["generationConfig"]
    assert config == {"thinkingConfig": {"thinkingBudget": -1}}
