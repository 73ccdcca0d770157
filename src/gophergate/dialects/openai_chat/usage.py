"""Token counts of the Chat Completions wire and its look-alikes, to disjoint classes and back.

Every vendor counts its own way; the sums they give (`total_tokens`) tell which way it was. Each rule below names
the provider that taught it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from gophergate.core.blocks import Json
from gophergate.core.usage import NOTHING_REPORTED, Usage
from gophergate.dialects.base import decode
from gophergate.dialects.costs import own_cost
from gophergate.dialects.members import MOST, count_of, object_of

Count = Annotated[int, Meta(ge=0, le=MOST)]


class _Taken(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    cached_tokens: Count | None = None
    audio_tokens: Literal[0] | None = None


class _Made(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    reasoning_tokens: Count | None = None
    audio_tokens: Literal[0] | None = None
    accepted_prediction_tokens: Any = None
    rejected_prediction_tokens: Any = None


class _Own(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """OpenAI's own members, as in nearly every answer."""

    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count
    prompt_tokens_details: _Taken | None = None
    completion_tokens_details: _Made | None = None


_OWN = msgspec.json.Decoder(_Own)
_NOTHING_TAKEN, _NOTHING_MADE = _Taken(), _Made()


def read_usage_bytes(raw: msgspec.Raw, tier: str | None) -> Usage | None:
    """`read_usage` of bytes. One step where OpenAI's own members stand there and their sums agree. Raises
    msgspec.DecodeError."""
    if tier is None:
        try:
            own = _OWN.decode(raw)
        except msgspec.ValidationError:
            return read_usage(decode(raw), None)
        prompt, completion = own.prompt_tokens, own.completion_tokens
        taken = own.prompt_tokens_details or _NOTHING_TAKEN
        made = own.completion_tokens_details or _NOTHING_MADE
        cached = taken.cached_tokens
        if own.total_tokens == prompt + completion and (cached or 0) <= prompt:
            reasoning = made.reasoning_tokens
            if (reasoning or 0) <= completion:
                return Usage(
                    input=prompt - (cached or 0),
                    cache_read=cached,
                    audio_input=taken.audio_tokens,
                    output=completion,
                    audio_output=made.audio_tokens,
                    reasoning=reasoning,
                )
    return read_usage(decode(raw), tier)


def read_usage(raw: Json, tier: str | None = None) -> Usage | None:
    """A `usage` object in disjoint counts; None for null, for no object, and when it reports nothing. `tier` is the
    service tier that stood beside it."""
    if not isinstance(raw, dict):
        return None
    prompt, completion = count_of(raw.get("prompt_tokens")), count_of(raw.get("completion_tokens"))
    taken, made = object_of(raw.get("prompt_tokens_details")), object_of(raw.get("completion_tokens_details"))
    cached = _first(
        taken.get("cached_tokens"),
        raw.get("prompt_cache_hit_tokens"),  # DeepSeek
        raw.get("cached_tokens"),  # Moonshot
        raw.get("num_cached_tokens"),  # Mistral
        raw.get("cache_read_input_tokens"),
    )
    wrote = _first(
        taken.get("cache_write_tokens"),  # OpenRouter
        raw.get("cache_creation_input_tokens"),  # Vercel, Databricks
        taken.get("cache_creation_tokens"),
    )
    audio, image = count_of(taken.get("audio_tokens")), count_of(taken.get("image_tokens"))
    reasoning = _first(made.get("reasoning_tokens"), raw.get("reasoning_tokens"))
    apart = _apart(raw, prompt, completion)

    if prompt is not None and cached and wrote and cached + wrote > prompt >= max(cached, wrote):
        wrote = 0  # OpenRouter for Gemini: what was read had been stored by this very call. Read tokens they are.
    fresh, audio, image, apart = _fresh(prompt, (cached or 0) + (wrote or 0), audio, image, apart, reasoning)
    audio_out, image_out = count_of(made.get("audio_tokens")), count_of(made.get("image_tokens"))
    output, reasoning = _made(completion, reasoning, apart, (audio_out or 0) + (image_out or 0))
    usage = Usage(
        input=fresh,
        cache_read=cached,
        cache_write=wrote,
        audio_input=audio,
        image_input=image,
        output=output,
        audio_output=audio_out,
        image_output=image_out,
        reasoning=reasoning,
        tool_uses=_tool_uses(raw),
        units=_units(raw),
        provider_cost=own_cost(raw),
    )
    if usage == NOTHING_REPORTED:
        return None
    return usage if tier is None else msgspec.structs.replace(usage, tier=tier)


