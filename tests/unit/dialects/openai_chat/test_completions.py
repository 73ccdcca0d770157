"""The legacy completions door: prompts read, answers read and written, in the shapes of OpenAI's own types."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types import Completion

from gophergate.core.blocks import Text, Thought
from gophergate.core.events import Event, Failed, Started, UsageSeen
from gophergate.core.lifecycle import checked
from gophergate.core.reply import Reply, fold
from gophergate.core.usage import Usage
from gophergate.dialects.assembler import Assembler
from gophergate.dialects.base import Stamp, Target
from gophergate.dialects.loss import unshown
from gophergate.dialects.openai_chat import OpenAIChat
from gophergate.dialects.openai_chat.completions import OpenAICompletions
from gophergate.errors import BadRequest, UpstreamRefused

DOOR = OpenAICompletions()
CHAT = OpenAIChat()
STAMP = Stamp("t" * 24, 1_700_000_000)
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def asked(**members: Any) -> bytes:
    return json.dumps({"model": "m", "prompt": "Once", **members}).encode()


def piece(text: str, reason: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    choice = {"text": text, "index": index, "logprobs": None, "finish_reason": reason}
    return {"id": "cmpl-1", "object": "text_completion", "created": 7, "model": "m-1", "choices": [choice], **more}


def stream(*chunks: dict[str, Any], done: bool = True) -> bytes:
    told = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return (told + ("data: [DONE]\n\n" if done else "")).encode()


def read(data: bytes, *, stream: bool, chunk: int = 0) -> list[Event]:
    reader = DOOR.reader(stream=stream)
    events: list[Event] = []
    for at in range(0, len(data), chunk or len(data)):
        events += reader.feed(data[at : at + (chunk or len(data))])
    return checked(events + reader.end())


def words(reply: Reply) -> list[str]:
    return [block.text for block in reply.blocks if isinstance(block, Text)]


def test_a_prompt_is_a_user_turn_with_chats_settings() -> None:
    request = DOOR.read_request(asked(max_tokens=5, temperature=0.5, logprobs=2, user="u", stream=True, seed=None))
    [turn] = request.turns
    assert (turn.role, turn.blocks) == ("user", (Text(text="Once"),))
    assert (request.dialect, request.max_output_tokens, request.temperature) == ("openai_completions", 5, 0.5)
    assert (request.logprobs, request.top_logprobs, request.user, request.stream) == (True, 2, "u", True)
    assert DOOR.read_request(asked(prompt=["Once"])).turns == request.turns
    written = CHAT.write_request(request, Target(model="there"))
    assert written.body["messages"] == [{"role": "user", "content": "Once"}]
    assert written.dropped == ()


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1], [2]]}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"logprobs": True}, "logprobs"),
        ({"temperature": "hot"}, "temperature"),
    ],
)
def test_what_cannot_be_read_is_named(members: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        DOOR.read_request(asked(**members))
    assert refused.value.param == param


@pytest.mark.parametrize(("members", "param"), [({"suffix": "end"}, "suffix"), ({"prompt": ["a", "b"]}, "prompt")])
def test_what_a_chat_target_cannot_be_asked_is_refused_by_name(members: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        CHAT.write_request(DOOR.read_request(asked(**members)), Target(model="there"))
    assert (refused.value.param, refused.value.code) == (param, "unsupported_content")


def test_what_only_a_setting_is_lost_is_named() -> None:
    request = DOOR.read_request(asked(best_of=3, guided_regex="a+", echo=True))
    assert set(CHAT.write_request(request, Target(model="there")).dropped) == {"best_of", "guided_regex"}
    assert CHAT.write_request(DOOR.read_request(asked(best_of=2, n=2)), Target(model="there")).dropped == ()


def test_what_came_in_is_written_for_a_target_that_has_the_door() -> None:
    """R-X7: where a guard has looked at it, it goes out anew and means the same."""
    said: dict[str, Any] = {"model": "m", "prompt": ["a", "b"], "max_tokens": 5, "n": 2, "stop": ["x"], "logprobs": 1}
    said |= {"suffix": "end", "best_of": 3, "user": "u", "temperature": 0.5}
    request = DOOR.read_request(json.dumps({**said, "stream": True, "echo": True}).encode())
    written = DOOR.write_request(request, Target(model="m"))
    assert written.body == {**said, "stream": True, "stream_options": {"include_usage": True}}
    assert DOOR.write_request(DOOR.read_request(asked()), Target(model="m")).body == {"model": "m", "prompt": "Once"}


@pytest.mark.parametrize("chunk", [0, 1, 7])
def test_a_stream_is_read_in_any_chunking(chunk: int) -> None:
    """Law 4: two choices, usage on a chunk of its own."""
    told = stream(
        piece("Up"), piece("on", index=1), piece(" a", "stop"), piece("", "length", 1), piece("", usage=USAGE)
    )
    reply = fold(read(told, stream=True, chunk=chunk))
    assert words(reply) == ["Up a", "on"]
    assert (reply.finished.reason, reply.finished.others) == ("stop", ("length",))
    assert reply.usage == Usage(input=3, output=2)
    assert reply.started == Started(id="cmpl-1", model="m-1", created=7)


def test_a_body_is_read_and_an_end_without_a_reason_is_a_failure() -> None:
    """Law 3."""
    body = json.dumps(piece("Upon", "length", usage=USAGE)).encode()
    reply = fold(read(body, stream=False))
    assert (words(reply), reply.reason, reply.usage) == (["Upon"], "length", Usage(input=3, output=2))
    assert isinstance(read(stream(piece("Upon"), done=False), stream=True)[-1], Failed)
    failed = read(b'{"error":{"message":"no such model","code":404}}', stream=False)[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, UpstreamRefused)


def told(*, logprobs: bool = False) -> list[Event]:
    events = Assembler()
    events.start(model="m-1")
    events.thought("Hm.")
    given = [{"token": "Up", "logprob": -0.5, "top_logprobs": [{"token": "On", "logprob": -1.0}]}] if logprobs else None
    events.text("Up", logprobs=given)
    events.text("on")
    events.usage(Usage(input=3, output=2))
    events.ending("stop")
    events.done()
    return events.take()


@pytest.mark.parametrize("members", [{}, {"echo": True}])
def test_what_is_written_is_a_completion_streamed_and_not(members: dict[str, Any]) -> None:
    """R-T2: the same words, tokens and usage, by OpenAI's own types."""
    request = DOOR.read_request(asked(**members, stream_options={"include_usage": True}))
    before = "Once" if members else ""
    events = told(logprobs=True)
    whole = Completion.model_validate_json(DOOR.writer(request, STAMP, stream=False).write_all(events), strict=True)
    [choice] = whole.choices
    assert (whole.id, whole.object, whole.created, whole.model) == (
        f"cmpl-{STAMP.token}",
        "text_completion",
        STAMP.now,
        "m-1",
    )
    assert (choice.text, choice.finish_reason) == (before + "Upon", "stop")
    assert choice.logprobs is not None
    assert choice.logprobs.model_dump() == {
        "tokens": ["Up"], "token_logprobs": [-0.5], "top_logprobs": [{"On": -1.0}], "text_offset": [len(before)],
    }  # fmt: skip
    assert whole.usage is not None
    assert whole.usage.total_tokens == 5
    writer = DOOR.writer(request, STAMP, stream=True)
    said = b"".join(map(writer.write, events))
    pieces = [line.removeprefix("data: ") for line in said.decode().split("\n\n") if line]
    assert pieces.pop() == "[DONE]"
    assert "".join(json.loads(one)["choices"][0]["text"] for one in pieces[:-1]) == before + "Upon"
    assert [json.loads(one)["choices"][0]["logprobs"] for one in pieces[:1]] == [choice.logprobs.model_dump()]
    assert json.loads(pieces[-1])["usage"]["total_tokens"] == 5
    reply = fold(read(said, stream=True))
    assert (words(reply), reply.usage, reply.reason) == ([before + "Upon"], Usage(input=3, output=2), "stop")
    quiet = DOOR.writer(DOOR.read_request(asked()), STAMP, stream=True)
    assert b"usage" not in b"".join(map(quiet.write, events))
    assert not any(
        isinstance(event, UsageSeen)
        for event in read(b"".join(map(quiet.write, [])) or stream(piece("", "stop")), stream=True)
    )


def test_thoughts_have_no_place_and_that_is_named() -> None:
    assert unshown(told(), DOOR.name, DOOR.shows) == ["thinking"]
    assert any(isinstance(event.block, Thought) for event in told() if hasattr(event, "block"))


def test_a_broken_stream_ends_in_an_error_and_never_as_if_whole() -> None:
    """Law 2."""
    said = DOOR.writer(DOOR.read_request(asked()), STAMP, stream=True).write(
        Failed(UpstreamRefused("gone", status=503))
    )
    assert b'"error"' in said
    assert b"[DONE]" not in said
    assert DOOR.broken(UpstreamRefused("gone", status=503), STAMP) == said
