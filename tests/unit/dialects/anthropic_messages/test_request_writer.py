"""A canonical request, of any dialect, to a Messages body."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.core.blocks import CacheMark, Citation, Media, Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.request import OutputFormat, Reasoning, Request, ServerTool, Tool, ToolChoice, Turn
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.base import Target, Traits, Written, encode
from gophergate.errors import BadRequest

MESSAGES = AnthropicMessages()
NAME = "anthropic_messages"
HI = Turn(role="user", blocks=(Text(text="hi"),))
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}


def write(*, traits: Traits | None = None, **settings: Any) -> Written:
    request = Request(**{"dialect": "openai_chat", "model": "alias", "turns": (HI,), **settings})
    return MESSAGES.write_request(request, Target(model="claude-x", origin="anthropic", traits=traits or Traits()))


def block(part: Any, **settings: Any) -> dict[str, Any]:
    written = write(turns=(Turn(role="user", blocks=(part,)),), **settings)
    shown: dict[str, Any] = written.body["messages"][0]["content"][0]
    return shown


def test_a_chat_request_whole() -> None:
    """Every setting this wire has, in one stable order with the messages last (R-K1)."""
    written = write(
        stream=True,
        max_output_tokens=100,
        temperature=0.5,
        top_k=3,
        stop=("END", " "),
        user="u-1",
        service_tier="default",
        parallel_tool_calls=False,
        tools=(Tool(name="f", description="F", parameters=SCHEMA, cache=CacheMark("1h")),),
        turns=(Turn(role="system", blocks=(Text(text="s", cache=CacheMark()),)), HI),
    )
    assert list(written.body.items()) == [
        ("model", "claude-x"),
        ("max_tokens", 100),
        ("stream", True),
        ("temperature", 0.5),
        ("top_k", 3),
        ("stop_sequences", ["END"]),
        ("metadata", {"user_id": "u-1"}),
        ("service_tier", "standard_only"),
        ("tool_choice", {"type": "auto", "disable_parallel_tool_use": True}),
        (
            "tools",
            [
                {
                    "name": "f",
                    "description": "F",
                    "input_schema": SCHEMA,
                    "cache_control": {"type": "ephemeral", "ttl": "1h"},
                }
            ],
        ),
        ("system", [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]),
        ("messages", [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]),
    ]
    assert written.dropped == ("stop",)
    assert written.headers == (("anthropic-version", "2023-06-01"),)


def test_a_longer_conversation_begins_with_the_same_bytes() -> None:
    """R-K1: appending a turn leaves the earlier bytes a strict prefix."""
    more = (HI, Turn(role="assistant", blocks=(Text(text="yes"),)), HI)
    short, long = encode(write(seed=1).body), encode(write(seed=1, turns=more).body)
    assert long.startswith(short[: -len(b"]}")])


def test_settings_without_a_word_here_are_dropped_by_name() -> None:
    """R-G3: named, in a stable order; what asks for what happens anyway is no loss."""
    written = write(
        n=2, seed=5, presence_penalty=0.5, logprobs=True, verbosity="low", metadata={"a": 1}, prompt_cache_key="k",
        store=True, previous_response_id="resp_1", modalities=("text", "audio"), service_tier="flex",
        extra={"openai_chat": {"prediction": {}}},
    )  # fmt: skip
    assert written.dropped == (
        "presence_penalty", "n", "seed", "logprobs", "verbosity", "modalities", "metadata", "prompt_cache_key",
        "store", "previous_response_id", "prediction", "service_tier",
    )  # fmt: skip
    moot = write(
        n=1, store=False, background=False, logprobs=False, modalities=("text",), truncation="disabled",
        include=("reasoning.encrypted_content",), frequency_penalty=0, format=OutputFormat(kind="text"),
    )  # fmt: skip
    assert moot.dropped == ()


def test_sampling_within_the_vendor_s_range() -> None:
    """Edge case 33: never clamped; the newer models take one of temperature and top_p; refusals of a model are data."""
    assert write(temperature=1.5).dropped == ("temperature",)
    both = write(temperature=0.5, top_p=0.9)
    assert (both.body["temperature"], both.dropped) == (0.5, ("top_p",))
    assert write(temperature=0.5, top_p=0.9, dialect=NAME).body["top_p"] == 0.9
    refusing = write(temperature=0.5, top_k=2, traits=Traits(refuses=frozenset({"temperature", "top_k"})))
    assert refusing.dropped == ("temperature", "top_k")
    assert not {"temperature", "top_k"} & refusing.body.keys()


# -- tools --------------------------------------------------------------------------------------------------------


def test_tools_without_a_schema_get_an_empty_one() -> None:
    """Edge case 25: no crash; the API needs a schema, and an object's."""
    tools = (Tool(name="a"), Tool(name="b", parameters={}), Tool(name="c", parameters={"properties": {}}))
    shown = [tool["input_schema"] for tool in write(tools=tools).body["tools"]]
    assert shown == [{"type": "object", "properties": {}}] * 2 + [{"type": "object", "properties": {}}]


