"""What a call used, in disjoint counts. `None` means not reported; zero means zero."""

from __future__ import annotations

import msgspec


class Usage(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Token counts that never overlap on the input side: the prompt is the sum of
    `input + cache_read + cache_write + cache_write_1h + audio_input + image_input`.

    On the output side `output + audio_output + image_output` is everything generated; `reasoning` is a part
    *of* `output` (a disclosure, not a further class). `tool_uses` counts a vendor's server tools by name
    (`web_search`, ...), which are priced per use; `units` what else is priced by the piece, by the names in `UNITS`.
    `tier` is the service tier the provider says it served ("flex", "priority", "batch", "fast"), None the standard one.
    `provider_cost` is the provider's own figure in nano-dollars, where it gives one. Vendor sums (prompt_tokens,
    total_tokens) are derived by the writers.
    """

    input: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    audio_input: int | None = None
    image_input: int | None = None
    output: int | None = None
    audio_output: int | None = None
    image_output: int | None = None
    reasoning: int | None = None
    tool_uses: dict[str, int] | None = None
    units: dict[str, int] | None = None
    tier: str | None = None
    provider_cost: int | None = None

    @property
    def total_input(self) -> int:
        """Every prompt token, however it was priced."""
        return (
            (self.input or 0)
            + (self.cache_read or 0)
            + (self.cache_write or 0)
            + (self.cache_write_1h or 0)
            + (self.audio_input or 0)
            + (self.image_input or 0)
        )

    @property
    def total_output(self) -> int:
        """Every generated token, reasoning included."""
        return (self.output or 0) + (self.audio_output or 0) + (self.image_output or 0)

    def merged(self, later: Usage) -> Usage:
        """`later` wins wherever it reports; never a sum. Providers repeat running totals
        (Anthropic in `message_start` and `message_delta`, Gemini on every chunk)."""
        changes = {name: value for name in self.__struct_fields__ if (value := getattr(later, name)) is not None}
        return msgspec.structs.replace(self, **changes) if changes else self


NOTHING_REPORTED = Usage()

UNITS = (
    "images",
    "characters",
    "audio_input_ms",
    "audio_output_ms",
    "pages",
    "annotated_pages",
    "searches",
    "text_messages",
    "citation_tokens",
    "video_input",
    "video_output",
    "cached_audio",
    "cached_image",
)
"""What `Usage.units` may count. Sound is in milliseconds, `searches` are rerank searches, `video_*` tokens beside the
other classes; `cached_*` tell how many of the `cache_read` tokens were sound or pictures, which may cost another price.
"""

_STANDARD_TIERS = frozenset({"", "default", "standard", "auto", "on_demand", "on-demand", "traffic_type_unspecified"})


def tier_of(said: object) -> str | None:
    """The service tier in a vendor's word for it, None for the standard one (OpenAI "default", Anthropic "standard",
    Groq "on_demand", Vertex "ON_DEMAND") and for none."""
    if not isinstance(said, str):
        return None
    word = said.lower()
    return None if word in _STANDARD_TIERS else word.removeprefix("on_demand_")[:40]
