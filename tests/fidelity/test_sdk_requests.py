"""Everything that the vendors' types let a client ask, one thing at a time: read by its dialect without complaint,
written back to it without loss, and to every other either carried, refused by name, or disclosed as dropped (R-S1,
R-C1).

The types are those of the installed SDKs, walked member by member (`kit.sdk_samples`): what a newer SDK adds is tried
the day it is installed. What is left out without a word stands in the two tables below, with its reason.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from gophergate.core.request import Request
from gophergate.dialects.base import Target, Traits, Written, encode
from gophergate.errors import BadRequest
from kit import fidelity
from kit.sdk_requests import Body, bodies
from kit.sdk_samples import leaves, texts

TRAITS = {
    "openai_chat": Traits(thinking="effort", max_tokens_member="max_completion_tokens"),
    "openai_responses": Traits(thinking="effort"),
    "anthropic_messages": Traits(thinking="budget", max_output=64_000),
    "gemini": Traits(),
    "ollama": Traits(),
}

SPELLED_ANEW = {
    "openai_chat": {
        "messages.content.type": "a lone part of words is said as a string, a refusal in its own member",
    },
    "openai_responses": {},
    "anthropic_messages": {
        "tools.type": "'custom' is what a tool without a type is",
    },
    "gemini": {
        "tools.functionDeclarations.parameters.type": "a schema goes out as JSON Schema, whose types are in lower case",
        "tools.functionDeclarations.parameters.propertyOrdering": "becomes the order of the properties",
        "generationConfig.responseSchema.type": "the same",
        "generationConfig.responseSchema.propertyOrdering": "the same",
        "generationConfig.thinkingConfig.thinkingLevel": "unspecified is unsaid",
        "toolConfig.functionCallingConfig.mode": "unspecified is AUTO",
        "serviceTier": "in lower case",
    },
    "ollama": {
        "format": "an empty one is none",
    },
}
"""Members whose value stands elsewhere or otherwise in the own dialect, and means the same."""

UNTOLD = {
    "openai_chat": {
        "response_format.json_schema.name": "a label; some wires have no place for one",
        "tools.function.name": "Ollama has no choice of tools: where none may be called, none is offered",
        "functions.name": "the same",
    },
    "openai_responses": {
        "input.id": "an id that the vendor knows the item by",
        "input.caller.caller_id": "the vendor's own program that called",
        "input.namespace": "of a result, whose call names it",
        "input.encrypted_content": "the maker's state, shown to nobody else (R-S2)",
        "text.format.name": "a label; some wires have no place for one",
    },
    "anthropic_messages": {
        "messages.content.signature": "the maker's state, shown to nobody else (R-S2)",
        "messages.content.data": "the same",
        "messages.content.caller.tool_id": "the vendor's own tool that called",
        "messages.content.toolset_name": "the vendor's own toolset that the call is of",
        "messages.content.citations.cited_text": "an annotation of OpenAI's has no quote; the source itself goes",
        "messages.content.citations.encrypted_index": "the vendor's state; the source itself goes",
        "tools.name": "Ollama has no choice of tools: where none may be called, none is offered",
    },
    "gemini": {
        "contents.parts.functionCall.partialArgs.jsonPath": "pieces of a streamed call, whole in a request",
        "contents.parts.functionCall.partialArgs.stringValue": "the same",
        "tools.functionDeclarations.parameters.propertyOrdering": "becomes the order of the properties",
        "tools.functionDeclarations.name": "Ollama has no choice of tools: where none may be called, none is offered",
        "generationConfig.responseSchema.propertyOrdering": "becomes the order of the properties",
        "generationConfig.responseSchema.additionalProperties": "a note, which holds an answer to nothing",
        "generationConfig.responseSchema.default": "the same",
        "generationConfig.responseSchema.example": "the same",
    },
    "ollama": {},
}
"""Members that go to no other dialect, or not to every one, and are no loss to name."""


@pytest.mark.parametrize("dialect", list(fidelity.DIALECTS))
def test_whatever_the_types_can_ask_is_read_and_written_back_whole(dialect: str) -> None:
    """R-S1, R-C1: every text and number of the body is in the body again; nothing is dropped, nothing refused."""
    lost: dict[str, Body] = {}
    for body in bodies(dialect):
        written = write(dialect, read(dialect, body), Traits())
        if written.dropped:
            lost.setdefault(f"dropped: {written.dropped}", body)
        held = Counter(value for _, value in leaves(plain(written)))
        for path, value in leaves(body):
            held[value] -= 1
            if held[value] < 0 and path not in SPELLED_ANEW[dialect]:
                lost.setdefault(f"{path}: {value!r}", body)
    assert not lost


@pytest.mark.parametrize(("dialect", "target"), list(permutations(fidelity.DIALECTS, 2)))
def test_whatever_the_types_can_ask_is_carried_refused_or_disclosed(dialect: str, target: str) -> None:
    """R-C1, edge case 25: a text that is not in the other dialect's body is named as dropped, or the block refused."""
    untold: dict[str, Body] = {}
    usual = set(write(target, read(dialect, bodies(dialect)[0]), TRAITS[target]).dropped)
    for body in bodies(dialect):
        try:
            written = write(target, read(dialect, body), TRAITS[target])
        except BadRequest:
            continue
        if set(written.dropped) != usual:
            continue
        told = json.dumps(plain(written), ensure_ascii=False)
        for path, text in texts(body):
            if path not in UNTOLD[dialect] and not any(form in told for form in forms(text)):
                untold.setdefault(path, body)
    assert not untold


def forms(text: str) -> Iterator[str]:
    """A text itself, or its base64 without the end, where a wire takes documents only so."""
    yield text
    yield base64.b64encode(text.encode()).decode().rstrip("=")[:-1]


def read(dialect: str, body: Body) -> Request:
    return fidelity.DIALECTS[dialect].read_request(encode(body), model="m")


def write(dialect: str, request: Request, traits: Traits) -> Written:
    return fidelity.DIALECTS[dialect].write_request(request, Target(model="m", origin="o", traits=traits))


def plain(written: Written) -> Any:
    return json.loads(encode(written.body))