def test_free_form_and_namespaced_tools_become_functions() -> None:
    """R-C2, edge case 49: in the tools, in the choice and in the history."""
    tools = (Tool(name="patch", custom=True), Tool(name="wait", namespace="functions", parameters=SCHEMA))
    history = (
        HI,
        Turn(
            role="assistant",
            blocks=(
                ToolCall(id="a", name="patch", arguments="*** Begin", custom=True),
                ToolCall(id="b", name="wait", namespace="functions", arguments='{"x":1}'),
            ),
        ),
        Turn(role="user", blocks=(ToolResult(call_id="a", custom=True), ToolResult(call_id="b"))),
    )
    body = write(tools=tools, turns=history, tool_choice=ToolChoice(mode="named", names=("wait",))).body
    assert [tool["name"] for tool in body["tools"]] == ["patch", "functions__wait"]
    assert body["tools"][0]["input_schema"]["required"] == ["input"]
    assert body["tool_choice"] == {"type": "tool", "name": "functions__wait"}
    calls = [(call["name"], call["input"]) for call in body["messages"][1]["content"]]
    assert calls == [("patch", {"input": "*** Begin"}), ("functions__wait", {"x": 1})]


def test_strict_tools() -> None:
    """A strict schema keeps the vendor's rules; what is then only told in words is named; so is a lost "strict"."""
    schema = {"type": "object", "properties": {"x": {"type": "integer", "minimum": 1}}}
    tool = Tool(name="f", parameters=schema, strict=True)
    written = write(tools=(tool,))
    assert written.body["tools"][0] == {
        "name": "f",
        "input_schema": {
            "type": "object",
            "properties": {"x": {"type": "integer", "description": "{minimum: 1}"}},
            "additionalProperties": False,
        },
        "strict": True,
    }
    assert written.dropped == ("schema_constraints",)
    loose = write(tools=(tool,), traits=Traits(strict_tools=False))
    assert loose.body["tools"][0] == {"name": "f", "input_schema": schema}
    assert loose.dropped == ("strict",)
    assert "strict" not in write(tools=(Tool(name="f", strict=False),)).body["tools"][0]


def test_server_tools_go_to_their_own_vendor() -> None:
    """Edge cases 25, 26: another vendor's is disclosed, and a choice that names it goes with it."""
    theirs = ServerTool(dialect="openai_responses", label="web_search", data={"type": "web_search"}, name="web_search")
    ours = ServerTool(
        dialect=NAME, label="code_execution_20250522", data={"type": "code_execution_20250522", "name": "c"}, name="c"
    )
    written = write(tools=(theirs, ours), tool_choice=ToolChoice(mode="named", names=("web_search",)))
    assert written.body["tools"] == [{"type": "code_execution_20250522", "name": "c"}]
    assert "tool_choice" not in written.body
    assert written.dropped == ("web_search", "tool_choice")
    assert dict(written.headers)["anthropic-beta"] == "code-execution-2025-05-22"
    chosen = write(tools=(ours,), tool_choice=ToolChoice(mode="named", names=("c",)))
    assert chosen.body["tool_choice"] == {"type": "tool", "name": "c"}


@pytest.mark.parametrize(
    ("choice", "parallel", "shown", "offered"),
    [
        (ToolChoice(mode="none"), False, {"type": "none"}, ["f", "g"]),
        (ToolChoice(mode="required"), False, {"type": "any", "disable_parallel_tool_use": True}, ["f", "g"]),
        (None, True, None, ["f", "g"]),
        (ToolChoice(mode="allowed", names=("g",)), None, {"type": "auto"}, ["g"]),
        (ToolChoice(mode="allowed", names=("g",), required=True), None, {"type": "any"}, ["g"]),
        (ToolChoice(mode="named", names=("g",)), True, {"type": "tool", "name": "g"}, ["f", "g"]),
    ],
)
def test_tool_choices(choice: ToolChoice | None, parallel: bool | None, shown: Any, offered: list[str]) -> None:
    """Forced, none, named, one of these (offered alone), and disable_parallel_tool_use beside them."""
    written = write(tools=(Tool(name="f"), Tool(name="g")), tool_choice=choice, parallel_tool_calls=parallel)
    if shown is not None and shown["type"] == "tool":
        shown = {**shown, "disable_parallel_tool_use": False}
    assert written.body.get("tool_choice") == shown
    assert [tool["name"] for tool in written.body["tools"]] == offered
    assert written.dropped == ()


