"""Token counts of the Messages wire to disjoint classes and back.

The vendor's `input_tokens` already excludes cache reads and writes. `message_start` carries an estimate and
`message_delta` running totals: they overwrite each other, member by member, and are never summed (edge case 23).
"""

from __future__ import annotations

from gophergate.core.blocks import Json
from gophergate.core.usage import NOTHING_REPORTED, Usage, tier_of
from gophergate.dialects.members import count_of, list_of, object_of

_USES = "_requests"


def merge_reports(known: dict[str, Json], later: Json) -> None:
    """Lay a later `usage` object over what was known: what it reports (null is no report) wins."""
    known.update({name: _counted(value) for name, value in object_of(later).items() if value is not None})


def _counted(value: Json) -> Json:
    """A report whose counts are whole numbers, however they were written: typed clients take nothing else."""
    if isinstance(value, dict):
        return {name: _counted(inner) for name, inner in value.items()}
    count = count_of(value)
    return value if count is None else count


def read_usage(raw: Json) -> Usage | None:
    """A `usage` object in disjoint counts; None when it reports nothing.

    The tokens of a compaction pass stand only in `iterations`, outside the totals, and are billed all the same,
    so they are added here. (An advisor's tokens stand there too, at another model's price, and are not.)
    """
    if not isinstance(raw, dict):
        return None
    total = count_of(raw.get("cache_creation_input_tokens"))
    by_age = object_of(raw.get("cache_creation"))
    short, long = count_of(by_age.get("ephemeral_5m_input_tokens")), count_of(by_age.get("ephemeral_1h_input_tokens"))
    if total is not None:
        # `message_delta` repeats only the total; what has been added since the split was given is of the usual age.
        long = None if long is None else min(long, total)
        short = total - (long or 0)
    uses = {
        name.removesuffix(_USES): count
        for name, value in object_of(raw.get("server_tool_use")).items()
        if name.endswith(_USES) and (count := count_of(value)) is not None
    }
    usage = Usage(
        input=count_of(raw.get("input_tokens")),
        cache_read=count_of(raw.get("cache_read_input_tokens")),
        cache_write=short,
        cache_write_1h=long,
        output=count_of(raw.get("output_tokens")),
        reasoning=count_of(object_of(raw.get("output_tokens_details")).get("thinking_tokens")),
        tool_uses=uses or None,
        tier=_tier(raw),
    )
    for iteration in list_of(raw.get("iterations")):
        if isinstance(iteration, dict) and iteration.get("type") == "compaction":
            usage = _sum(usage, read_usage({**iteration, "iterations": None}))
    return None if usage == Usage(tier=usage.tier) else usage


def write_usage(usage: Usage | None, native: Json = None) -> dict[str, Json]:
    """The wire's `usage` object. `native` is the vendor's own, where the reply came in this dialect: it stands."""
    usage = usage or NOTHING_REPORTED
    out: dict[str, Json] = {
        "input_tokens": (usage.input or 0) + (usage.audio_input or 0) + (usage.image_input or 0),
        "output_tokens": usage.total_output,
    }
    if usage.cache_write is not None or usage.cache_write_1h is not None:
        short, long = usage.cache_write or 0, usage.cache_write_1h or 0
        out["cache_creation_input_tokens"] = short + long
        out["cache_creation"] = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
    if usage.cache_read is not None:
        out["cache_read_input_tokens"] = usage.cache_read
    if usage.reasoning is not None:
        out["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    if usage.tool_uses:
        # The vendor's SDK requires both members once the object is there.
        counts = {"web_search": 0, "web_fetch": 0, **usage.tool_uses}
        out["server_tool_use"] = {f"{name}{_USES}": count for name, count in counts.items()}
    merge_reports(out, native)
    return out


def _sum(usage: Usage, other: Usage | None) -> Usage:
    if other is None:
        return usage

    def both(a: int | None, b: int | None) -> int | None:
        return b if a is None else a + (b or 0)

    return Usage(
        input=both(usage.input, other.input),
        cache_read=both(usage.cache_read, other.cache_read),
        cache_write=both(usage.cache_write, other.cache_write),
        cache_write_1h=both(usage.cache_write_1h, other.cache_write_1h),
        output=both(usage.output, other.output),
        reasoning=both(usage.reasoning, other.reasoning),
        tool_uses=usage.tool_uses,
        tier=usage.tier,
    )


def _tier(raw: dict[str, Json]) -> str | None:
    """Fast mode is told as `speed`, which costs its own price whatever the tier
    (platform.claude.com/docs/en/build-with-claude/fast-mode)."""
    return "fast" if raw.get("speed") == "fast" else tier_of(raw.get("service_tier"))
