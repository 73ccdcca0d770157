"""The vendors' real SDKs as clients of ours, over a transport in memory: bytes in, the whole answer as plain JSON out.

Each `play(body, stream=...)` gives what the SDK made of the bytes, in the shape of the dialect's non-streamed body, and
raises the SDK's own error where it takes them for a failure.
"""

from __future__ import annotations

from typing import Any, Protocol

import httpx
import httpx2
import ollama
import openai
from google import genai
from google.genai import types

from kit import anthropic_sdk, responses_sdk
from kit.fidelity_whole import whole_gemini, whole_ollama, whole_responses

_HI: list[Any] = [{"role": "user", "content": "hi"}]


class Client(Protocol):
    def play(self, body: bytes, *, stream: bool) -> dict[str, Any]: ...


class Messages:
    """anthropic: `messages.create` and the accumulating `messages.stream`."""

    def __init__(self) -> None:
        self._player = anthropic_sdk.Player()

    def play(self, body: bytes, *, stream: bool) -> dict[str, Any]:
        return self._player.streamed(body) if stream else self._player.message(body)


class Responses:
    """openai: `responses.create`, whole and as typed events, whose last snapshot counts."""

    def __init__(self) -> None:
        self._player = responses_sdk.Player()

    def play(self, body: bytes, *, stream: bool) -> dict[str, Any]:
        if not stream:
            return self._player.response(body).to_dict(mode="json", warnings=False)
        # Not `streamed`: the SDK's accumulator knows no end but `response.completed`, and a cut reply is a reply.
        events = [event.to_dict(mode="json", warnings=False) for event in self._player.raw_events(body)]
        return whole_responses(events)


class _Answering(httpx2.BaseTransport):
    """Answers every request with the bytes set last."""

    body = b""
    content_type = ""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": self.content_type}
        return httpx2.Response(200, headers=headers, content=self.body, request=request)


class Chat:
    """openai: `chat.completions.create` and the accumulating `chat.completions.stream`."""

    def __init__(self) -> None:
        self._wire = _Answering()
        http = httpx2.Client(transport=self._wire)
        self._client = openai.OpenAI(api_key="k", base_url="http://gate.test/v1", max_retries=0, http_client=http)

    def play(self, body: bytes, *, stream: bool) -> dict[str, Any]:
        self._wire.body = body
        self._wire.content_type = "text/event-stream" if stream else "application/json"
        if not stream:
            return self._client.chat.completions.create(model="m", messages=_HI).to_dict(mode="json")
        with self._client.chat.completions.stream(model="m", messages=_HI) as events:
            for _ in events:
                pass
            # Not `get_final_completion`: it raises where a reply was cut or filtered, and cannot type free-form calls.
            return events.current_completion_snapshot.to_dict(mode="json", warnings=False)


class GenAI:
    """google-genai: `generate_content` and `generate_content_stream`, whose chunks it leaves its callers to join."""

    def __init__(self) -> None:
        self._wire = _Answering()
        options = types.HttpOptions(
            base_url="http://gate.test",
            httpx_client=httpx2.Client(transport=self._wire),
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        self._client = genai.Client(api_key="k", http_options=options)

    def play(self, body: bytes, *, stream: bool) -> dict[str, Any]:
        self._wire.body = body
        self._wire.content_type = "text/event-stream" if stream else "application/json"
        models = self._client.models
        if not stream:
            return _plain(models.generate_content(model="m", contents="hi"))
        return whole_gemini([_plain(chunk) for chunk in models.generate_content_stream(model="m", contents="hi")])


def _plain(answer: types.GenerateContentResponse) -> dict[str, Any]:
    return answer.model_dump(mode="json", by_alias=True, exclude_none=True)


class _AnsweringOld(httpx.BaseTransport):
    """The same for ollama, which still uses httpx's first generation."""

    body = b""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=self.body, request=request)


class Ollama:
    """ollama: `chat`, whole and as lines, which it leaves its callers to join."""

    def __init__(self) -> None:
        self._wire = _AnsweringOld()
        self._client = ollama.Client(host="http://gate.test", transport=self._wire)

    def play(self, body: bytes, *, stream: bool) -> dict[str, Any]:
        self._wire.body = body
        if not stream:
            return self._client.chat(model="m", messages=_HI).model_dump(mode="json")
        lines = [line.model_dump(mode="json") for line in self._client.chat(model="m", messages=_HI, stream=True)]
        return whole_ollama(lines)


def clients() -> dict[str, Client]:
    """One client of each dialect, to be used again and again."""
    return {
        "openai_chat": Chat(),
        "openai_responses": Responses(),
        "anthropic_messages": Messages(),
        "gemini": GenAI(),
        "ollama": Ollama(),
    }
