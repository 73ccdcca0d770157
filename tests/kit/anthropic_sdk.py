"""The vendor's own SDK fed with bytes of ours: what a real Messages client makes of a reply, with no network."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx2

_ASK: dict[str, Any] = {"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": "hi"}]}


class Player(httpx2.BaseTransport):
    """One SDK client whose next call is answered with the bytes given. Cheap to use again and again."""

    def __init__(self) -> None:
        self._answer = (200, b"application/json", b"")
        http = httpx2.Client(transport=self)
        self._client = anthropic.Anthropic(api_key="k", base_url="http://gate.test", max_retries=0, http_client=http)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        status, content_type, body = self._answer
        headers = {"content-type": content_type.decode()}
        return httpx2.Response(status, headers=headers, content=body, request=request)

    def message(self, body: bytes, *, status: int = 200) -> dict[str, Any]:
        """The message the SDK reads from a whole body. Raises the SDK's own error."""
        self._answer = (status, b"application/json", body)
        return self._client.beta.messages.create(**_ASK).to_dict()

    def streamed(self, body: bytes) -> dict[str, Any]:
        """The message the SDK accumulates from a stream. Raises the SDK's own error."""
        self._answer = (200, b"text/event-stream; charset=utf-8", body)
        with self._client.beta.messages.stream(**_ASK) as events:
            return events.get_final_message().to_dict()

    def raw_events(self, body: bytes) -> list[Any]:
        """The stream's events as the SDK types them, from the endpoint that is generally available."""
        self._answer = (200, b"text/event-stream; charset=utf-8", body)
        return list(self._client.messages.create(**_ASK, stream=True))
