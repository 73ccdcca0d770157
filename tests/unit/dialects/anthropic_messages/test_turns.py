"""The order and pairing of turns, for a target of this dialect."""

from __future__ import annotations

from typing import Any

import pytest

from gophergate.core.blocks import Block, Media, Opaque, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import Request, Role, Turn
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.anthropic_messages.turns import NO_RESULT
from gophergate.dialects.base import Target, Written
from gophergate.errors import BadRequest

MESSAGES = AnthropicMessages()
NAME = "anthropic_messages"


def write(*turns: Turn, dialect: str = "openai_chat", **settings: Any) -> Written:
    request = Request(dialect=dialect, model="m", turns=turns, **settings)
    return MESSAGES.write_request(request, Target(model="claude-x", origin="anthropic"))


def turn(role: Role, *blocks: Block | str) -> Turn:
    return Turn(role=role, blocks=tuple(Text(text=block) if isinstance(block, str) else block for block in blocks))


def call(id: str, name: str = "f", arguments: str = "{}") -> ToolCall:
    return ToolCall(id=id, name=name, arguments=arguments)


def result(id: str, text: str = "ok", **settings: Any) -> ToolResult:
    return ToolResult(call_id=id, content=(Text(text=text),) if text else (), **settings)


def told(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def used(id: str, **input: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": "f", "input": input}


def answered(id: str, text: str = "ok") -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": [told(text)]}


def missing(id: str) -> dict[str, Any]:
    return {**answered(id, NO_RESULT), "is_error": True}


def contents(written: Written) -> list[Any]:
    return [(message["role"], message["content"]) for message in written.body["messages"]]


def test_results_stand_first_however_they_came() -> None:
    """Edge case 28: text before a result, two results with text between, results over several turns."""
    written = write(
        turn("user", "go"),
        turn("assistant", call("a"), call("b"), call("c")),
        turn("user", "before", result("b"), "between", result("a")),
        turn("user", result("c"), "after"),
    )
    assert contents(written) == [
        ("user", [told("go")]),
        ("assistant", [used("a"), used("b"), used("c")]),
        ("user", [answered("b"), answered("a"), answered("c"), told("before"), told("between"), told("after")]),
    ]


def test_a_missing_result_is_said_to_be_missing() -> None:
    """Edge case 29: the API refuses an unanswered call; ours says so, marked as an error."""
    written = write(turn("user", "go"), turn("assistant", call("a"), call("b")), turn("user", result("b"), "and?"))
    assert contents(written)[2] == ("user", [answered("b"), missing("a"), told("and?")])
    between = write(turn("user", "go"), turn("assistant", call("a")), turn("assistant", "well"), turn("user", "?"))
    assert contents(between)[1:] == [
        ("assistant", [used("a"), told("well")]),
        ("user", [missing("a"), told("?")]),
    ]
    last = write(turn("user", "go"), turn("assistant", call("a")))
    assert contents(last)[2] == ("user", [missing("a")])


def test_an_orphan_result_becomes_words() -> None:
    """Edge case 29: a history that was trimmed; text and pictures stay, the block the API refuses does not."""
    picture = Media(kind="image", media_type="image/png", data="iVBO")
    orphan = ToolResult(call_id="gone", content=(Text(text="42"), Text(text=" "), picture))
    shown = [
        told("[Result of tool call gone, which is not in the turn before]"),
        told("42"),
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
    ]
    assert contents(write(turn("user", orphan, "go on"))) == [("user", [*shown, told("go on")])]
    late = write(
        turn("user", "go"),
        turn("assistant", call("gone")),
        turn("user", "wait"),
        turn("assistant", "yes"),
        turn("user", orphan),
    )
    assert contents(late)[2] == ("user", [missing("gone"), told("wait")])
    assert contents(late)[4] == ("user", shown)
    twice = write(turn("user", "go"), turn("assistant", call("a")), turn("user", result("a"), result("a", "again")))
    assert contents(twice)[2][1][1:] == [
        told("[Result of tool call a, which is not in the turn before]"),
        told("again"),
    ]


def test_results_of_every_kind() -> None:
    """Edge case 29: image, list, empty, is_error true, false and unsaid."""
    picture = Media(kind="image", media_type="image/png", data="iVBO")
    pdf = Media(kind="document", media_type="application/pdf", data="JVBE", name="r.pdf")
    written = write(
        turn("user", "go"),
        turn("assistant", call("a"), call("b"), call("c")),
        turn(
            "user",
            ToolResult(call_id="a", content=(Text(text="x"), picture, pdf), is_error=True),
            ToolResult(call_id="b", is_error=False),
            result("c", ""),
        ),
    )
    assert contents(written)[2][1] == [
        {
            "type": "tool_result",
            "tool_use_id": "a",
            "content": [
                told("x"),
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                    "title": "r.pdf",
                },
            ],
            "is_error": True,
        },
        {"type": "tool_result", "tool_use_id": "b", "is_error": False},
        {"type": "tool_result", "tool_use_id": "c"},
    ]


def test_a_turn_of_calls_alone_gets_no_filler() -> None:
    """Edge case 30: no empty text beside the calls, and no turn without anything in it."""
    written = write(
        turn("user", "go", "", "  \n"), turn("assistant", "", call("a")), turn("user", result("a")), turn("assistant")
    )
    assert contents(written) == [
        ("user", [told("go")]),
        ("assistant", [used("a")]),
        ("user", [answered("a")]),
    ]


def test_neighbours_of_one_speaker_are_one_turn() -> None:
    """Edge case 40's cousin: also when what stood between them says nothing here."""
    foreign = Thought(text="hm", seal=Seal("x", "gemini", "google"))
    written = write(turn("user", "a"), turn("assistant", foreign), turn("user", "b"))
    assert contents(written) == [("user", [told("a"), told("b")])]
    assert written.dropped == ("reasoning",)


def test_foreign_and_unsigned_thinking_is_never_sent() -> None:
    """Edge case 22, R-S2: only the maker's own seal goes back; readable reasoning left out is named."""
    own = Thought(text="mine", seal=Seal("s", NAME, "anthropic"))
    written = write(
        turn("user", "a"),
        turn(
            "assistant",
            own,
            Thought(seal=Seal("r", NAME), redacted=True),
            Thought(text="unsigned"),
            Thought(text="bedrock's", seal=Seal("s", NAME, "bedrock")),
            Thought(seal=Seal("enc", "openai_responses", "openai")),
            "x",
        ),
        turn("user", "b"),
    )
    assert contents(written)[1][1] == [
        {"type": "thinking", "thinking": "mine", "signature": "s"},
        {"type": "redacted_thinking", "data": "r"},
        told("x"),
    ]
    assert written.dropped == ("reasoning",)
    silent = write(turn("user", "a"), turn("assistant", Thought(seal=Seal("e", "gemini")), "x"), turn("user", "b"))
    assert silent.dropped == ()


def test_system_turns_of_other_dialects_are_folded_in_order() -> None:
    """System and developer turns, at the beginning and in the middle, are `system`; no user says them."""
    written = write(
        turn("system", "one"),
        turn("developer", "two"),
        turn("user", "hi"),
        turn("developer", "three"),
        turn("user", "x"),
    )
    assert written.body["system"] == [told("one"), told("two"), told("three")]
    assert contents(written) == [("user", [told("hi"), told("x")])]
    assert written.dropped == ()


def test_system_turns_of_this_dialect_stay_in_place() -> None:
    """The API takes them among the messages; the first stays `system`, also between a call and its result."""
    written = write(
        turn("system", "one"),
        turn("system", "two"),
        turn("user", "hi"),
        turn("assistant", call("a")),
        turn("system", "three"),
        turn("user", result("a")),
        dialect=NAME,
    )
    assert written.body["system"] == [told("one")]
    assert contents(written) == [
        ("system", [told("two")]),
        ("user", [told("hi")]),
        ("assistant", [used("a")]),
        ("system", [told("three")]),
        ("user", [answered("a")]),
    ]


def test_ids_keep_the_vendor_s_rule_and_stay_apart() -> None:
    """Edge case 53: ids are never shortened; what the API refuses is spelled, results too; twins are told apart."""
    written = write(
        turn("user", "go"),
        turn("assistant", call("functions.f:0"), call("functions.f:0"), call("call_" + "x" * 200)),
        turn("user", result("functions.f:0", "1"), result("functions.f:0", "2"), result("call_" + "x" * 200)),
    )
    ids = [block["id"] for block in contents(written)[1][1]]
    assert ids == ["ggx-functions_2e_f_3a_0", "ggx-functions_2e_f_3a_0-2", "call_" + "x" * 200]
    assert [(b["tool_use_id"], b["content"][0]["text"]) for b in contents(written)[2][1]] == [
        (ids[0], "1"),
        (ids[1], "2"),
        (ids[2], "ok"),
    ]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [("", {}), ("  ", {}), ('{"a":1}', {"a": 1}), ("[1]", {"input": "[1]"}), ("{oops", {"input": "{oops"})],
)
def test_arguments_of_a_history_are_always_an_object(arguments: str, shown: dict[str, Any]) -> None:
    """Edge case 12: arguments empty, no object, or not JSON never crash and are never lost."""
    written = write(turn("user", "go"), turn("assistant", call("a", arguments=arguments)), turn("user", result("a")))
    assert contents(written)[1][1] == [used("a", **shown)]


