"""A scripted provider that speaks the Responses API natively and keeps what it makes, as OpenAI does."""

from __future__ import annotations

import json
from typing import Any

from kit.upstream import Asked, Say, body, sse

USAGE = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 10,
}


class NativeResponses:
    """The script of an `Upstream`. It answers with how many turns it knows of the conversation, so that a test sees
    whether state was kept here. `queued` background responses finish when a test says `finish`."""

    def __init__(self, prefix: str = "resp_native", cut_at: int | None = None) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.turns: dict[str, int] = {}
        self.cut_at = cut_at
        self._prefix = prefix
        self._count = 0

    def __call__(self, asked: Asked) -> Say:
        path = asked.target.partition("?")[0].removeprefix("/v1")
        if asked.method == "POST" and path == "/responses":
            return self._create(asked.json)
        if path == "/responses/compact":
            if not asked.json.get("background"):
                return body(_compaction())
            self.kept["resp_c"] = {**_compaction(), "status": "queued", "output": [], "usage": None}
            return body(self.kept["resp_c"])
        parts = path.split("/")
        found = self.kept.get(parts[2]) if len(parts) > 2 else None
        if found is None:
            return body({"error": {"message": f"Response with id '{parts[-1]}' not found.", "code": None}}, 404)
        if asked.method == "DELETE":
            del self.kept[parts[2]]
            return body({"id": parts[2], "object": "response", "deleted": True})
        if path.endswith("/cancel"):
            found["status"] = "cancelled"
        if path.endswith("/input_items"):
            item = {"id": "msg_in", "type": "message", "role": "user", "content": [], "status": "completed"}
            page = {"object": "list", "data": [item], "first_id": "msg_in", "last_id": "msg_in", "has_more": False}
            return body(page)
        return body(found)

    def finish(self, response_id: str) -> None:
        """A background response is ready."""
        self.kept[response_id].update(status="completed", output=[_message("Done in the background.")], usage=USAGE)

    def compacted(self) -> None:
        """A compaction in the background is ready."""
        self.kept["resp_c"] = _compaction()

    def _create(self, said: dict[str, Any]) -> Say:
        previous = said.get("previous_response_id")
        if previous is not None and previous not in self.kept:
            error = {"message": f"Previous response with id '{previous}' not found.", "type": "invalid_request_error"}
            return body(
                {"error": {**error, "param": "previous_response_id", "code": "previous_response_not_found"}}, 400
            )
        self._count += 1
        turn = self.turns.get(previous or "", 0) + 1
        response = {
            "id": f"{self._prefix}_{self._count}",
            "object": "response",
            "created_at": 1,
            "status": "queued" if said.get("background") else "completed",
            "model": said["model"],
            "output": [] if said.get("background") else [_message(f"turn {turn}")],
            "usage": None if said.get("background") else USAGE,
            "previous_response_id": previous,
            "store": said.get("store", True),
            "parallel_tool_calls": True,
            "tools": [],
            "tool_choice": "auto",
        }
        if said.get("store", True):
            self.kept[response["id"]] = response
            self.turns[response["id"]] = turn
        if not said.get("stream"):
            return body(response)
        pieces = _events(response)
        return sse(*pieces[: self.cut_at], cut=self.cut_at is not None)


def _message(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"id": "msg_up", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def _compaction() -> dict[str, Any]:
    item = {"id": "cmp_1", "type": "compaction", "encrypted_content": "sealed"}
    return {"id": "resp_c", "object": "response.compaction", "created_at": 1, "output": [item], "usage": USAGE}


def _events(response: dict[str, Any]) -> list[bytes]:
    item = response["output"][0]
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    at = {"output_index": 0, "item_id": item["id"], "content_index": 0}
    told: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.content_part.added", **at, "part": {**item["content"][0], "text": ""}},
        {"type": "response.output_text.delta", **at, "delta": item["content"][0]["text"], "logprobs": []},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        # Edge case 45: the last snapshot leaves out what was streamed.
        {"type": "response.completed", "response": {**response, "output": []}},
    ]
    return [
        b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps({**event, "sequence_number": n}).encode())
        for n, event in enumerate(told)
    ]
