"""Streams joined in the plainest way to the JSON that the dialect answers when not streaming.

Shares no code with the dialects: it is the second opinion on what a recording says, and joins what SDKs leave in
pieces.
"""

from __future__ import annotations

import json
import re
from typing import Any

Json = Any


def data_of(body: bytes) -> list[Json]:
    """The JSON documents of an event stream, whatever its line ends."""
    told = re.findall(r"^data: ?(.+?)\r?$", body.decode(), re.MULTILINE)
    return [json.loads(data) for data in told if data.strip() != "[DONE]"]


def whole_of(dialect: str, body: bytes, *, stream: bool) -> dict[str, Json]:
    """The answer in one piece."""
    if not stream:
        found: dict[str, Json] = json.loads(body)
        return found
    join = {
        "openai_chat": whole_chat,
        "openai_responses": whole_responses,
        "anthropic_messages": whole_messages,
        "gemini": whole_gemini,
    }
    return join[dialect](data_of(body))


def whole_chat(chunks: list[Json]) -> dict[str, Json]:
    """Deltas joined: strings appended, lists of parts too, calls by their index."""
    message: dict[str, Json] = {}
    calls: dict[Json, dict[str, Json]] = {}
    whole: dict[str, Json] = {"finish": ""}
    for chunk in chunks:
        whole["usage"] = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or whole.get("usage")
        whole.update({name: chunk[name] for name in ("citations", "search_results") if chunk.get(name)})
        for choice in chunk.get("choices") or []:
            if choice.get("index", 0) != 0:
                continue
            whole["finish"] = choice.get("finish_reason") or whole["finish"]
            for name, value in (choice.get("delta") or {}).items():
                if name == "tool_calls":
                    for call in value or []:
                        _join_call(calls, call)
                elif value is not None:
                    message[name] = _joined(message.get(name), value) if name != "role" else value
    message["tool_calls"] = list(calls.values())
    return {**whole, "choices": [{"index": 0, "message": message, "finish_reason": whole["finish"]}]}


def _joined(old: Json, more: Json) -> Json:
    if isinstance(old, str) and isinstance(more, list):
        old = [{"type": "text", "text": old}] if old else []
    if isinstance(old, list) and isinstance(more, str):
        more = [{"type": "text", "text": more}]
    return more if old is None or isinstance(old, dict) else old + more


def _join_call(calls: dict[Json, dict[str, Json]], call: dict[str, Json]) -> None:
    known = calls.setdefault(call.get("index", call.get("id")), {"function": {"name": "", "arguments": ""}})
    known["id"] = known.get("id") or call.get("id")
    function = call.get("function") or {}
    known["function"]["name"] = known["function"]["name"] or function.get("name") or ""
    known["function"]["arguments"] += function.get("arguments") or ""


def whole_responses(events: list[Json]) -> dict[str, Json]:
    """The last snapshot; its output from the finished items where the provider leaves it out."""
    snapshot: dict[str, Json] = {}
    items: dict[int, Json] = {}
    for event in events:
        if event["type"] in ("response.completed", "response.incomplete", "response.failed"):
            snapshot = event["response"]
        elif event["type"] == "response.output_item.done":
            items[event["output_index"]] = event["item"]
    return {**snapshot, "output": snapshot.get("output") or [items[at] for at in sorted(items)]}


def whole_messages(events: list[Json]) -> dict[str, Json]:
    """Accumulated by the letter of the documentation."""
    message: dict[str, Json] = {}
    inputs: dict[int, str] = {}
    for event in events:
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                message["content"].append(event["content_block"])
            case "content_block_delta":
                _add_delta(message["content"][event["index"]], event["delta"], inputs, event["index"])
            case "message_delta":
                message.update(event["delta"])
                message["usage"].update(event["usage"])
    for index, text in inputs.items():
        if text:
            message["content"][index]["input"] = json.loads(text)
    return message


def _add_delta(block: dict[str, Json], delta: dict[str, Json], inputs: dict[int, str], index: int) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            inputs[index] = inputs.get(index, "") + delta["partial_json"]
        case "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]
        case "compaction_delta":
            block.update({name: value for name, value in delta.items() if name != "type"})


def whole_gemini(chunks: list[Json]) -> dict[str, Json]:
    """The first candidate's parts in a row, and the last word on everything else."""
    parts: list[Json] = []
    candidate: dict[str, Json] = {}
    whole: dict[str, Json] = {}
    usage: dict[str, Json] = {}
    for chunk in chunks:
        usage.update(chunk.get("usageMetadata") or {})
        whole.update(chunk)
        for told in chunk.get("candidates") or []:
            if told.get("index", 0) == 0:
                parts += (told.get("content") or {}).get("parts") or []
                candidate.update(told)
    if candidate:
        whole["candidates"] = [{**candidate, "content": {"role": "model", "parts": parts}}]
    return {**whole, "usageMetadata": usage}


def whole_ollama(lines: list[Json]) -> dict[str, Json]:
    """Words appended, calls in a row, the last line's counts."""
    message: dict[str, Json] = {"content": "", "thinking": "", "tool_calls": [], "images": []}
    for line in lines:
        for name in message:
            message[name] += (line.get("message") or {}).get(name) or type(message[name])()
    return {**(lines[-1] if lines else {}), "message": message}
