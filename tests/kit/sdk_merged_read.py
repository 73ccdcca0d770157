"""What is wrong with a request or an answer after it has crossed to every dialect: something that is lost without a
word, a body that a vendor's types refuse, an answer that a vendor's SDK reads otherwise than it was meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import ollama
import pydantic
from anthropic.types.beta import BetaMessage, BetaRawMessageStreamEvent
from google.genai.types import GenerateContentResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

from gophergate.core.events import Failed
from gophergate.core.lifecycle import checked
from gophergate.dialects.anthropic_messages.turns import NO_RESULT
from gophergate.dialects.base import PLAIN, Target, encode
from gophergate.dialects.sse import SseDecoder
from gophergate.errors import BadRequest, UpstreamBroken
from kit import fidelity
from kit.fidelity_clients import Client, clients
from kit.fidelity_compare import verdicts
from kit.fidelity_equal import expected, read_back
from kit.fidelity_meant import meaning, squeezed
from kit.fidelity_requests import TRAITS, aspects, own_members
from kit.fidelity_said import said_by
from kit.fidelity_typed import nearest, objection
from kit.sdk_answers import Told

Json = Any

_UNANSWERED = squeezed(NO_RESULT)
"""What Anthropic is told of a call that nobody answered."""
_AS_THE_VENDOR_SAYS = {
    ("openai_chat", True): "delta.tool_calls.0.type: Input should be 'function'",
}
"""What a vendor sends though its types do not list it: free-form calls in the chunks of a stream."""


def of_request(dialect: str, body: dict[str, Json]) -> Iterator[str]:
    """Complaints, as "from, to, aspect: detail"."""
    request = fidelity.DIALECTS[dialect].read_request(encode(body), model="m")
    for target, speaker in fidelity.DIALECTS.items():
        traits = PLAIN if target == dialect else TRAITS.get(target, PLAIN)
        try:
            written = speaker.write_request(request, Target(model="m", origin="o", traits=traits))
        except BadRequest as refusal:
            if target == dialect:
                yield f"{dialect}, {target}, refused: {refusal.message}"
            continue
        told = json.loads(encode(written.body))
        if target == dialect and written.dropped:
            yield f"{dialect}, {target}, dropped: {written.dropped} of {body}"
        if target != dialect and (why := objection(target, told)):
            yield f"{dialect}, {target}, types: {why} in {told}"
        again = speaker.read_request(encode(written.body), model="m")
        read = meaning(again) if target == dialect else read_back(again, written.body, target)
        read.results = [result for result in read.results if result[1] != _UNANSWERED]
        for aspect, meant, got, names in aspects(expected(request, target), read, target):
            if meant != got and not any(name.partition(".")[0] in names or name in names for name in written.dropped):
                yield f"{dialect}, {target}, {aspect}: {meant!r} became {got!r} of {body}"
        for name in own_members(request, target):
            if name not in written.dropped:
                yield f"{dialect}, {target}, silent: {name} of {body}"


@cache
def _players() -> dict[str, Client]:
    return clients()


@cache
def _kind(client: str, stream: bool) -> pydantic.TypeAdapter[Any]:
    kinds: dict[str, tuple[Any, Any]] = {
        "openai_chat": (ChatCompletion, ChatCompletionChunk),
        "openai_responses": (Response, ResponseStreamEvent),
        "anthropic_messages": (BetaMessage, BetaRawMessageStreamEvent),
        "gemini": (GenerateContentResponse, GenerateContentResponse),
        "ollama": (ollama.ChatResponse, ollama.ChatResponse),
    }
    return pydantic.TypeAdapter(kinds[client][stream])


def of_answer(dialect: str, told: Told) -> Iterator[str]:
    """Complaints, as "from, to, whole or streamed, aspect: detail"."""
    reader = fidelity.DIALECTS[dialect].reader(stream=told.stream, origin="maker")
    events = checked([*reader.feed(told.bytes), *reader.end()])
    if isinstance(events[-1], Failed):
        yield f"{dialect}, failed: {events[-1].error} of {told.said}"
        return
    original = said_by(dialect, told.said)
    for client, player in _players().items():
        for stream in (False, True):
            where = f"{dialect}, {client}, {'streamed' if stream else 'whole'}"
            try:
                body = fidelity.write(events, client, stream=stream)
            except UpstreamBroken:
                continue  # arguments that are no JSON, which Ollama cannot be told
            try:
                heard = said_by(client, player.play(body, stream=stream))
            except (ValueError, pydantic.ValidationError, ollama.ResponseError) as error:
                yield f"{where}, played: {error} of {told.said}"
                continue
            for aspect, holds, why in verdicts(original, heard, client, same=client == dialect):
                if holds is False:
                    yield f"{where}, {aspect}: {why} of {told.said}"
            for document in _documents(body):
                if why := _ill_typed(client, stream, document):
                    yield f"{where}, types: {why} in {document}"


def _documents(body: bytes) -> list[Json]:
    """The JSON texts of what a client gets, whichever way it gets them."""
    decoder = SseDecoder()
    told = [data for _, data in decoder.feed(body) + decoder.end()] or body.splitlines()
    return [json.loads(data) for data in told if data.strip() not in (b"", b"[DONE]")]


def _ill_typed(client: str, stream: bool, document: Json) -> str:
    """What the vendor's own types have against a body or an event, "" when nothing."""
    try:
        _kind(client, stream).validate_json(json.dumps(document))
    except pydantic.ValidationError as error:
        why = nearest(error)
        return "" if why.endswith(_AS_THE_VENDOR_SAYS.get((client, stream), "\0")) else why
    return ""
