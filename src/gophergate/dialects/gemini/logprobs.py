"""Log probabilities: Gemini's logprobsResult and the canon's (OpenAI's) token list, both ways."""

from __future__ import annotations

from collections.abc import Iterable

from gophergate.core.blocks import Json
from gophergate.dialects.gemini.wire import camel


def read_logprobs(result: Json) -> list[Json] | None:
    """OpenAI's list: each chosen token with its alternatives; None when there is none."""
    told = camel(result)
    chosen, tops = told.get("chosenCandidates"), told.get("topCandidates")
    if not isinstance(chosen, list):
        return None
    tops = tops if isinstance(tops, list) else []
    read = []
    for at, token in enumerate(chosen):
        alternatives = camel(tops[at]).get("candidates") if at < len(tops) else None
        others = [_token(camel(other)) for other in alternatives] if isinstance(alternatives, list) else []
        read.append({**_token(camel(token)), "top_logprobs": others})
    return read or None


def _token(told: dict[str, Json]) -> dict[str, Json]:
    token, value = told.get("token"), told.get("logProbability")
    text = token if isinstance(token, str) else ""
    # A log probability of zero is certainty; protobuf JSON leaves zeros out.
    return {
        "token": text,
        "logprob": value if isinstance(value, int | float) else 0.0,
        "bytes": list(text.encode(errors="replace")),
    }


def write_logprobs(tokens: Iterable[Json]) -> dict[str, Json]:
    """Gemini's logprobsResult of such a list."""
    chosen, tops = [], []
    for token in tokens:
        if isinstance(token, dict):
            chosen.append(_candidate(token))
            others = token.get("top_logprobs")
            others = others if isinstance(others, list) else []
            tops.append({"candidates": [_candidate(other) for other in others if isinstance(other, dict)]})
    result: dict[str, Json] = {"chosenCandidates": chosen}
    if any(top["candidates"] for top in tops):
        result["topCandidates"] = tops
    return result


def _candidate(token: dict[str, Json]) -> dict[str, Json]:
    return {"token": token.get("token", ""), "logProbability": token.get("logprob", 0.0)}