def test_a_target_without_parallel_calls_is_not_told_of_them() -> None:
    """R-G3: data says so, and the loss is named."""
    traits = Traits(refuses=frozenset({"parallel_tool_calls"}))
    written = write(tools=(Tool(name="f"),), parallel_tool_calls=False, traits=traits)
    assert "tool_choice" not in written.body
    assert written.dropped == ("parallel_tool_calls",)


def test_a_choice_without_tools_is_not_sent() -> None:
    """The API refuses it."""
    required = write(tool_choice=ToolChoice(mode="required"), parallel_tool_calls=False)
    assert "tool_choice" not in required.body
    assert required.dropped == ("tool_choice",)
    assert write(tool_choice=ToolChoice(mode="auto")).dropped == ()
    foreign = ToolChoice(mode="native", dialect="openai_responses", native={"type": "mcp"})
    assert write(tools=(Tool(name="f"),), tool_choice=foreign).dropped == ("tool_choice",)


def test_names_keep_the_vendor_s_rule() -> None:
    """Spelled so that it can be read back; one that is too long is refused instead of cut."""
    body = write(tools=(Tool(name="fs.read"),), tool_choice=ToolChoice(mode="named", names=("fs.read",))).body
    assert body["tools"][0]["name"] == body["tool_choice"]["name"] == "ggx-fs_2e_read"
    with pytest.raises(BadRequest, match="at most 128"):
        write(tools=(Tool(name="x" * 129),))


# -- content ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media", "shown"),
    [
        (
            Media(kind="image", media_type="image/webp", data="UklG"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": "UklG"}},
        ),
        (Media(kind="image", url="https://x/y"), {"type": "image", "source": {"type": "url", "url": "https://x/y"}}),
        (
            Media(kind="document", media_type="application/pdf", data="JVBE", name="a.pdf"),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                "title": "a.pdf",
            },
        ),
        (
            Media(kind="document", media_type="text/csv", data=base64.b64encode("a;ü".encode()).decode(), name="a.csv"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "a;ü"},
                "title": "a.csv",
            },
        ),
        (
            Media(kind="document", media_type="text/markdown", text="# a"),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "# a"}},
        ),
        (
            Media(kind="document", media_type="application/pdf", url="https://x/y.pdf"),
            {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}},
        ),
    ],
)
def test_media_of_other_dialects(media: Media, shown: dict[str, Any]) -> None:
    """A PDF by URL is a document, words of any type are a text document."""
    assert block(media) == shown


@pytest.mark.parametrize(
    ("media", "named"),
    [
        (Media(kind="audio", media_type="audio/wav", data="UklG"), "audio"),
        (Media(kind="video", url="https://x"), "video"),
        (Media(kind="image", media_type="image/tiff", data="SUkq"), "image/tiff"),
        (Media(kind="document", media_type="application/msword", data="0M8R"), "application/msword"),
        (Media(kind="document", media_type="text/csv", url="https://x"), "text/csv"),
        (Media(kind="document", media_type="text/csv", data="/w=="), "text/csv"),
        (Media(kind="image", file_id="file-1", dialect="openai_responses"), "image"),
    ],
)
def test_media_that_cannot_go_are_refused_by_name(media: Media, named: str) -> None:
    """Content is never dropped: a 400 that names the block."""
    with pytest.raises(BadRequest, match=named) as caught:
        block(media)
    assert caught.value.code == "unsupported_content"


def test_a_target_that_fetches_nothing_gets_no_urls() -> None:
    """Traits are data: look-alikes often take base64 only."""
    with pytest.raises(BadRequest, match="fetches no URLs"):
        block(Media(kind="image", url="https://x"), traits=Traits(fetches=frozenset()))


def test_citations_of_another_maker_are_not_made_up() -> None:
    """Only the vendor's own sources go back; the ones we showed in its form lack its index."""
    own = {"type": "char_location", "cited_text": "q", "document_index": 0}
    ours = {"type": "web_search_result_location", "url": "https://a", "encrypted_index": ""}
    cited = (
        Citation(dialect=NAME, native=own),
        Citation(dialect=NAME, native=ours),
        Citation(dialect="openai_chat", native={"type": "url_citation"}),
    )
    written = write(turns=(HI, Turn(role="assistant", blocks=(Text(text="x", citations=cited),)), HI))
    assert written.body["messages"][1]["content"] == [{"type": "text", "text": "x", "citations": [own]}]
    assert written.dropped == ("citations",)


