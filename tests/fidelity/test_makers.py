"""One answer as each maker of the Chat wire streams it, made here from its documentation and recorded shape, so that
its ways are held without the recordings. All mean the same: a thought, words, a call of `weather`, and what it used.

Every client is told the same of all of them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.core.events import Failed, Finished
from gophergate.dialects.base import Target
from gophergate.providers.registry import BY_KIND
from kit import fidelity
from kit.crossing import chat, cross, delta, read, sse, told
from kit.fidelity_said import Counts

ARGUMENTS = '{"city":"Ulm"}'
SUMS = {"prompt_tokens": 50, "completion_tokens": 30, "total_tokens": 80}
THOUGHT = [delta(reasoning_content="Let me "), delta(reasoning_content="look.")]
WORDS = [delta(content="I "), delta(content="will.")]


def call(index: Any = 0, id: Any = "call_1", name: Any = "weather", arguments: Any = ARGUMENTS, **more: Any) -> Any:
    """A piece of a call; a member that is `...` is left out."""
    function = {"name": name, "arguments": arguments}
    entry = {"index": index, "id": id, "type": "function", **more, "function": function}
    for part in (entry, function):
        for member in [member for member, value in part.items() if value is ...]:
            del part[member]
    return delta(tool_calls=[entry])


def ended(word: str = "tool_calls", inside: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    last = {**delta(word), **more}
    last["choices"][0].update(inside or {})
    return last


def renamed(chunks: list[dict[str, Any]], member: str) -> list[dict[str, Any]]:
    return json.loads(json.dumps(chunks).replace("reasoning_content", member))  # type: ignore[no-any-return]


SPLIT = [
    call(arguments=""),
    call(id=..., name=..., arguments='{"city":', type=...),
    call(id=..., name=..., arguments='"Ulm"}', type=...),
]
CACHED = Counts(input=50, cached=20, output=30)
THINKS = Counts(input=50, cached=20, output=30, reasoning=12)
DETAILS = {"prompt_tokens_details": {"cached_tokens": 20}, "completion_tokens_details": {"reasoning_tokens": 12}}

MAKERS: dict[str, tuple[bytes, Counts]] = {
    "deepseek": (
        sse(
            delta(role="assistant", content=None, reasoning_content=""),
            *THOUGHT,
            *WORDS,
            *SPLIT,
            ended(usage={**SUMS, **DETAILS, "prompt_cache_hit_tokens": 20, "prompt_cache_miss_tokens": 30}),
            done=True,
        ),
        THINKS,
    ),
    # Kimi: the last choice holds the usage, and beside the sums what was cached.
    "moonshot": (
        sse(
            delta(role="assistant", content=""),
            *THOUGHT,
            *WORDS,
            *SPLIT,
            ended(inside={"usage": {**SUMS, "cached_tokens": 20}}),
            done=True,
        ),
        CACHED,
    ),
    # GLM: the role on every chunk, a call whole in one chunk, the end with a text that is empty.
    "zai": (
        sse(
            *({**one, "choices": [{"index": 0, "delta": {"role": "assistant", **one["choices"][0]["delta"]}}]}
              for one in [*THOUGHT, *WORDS]),
            call(),
            {**delta("tool_calls", role="assistant", content=""), "usage": {**SUMS, **DETAILS}, "request_id": "r"},
            done=True,
        ),
        THINKS,
    ),
    # MiniMax: thoughts in tags within the text, all of it once more at the end, a verdict beside the choices.
    "minimax": (
        sse(
            delta(role="assistant", name="MiniMax AI", audio_content="", content="<thi"),
            delta(content="nk>Let me look."),
            delta(content="</think>\n\nI "),
            delta(content="will."),
            call(),
            {
                "id": "c1",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                    "role": "assistant",
                    "content": "<think>Let me look.</think>\n\nI will.",
                    "tool_calls": call()["choices"][0]["delta"]["tool_calls"],
                }}],
                "input_sensitive": False,
                "output_sensitive": False,
                "usage": {**SUMS, "total_characters": 0, **DETAILS},
                "base_resp": {"status_code": 0, "status_msg": ""},
            },
        ),
        THINKS,
    ),
    # MiniMax with `reasoning_split`.
    "minimax, split": (
        sse(
            delta(reasoning_details=[{"type": "reasoning.text", "id": "r1", "format": "MiniMax-response-v1", "index": 0,
                                      "text": "Let me look."}]),
            *WORDS,
            call(),
            ended(usage={**SUMS, **DETAILS}, base_resp={"status_code": 0, "status_msg": ""}),
            done=True,
        ),
        THINKS,
    ),
    # SambaNova: tags, calls without an index, usage with its timings on a chunk of no choices.
    "sambanova": (
        sse(
            delta(role="assistant", content="<think>Let me look."),
            delta(content="</think>I will."),
            call(index=None),
            ended(),
            {
                "id": "c1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [],
                "usage": {**SUMS, "is_last_response": True, "time_to_first_token": 0.2, "total_latency": 0.4,
                          "total_tokens_per_sec": 400.5, "prompt_tokens_details": {"cached_tokens": 20}},
            },
            done=True,
        ),
        CACHED,
    ),
    # Qwen: every chunk says all members, null where it has nothing; a call's id and name are empty after the first.
    "alibaba": (
        sse(
            *({**one, "usage": None} for one in [
                delta(role="assistant", content=None, reasoning_content="Let me "),
                delta(content=None, reasoning_content="look."),
                delta(content="I ", reasoning_content=None),
                delta(content="will.", reasoning_content=None),
                call(arguments='{"city":'),
                call(id="", name="", arguments='"Ulm"}'),
                call(id="", name=None, arguments=None),
                ended(),
            ]),
            {**delta(), "choices": [], "usage": {**SUMS, **DETAILS}},
            done=True,
        ),
        THINKS,
    ),
    # Mistral: thinking and text as parts; a call whole, with neither index nor type.
    "mistral": (
        sse(
            delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "Let me look."}]}]),
            delta(content=[{"type": "text", "text": "I will."}]),
            call(index=..., type=...),
            ended(usage={**SUMS, "num_cached_tokens": 20}),
            done=True,
        ),
        CACHED,
    ),
    # Groq: another name for thoughts, usage in a member of its own.
    "groq": (
        sse(
            delta(role="assistant", content=""),
            *renamed(THOUGHT, "reasoning"),
            *WORDS,
            call(),
            ended(x_groq={"id": "r", "usage": {**SUMS, **DETAILS, "queue_time": 0.1}}, service_tier="on_demand"),
            done=True,
        ),
        THINKS,
    ),
    # Together and Fireworks: their own word for the end.
    "together": (
        sse(*renamed(THOUGHT, "reasoning"), *WORDS, call(), ended("eos", usage={**SUMS, "cached_tokens": 20})),
        CACHED,
    ),
    # xAI: the thoughts stand outside the sums of what was generated.
    "xai": (
        sse(
            *THOUGHT,
            *WORDS,
            call(),
            ended(usage={"prompt_tokens": 50, "completion_tokens": 18, "total_tokens": 80, "num_sources_used": 0,
                         **DETAILS}),
            done=True,
        ),
        THINKS,
    ),
    # Cerebras, Hugging Face's router, DeepInfra, llama.cpp: figures of their own around it.
    "cerebras": (
        chat(*renamed(THOUGHT, "reasoning"), *WORDS, call(), finish="tool_calls", usage={**SUMS, **DETAILS},
             time_info={"queue_time": 0.1}),
        THINKS,
    ),
    "huggingface": (
        chat(*THOUGHT, *WORDS, call(), finish="tool_calls", usage={**SUMS, "cached_tokens": 20}, seed=1),
        CACHED,
    ),
    "deepinfra": (
        chat(*THOUGHT, *WORDS, call(), finish="tool_calls",
             usage={**SUMS, "estimated_cost": 0.00002, "prompt_tokens_details": {"cached_tokens": 20}}),
        CACHED,
    ),
    "llamacpp": (
        chat(*THOUGHT, *WORDS, *SPLIT, finish="tool_calls",
             usage={**SUMS, "prompt_tokens_details": {"cached_tokens": 20}},
             timings={"cache_n": 20, "prompt_n": 30, "predicted_n": 30}),
        CACHED,
    ),
    # vLLM: a delta of nothing first, a stop reason beside the finish reason.
    "vllm": (
        sse(
            delta(role="assistant", content=""),
            *THOUGHT,
            *WORDS,
            *SPLIT,
            ended(inside={"stop_reason": None, "token_ids": None}),
            {**delta(), "choices": [], "usage": {**SUMS, "prompt_tokens_details": {"cached_tokens": 20}}},
            done=True,
        ),
        CACHED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("client", list(fidelity.DIALECTS))
@pytest.mark.parametrize("maker", list(MAKERS))
def test_an_answer_means_the_same_whoever_made_it(maker: str, client: str) -> None:
    """PROTOCOLS, Providers; edge cases 12, 16, 17, 54: each in its own form, streamed, to every client's SDK."""
    assert maker.split(",")[0] in BY_KIND
    body, counts = MAKERS[maker]
    said = told("openai_chat", body, client)
    assert (said.thought.strip(), said.text.strip(), said.finish) == ("Let me look.", "I will.", "tool_calls")
    assert [(one.name, one.arguments) for one in said.calls] == [("weather", {"city": "Ulm"})]
    if client == "ollama":  # It has words for neither.
        counts = Counts(input=counts.input, output=counts.output)
    assert said.usage == counts


