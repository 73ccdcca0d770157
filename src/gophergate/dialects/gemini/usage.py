"""usageMetadata to disjoint counts and back.

`promptTokenCount` holds the cached tokens but not `toolUsePromptTokenCount`; `candidatesTokenCount` does not hold
`thoughtsTokenCount`; `totalTokenCount` is the sum of those four (ai.google.dev/api/generate-content, UsageMetadata).
Protobuf JSON leaves zeros out, so a missing count beside a total is derived from it, and a message without any count
reports nothing (edge case 39).
"""

from __future__ import annotations

from gophergate.core.blocks import Json
from gophergate.core.usage import Usage, tier_of
from gophergate.dialects.gemini.wire import camel
from gophergate.dialects.members import count_of

_COUNTS = frozenset(
    {"promptTokenCount", "cachedContentTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount"}
)


def read_usage(said: Json, searches: int = 0) -> Usage | None:
    """The disjoint counts of a usageMetadata; None when it reports none. `searches` are the queries Google ran."""
    told = camel(said)
    prompt, total = _count(told, "promptTokenCount"), _count(told, "totalTokenCount")
    if prompt is None and total is None and _count(told, "candidatesTokenCount") is None:
        return None
    cached, thoughts = _count(told, "cachedContentTokenCount"), _count(told, "thoughtsTokenCount")
    tools = _count(told, "toolUsePromptTokenCount")
    sounds, pictures = _modalities(told, "promptTokensDetails")
    cached_sounds, cached_pictures = _modalities(told, "cacheTokensDetails")
    tool_sounds, tool_pictures = _modalities(told, "toolUsePromptTokensDetails")
    audio_input = _difference(sounds, cached_sounds, tool_sounds)
    image_input = _difference(pictures, cached_pictures, tool_pictures)
    fresh = None
    if prompt is not None or tools is not None:
        fresh = max(0, (prompt or 0) + (tools or 0) - (cached or 0) - (audio_input or 0) - (image_input or 0))
    said_sounds, said_pictures = _modalities(told, "candidatesTokensDetails")
    cached_parts = (("cached_audio", cached_sounds), ("cached_image", cached_pictures))
    units = {name: count for name, count in cached_parts if count}
    return Usage(
        input=fresh,
        cache_read=cached,
        audio_input=audio_input,
        image_input=image_input,
        output=_output(told, prompt, tools, thoughts, total, (said_sounds or 0) + (said_pictures or 0)),
        audio_output=said_sounds,
        image_output=said_pictures,
        reasoning=thoughts,
        tool_uses={"google_search": searches} if searches else None,
        units=units or None,
        tier=tier_of(told.get("serviceTier") or told.get("trafficType")),
    )


def _output(
    told: dict[str, Json],
    prompt: int | None,
    tools: int | None,
    thoughts: int | None,
    total: int | None,
    other: int,
) -> int | None:
    candidates = _count(told, "candidatesTokenCount")
    if candidates is not None:
        return max(0, candidates - other) + (thoughts or 0)
    if total is not None and prompt is not None:
        return max(0, total - prompt - (tools or 0) - other)
    return thoughts


def _count(told: dict[str, Json], name: str) -> int | None:
    return count_of(told.get(name))


def _modalities(told: dict[str, Json], name: str) -> tuple[int | None, int | None]:
    """The sound and picture tokens of a details list, None where it names none."""
    details = told.get(name)
    if not isinstance(details, list):
        return None, None
    sums: dict[str, int] = {}
    for detail in details:
        entry = camel(detail)
        modality, count = entry.get("modality"), _count(entry, "tokenCount")
        if isinstance(modality, str) and count is not None:
            sums[modality.upper()] = sums.get(modality.upper(), 0) + count
    return sums.get("AUDIO"), sums.get("IMAGE")


def _difference(whole: int | None, cached: int | None, more: int | None) -> int | None:
    if whole is None and more is None:
        return None
    return max(0, (whole or 0) - (cached or 0)) + (more or 0)


def usage_extra(said: Json) -> dict[str, Json]:
    """What a usageMetadata says beyond the plain counts (details, service tier, traffic type)."""
    return {name: value for name, value in camel(said).items() if name not in _COUNTS}


def write_usage(usage: Usage, extra: dict[str, Json]) -> dict[str, Json]:
    """The usageMetadata of some counts; `extra` is what `usage_extra` kept of Google's own."""
    tools = _count(extra, "toolUsePromptTokenCount") or 0
    prompt, output, thoughts = usage.total_input, usage.total_output, usage.reasoning or 0
    told: dict[str, Json] = {
        "promptTokenCount": max(0, prompt - tools),
        "candidatesTokenCount": max(0, output - thoughts),
        "totalTokenCount": prompt + max(output, thoughts),
    }
    if usage.cache_read is not None:
        told["cachedContentTokenCount"] = usage.cache_read
    if usage.reasoning is not None:
        told["thoughtsTokenCount"] = usage.reasoning
    details = _details(told["promptTokenCount"], usage.audio_input, usage.image_input)
    if details:
        told["promptTokensDetails"] = details
    details = _details(told["candidatesTokenCount"], usage.audio_output, usage.image_output)
    if details:
        told["candidatesTokensDetails"] = details
    return {**told, **extra}


def _details(total: int, sounds: int | None, pictures: int | None) -> list[Json]:
    if sounds is None and pictures is None:
        return []
    counts = (("TEXT", total - (sounds or 0) - (pictures or 0)), ("AUDIO", sounds), ("IMAGE", pictures))
    return [{"modality": word, "tokenCount": count} for word, count in counts if count]
