"""Everything that the vendors' types let a provider answer, one thing at a time, whole and streamed: read by its
dialect without complaint, written back to its own clients without loss, and for the clients of every other either told
or named as what they were not shown (R-T1, R-T2, R-C1).

The types are those of the installed SDKs, walked member by member (`kit.sdk_samples`): what a newer SDK adds is tried
the day it is installed. What is left out without a word stands in the two tables below, with its reason.
"""

from __future__ import annotations

import json
import typing
from collections import Counter
from functools import cache
from itertools import permutations
from typing import Any

import pytest
from anthropic.types.beta import BetaStopReason
from google.genai import types as google
from openai.types.chat.chat_completion import Choice
from openai.types.responses.response import IncompleteDetails

from gophergate.core.events import Event, Failed, Finished
from gophergate.core.lifecycle import checked
from gophergate.dialects.loss import unshown
from gophergate.dialects.sse import SseDecoder
from gophergate.errors import UpstreamBroken
from kit import fidelity
from kit.sdk_answers import Told, answers
from kit.sdk_samples import leaves, members, texts

SPELLED_ANEW = {
    "openai_chat": {
        "choices.finish_reason": "an answer with calls ends with calls",
        "choices.delta.audio.expires_at": "told once the sound is over",
    },
    "openai_responses": {},
    "anthropic_messages": {},
    "gemini": {
        "index": "a candidate's place in the list",
        "logprobsResult.chosenCandidates.tokenId": "a token's number in the vendor's vocabulary",
        "logprobsResult.topCandidates.candidates.tokenId": "the same",
        "logprobsResult.topCandidates.candidates.token": "alternatives of no chosen token",
        "logprobsResult.topCandidates.candidates.logProbability": "the same",
        "logprobsResult.logProbabilitySum": "the sum of what is told",
        "usageMetadata.promptTokenCount": "counts are counted together again",
        "usageMetadata.totalTokenCount": "the same",
    },
    "ollama": {
        "message.images": "told in words: ollama-python refuses pictures in answers",
        "prompt_eval_count": "counts are counted together again",
        "eval_count": "the same",
    },
}
"""Members whose value stands elsewhere or otherwise for clients of the own dialect, and means the same."""

UNTOLD = {
    "openai_chat": (
        *("system_fingerprint", "metadata", "moderation"),
        *("choices.message.audio.id", "choices.delta.audio.id"),
        *("choices.message.tool_calls.id", "choices.delta.tool_calls.id"),
    ),
    "openai_responses": (
        *("id", "call_id", "caller", "encrypted_content", "namespace"),
        *("content.annotations.file_id", "content.annotations.container_id"),
        *("part.annotations.file_id", "annotation.file_id"),
        *("error", "revised_prompt", "size", "svg_usage", "background", "quality", "output_format"),
        "partial_image_b64",
    ),
    "anthropic_messages": (
        *("signature", "data", "caller", "toolset_name"),
        *("citations.file_id", "citations.cited_text", "citations.encrypted_index", "citations.source"),
        *("container", "stop_details", "stop_sequence", "usage", "input_transformations"),
    ),
    "gemini": (
        *("citationMetadata.citations.license", "finishMessage", "groundingMetadata", "urlContextMetadata"),
        *("logprobsResult.topCandidates", "createTime", "promptFeedback", "modelStatus"),
    ),
    "ollama": ("model",),
}
"""What a vendor says of its answer and not in it, and what only it knows: ids, state, notes on how the answer was made.
Its own clients get all of it. Of sources the others get address and title, of pictures the picture."""

REASONS = {
    "openai_chat": {
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "content_filter": "content_filter",
        "function_call": "tool_calls",
    },
    "openai_responses": {
        "max_output_tokens": "length",
        "max_messages": "length",
        "content_filter": "content_filter",
        "steered": "length",
    },
    "anthropic_messages": {
        "end_turn": "stop",
        "max_tokens": "length",
        "stop_sequence": "stop_sequence",
        "tool_use": "tool_calls",
        "pause_turn": "pause",
        "compaction": "pause",
        "refusal": "refusal",
        "model_context_window_exceeded": "context_exceeded",
    },
    "gemini": {
        "STOP": "stop",
        "MAX_TOKENS": "length",
        "CONTINUATION": "pause",
        "MALFORMED_FUNCTION_CALL": "malformed_tool_call",
        "UNEXPECTED_TOOL_CALL": "malformed_tool_call",
        "TOO_MANY_TOOL_CALLS": "malformed_tool_call",
        "MISSING_THOUGHT_SIGNATURE": "malformed_tool_call",
        "MALFORMED_RESPONSE": "malformed_tool_call",
    },
}
"""What each word for the end of an answer means. Google's others all say that it withholds output."""


@cache
def read(dialect: str, told: Told) -> tuple[Event, ...]:
    reader = fidelity.DIALECTS[dialect].reader(stream=told.stream, origin="maker")
    return tuple(checked([*reader.feed(told.bytes), *reader.end()]))