@pytest.mark.parametrize(
    ("code", "words", "status", "kind"),
    [
        (1002, "rate limit", 429, "rate_limit"),
        (1004, "login fail", 401, "authentication"),
        (1008, "insufficient balance", 402, "billing"),
        (1039, "token limit", 400, "invalid_request"),
        (1033, "system error", 502, "api_error"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_verdict_inside_a_200_is_a_refusal(stream: bool, code: int, words: str, status: int, kind: str) -> None:
    """Edge case 7: MiniMax answers 200 and tells the error in `base_resp`, without choices."""
    body = {"id": "c1", "choices": None, "base_resp": {"status_code": code, "status_msg": words}}
    raw = sse(body) if stream else json.dumps(body).encode()
    reader = fidelity.DIALECTS["openai_chat"].reader(stream=stream)
    last = (reader.feed(raw) + reader.end())[-1]
    assert isinstance(last, Failed)
    assert (last.error.message, last.error.status, last.error.kind) == (words, status, kind)


@pytest.mark.parametrize(
    ("word", "reason"),
    [("sensitive", "content_filter"), ("model_context_window_exceeded", "context_exceeded"), ("network_error", None)],
)
def test_how_glm_says_that_it_ended(word: str, reason: str | None) -> None:
    """Edge case 24; Z.ai's own words: a filter, a full context, and a generation that broke, which is no end."""
    last = read("openai_chat", sse(delta(content="Half"), ended(word), done=True))[-1]
    if reason is None:
        assert isinstance(last, Failed)
    else:
        assert isinstance(last, Finished)
        assert last.reason == reason


def test_the_id_of_a_kimi_call_is_legal_everywhere_and_comes_back() -> None:
    """Edge case 53: Kimi names its calls `functions.weather:0`, which Anthropic's wire has no letters for."""
    made = {"id": "functions.weather:0", "type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}}
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None, "tool_calls": [made]}]
    turns += [{"role": "tool", "tool_call_id": "functions.weather:0", "content": "rain"}]
    body = cross("openai_chat", {"model": "m", "messages": turns}, "anthropic_messages").body
    use, result = body["messages"][-2]["content"][0], body["messages"][-1]["content"][0]
    assert use["id"] == result["tool_use_id"]
    assert use["id"].replace("_", "").replace("-", "").isalnum()


@pytest.mark.parametrize(
    ("kind", "model", "told"),
    [
        ("moonshot", "kimi-k2.6", {"thinking": {"type": "disabled"}}),
        ("moonshot", "moonshot-v1-8k", {"reasoning_effort": "none"}),
        ("zai", "glm-4.7", {"thinking": {"type": "disabled"}}),
        ("zai", "glm-5.3", {"reasoning_effort": "none"}),
        ("deepseek", "deepseek-v4-flash", {"thinking": {"type": "disabled"}}),
    ],
)
def test_not_to_think_is_said_in_the_makers_words(kind: str, model: str, told: dict[str, Any]) -> None:
    """Edge case 34: asked by a client of Anthropic's, of models that think unless they are told not to."""
    asked = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "hi"}]}
    raw = json.dumps({**asked, "thinking": {"type": "disabled"}}).encode()
    request = fidelity.DIALECTS["anthropic_messages"].read_request(raw)
    target = Target(model=model, traits=BY_KIND[kind].traits(model))
    body = fidelity.DIALECTS["openai_chat"].write_request(request, target).body
    assert {name: body[name] for name in ("thinking", "reasoning_effort") if name in body} == told
