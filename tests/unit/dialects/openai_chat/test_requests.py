"""Requests of the Chat wire: read from clients, written to providers, and across from other doors."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from gophergate.core.blocks import (
    CacheMark,
    Media,
    Opaque,
    Seal,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)
from gophergate.core.request import OutputFormat, Reasoning, Request, ServerTool, Tool, ToolChoice, Turn
from gophergate.dialects.base import Target, Traits, wrap_seal
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.errors import BadRequest

CHAT = OpenAIChat()
PLAIN = Target(model="m", origin="maker")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def user(text: str = "hi") -> Turn:
    return Turn(role="user", blocks=(Text(text=text),))


def read(messages: Any = None, **members: Any) -> Request:
    body = {"model": "m", "messages": messages or [{"role": "user", "content": "hi"}], **members}
    return CHAT.read_request(json.dumps(body).encode())


def foreign(*turns: Turn, **members: Any) -> Request:
    """A request that came through another door."""
    return Request(dialect="anthropic_messages", model="m", turns=turns or (user(),), **members)


def write(request: Request, **traits: Any) -> dict[str, Any]:
    return CHAT.write_request(request, Target(model="m", origin="maker", traits=Traits(**traits))).body


def messages(*turns: Turn, **traits: Any) -> list[dict[str, Any]]:
    return list(write(foreign(*turns), **traits)["messages"])


def dropped(request: Request, target: Target = PLAIN) -> tuple[str, ...]:
    return CHAT.write_request(request, target).dropped


# -- reading --------------------------------------------------------------------------------------------------


def test_turns_of_every_role() -> None:
    found = read(
        [
            {"role": "developer", "content": "d"},
            {"role": "system", "content": [{"type": "text", "text": "s"}], "name": "n"},
            {"role": "user", "content": "u"},
            {"role": "assistant", "content": None, "tool_calls": [call("c1"), call("c2")]},
            {"role": "tool", "tool_call_id": "c1", "content": "1"},
            {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "2"}]},
            {"role": "user", "content": ""},
        ]
    )
    assert [turn.role for turn in found.turns] == ["developer", "system", "user", "assistant", "user", "user"]
    assert found.turns[1].name == "n"
    assert [type(b) for b in found.turns[3].blocks] == [ToolCall, ToolCall]  # no empty text (edge case 30)
    assert [b.call_id for b in found.turns[4].blocks if isinstance(b, ToolResult)] == ["c1", "c2"]
    assert found.turns[5].blocks == ()


def call(id: str, **members: Any) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}, **members}


@pytest.mark.parametrize(
    ("part", "block"),
    [
        ({"type": "text", "text": "t"}, Text(text="t")),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
            Media(kind="image", media_type="image/png", data="AA==", detail="low"),
        ),
        ({"type": "image_url", "image_url": {"url": "https://h/i.png"}}, Media(kind="image", url="https://h/i.png")),
        (
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}},
            Media(kind="audio", media_type="audio/mpeg", data="AA=="),
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"}},
            Media(kind="document", media_type="application/pdf", data="AA==", name="a.pdf"),
        ),
        (
            {"type": "file", "file": {"file_id": "file-1"}},
            Media(kind="document", file_id="file-1", dialect="openai_chat"),
        ),
        ({"type": "video_url", "video_url": {"url": "https://h/v.mp4"}}, Media(kind="video", url="https://h/v.mp4")),
        (
            {"type": "document_url", "document_url": "https://h/d.pdf", "document_name": "d"},
            Media(kind="document", url="https://h/d.pdf", name="d", extra={"openai_chat": {"_part": "document_url"}}),
        ),
        (
            {"type": "text", "text": "t", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            Text(
                text="t",
                cache=CacheMark(ttl="1h"),
                extra={"openai_chat": {"_mark": {"cache_control": {"type": "ephemeral", "ttl": "1h"}}}},
            ),
        ),
        (
            {"type": "hologram", "x": 1},
            Opaque(dialect="openai_chat", label="hologram", data={"type": "hologram", "x": 1}, optional=False),
        ),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else "",
)
def test_parts_are_read_and_go_out_as_they_came(part: dict[str, Any], block: Any) -> None:
    request = read([{"role": "user", "content": [part, {"type": "text", "text": "?"}]}])
    assert request.turns[0].blocks == (block, Text(text="?"))
    assert write(request)["messages"][0]["content"][0] == part


def test_the_newer_limit_wins() -> None:
    """Edge case 33: both limits said."""
    request = read(max_tokens=10, max_completion_tokens=20)
    assert request.max_output_tokens == 20
    assert write(request)["max_tokens"] == 20
    assert write(request, max_tokens_member="max_completion_tokens")["max_completion_tokens"] == 20


def test_unsaid_strict_means_false_here() -> None:
    """PROTOCOLS: absent is false in Chat, true in Responses; said, so that a crossing keeps it."""
    tools = [{"type": "function", "function": {"name": n, **s}} for n, s in (("a", {}), ("b", {"strict": True}))]
    request = read(tools=tools)
    assert [tool.strict for tool in request.tools if isinstance(tool, Tool)] == [False, True]
    assert [tool["function"].get("strict") for tool in write(request)["tools"]] == [None, True]
    assert dropped(request, Target(model="m", traits=Traits(strict_tools=False))) == ("strict",)


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        ("auto", ToolChoice(mode="auto")),
        ("required", ToolChoice(mode="required")),
        ("any", ToolChoice(mode="required")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice(mode="named", names=("f",))),
        ({"type": "custom", "custom": {"name": "g"}}, ToolChoice(mode="named", names=("g",), custom=True)),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]},
            },
            ToolChoice(mode="allowed", names=("f",), required=True),
        ),
        ({"type": "web_search"}, ToolChoice(mode="native", dialect="openai_chat", native={"type": "web_search"})),
    ],
    ids=["auto", "required", "any", "named", "custom", "allowed", "native"],
)
def test_tool_choices(said: Any, choice: ToolChoice) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}, {"type": "custom", "custom": {"name": "g"}}]
    request = read(tools=tools, tool_choice=said)
    assert request.tool_choice == choice
    assert write(request)["tool_choice"] == ("required" if said == "any" else said)


def test_free_form_tools_stay_free_form_within_the_dialect() -> None:
    """Chat nests a grammar that the canon, like Responses, has flat."""
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /a/"}}
    tools = [{"type": "custom", "custom": {"name": "patch", "description": "d", "format": grammar}}]
    told = {"id": "c1", "type": "custom", "custom": {"name": "patch", "input": "a"}}
    history = [{"role": "user", "content": "x"}, {"role": "assistant", "content": None, "tool_calls": [told]}]
    request = read(history, tools=tools)
    assert request.tools == (
        Tool(
            name="patch",
            description="d",
            custom=True,
            format={"type": "grammar", "syntax": "lark", "definition": "start: /a/"},
        ),
    )
    body = write(request)
    assert (body["tools"], body["messages"][1]["tool_calls"]) == (tools, [told])


@pytest.mark.parametrize(
    ("member", "entry", "path"),
    [("functions", None, "functions[0].name"), ("tools", {"function": {}}, "tools[0].function.name")],
)
def test_a_function_without_a_name_is_named_where_its_caller_wrote_it(member: str, entry: Any, path: str) -> None:
    """R-X8."""
    with pytest.raises(BadRequest) as refused:
        read(**{member: [entry]})
    assert refused.value.param == path


def test_the_old_functions_are_tools_and_go_back_as_functions() -> None:
    history = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "r"},
    ]
    function = {"name": "f", "description": "d", "parameters": SCHEMA}
    request = read(history, functions=[function], function_call={"name": "f"})
    assert [t.name for t in request.tools if isinstance(t, Tool)] == ["f"]
    assert request.tool_choice == ToolChoice(mode="named", names=("f",))
    made, result = request.turns[1].blocks[0], request.turns[2].blocks[0]
    assert isinstance(made, ToolCall)
    assert isinstance(result, ToolResult)
    assert made.id == result.call_id != ""  # other dialects match results by ids
    body = write(request)
    assert (body["functions"], body["function_call"]) == ([function], {"name": "f"})
    assert body["messages"] == history


def test_reasoning_said_in_any_members_is_kept_as_said() -> None:
    """OpenAI's word, OpenRouter's object, Z.AI's and Qwen's switches."""
    said: list[tuple[dict[str, Any], Reasoning]] = [
        ({"reasoning_effort": "high"}, Reasoning(effort="high")),
        ({"reasoning": {"max_tokens": 2000}}, Reasoning(budget=2000)),
        ({"thinking": {"type": "disabled"}}, Reasoning(enabled=False)),
        ({"enable_thinking": True}, Reasoning(enabled=True)),
    ]
    for members, expected in said:
        found = read(**members)
        assert found.reasoning is not None
        assert (found.reasoning.effort, found.reasoning.budget, found.reasoning.enabled) == (
            expected.effort,
            expected.budget,
            expected.enabled,
        )
        assert {name: write(found)[name] for name in members} == members


def test_unknown_members_go_back_to_the_same_dialect() -> None:
    """R-C1."""
    members = {"provider": {"only": ["x"]}, "web_search_options": {}, "safety_identifier": "s"}
    request = read(**members)
    assert request.extra == {"openai_chat": members}
    assert {name: write(request)[name] for name in members} == members
    assert dropped(request) == ()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"[]", None),
        (b"{", None),
        (b"{}", "model"),
        (b'{"model":"m"}', "messages"),
        (b'{"model":"m","messages":[]}', "messages"),
        (b'{"model":"m","messages":[1]}', "messages[0]"),
        (b'{"model":"m","messages":[{"role":"robot"}]}', "messages[0].role"),
        (b'{"model":"m","messages":[{"role":"user","content":1}]}', "messages[0].content"),
        (b'{"model":"m","messages":[{"role":"user"}],"temperature":"hot"}', "temperature"),
        (b'{"model":"m","messages":[{"role":"user"}],"max_tokens":1.5}', "max_tokens"),
        (b'{"model":"m","messages":[{"role":"user"}],"stop":[1]}', "stop"),
        (b'{"model":"m","messages":[{"role":"user"}],"tools":[{"function":{}}]}', "tools[0].function.name"),
    ],
)
def test_a_wrong_body_is_refused_by_name(body: bytes, param: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        CHAT.read_request(body)
    assert caught.value.param == param


# -- opaque state ---------------------------------------------------------------------------------------------


def test_details_go_back_to_their_maker_as_they_came() -> None:
    """R-S2: a bare signature is native to this door, its maker unknown."""
    details = [
        {"type": "reasoning.text", "text": "hm", "signature": "SIG", "format": "anthropic-claude-v1", "index": 0},
        {"type": "reasoning.encrypted", "data": "ENC", "id": "rs_1", "index": 1},
    ]
    message = {"role": "assistant", "content": "a", "reasoning": "hm", "reasoning_details": details}
    request = read([{"role": "user", "content": "x"}, message])
    assert write(request)["messages"][1] == message


def test_a_seal_of_another_maker_is_never_shown() -> None:
    """R-S2: the text may go where there is a place for it, the token and the encrypted thought may not."""
    turns = Turn(
        role="assistant",
        blocks=(
            Thought(text="hm", seal=Seal("SIG", "anthropic_messages", "anthropic")),
            Thought(redacted=True, seal=Seal("RED", "anthropic_messages", "anthropic")),
            Thought(text="h2", seal=Seal("OTHER", "openai_chat", "openrouter")),
            ToolCall(id="c", name="f", arguments="{}", seal=Seal("TS", "gemini", "gemini")),
        ),
    )
    body = json.dumps(messages(user(), turns))
    assert json.loads(body)[1]["reasoning_content"] == "hm\n\nh2"
    for token in ("SIG", "RED", "OTHER", "TS"):
        assert token not in body


def test_thoughts_without_a_place_are_dropped_and_named() -> None:
    turn = Turn(role="assistant", blocks=(Thought(text="hm"), Text(text="a")))
    target = Target(model="m", traits=Traits(reasoning_member=""))
    written = CHAT.write_request(foreign(user(), turn), target)
    assert (written.dropped, written.body["messages"][1]) == (("reasoning",), {"role": "assistant", "content": "a"})


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("reasoning", {"content": "a", "reasoning": "hm"}),
        (
            "thinking",
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "text", "text": "a"},
                ]
            },
        ),
        ("reasoning_details", {"content": "a", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}),
    ],
)
def test_plain_reasoning_goes_where_the_target_has_its_place(member: str, expected: dict[str, Any]) -> None:
    turn = Turn(role="assistant", blocks=(Thought(text="hm"), Text(text="a")))
    assert messages(user(), turn, reasoning_member=member)[1] == {"role": "assistant", **expected}


def test_wrapped_seals_come_back_to_their_dialect() -> None:
    """R-S3: another dialect's state inside this wire's members."""
    seal, call_seal = Seal("SIG", "anthropic_messages", "a"), Seal("TS", "openai_responses", "o")
    detail = {"type": "reasoning.text", "text": "hm", "signature": wrap_seal(seal), "index": 0}
    told = call("c1", extra_content={"gophergate": {"seal": wrap_seal(call_seal)}})
    request = read(
        [
            {
                "role": "assistant",
                "content": "a",
                "reasoning_content": "hm",
                "reasoning_details": [detail],
                "tool_calls": [told],
            }
        ]
    )
    thought, _, made = request.turns[0].blocks
    assert thought == Thought(text="hm", seal=seal)
    assert isinstance(made, ToolCall)
    assert made.seal == call_seal


def test_googles_signature_goes_back_to_google_only() -> None:
    """Edge case 36, R-S2: bare it may go to any speaker of this dialect, with our note to its maker alone."""
    bare = call("c1", extra_content={"google": {"thought_signature": "TS"}})
    noted = call("c2", extra_content={"google": {"thought_signature": "T2"}, "gophergate": {"seal": "gg1:gemini:g:"}})
    request = read([{"role": "assistant", "content": None, "tool_calls": [bare, noted]}])
    assert [b.seal for b in request.turns[0].blocks if isinstance(b, ToolCall)] == [
        Seal("TS", "gemini"),
        Seal("T2", "gemini", "g"),
    ]
    google = CHAT.write_request(request, Target(model="m", origin="g")).body["messages"][0]["tool_calls"]
    other = CHAT.write_request(request, Target(model="m", origin="x")).body["messages"][0]["tool_calls"]
    assert [c["extra_content"]["google"]["thought_signature"] for c in google] == ["TS", "T2"]
    assert ["extra_content" in c for c in other] == [True, False]


# -- from other doors -----------------------------------------------------------------------------------------


def test_results_stand_directly_after_their_calls() -> None:
    """Edge case 28: text before a result, results in two turns, media inside."""
    calls = Turn(role="assistant", blocks=(ToolCall(id="a", name="f"), ToolCall(id="b", name="g", arguments='{"x":1}')))
    first = Turn(role="user", blocks=(Text(text="so:"), ToolResult(call_id="a", content=(Text(text="1"),))))
    second = Turn(
        role="user", blocks=(ToolResult(call_id="b", content=(Text(text="2"), Text(text="3"))), Text(text="?"))
    )
    found = messages(user(), calls, first, second)
    assert [(m["role"], m["content"]) for m in found] == [
        ("user", "hi"),
        ("assistant", None),
        ("tool", "1"),
        ("tool", "2\n3"),
        ("user", "so:"),
        ("user", "?"),
    ]
    assert [c["function"]["arguments"] for c in found[1]["tool_calls"]] == ["{}", '{"x":1}']


def test_media_of_a_result_follow_in_the_next_message() -> None:
    """Edge case 29; PROTOCOLS: media inside tool results lost. A tool message holds text only."""
    image = Media(kind="image", media_type="image/png", data="AA==")
    turn = Turn(role="user", blocks=(ToolResult(call_id="c", content=(Text(text="see"), image)), Text(text="?")))
    tool, shown = messages(user(), turn)[1:]
    assert tool["content"] == "see\n[Attachment 1 of tool result c follows in the next message]"
    assert [part["type"] for part in shown["content"]] == ["text", "image_url", "text"]


def test_a_failed_result_says_so() -> None:
    """PROTOCOLS: the error flag of a tool result lost. This wire has words only."""
    results = [
        ToolResult(call_id="a", content=(Text(text="no such file"),), is_error=True),
        ToolResult(call_id="b", content=(Text(text="error: x"),), is_error=True),
        ToolResult(call_id="c", is_error=True),
        ToolResult(call_id="d", content=(Text(text="fine"),), is_error=False),
    ]
    found = messages(user(), Turn(role="user", blocks=tuple(results)))[1:]
    assert [m["content"] for m in found] == ["Error: no such file", "error: x", "Error", "fine"]


def test_system_texts_are_joined_and_take_the_targets_role() -> None:
    """Edge case 31: look-alikes do not all take lists; the caller's cache marks are named."""
    system = Turn(role="system", blocks=(Text(text="a"), Text(text="b", cache=CacheMark())))
    assert messages(system, user())[0] == {"role": "system", "content": "a\n\nb"}
    assert messages(system, user(), system_role="developer")[0]["role"] == "developer"
    assert dropped(foreign(system, user())) == ("cache_control",)


