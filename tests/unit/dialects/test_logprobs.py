"""Lists of tokens from providers that say less of each than OpenAI's types demand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from gophergate.dialects.logprobs import whole_tokens
from kit import fidelity
from kit.responses_sdk import events_of

TOKEN = {"token": "Hé", "logprob": -0.5}
BYTES = [72, 195, 169]


def test_a_token_gets_its_bytes_and_its_alternatives() -> None:
    whole = {**TOKEN, "bytes": None, "top_logprobs": [{**TOKEN, "bytes": [1]}]}
    assert whole_tokens([whole]) == [whole]
    assert whole_tokens([TOKEN]) == [{**TOKEN, "bytes": BYTES, "top_logprobs": []}]
    assert whole_tokens([{**TOKEN, "top_logprobs": [TOKEN]}, "odd"]) == [
        {**TOKEN, "bytes": BYTES, "top_logprobs": [{**TOKEN, "bytes": BYTES}]}
    ]


LINE = {"model": "m", "message": {"role": "assistant", "content": "Hé"}, "logprobs": [TOKEN]}
ANSWERS: dict[str, dict[str, Any]] = {
    "ollama": {**LINE, "done": True, "done_reason": "stop", "prompt_eval_count": 1, "eval_count": 1},
    "openai_chat": {
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hé"},
                "logprobs": {"content": [TOKEN]},
                "finish_reason": "stop",
            }
        ]
    },
}


@pytest.mark.parametrize("provider", list(ANSWERS))
def test_tokens_reach_openais_clients_as_their_types_demand(provider: str) -> None:
    """R-T2: Ollama gives no alternatives unless asked for some, look-alikes no bytes."""
    reader = fidelity.DIALECTS[provider].reader(stream=False)
    events = [*reader.feed(json.dumps(ANSWERS[provider]).encode()), *reader.end()]
    ChatCompletion.model_validate_json(fidelity.write(events, "openai_chat", stream=False))
    for chunk in fidelity.write(events, "openai_chat", stream=True).decode().split("\n\n")[:-2]:
        ChatCompletionChunk.model_validate_json(chunk.removeprefix("data: "))
    last = events_of(fidelity.write(events, "openai_responses", stream=True))[-1]["response"]
    (part,) = last["output"][0]["content"]
    assert part["logprobs"] == [{**TOKEN, "bytes": BYTES, "top_logprobs": []}]
