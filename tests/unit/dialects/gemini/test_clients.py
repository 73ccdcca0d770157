"""google-genai itself at our door: our bytes through the real client, and what it sends back (R-T4)."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from google import genai
from google.genai import errors, types

from gophergate.core.blocks import Seal, Text, Thought, ToolCall, ToolResult
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Failed, Finished, Started, UsageSeen
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.dialects.base import Stamp
from gophergate.dialects.gemini import Gemini
from gophergate.errors import GatewayError, ModelNotFound, RateLimited, UpstreamBroken

GEMINI = Gemini()
SEAL = Seal("SIG==", "anthropic_messages", "anthropic")
TURN: tuple[Event, ...] = (
    Started(id="msg_1", model="claude-x"),
    BlockOpened(0, Thought()),
    BlockGrew(0, "let me "),
    BlockGrew(0, "see"),
    BlockGrew(0, seal=SEAL),
    BlockClosed(0),
    BlockOpened(1, Text(text="")),
    BlockGrew(1, "Hello "),
    BlockGrew(1, "wörld\u2028"),
    BlockClosed(1),
    BlockOpened(2, ToolCall(id="toolu_1", name="look")),
    BlockOpened(3, ToolCall(id="toolu_2", name="look")),
    BlockGrew(2, '{"n":'),
    BlockGrew(3, '{"n":2}'),
    BlockGrew(2, "1}"),
    BlockClosed(3),
    BlockClosed(2),
    UsageSeen(Usage(input=5, cache_read=3, output=9, reasoning=4)),
    Finished(reason="tool_calls", native_reason="tool_use"),
)


class Door:
    """The gateway's side: reads what the client sends, answers with fixed events."""

    def __init__(self, *events: Event) -> None:
        self.events = events
        self.requests: list[Request] = []
        self.paths: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        stream = "streamGenerateContent" in request.url.path
        self.paths.append(request.url.raw_path.decode())
        read = GEMINI.read_request(request.content, model="m", stream=stream)
        self.requests.append(read)
        writer = GEMINI.writer(read, Stamp("s" * 24, 1), stream=stream)
        beat = GEMINI.heartbeat if stream else b""
        body = beat + b"".join(writer.write(event) + beat for event in self.events)
        return httpx2.Response(200, content=body, headers={"content-type": writer.content_type.decode()})


def client(door: Callable[[httpx2.Request], httpx2.Response]) -> genai.Client:
    options = types.HttpOptions(
        base_url="http://gate", httpx_client=httpx2.Client(transport=httpx2.MockTransport(door))
    )
    return genai.Client(api_key="k", http_options=options)


def test_a_whole_answer() -> None:
    door = Door(*TURN)
    answer = client(door).models.generate_content(model="gemini-x", contents="hi")
    assert answer.candidates is not None
    assert answer.candidates[0].content is not None
    parts = answer.candidates[0].content.parts or []
    assert [part.text for part in parts if part.text] == ["let me see", "Hello wörld\u2028"]
    assert [(call.id, call.name, call.args) for call in answer.function_calls or []] == [
        ("toolu_1", "look", {"n": 1}),
        ("toolu_2", "look", {"n": 2}),
    ]
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    assert door.paths == [f"/v1{GEMINI.door('gemini-x', stream=False)}"]


def test_a_streamed_answer_with_heartbeats() -> None:
    """R-F4, "streamed usage 0 at the Gemini door" elsewhere: blank lines are no events, and every count arrives."""
    door = Door(*TURN)
    chunks = list(client(door).models.generate_content_stream(model="gemini-x", contents="hi"))
    usage = chunks[-1].usage_metadata
    assert usage is not None
    assert (usage.prompt_token_count, usage.cached_content_token_count) == (8, 3)
    assert (usage.candidates_token_count, usage.thoughts_token_count, usage.total_token_count) == (5, 4, 17)
    assert len({chunk.response_id for chunk in chunks}) == 1
    assert door.paths == [f"/v1{GEMINI.door('gemini-x', stream=True)}"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_brings_everything_back(stream: bool) -> None:
    """Edge cases 19, 36: the next turn of a chat holds the turn as the provider made it, its seal under its maker."""
    door = Door(*TURN)
    chat = client(door).chats.create(model="gemini-x")
    answers = [
        types.Part.from_function_response(name="look", response={"result": "one"}),
        types.Part.from_function_response(name="look", response={"error": "two"}),
    ]
    for message in ("hi", answers):
        if stream:
            list(chat.send_message_stream(message))
        else:
            chat.send_message(message)
    first, made, answered = door.requests[-1].turns
    assert first.blocks == (Text(text="hi"),)
    assert made.blocks == (
        Thought(text="let me see", seal=SEAL),
        Text(text="Hello wörld\u2028"),
        ToolCall(id="toolu_1", name="look", arguments='{"n":1}'),
        ToolCall(id="toolu_2", name="look", arguments='{"n":2}'),
    )
    assert all(isinstance(block, ToolResult) for block in answered.blocks)
    assert [(block.call_id, block.is_error) for block in answered.blocks] == [  # type: ignore[union-attr]
        ("toolu_1", None),
        ("toolu_2", True),
    ]
    assert len(chat.get_history(curated=True)) == len(chat.get_history())


def test_a_config_arrives_whole() -> None:
    """PROTOCOLS, surprise 2: what the SDK makes of tools, schemas and thinking."""
    door = Door(*TURN)
    config = types.GenerateContentConfig(
        system_instruction="Be brief.",
        temperature=0.5,
        tools=[
            types.Tool(
                function_declarations=[
                    types.FunctionDeclaration(name="look", parameters_json_schema={"type": "object", "a_b": 1})
                ]
            ),
            types.Tool(google_search=types.GoogleSearch()),
        ],
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_level=types.ThinkingLevel.HIGH),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    client(door).models.generate_content(
        model="gemini-x",
        contents=["see", types.Part.from_bytes(data=b"\xfb\xff\xfe", mime_type="image/png")],
        config=config,
    )
    (request,) = door.requests
    assert request.turns[0].blocks == (Text(text="Be brief."),)
    assert request.turns[1].blocks[1].data == "+//+"  # type: ignore[union-attr]
    offered = {tool.name: tool for tool in request.tools}
    assert sorted(offered) == ["googleSearch", "look"]
    assert offered["look"].parameters == {"type": "object", "a_b": 1}  # type: ignore[union-attr]
    assert request.reasoning is not None
    assert (request.reasoning.effort, request.reasoning.visible) == ("high", True)


@pytest.mark.parametrize("error", [ModelNotFound("m"), RateLimited("slow down", retry_after=3)])
def test_errors_before_the_answer(error: GatewayError) -> None:
    """R-E1: foreign 404 and 429 stay what they are."""
    gemini = client(lambda _: httpx2.Response(error.status, content=GEMINI.write_error(error, "req_1")))
    with pytest.raises(errors.ClientError) as caught:
        gemini.models.generate_content(model="m", contents="hi")
    assert (caught.value.code, caught.value.message) == (error.status, error.message)
    assert caught.value.status == {404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}[error.status]


def test_an_error_inside_a_stream() -> None:
    """Law 2: a failure after the first byte reaches the caller as an error, not as an end."""
    door = Door(*TURN[:8], Failed(UpstreamBroken("The provider broke off.")))
    seen = []
    with pytest.raises(errors.ServerError, match="broke off"):
        seen.extend(client(door).models.generate_content_stream(model="m", contents="hi"))