def test_state_of_other_makers_and_content_of_other_makers() -> None:
    """Optional state is left out and named; content is refused by name."""
    state = Opaque(dialect="openai_responses", label="web_search_call", data={})
    written = write(turn("user", "a"), turn("assistant", state, "x"), turn("user", "b"))
    assert contents(written)[1][1] == [told("x")]
    assert written.dropped == ("web_search_call",)
    disclosed = write(turn("user", "a", state))
    assert disclosed.dropped == ("web_search_call",)
    item = Opaque(dialect="openai_responses", label="computer_call_output", data={}, optional=False)
    with pytest.raises(BadRequest, match="computer_call_output"):
        write(turn("user", item))
    compaction = Opaque(dialect=NAME, label="compaction", data={}, origin="bedrock", optional=False)
    with pytest.raises(BadRequest, match="compaction"):
        write(turn("user", "a"), turn("assistant", compaction))


@pytest.mark.parametrize(
    "turns",
    [
        (turn("user", call("a")),),
        (turn("user", "x"), turn("assistant", result("a"))),
        (turn("system", Media(kind="image", url="https://x")), turn("user", "x")),
    ],
    ids=["a user's call", "the model's result", "a picture in system"],
)
def test_blocks_where_they_cannot_stand_are_refused(turns: tuple[Turn, ...]) -> None:
    """Content is never dropped silently."""
    with pytest.raises(BadRequest):
        write(*turns)


@pytest.mark.parametrize("turns", [(), (turn("system", "s"),), (turn("user", " "),)])
def test_somebody_must_speak(turns: tuple[Turn, ...]) -> None:
    """The API needs a message; the error says so instead of inventing one."""
    with pytest.raises(BadRequest, match="at least one message"):
        write(*turns)


def test_names_of_participants_are_named_as_lost() -> None:
    """The wire has no participants."""
    written = write(Turn(role="user", blocks=(Text(text="x"),), name="ann"))
    assert written.dropped == ("name",)
