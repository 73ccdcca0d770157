"""Requests that say nothing: Ollama's clients load a model so before they ask it, and unload it after.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md ("Load a model", "Unload a model").
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gophergate.core.blocks import Json
from gophergate.dialects.base import Stamp, encode
from gophergate.dialects.dates import date_of

_MOST = 4096
"""Bytes. What is longer says something."""
_NO_TIME = re.compile(r"0+[a-z]*")


class _Said(msgspec.Struct):
    messages: Any = None
    prompt: Any = None
    images: Any = None
    keep_alive: Any = None


_DECODER = msgspec.json.Decoder(_Said)


def load_answer(body: bytes, model: str, stamp: Stamp, *, generate: bool) -> bytes | None:
    """What Ollama answers to a request that only loads or unloads a model; None for one that asks something."""
    if len(body) > _MOST:
        return None
    said = _DECODER.decode(body)
    if (said.prompt or said.images) if generate else said.messages:
        return None
    ends = said.keep_alive == 0 or (isinstance(said.keep_alive, str) and _NO_TIME.fullmatch(said.keep_alive))
    answer: dict[str, Json] = {"model": model, "created_at": date_of(stamp.now)}
    if generate:
        answer["response"] = ""
    else:
        answer["message"] = {"role": "assistant", "content": ""}
    return encode({**answer, "done": True, "done_reason": "unload" if ends else "load"})