# -- structured output --------------------------------------------------------------------------------------------


def test_structured_output() -> None:
    """`output_config.format`, the schema under the vendor's rules; from its own clients as they wrote it."""
    form = OutputFormat(kind="json_schema", schema=SCHEMA, name="answer", strict=False)
    written = write(format=form)
    closed = {**SCHEMA, "additionalProperties": False}
    assert written.body["output_config"] == {"format": {"type": "json_schema", "schema": closed}}
    assert written.dropped == ()
    assert write(format=form, dialect=NAME).body["output_config"]["format"]["schema"] == SCHEMA


@pytest.mark.parametrize("kind", ["json", "enum"])
def test_formats_without_a_word_here_are_named(kind: Any) -> None:
    """JSON without a schema, and a bare enumeration."""
    written = write(format=OutputFormat(kind=kind))
    assert "output_config" not in written.body
    assert written.dropped == ("format",)


def test_a_model_without_structured_output() -> None:
    """R-G3: data says so."""
    form = OutputFormat(kind="json_schema", schema=SCHEMA)
    written = write(format=form, traits=Traits(refuses=frozenset({"format"})))
    assert "output_config" not in written.body
    assert written.dropped == ("format",)


# -- cache marks --------------------------------------------------------------------------------------------------


def marked(*texts: str) -> tuple[Turn, ...]:
    return (Turn(role="user", blocks=tuple(Text(text=text, cache=CacheMark()) for text in texts)),)


def test_no_more_marks_than_the_api_takes() -> None:
    """Edge case 31, R-K2: the last four stay, and the loss is named."""
    tool = Tool(name="f", cache=CacheMark())
    system = Turn(role="system", blocks=(Text(text="s", cache=CacheMark("1h")),))
    written = write(tools=(tool,), turns=(system, *marked("a", "b", "c", "d")))
    assert "cache_control" not in written.body["tools"][0]
    assert "cache_control" not in written.body["system"][0]
    assert ["cache_control" in b for b in written.body["messages"][0]["content"]] == [True] * 4
    assert written.dropped == ("cache_control",)
    four = write(tools=(tool,), turns=(system, *marked("a", "b")))
    assert four.dropped == ()


def test_automatic_marking_takes_one_place() -> None:
    """A top-level cache_control of this dialect counts."""
    request: dict[str, Any] = {"dialect": NAME, "extra": {NAME: {"cache_control": {"type": "ephemeral"}}}}
    written = write(turns=marked("a", "b", "c", "d"), **request)
    assert ["cache_control" in b for b in written.body["messages"][0]["content"]] == [False, True, True, True]


def test_marks_inside_results_count_and_the_request_is_not_changed() -> None:
    """Requests are values: a limit on what is sent leaves what was read alone."""
    parts = tuple(Text(text=text, cache=CacheMark()) for text in "abcde")
    turns = (
        HI,
        Turn(role="assistant", blocks=(ToolCall(id="x", name="f"),)),
        Turn(role="user", blocks=(ToolResult(call_id="x", content=parts),)),
    )
    data = {"type": "memory_20250818", "name": "memory", "cache_control": {"type": "ephemeral"}}
    tool = ServerTool(dialect=NAME, label="memory_20250818", data=data, name="memory")
    written = write(turns=turns, tools=(tool,))
    inner = written.body["messages"][2]["content"][0]["content"]
    assert ["cache_control" in part for part in inner] == [False, True, True, True, True]
    assert "cache_control" not in written.body["tools"][0]
    assert "cache_control" in data


def test_targets_that_take_no_marks_or_no_ttl() -> None:
    """Edge case 31: `ttl: "1h"` to a provider that refuses it."""
    turns = (Turn(role="user", blocks=(Text(text="x", cache=CacheMark("1h")),)),)
    short = write(turns=turns, traits=Traits(refuses=frozenset({"cache_ttl"})))
    assert short.body["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral"}
    assert short.dropped == ("cache_ttl",)
    none = write(turns=turns, traits=Traits(refuses=frozenset({"cache_control"})))
    assert "cache_control" not in none.body["messages"][0]["content"][0]
    assert none.dropped == ("cache_control",)


# -- properties ---------------------------------------------------------------------------------------------------