def test_free_form_and_namespaced_tools_become_functions() -> None:
    """R-C2, edge case 49."""
    patch = Tool(
        name="patch", description="d", custom=True, format={"type": "grammar", "syntax": "lark", "definition": "s"}
    )
    wait = Tool(name="wait", parameters=SCHEMA, namespace="clock")
    history = Turn(
        role="assistant",
        blocks=(
            ToolCall(id="1", name="patch", arguments='say "hi"', custom=True),
            ToolCall(id="2", name="wait", arguments="{}", namespace="clock"),
        ),
    )
    request = foreign(user(), history, tools=(patch, wait), tool_choice=ToolChoice(mode="named", names=("wait",)))
    body = write(request)
    names = [tool["function"]["name"] for tool in body["tools"]]
    assert names == ["patch", "clock__wait"]
    assert body["tools"][0]["function"]["description"] == "d\n\nThe input must match this lark grammar:\ns"
    assert body["tools"][0]["function"]["parameters"]["required"] == ["input"]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "clock__wait"}}
    assert [c["function"] for c in body["messages"][1]["tool_calls"]] == [
        {"name": "patch", "arguments": '{"input":"say \\"hi\\""}'},
        {"name": "clock__wait", "arguments": "{}"},
    ]


def test_a_vendors_own_tools_are_dropped_and_named_with_their_choice() -> None:
    """Edge cases 25 and 26."""
    search = ServerTool(dialect="anthropic_messages", label="web_search_20250305", data={}, name="web_search")
    request = foreign(
        tools=(search,), tool_choice=ToolChoice(mode="named", names=("web_search",)), parallel_tool_calls=False
    )
    written = CHAT.write_request(request, PLAIN)
    assert set(written.body) == {"model", "messages"}
    assert written.dropped == ("web_search_20250305", "tool_choice", "parallel_tool_calls")


