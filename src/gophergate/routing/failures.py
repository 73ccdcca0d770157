"""What went wrong with an attempt, by kind, and what each kind calls for: the whole of the retry rules, as data.

Kinds are told from the canonical error alone, whatever dialect it was read from. Vendors have no common code for "your
prompt is too long" or "we will not talk about that", so their words are known here, each with whose they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

from gophergate.errors import (
    GatewayError,
    Unavailable,
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)

Kind = Literal[
    "connect",
    "timeout",
    "broken",
    "rate_limited",
    "overloaded",
    "failed",
    "denied",
    "unpaid",
    "missing",
    "passing",
    "context",
    "content",
    "busy",
    "faulty",
]


class Treatment(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of failure calls for.

    `other_key`: another credential of the same provider, at once. `elsewhere`: the next deployment, at once: any, one
    with a bigger context, one of another vendor, or none. `again`: the same deployment after a pause; `if_told` only
    where the provider said after how long, for who does not know better only adds to its load. `blames`: it counts
    towards the deployment's breaker. `rests`: seconds that the credential is left alone when the provider did
    not say how long.
    """

    meaning: str
    elsewhere: Literal["any", "bigger", "vendor", "none"] = "any"
    again: bool = False
    if_told: bool = False
    other_key: bool = False
    blames: bool = False
    rests: float = 0.0


TREATMENTS: Mapping[Kind, Treatment] = {
    "connect": Treatment(meaning="no connection; nothing was acted on", again=True, blames=True),
    "timeout": Treatment(meaning="a time-out ran out", blames=True),
    "broken": Treatment(meaning="cut off, or bytes that are not its protocol", again=True, blames=True),
    "rate_limited": Treatment(meaning="429", again=True, if_told=True, other_key=True, rests=5.0),
    "overloaded": Treatment(meaning="503 or 529", again=True, blames=True),
    "failed": Treatment(meaning="500 and any other of its kind", again=True, blames=True),
    "denied": Treatment(meaning="401 or 403: the key is not good", other_key=True, rests=300.0),
    "unpaid": Treatment(meaning="402, or a quota that is used up", other_key=True, rests=300.0),
    "missing": Treatment(meaning="404 or 410: it has no such model"),
    "passing": Treatment(meaning="408, 409 or 425: the moment was wrong", again=True),
    "context": Treatment(meaning="the prompt is longer than the model's context", elsewhere="bigger"),
    "content": Treatment(meaning="the vendor's content policy refused", elsewhere="vendor"),
    "busy": Treatment(meaning="it has as many calls as it may have at a time", again=True),
    "faulty": Treatment(meaning="400 and any other of its kind: the request is wrong", elsewhere="none"),
}

_BY_STATUS: Mapping[int, Kind] = {
    401: "denied",
    402: "unpaid",
    403: "denied",
    404: "missing",
    408: "passing",
    409: "passing",
    410: "missing",
    425: "passing",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}

_CONTEXT_CODES = frozenset({"context_length_exceeded", "model_context_window_exceeded", "exceed_context_size_error"})
_CONTEXT = re.compile(
    r"maximum (context|prompt|input) length"  # OpenAI, xAI, Mistral, vLLM
    r"|prompt is too long"  # Anthropic
    r"|exceeds? (the )?(context limit|available context|context (window|size|length))"  # Anthropic, llama.cpp
    r"|input token count.{0,40}exceeds"  # Gemini
    r"|input is too long"  # Bedrock
    r"|reduce the length of the (messages|prompt|input)"  # OpenAI's older models, Groq
    r"|too many (input )?tokens in (the )?(prompt|request)",
    re.IGNORECASE,
)
_CONTENT_CODES = frozenset(
    {"content_filter", "content_policy_violation", "moderation_blocked", "data_inspection_failed", "prohibited_content"}
)
_CONTENT = re.compile(
    r"content (management|filtering) policy"  # Azure OpenAI, Anthropic
    r"|content policy|safety system|usage polic"  # OpenAI
    r"|input data may contain inappropriate"  # Alibaba
    r"|content exists risk"  # DeepSeek
    r"|(prompt|request|response) was blocked",  # Gemini
    re.IGNORECASE,
)
_MAY_BE_WORDS = frozenset({400, 403, 413, 422, 451, 500})
"""The statuses that hide these two; llama.cpp says 500 to a prompt that is too long."""


def kind_of(error: GatewayError) -> Kind:
    """Which kind a failed attempt was."""
    match error:
        case UpstreamUnreachable():
            return "connect"
        case UpstreamTimeout():
            return "connect" if error.phase in ("connect", "pool") else "timeout"
        case UpstreamBroken():
            return "broken"
        case UpstreamRefused():
            return _of_refusal(error)
        case UpstreamError():
            return "failed"
        case Unavailable():
            return "busy"
        case _:
            return "faulty"


def _of_refusal(error: UpstreamRefused) -> Kind:
    code = (error.code or "").lower()
    if code in _CONTEXT_CODES:
        return "context"
    if code in _CONTENT_CODES:
        return "content"
    if error.status in _MAY_BE_WORDS:
        if _CONTEXT.search(error.message):
            return "context"
        if _CONTENT.search(error.message):
            return "content"
    if error.kind == "billing":
        return "unpaid"
    if error.kind == "authentication":
        return "denied"  # Gemini says 400 to a key that is not good.
    known = _BY_STATUS.get(error.status)
    if known is not None:
        return known
    return "failed" if error.status >= 500 else "faulty"


def said_to_wait(error: GatewayError, wall: Callable[[], float]) -> float | None:
    """Seconds that a provider asked to be left alone for (`Retry-After`, also as a date); None when it did not say."""
    if error.retry_after is not None:
        return error.retry_after
    said = error.headers.get("retry-after")
    if said is None:
        return None
    try:
        when = parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    return max(0.0, when.timestamp() - wall())


def said_to_retry(error: GatewayError) -> bool | None:
    """The provider's own word on asking it again (`x-should-retry`), None when it has none."""
    said = error.headers.get("x-should-retry", "").strip().lower()
    return {"true": True, "false": False}.get(said)


def told(error: GatewayError) -> str:
    """A failure in a few words, for the decision record."""
    if isinstance(error, UpstreamTimeout):
        return f"{error.phase} time-out"
    if isinstance(error, UpstreamRefused):
        return f"{error.status} {error.code}"
    return error.code