def _fresh(
    prompt: int | None, held: int, audio: int | None, image: int | None, apart: int, reasoning: int | None
) -> tuple[int | None, int | None, int | None, int]:
    """The prompt's tokens that are none of the others (held in a cache, sound, pictures), those within what there is,
    and what of the total still stands apart from prompt and completion."""
    if prompt is None:
        return None, audio, image, apart
    if held > prompt or (apart and apart == held != reasoning):
        # Grok on Azure, and shims over Anthropic: cached tokens stand beside the prompt's.
        apart = 0 if apart == held else apart
        held = 0
    rest = prompt - held
    if audio and apart == audio:
        apart = 0  # Mistral counts sound beside the prompt.
    elif audio is not None:
        audio = min(audio, rest)
        rest -= audio
    if image is not None:
        image = min(image, rest)
        rest -= image
    return rest, audio, image, apart


def _made(completion: int | None, reasoning: int | None, apart: int, unsaid: int) -> tuple[int | None, int | None]:
    """The output's tokens but for sound and pictures (`unsaid`), thoughts among them, and the thoughts."""
    if completion is None:
        return None, reasoning
    output = completion
    if apart > 0 and reasoning in (None, 0, apart):
        output, reasoning = completion + apart, apart  # xAI, and Google's OpenAI door (which does not name it)
    elif reasoning is not None and reasoning > completion:
        output = completion + reasoning  # Vercel for Gemini: thoughts outside both sums
    return max(0, output - unsaid) if unsaid else output, reasoning


def write_usage(usage: Usage) -> dict[str, Json]:
    """The vendor's sums. Counts that were not reported are left out of the details, zero stays zero."""
    prompt, completion = usage.total_input, usage.total_output
    written: dict[str, Json] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    wrote = usage.cache_write
    if usage.cache_write_1h is not None:
        wrote = (wrote or 0) + usage.cache_write_1h
    taken = {
        "cached_tokens": usage.cache_read,
        "cache_write_tokens": wrote,
        "audio_tokens": usage.audio_input,
        "image_tokens": usage.image_input,
    }
    made = {
        "reasoning_tokens": usage.reasoning,
        "audio_tokens": usage.audio_output,
        "image_tokens": usage.image_output,
    }
    for name, details in (("prompt_tokens_details", taken), ("completion_tokens_details", made)):
        said = {member: count for member, count in details.items() if count is not None}
        if said:
            written[name] = said
    searches = (usage.tool_uses or {}).get("web_search")
    if searches is not None:
        written["server_tool_use_details"] = {"web_search_requests": searches}
    return written


def _apart(raw: dict[str, Any], prompt: int | None, completion: int | None) -> int:
    """Tokens in the vendor's total that are in neither of its two sums."""
    total = count_of(raw.get("total_tokens"))
    if total is None or prompt is None or completion is None:
        return 0
    return max(0, total - prompt - completion)


def _first(*values: Json) -> int | None:
    for value in values:
        count = count_of(value)
        if count is not None:
            return count
    return None


def _tool_uses(raw: dict[str, Any]) -> dict[str, int] | None:
    searches = _first(
        object_of(raw.get("server_tool_use_details")).get("web_search_requests"),  # OpenRouter
        object_of(raw.get("server_tool_use")).get("web_search_requests"),
        raw.get("num_search_queries"),  # Perplexity
    )
    sources = count_of(raw.get("num_sources_used"))  # xAI, priced per source
    uses = {}
    if searches is not None:
        uses["web_search"] = searches
    if sources:
        uses["sources"] = sources
    return uses or None


def _units(raw: dict[str, Any]) -> dict[str, int] | None:
    cited = count_of(raw.get("citation_tokens"))  # Perplexity, beside its sums
    return {"citation_tokens": cited} if cited else None
