"""What the simulator answers to the operations that are not chat: small, valid, the same for the same request.

Pictures are PNG, sound is WAV; usage counts words, as in chat, and what else is said here.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gophergate.core.blocks import Block, Json, Media, Opaque, Text
from gophergate.core.events import BlockClosed, BlockOpened, Event, Finished, Started, UsageSeen
from gophergate.core.request import Request
from gophergate.core.usage import Usage
from gophergate.errors import BadRequest

_WORD = re.compile(r"\S+")
_SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")
_SIDES = (16, 2048)
_MOST_PICTURES = 10
_MOST_TEXTS = 1000
"""Judged or ranked at once, in some tens of milliseconds in which nobody else has a turn."""
PICTURE_TOKENS = 100
"""Tokens of a picture."""
_RATE = 8000
_SECONDS_A_WORD, _LONGEST = 0.1, 3.0
BYTES_A_TOKEN = 1000
"""Bytes of sound that are a token."""
_FLAGGED = {
    "violence": frozenset({"kill", "murder", "attack", "bomb"}),
    "hate": frozenset({"hate"}),
    "self-harm": frozenset({"suicide"}),
}
_CATEGORIES = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm"),
    *("self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic"),
)
Answer = tuple[list[Block], Usage]
PERFORMERS: Mapping[str, tuple[str, ...]] = {
    "images": ("image",),
    "image_edits": ("image",),
    "moderations": ("moderation",),
    "rerank": ("rerank",),
    "speech": ("speech",),
    "transcriptions": ("transcribe",),
    "translations": ("transcribe",),
}
"""The models by operation."""


def performed(request: Request, model: str) -> Iterator[Event]:
    """The answer to an operation as events. Raises BadRequest before the first one."""
    blocks, usage = _ANSWERS[request.operation](request, model, request.extra.get(request.dialect, {}))
    yield Started(model=model)
    for index, block in enumerate(blocks):
        yield BlockOpened(index, block)
        yield BlockClosed(index)
    yield UsageSeen(usage)
    said_done = request.stream and request.operation == "transcriptions"
    yield Finished(reason="stop", extra={request.dialect: {"_done": True}} if said_done else {})


def _texts(request: Request) -> list[str]:
    return [block.text for turn in request.turns for block in turn.blocks if isinstance(block, Text)]


def _words(*texts: str) -> int:
    return sum(len(_WORD.findall(text)) for text in texts)


def _object(request: Request, data: Json, label: str = "") -> Opaque:
    return Opaque(dialect=request.dialect, label=label, data=data)


# -- pictures ---------------------------------------------------------------------------------------------------------


def _pictures(request: Request, model: str, members: Mapping[str, Any]) -> Answer:
    texts, count = _texts(request), 1 if request.n is None else request.n
    if not 1 <= count <= _MOST_PICTURES:
        raise BadRequest(f"The simulator makes 1 to {_MOST_PICTURES} pictures, not {count}.", param="n")
    size = members.get("size") or "auto"
    width, height = _sides(size)
    shown = sum(isinstance(block, Opaque) for turn in request.turns for block in turn.blocks)
    words, size = _words(*texts), f"{width}x{height}"
    counted = {
        "input_tokens": words + shown * PICTURE_TOKENS,
        "input_tokens_details": {"text_tokens": words, "image_tokens": shown * PICTURE_TOKENS},
        "output_tokens": count * PICTURE_TOKENS,
        "total_tokens": words + (shown + count) * PICTURE_TOKENS,
    }
    usage = Usage(input=words, image_input=shown * PICTURE_TOKENS, output=0, image_output=count * PICTURE_TOKENS)
    about = {"background": "opaque", "output_format": "png", "quality": "low", "size": size}
    drawn = [b64encode(png(width, height, f"{' '.join(texts)} {number}")).decode() for number in range(count)]
    if request.stream:
        kind = "image_edit" if request.operation == "image_edits" else "image_generation"
        event = {"type": f"{kind}.completed", "created_at": None, **about, "usage": counted}
        return [_object(request, {**event, "b64_json": one}, f"{kind}.completed") for one in drawn], usage
    as_address = members.get("response_format") == "url"
    data = [{"url": f"data:image/png;base64,{one}"} if as_address else {"b64_json": one} for one in drawn]
    return [_object(request, {"created": None, "data": data, **about, "usage": counted})], usage


def _sides(size: Json) -> tuple[int, int]:
    if size == "auto":
        return 256, 256
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    sides = (int(found[1]), int(found[2])) if found is not None else (0, 0)
    if not all(_SIDES[0] <= side <= _SIDES[1] for side in sides):
        raise BadRequest(f"'size' is WIDTHxHEIGHT, each {_SIDES[0]} to {_SIDES[1]}, or 'auto'.", param="size")
    return sides


def png(width: int, height: int, seed: str) -> bytes:
    """A PNG of two colours in stripes, both taken from `seed` (https://www.w3.org/TR/png/)."""
    colours = hashlib.blake2b(seed.encode(errors="replace"), digest_size=7).digest()
    row = b"\0" + bytes([colours[6] or 0xAA]) * (-(-width // 8))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", colours[:6]), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)


# -- sound ------------------------------------------------------------------------------------------------------------


def _speech(request: Request, model: str, members: Mapping[str, Any]) -> Answer:
    texts = _texts(request)
    if not texts or not texts[0]:
        raise BadRequest("'input' is required and must be a string.", param="input")
    words = _words(*texts)
    sound = wav(min(_LONGEST, _SECONDS_A_WORD * words))
    usage = Usage(input=words, audio_output=len(sound) // BYTES_A_TOKEN + 1)
    data = b64encode(sound).decode()
    if not request.stream:
        return [Media(kind="audio", media_type="audio/wav", data=data)], usage
    told = {
        "input_tokens": words,
        "output_tokens": usage.audio_output,
        "total_tokens": usage.total_input + usage.total_output,
    }
    return [
        _object(request, {"type": "speech.audio.delta", "audio": data}),
        _object(request, {"type": "speech.audio.done", "usage": told}),
    ], usage


def wav(seconds: float) -> bytes:
    """A WAV file of a low tone, 8 bits a sample and 8000 samples a second."""
    samples = bytes(0x60 if at // 20 % 2 else 0xA0 for at in range(int(_RATE * seconds)))
    form = struct.pack("<HHIIHH", 1, 1, _RATE, _RATE, 1, 8)
    parts = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(parts)) + parts


def _described(file: Mapping[str, Any]) -> str:
    return f"{file['type'] or 'a file'} of {file['size']} bytes"


def _heard(request: Request, model: str, members: Mapping[str, Any]) -> Answer:
    files = [block.data for turn in request.turns for block in turn.blocks if isinstance(block, Opaque)]
    if not files:
        raise BadRequest("'file' is required: send a form with a file of sound.", param="file")
    size = sum(one["size"] for one in files)
    text = f"I got {' and '.join(map(_described, files))}."
    heard, prompt, spoken = size // BYTES_A_TOKEN + 1, _words(*_texts(request)), _words(text)
    usage = Usage(input=prompt, audio_input=heard, output=spoken)
    told = {
        "type": "tokens",
        "input_tokens": prompt + heard,
        "input_token_details": {"text_tokens": prompt, "audio_tokens": heard},
        "output_tokens": spoken,
        "total_tokens": prompt + heard + spoken,
    }
    if request.stream:
        pieces = re.findall(r"\s*\S+", text)
        deltas = [{"type": "transcript.text.delta", "delta": piece} for piece in pieces]
        done = {"type": "transcript.text.done", "text": text, "usage": told}
        return [_object(request, one) for one in (*deltas, done)], usage
    match members.get("response_format"):
        case "text":
            return [_object(request, text + "\n")], usage
        case "srt":
            return [_object(request, f"1\n00:00:00,000 --> 00:00:01,000\n{text}\n\n")], usage
        case "vtt":
            return [_object(request, f"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{text}\n\n")], usage
        case "verbose_json":
            about = {"task": "transcribe", "language": "english", "duration": 1.0, "segments": []}
            return [_object(request, {**about, "text": text, "usage": told})], usage
        case _:
            return [_object(request, {"text": text, "usage": told})], usage


# -- texts ------------------------------------------------------------------------------------------------------------


def _judged(request: Request, model: str, members: Mapping[str, Any]) -> Answer:
    texts, given = _texts(request), members.get("input")
    if not isinstance(given, str | list) or (not given and given != ""):
        raise BadRequest("'input' is required: a string, or an array.", param="input")
    _bounded(given, "input")
    apart = isinstance(given, list) and all(isinstance(one, str) for one in given)
    results = [_verdict(text) for text in (texts if apart else [" ".join(texts)])]
    answer = {"id": "modr-simulated", "model": model, "results": results}
    return [_object(request, answer)], Usage(input=_words(*texts), output=0)


def _bounded(given: str | list[Json], param: str) -> None:
    if isinstance(given, list) and len(given) > _MOST_TEXTS:
        raise BadRequest(f"'{param}' holds {len(given)}; the simulator takes {_MOST_TEXTS} at most.", param=param)


def _verdict(text: str) -> dict[str, Json]:
    said = set(re.findall(r"\w+", text.lower()))
    found = {name: bool(said & _FLAGGED.get(name, frozenset())) for name in _CATEGORIES}
    return {
        "flagged": any(found.values()),
        "categories": found,
        "category_scores": {name: 0.99 if is_so else 0.01 for name, is_so in found.items()},
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }


def _ranked(request: Request, model: str, members: Mapping[str, Any]) -> Answer:
    documents, most = members.get("documents"), members.get("top_n", members.get("top_k"))
    if not isinstance(members.get("query"), str) or not isinstance(documents, list) or not documents:
        raise BadRequest("'query' and 'documents' are required: a string, and an array.", param="documents")
    _bounded(documents, "documents")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        raise BadRequest("'top_n' must be a whole number above zero.", param="top_n")
    said = iter(_texts(request))
    query = next(said)
    texts = [" ".join(next(said) for _ in range(_count(one))) for one in documents]
    wanted = set(re.findall(r"\w+", query.lower()))
    scores = [len(wanted & set(re.findall(r"\w+", text.lower()))) / max(1, len(wanted)) for text in texts]
    order = sorted(range(len(texts)), key=lambda at: (-scores[at], at))[:most]
    shows = members.get("return_documents") is True
    results = [
        {"index": at, "relevance_score": scores[at], **({"document": {"text": texts[at]}} if shows else {})}
        for at in order
    ]
    words = _words(query, *texts)
    answer = {"id": "rerank-simulated", "model": model, "results": results, "usage": {"total_tokens": words}}
    return [_object(request, answer)], Usage(input=words, output=0)


def _count(document: Json) -> int:
    """How many of the request's texts are of that document, whose own places are empty by now."""
    if isinstance(document, dict):
        return sum(value == "" and name not in ("type", "id") for name, value in document.items())
    return int(isinstance(document, str))


_ANSWERS: Mapping[str, Callable[[Request, str, Mapping[str, Any]], Answer]] = {
    "images": _pictures,
    "image_edits": _pictures,
    "moderations": _judged,
    "rerank": _ranked,
    "speech": _speech,
    "transcriptions": _heard,
    "translations": _heard,
}
