"""What is said in 20 MB: requests at each door, and answers of providers of every dialect."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from kit.answers import Said, answer
from kit.door_requests import asked
from kit.upstream import Say, body, sse

DOORS = ("openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama")
COUNTING = ("openai_responses", "anthropic_messages", "gemini")
"""The doors that count tokens."""
SIZE = 20_000_000
_WORDS = "Lorem ipsum dolor sit amet "


def large_request(door: str, kind: str, model: str) -> tuple[str, bytes]:
    """A request of some 20 MB: one text, one base64 image, or fifty thousand turns."""
    path, request = asked(door, model, stream=False)
    turns = 50_001 if kind == "turns" else 1
    words = _WORDS * (13 if kind == "turns" else 740_000 if kind == "text" else 1)
    image = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\r" + os.urandom(14_900_000)).decode() if kind == "image" else ""
    said: list[Any] = []
    for number in range(turns):
        role = ("user", "model" if door == "gemini" else "assistant")[number % 2]
        said.append({"role": role, **_content(door, words, image)})
    request[{"gemini": "contents", "openai_responses": "input"}.get(door, "messages")] = said
    return path, json.dumps(request).encode()


def _content(door: str, words: str, image: str) -> dict[str, Any]:
    address = f"data:image/png;base64,{image}"
    source = {"type": "base64", "media_type": "image/png", "data": image}
    match door:
        case "gemini":
            shown: list[Any] = [{"inlineData": {"mimeType": "image/png", "data": image}}] if image else []
            return {"parts": [{"text": words}, *shown]}
        case "ollama":
            return {"content": words, **({"images": [image]} if image else {})}
        case _ if not image:
            return {"content": words}
        case "openai_chat":
            return {"content": [{"type": "image_url", "image_url": {"url": address}}]}
        case "openai_responses":
            return {"content": [{"type": "input_image", "image_url": address}]}
        case _:
            return {"content": [{"type": "image", "source": source}]}


def large_answer(dialect: str, kind: str, *, stream: bool, size: int) -> Say | None:
    """An answer of some `size` bytes: one text, the arguments of one call, a stream of small pieces of text, or one
    picture; None where the dialect's answers hold no pictures."""
    match kind:
        case "text":
            return answer(dialect, Said(thought="", text=_WORDS * (size // len(_WORDS)), calls=()), stream=stream)
        case "call":
            given = {"text": _WORDS * (size // len(_WORDS))}
            return answer(dialect, Said(thought="", text="", calls=(("write", given),)), stream=stream)
        case "pieces":
            return _in_pieces(dialect, size) if stream else None
        case _:
            return _picture(
                dialect, base64.b64encode(b"\x89PNG\r\n\x1a\n" + os.urandom(size * 3 // 4)).decode(), stream
            )


def _in_pieces(dialect: str, size: int) -> Say:
    plain = answer(dialect, Said(thought="", text=_WORDS, calls=()), stream=True)
    pieces = list(plain.pieces)
    at = next(at for at, piece in enumerate(pieces) if b"ipsum" in piece)
    pieces[at] *= size // len(pieces[at])
    return Say(headers=plain.headers, pieces=pieces)


def _picture(dialect: str, data: str, stream: bool) -> Say | None:
    plain = answer(dialect, Said(thought="", text="Here", calls=()), stream=stream)
    told: list[dict[str, Any]]
    match dialect:
        case "openai_chat":
            image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}
            if not stream:
                whole = _json(plain)
                whole["choices"][0]["message"]["images"] = [image]
                return body(whole)
            choice = {"index": 0, "delta": {"images": [{**image, "index": 0}]}, "finish_reason": None}
            told = [{"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}]
            return _with(plain, told, at=1)
        case "openai_responses":
            item: dict[str, Any] = {"id": "ig_1", "type": "image_generation_call", "status": "completed"}
            item.update(output_format="png", result=data)
            if not stream:
                whole = _json(plain)
                whole["output"].append(item)
                return body(whole)
            pieces = list(plain.pieces)
            last = json.loads(pieces[-1].split(b"data: ", 1)[1])
            last["response"]["output"].append(item)
            begun = {**item, "status": "in_progress", "result": None}
            told = [
                {"type": "response.output_item.added", "output_index": 1, "item": begun, "sequence_number": 90},
                {"type": "response.output_item.done", "output_index": 1, "item": item, "sequence_number": 91},
                {**last, "sequence_number": 92},
            ]
            return sse(*pieces[:-1], *map(_event, told))
        case "gemini":
            part = {"inlineData": {"mimeType": "image/png", "data": data}}
            if not stream:
                whole = _json(plain)
                whole["candidates"][0]["content"]["parts"].append(part)
                return body(whole)
            candidate = {"index": 0, "content": {"role": "model", "parts": [part]}}
            return _with(plain, [{"responseId": "r1", "modelVersion": "m", "candidates": [candidate]}], at=1)
        case _:
            return None


def _json(say: Say) -> Any:
    return json.loads(b"".join(say.pieces))


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def _with(say: Say, told: list[dict[str, Any]], *, at: int) -> Say:
    pieces = list(say.pieces)
    return sse(*pieces[:at], *map(_event, told), *pieces[at:])