WORDS = st.text(min_size=1, max_size=12).filter(lambda text: text.strip())
NAMES = st.from_regex(r"\A[a-zA-Z_][a-zA-Z0-9_-]{0,12}\Z")
MARKS = st.none() | st.just(CacheMark()) | st.just(CacheMark("1h"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS, lambda v: st.lists(v, max_size=2), max_leaves=3
)
OBJECTS = st.dictionaries(WORDS, VALUES, max_size=3)
TEXTS = st.builds(Text, text=WORDS)
PICTURES = st.builds(Media, kind=st.just("image"), media_type=st.just("image/png"), data=st.just("iVBO"))
THOUGHTS = st.builds(Thought, text=WORDS, seal=st.builds(Seal, WORDS.filter(lambda t: ":" not in t), st.just(NAME)))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    if draw(st.booleans()):
        turns.append(Turn(role="system", blocks=tuple(draw(st.lists(TEXTS, min_size=1, max_size=2)))))
    calls: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        results = tuple(
            ToolResult(
                call_id=id,
                content=tuple(draw(st.lists(TEXTS | PICTURES, max_size=2))),
                is_error=draw(st.sampled_from([None, True, False])),
            )
            for id in calls
        )
        words = tuple(draw(st.lists(TEXTS | PICTURES, min_size=0 if results else 1, max_size=2)))
        turns.append(Turn(role="user", blocks=results + words))
        calls = draw(st.lists(NAMES, max_size=2, unique=True))
        said = (*draw(st.lists(THOUGHTS, max_size=1)), draw(TEXTS))
        asked = tuple(ToolCall(id=id, name=draw(NAMES), arguments=encode(draw(OBJECTS)).decode()) for id in calls)
        turns.append(Turn(role="assistant", blocks=said + asked))
    answers = tuple(ToolResult(call_id=id) for id in calls)
    return (*turns, Turn(role="user", blocks=(*answers, draw(TEXTS))))


REASONINGS = st.one_of(
    st.none(),
    st.builds(Reasoning, enabled=st.just(True), budget=st.integers(1024, 4000)),
    st.builds(Reasoning, enabled=st.just(True), adaptive=st.just(True), effort=st.sampled_from([None, "low", "max"])),
    st.builds(Reasoning, enabled=st.just(False)),
    st.builds(Reasoning, effort=st.sampled_from(["low", "xhigh"])),
)
TOOLS = st.builds(
    Tool, name=NAMES, description=WORDS, parameters=st.just(SCHEMA), strict=st.booleans(), cache=MARKS
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> Request:
    tools = tuple(draw(st.lists(TOOLS, max_size=2, unique_by=lambda tool: tool.name)))
    choice = draw(st.sampled_from([None, ToolChoice(mode="auto"), ToolChoice(mode="required")])) if tools else None
    return Request(
        dialect=NAME,
        model="claude-x",
        turns=draw(conversations()),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=draw(st.none() | st.booleans()) if choice else None,
        stream=draw(st.booleans()),
        max_output_tokens=draw(st.integers(5000, 9000)),
        reasoning=draw(REASONINGS),
        stop=tuple(draw(st.lists(WORDS, max_size=2))),
        format=draw(st.sampled_from([None, OutputFormat(kind="json_schema", schema=SCHEMA, strict=True)])),
        user=draw(st.none() | WORDS),
        service_tier=draw(st.sampled_from([None, "auto", "standard_only"])),
        extra=draw(st.sampled_from([{}, {NAME: {"container": "c", "speed": "fast"}}])),
    )


@given(request=requests())
@settings(max_examples=80)
def test_what_this_dialect_can_say_reads_back_the_same(request: Request) -> None:
    """read(write(x)) = x, and writing it twice gives the same bytes (law 5)."""
    target = Target(model="claude-x")
    written = MESSAGES.write_request(request, target)
    assert written.dropped == ()
    assert MESSAGES.read_request(encode(written.body)) == request
    assert encode(MESSAGES.write_request(request, target).body) == encode(written.body)


SCRIPT = """
import sys
from gophergate.core.blocks import Text
from gophergate.core.request import Request, Tool, Turn, Reasoning
from gophergate.dialects.anthropic_messages import AnthropicMessages
from gophergate.dialects.base import Target, Traits, encode
request = Request(dialect="openai_chat", model="m", turns=(Turn(role="user", blocks=(Text(text="x"),)),),
    tools=(Tool(name="a.b", parameters={"b": 1, "a": {"z": 1, "y": 2}}),), reasoning=Reasoning(effort="low"),
    seed=1, n=2, store=True, extra={"openai_chat": {"z": 1, "a": 2}, "other": {"q": 1}})
written = AnthropicMessages().write_request(request, Target(model="c", traits=Traits(thinking="budget")))
sys.stdout.buffer.write(encode(written.body) + ",".join(written.dropped).encode())
"""


def test_the_same_bytes_in_every_process() -> None:
    """Edge case 32, R-K1: two processes with different hash seeds."""
    said = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert said.pop()