def test_allowed_tools_of_another_door_are_the_tools_that_go_out() -> None:
    """PROTOCOLS: `allowed_tools` refused. Look-alikes do not know it."""
    request = foreign(
        tools=(Tool(name="a"), Tool(name="b")), tool_choice=ToolChoice(mode="allowed", names=("b",), required=True)
    )
    body = write(request)
    assert ([tool["function"]["name"] for tool in body["tools"]], body["tool_choice"]) == (["b"], "required")


@pytest.mark.parametrize(
    ("block", "word"),
    [
        (Media(kind="document", file_id="f", dialect="anthropic_messages"), "document"),
        (Opaque(dialect="anthropic_messages", label="container_upload", data={}, optional=False), "container_upload"),
        (Media(kind="audio", url="https://h/a.wav"), "audio"),
    ],
)
def test_content_that_cannot_go_is_refused_by_name(block: Any, word: str) -> None:
    with pytest.raises(BadRequest, match=word):
        messages(Turn(role="user", blocks=(block,)))


def test_documents_by_address_need_a_target_that_fetches() -> None:
    document = Turn(role="user", blocks=(Media(kind="document", url="https://h/a.pdf"),))
    part = messages(document)[0]["content"][0]
    assert part == {"type": "file", "file": {"file_data": "https://h/a.pdf"}}
    with pytest.raises(BadRequest, match="document"):
        messages(document, fetches=frozenset({"image"}))


