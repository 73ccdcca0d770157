"""Provider quirks: pure functions from a request body to the members that must change, each with its lesson."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gophergate.core.blocks import Json
from gophergate.providers.base import GONE, Edits, Quirk

_SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs")


def _messages(body: Mapping[str, Json]) -> list[Any]:
    messages = body.get("messages")
    return messages if isinstance(messages, list) else []


def _edited(body: Mapping[str, Json], messages: list[Any]) -> Edits:
    return {"messages": messages} if messages != body.get("messages") else {}


def _content_on_calls(body: Mapping[str, Json], _model: str) -> Edits:
    return _edited(
        body,
        [{**m, "content": ""} if isinstance(m, dict) and _lacks_content(m) else m for m in _messages(body)],
    )


def _lacks_content(message: Mapping[str, Any]) -> bool:
    if message.get("role") != "assistant" or not message.get("tool_calls"):
        return False
    # Recorded: null is accepted beside reasoning_content; a missing member never is.
    return "content" not in message or (message["content"] is None and "reasoning_content" not in message)


CONTENT_ON_CALLS = Quirk(
    name="content-on-calls",
    taught_by="DeepSeek answers 400 to an assistant message with tool_calls whose content is missing or plain null",
    dialect="openai_chat",
    marks=(b'"tool_calls"',),
    mend=_content_on_calls,
)


_THINKS = re.compile(r"reasoner|thinking|kimi-k(2\.[5-9]|[3-9])|deepseek-v[4-9]")
"""Models that think unless they are told not to."""


def _reasoning_on_assistant(body: Mapping[str, Json], model: str) -> Edits:
    thinking = body.get("thinking")
    told = thinking.get("type") if isinstance(thinking, dict) else None
    if told == "disabled" or (told != "enabled" and not _THINKS.search(model)):
        return {}
    return _edited(
        body,
        [
            {**m, "reasoning_content": m.get("reasoning_content") or m.get("reasoning") or ""}
            if isinstance(m, dict) and m.get("role") == "assistant" and m.get("reasoning_content") is None
            else m
            for m in _messages(body)
        ],
    )


REASONING_ON_ASSISTANT = Quirk(
    name="reasoning-on-assistant",
    taught_by="thinking models of DeepSeek and Moonshot answer 400 ('reasoning_content is missing in assistant "
    "message') when a replayed assistant turn has none",
    dialect="openai_chat",
    marks=(b'"assistant"',),
    mend=_reasoning_on_assistant,
)


def _no_sampling(body: Mapping[str, Json], model: str) -> Edits:
    if "reasoner" not in model:
        return {}
    return {name: GONE for name in _SAMPLING if name in body}


NO_SAMPLING_ON_REASONERS = Quirk(
    name="no-sampling-on-reasoners",
    taught_by="deepseek-reasoner refuses logprobs with a 400 and does not support the other sampling parameters",
    dialect="openai_chat",
    marks=tuple(f'"{name}"'.encode() for name in _SAMPLING),
    mend=_no_sampling,
    drops=True,
)


def _output_dimension(body: Mapping[str, Json], _model: str) -> Edits:
    if "dimensions" not in body or "output_dimension" in body:
        return {}
    return {"output_dimension": body["dimensions"], "dimensions": GONE}


OUTPUT_DIMENSION = Quirk(
    name="output-dimension",
    taught_by="Mistral calls it output_dimension, and answers 422 (extra_forbidden) to members it does not know",
    dialect="openai_embeddings",
    marks=(b'"dimensions"',),
    mend=_output_dimension,
)