def documents(body: bytes) -> list[Any]:
    """The JSON texts of what a client gets, whichever way it gets them."""
    decoder = SseDecoder()
    told = [data for _, data in decoder.feed(body) + decoder.end()] or body.splitlines()
    return [json.loads(data) for data in told if data.strip() not in (b"", b"[DONE]")]


def is_held(value: Any, held: Counter[Any]) -> bool:
    """Whether a leaf stands among others, each of which answers for one; pieces may have been put together."""
    held[value] -= 1
    return held[value] >= 0 or (isinstance(value, str) and any(value in other for other in held if str is type(other)))


@pytest.mark.parametrize("dialect", list(fidelity.DIALECTS))
def test_whatever_the_types_can_answer_is_read_and_told_to_its_own_clients_whole(dialect: str) -> None:
    """R-T1, R-T2: every text and number of it is there again, streamed and, of what is no event of a stream, whole."""
    lost: dict[str, Any] = {}
    for told in answers(dialect):
        events = read(dialect, told)
        assert isinstance(events[-1], Finished), (events[-1], told.said)
        for stream in (True,) if told.stream else (False, True):
            held = Counter(v for _, v in leaves(documents(fidelity.write(events, dialect, stream=stream))))
            for path, value in leaves(told.said):
                if path not in SPELLED_ANEW[dialect] and not is_held(value, held):
                    lost.setdefault(f"{path}: {value!r}", told.said)
    assert not lost


@pytest.mark.parametrize(("dialect", "client"), list(permutations(fidelity.DIALECTS, 2)))
def test_whatever_the_types_can_answer_is_told_to_others_or_named(dialect: str, client: str) -> None:
    """R-T2, R-C1, DESIGN "Loss is named": an answer with anything that a client is not shown says so by name."""
    untold: dict[str, Any] = {}
    for told in answers(dialect):
        events = read(dialect, told)
        shows = fidelity.DIALECTS[client].shows
        if unshown(events, client, shows):
            continue
        try:
            heard = fidelity.write(events, client, stream=told.stream).decode()
        except UpstreamBroken as broken:
            assert "arguments that are not JSON" in str(broken)  # noqa: PT017 - Ollama's calls hold objects
            continue
        for path, text in texts(told.said):
            if not path.startswith(UNTOLD[dialect]) and text not in heard and '"error"' not in heard:
                untold.setdefault(path, told.said)
    assert not untold


def words(kind: Any) -> set[str]:
    return {word for one in members(kind) for word in typing.get_args(one)}


def test_every_word_for_the_end_of_an_answer_has_a_meaning() -> None:
    """Edge cases 14 and 24: a word that a newer SDK brings has no meaning yet, and is not taken for "stop" unseen."""
    assert words(Choice.model_fields["finish_reason"].annotation) == REASONS["openai_chat"].keys()
    assert words(IncompleteDetails.model_fields["reason"].annotation) == REASONS["openai_responses"].keys()
    assert words(BetaStopReason) == REASONS["anthropic_messages"].keys()
    assert {reason.value for reason in google.FinishReason} > REASONS["gemini"].keys()


@pytest.mark.parametrize("dialect", list(REASONS))
def test_every_word_for_the_end_of_an_answer_is_read_so(dialect: str) -> None:
    """Edge case 24; and its own clients get the vendor's own word."""
    other = {reason.value for reason in google.FinishReason} if dialect == "gemini" else set()
    for word in {*REASONS[dialect], *other} - {"FINISH_REASON_UNSPECIFIED"}:
        events = read(dialect, Told(word, json.dumps(ending(dialect, word)).encode(), stream=False))
        last = events[-1]
        assert not isinstance(last, Failed)
        assert isinstance(last, Finished)
        assert last.reason == REASONS[dialect].get(word, "content_filter")
        if word != "function_call":
            assert word in fidelity.write(events, dialect, stream=True).decode()


def ending(dialect: str, word: str) -> dict[str, Any]:
    """An answer that ends with that word."""
    match dialect:
        case "openai_chat":
            message = {"role": "assistant", "content": "hi"}
            return {"choices": [{"index": 0, "message": message, "finish_reason": word}]}
        case "openai_responses":
            part = {"type": "output_text", "text": "hi", "annotations": []}
            message = {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}
            return {"status": "incomplete", "incomplete_details": {"reason": word}, "output": [message]}
        case "anthropic_messages":
            return {"type": "message", "content": [{"type": "text", "text": "hi"}], "stop_reason": word}
        case _:
            return {"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": word}]}


def test_a_blocked_prompt_is_withheld_whatever_blocked_it() -> None:
    """Every `blockReason` of Google's types."""
    for reason in google.BlockedReason:
        body = {"promptFeedback": {"blockReason": reason.value}}
        last = read("gemini", Told(reason, json.dumps(body).encode(), stream=False))[-1]
        assert isinstance(last, Finished)
        assert last.reason == "content_filter"