def test_optional_blocks_of_another_vendor_are_dropped_and_named() -> None:
    block = Opaque(dialect="anthropic_messages", label="web_search_tool_result", data={})
    request = foreign(user(), Turn(role="assistant", blocks=(block, Text(text="a"))))
    assert dropped(request) == ("web_search_tool_result",)


@pytest.mark.parametrize(
    ("reasoning", "traits", "expected"),
    [
        (Reasoning(effort="xhigh"), {}, {"reasoning_effort": "xhigh"}),
        (Reasoning(budget=1024), {}, {"reasoning_effort": "low"}),
        (Reasoning(budget=4000), {}, {"reasoning_effort": "medium"}),
        (Reasoning(budget=32000), {}, {"reasoning_effort": "high"}),
        (Reasoning(enabled=False), {}, {"reasoning_effort": "none"}),
        (Reasoning(adaptive=True, enabled=True), {}, {}),
        (Reasoning(effort="high"), {"thinking": "toggle"}, {"thinking": {"type": "enabled"}}),
        (Reasoning(enabled=False), {"thinking": "toggle"}, {"thinking": {"type": "disabled"}}),
        (Reasoning(budget=2000), {"thinking": "budget"}, {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
    ],
)
def test_how_much_to_think(reasoning: Reasoning, traits: dict[str, Any], expected: dict[str, Any]) -> None:
    """Edge case 34, from other doors to a target that is told by effort, by a switch, or by tokens."""
    body = write(foreign(reasoning=reasoning), **traits)
    assert {k: v for k, v in body.items() if k not in ("model", "messages")} == expected


def test_refused_settings_are_dropped_and_named() -> None:
    target = Target(model="m", traits=Traits(refuses=frozenset({"temperature", "max_output_tokens", "seed"})))
    written = CHAT.write_request(foreign(temperature=0.5, max_output_tokens=5, top_p=0.9), target)
    assert (set(written.body), written.dropped) == (
        {"model", "messages", "top_p"},
        ("max_output_tokens", "temperature"),
    )


def test_settings_that_mean_something_else_here_do_not_leak() -> None:
    """OpenAI answers 400 to metadata on what is not stored; `store: false` and tiers are other doors' words."""
    request = foreign(metadata={"user_id": "u"}, store=False, service_tier="standard_only", modalities=("text",))
    written = CHAT.write_request(request, PLAIN)
    assert (set(written.body), written.dropped) == ({"model", "messages"}, ("service_tier", "metadata"))


def test_members_of_other_dialects_are_dropped_by_name() -> None:
    request = foreign(extra={"anthropic_messages": {"context_management": {}}}, top_k=5, truncation="auto")
    written = CHAT.write_request(request, PLAIN)
    assert written.dropped == ("truncation", "context_management")
    assert written.body["top_k"] == 5


def test_structured_output() -> None:
    output = OutputFormat(kind="json_schema", schema=SCHEMA, strict=True)
    assert write(foreign(format=output))["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "response", "schema": SCHEMA, "strict": True},
    }
    assert write(foreign(format=OutputFormat(kind="json")))["response_format"] == {"type": "json_object"}
    assert dropped(foreign(format=OutputFormat(kind="enum", schema={}))) == ("format",)


def test_usage_is_always_asked_for_on_a_stream() -> None:
    """R-U4; the caller's other stream options are kept."""
    request = read(stream=True, stream_options={"include_obfuscation": False})
    assert not request.include_usage
    assert write(request)["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert "stream_options" not in write(read())


def test_a_documents_text_and_a_spoken_answer_are_told_in_words() -> None:
    document = Media(kind="document", media_type="text/plain", text="body", name="notes.txt")
    spoken = Media(kind="audio", data="AA==", transcript="said")
    found = messages(Turn(role="user", blocks=(document,)), Turn(role="assistant", blocks=(spoken,)))
    assert found[0]["content"] == [{"type": "text", "text": "notes.txt\n\nbody"}]
    assert found[1]["content"] == "said"


def test_ids_keep_their_length() -> None:
    """Edge case 53."""
    turn = Turn(role="assistant", blocks=(ToolCall(id="t" * 900, name="f"),))
    assert messages(user(), turn)[1]["tool_calls"][0]["id"] == "t" * 900


def test_the_same_bytes_in_every_process() -> None:
    """R-K1, edge case 32: different hash seeds, identical bytes; an appended turn leaves a strict prefix."""
    script = (
        "import sys; from gophergate.dialects.openai_chat import OpenAIChat as C;"
        "from gophergate.dialects.base import *; c = C();"
        "request = c.read_request(sys.stdin.buffer.read());"
        "sys.stdout.buffer.write(encode(c.write_request(request, Target(model='m')).body))"
    )
    tools = [
        {"type": "function", "function": {"name": n, "parameters": SCHEMA}, "cache_control": {"type": "e"}}
        for n in "abc"
    ]
    body: dict[str, Any] = {
        "model": "m",
        "messages": [{"role": "user", "content": "x", "z": 1, "y": 2}],
        "tools": tools,
        "seed": 1,
        "b": 1,
        "a": 2,
    }
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            input=json.dumps(body).encode(),
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1
    turns = body["messages"]
    first = json.dumps(write(read(turns))["messages"])
    second = json.dumps(write(read([*turns, {"role": "assistant", "content": "y"}]))["messages"])
    assert second.startswith(first.removesuffix("]"))


@pytest.mark.parametrize(
    ("asked", "member", "told", "lost"),
    [
        ({"service_tier": "fast"}, "service_tier", "fast", ()),
        ({"service_tier": "ultrafast"}, "service_tier", None, ("service_tier",)),
        ({"modalities": ("text", "video")}, "modalities", ["text"], ("modalities",)),
        ({"modalities": ("modality_unspecified",)}, "modalities", None, ("modalities",)),
        ({"reasoning": Reasoning(effort="ultra")}, "reasoning_effort", None, ("reasoning.effort",)),
        ({"reasoning": Reasoning(effort="max")}, "reasoning_effort", "max", ()),
    ],
)
def test_words_of_other_doors_go_where_openai_has_them(
    asked: dict[str, Any], member: str, told: Any, lost: tuple[str, ...]
) -> None:
    """R-C1: a word that OpenAI's types do not list is dropped by name and not sent to be refused."""
    written = CHAT.write_request(foreign(**asked), Target(model="m"))
    assert (written.body.get(member), written.dropped) == (told, lost)
