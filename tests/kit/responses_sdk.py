"""The vendor's own SDK fed with bytes of ours: what a real Responses client makes of a reply, with no network."""

from __future__ import annotations

import json
import typing
from typing import Any

import httpx2
import openai
from openai.types.responses import Response, ResponseStreamEvent

from gophergate.dialects.sse import SseDecoder

_ASK: dict[str, Any] = {"model": "m", "input": "hi"}
_TYPES: dict[str, Any] = {
    word: kind
    for kind in typing.get_args(typing.get_args(ResponseStreamEvent)[0])
    for word in typing.get_args(kind.model_fields["type"].annotation)
}

REQUIRED = frozenset(
    {
        "id",
        "object",
        "created_at",
        "completed_at",
        "status",
        "incomplete_details",
        "model",
        "previous_response_id",
        "instructions",
        "output",
        "error",
        "tools",
        "tool_choice",
        "truncation",
        "parallel_tool_calls",
        "text",
        "top_p",
        "presence_penalty",
        "frequency_penalty",
        "top_logprobs",
        "temperature",
        "reasoning",
        "usage",
        "max_output_tokens",
        "max_tool_calls",
        "store",
        "background",
        "service_tier",
        "metadata",
        "safety_identifier",
        "prompt_cache_key",
        "user",
    }
)
"""The 32 members that Open Responses and OpenAI's types want in every response object."""


class Player(httpx2.BaseTransport):
    """One SDK client whose next call is answered with the bytes given. Cheap to use again and again."""

    def __init__(self) -> None:
        self._answer = (200, b"application/json", b"")
        http = httpx2.Client(transport=self)
        self._client = openai.OpenAI(api_key="k", base_url="http://gate.test/v1", max_retries=0, http_client=http)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        status, content_type, body = self._answer
        headers = {"content-type": content_type.decode()}
        return httpx2.Response(status, headers=headers, content=body, request=request)

    def response(self, body: bytes, *, status: int = 200) -> Response:
        """The response the SDK reads from a whole body. Raises the SDK's own error."""
        self._answer = (status, b"application/json", body)
        return self._client.responses.create(**_ASK)

    def streamed(self, body: bytes) -> Response:
        """The response the SDK accumulates from a stream. Raises the SDK's own error."""
        self._answer = (200, b"text/event-stream; charset=utf-8", body)
        with self._client.responses.stream(**_ASK) as events:
            return typing.cast(Response, events.get_final_response())

    def raw_events(self, body: bytes) -> list[Any]:
        """The stream's events as the SDK types them."""
        self._answer = (200, b"text/event-stream; charset=utf-8", body)
        return list(self._client.responses.create(**_ASK, stream=True))


def events_of(stream: bytes) -> list[dict[str, Any]]:
    """A stream's events, each held against what every strict client wants of it: its name in both places, numbers that
    rise by one, and the members of OpenAI's own type. Raises AssertionError or pydantic.ValidationError."""
    decoder = SseDecoder()
    found = []
    for number, (name, data) in enumerate(decoder.feed(stream) + decoder.end()):
        event = json.loads(data)
        assert event["type"] == name.decode()
        assert event["sequence_number"] == number
        if event["type"] in _TYPES:
            _TYPES[event["type"]].model_validate(_with_listed_code(event))
        if "response" in event:
            assert event["response"].keys() >= REQUIRED
        found.append(event)
    check_items(found)
    return found


def _with_listed_code(event: dict[str, Any]) -> dict[str, Any]:
    """OpenAI sends failures under words that its own types do not list (context_length_exceeded); clients take them."""
    response = event.get("response")
    if not response or not response["error"]:
        return event
    return {**event, "response": {**response, "error": {**response["error"], "code": "server_error"}}}


def check_items(events: list[dict[str, Any]]) -> None:
    """Edge case 44: each item is added once and done once, in the order of its index, and grows only in between."""
    open_items: dict[int, str] = {}
    added = 0
    for event in events:
        if event["type"] == "response.output_item.added":
            assert event["output_index"] == added, "output indexes are 0, 1, 2, ..."
            open_items[added] = event["item"]["id"]
            added += 1
        elif event["type"] == "response.output_item.done":
            assert open_items.pop(event["output_index"]) == event["item"]["id"], "an item keeps its id"
        elif "output_index" in event:
            assert open_items[event["output_index"]] == event["item_id"], "only an open item grows"
    if events and events[-1]["type"] in ("response.completed", "response.incomplete"):
        assert open_items == {}, "every item ends"
        done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
        assert events[-1]["response"]["output"] == done, "the last snapshot equals what was told"
