"""Meters one reply: usage, time to first token, finish reason. Fed by the tap or by the translated events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from gophergate.core.blocks import Text, Vector
from gophergate.core.call import UsageSource
from gophergate.core.events import BlockGrew, BlockOpened, Event, Finished, UsageSeen
from gophergate.core.usage import Usage

_CHARACTERS_PER_TOKEN = 4
"""English prose and code come to about four characters a token in every current tokenizer; used for estimates only."""

_FAR_BEHIND = 2
"""A running report of less than half of what was delivered: more than any tokenizer's difference from the estimate."""

_BASE64 = re.compile(rb"[A-Za-z0-9+/_=-]{1024,}")
"""A run of these is no text of any language."""
_MEDIUM = 1000
"""Tokens of a usual picture."""


class Meter:
    """`clock` gives seconds that only rise. All counts are of one attempt: the next has a meter of its own."""

    __slots__ = ("_clock", "finish_reason", "first_token_at", "generated", "made_vectors", "readable", "usage")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.usage: Usage | None = None
        self.first_token_at: float | None = None
        self.finish_reason: str | None = None
        self.generated = 0
        self.readable = True
        self.made_vectors = False

    def see(self, events: Iterable[Event]) -> None:
        """Count these events."""
        for event in events:
            kind = type(event)
            if kind is BlockGrew:
                self.generated += len(event.text)  # type: ignore[union-attr]
                if self.first_token_at is None:
                    self.first_token_at = self._clock()
            elif kind is UsageSeen:
                usage = event.usage  # type: ignore[union-attr]
                self.usage = usage if self.usage is None else self.usage.merged(usage)
            elif kind is BlockOpened:
                if self.first_token_at is None:
                    self.first_token_at = self._clock()
                block = event.block  # type: ignore[union-attr]
                if type(block) is Text:
                    self.generated += len(block.text)
                elif type(block) is Vector:
                    self.made_vectors = True
                else:
                    self.generated += len(getattr(block, "text", None) or getattr(block, "arguments", None) or "")
            elif kind is Finished:
                self.finish_reason = event.reason  # type: ignore[union-attr]

    def output_so_far(self) -> int:
        """Tokens that have been written: as reported, or as many as what was said comes to."""
        reported = self.usage.total_output if self.usage is not None else None
        return max(reported or 0, self.generated // _CHARACTERS_PER_TOKEN)

    def total(self, request: bytes) -> tuple[Usage | None, UsageSource]:
        """What the call used, and who says so: the provider, our estimate of what was delivered, or nobody.

        A provider's zero stays zero (edge case 58). Nothing generated and nothing reported costs nothing. Of a reply
        that was cut short, a report that is far behind what was delivered is a beginning's guess (Anthropic's
        message_start says one output token), not the truth (R-U4, R-U5).
        """
        usage = self.usage
        if usage is not None:
            if self.finish_reason or not self.generated:
                return usage, "provider"
            reported, delivered = usage.total_output, self.generated // _CHARACTERS_PER_TOKEN
            if reported and reported >= delivered // _FAR_BEHIND:
                return usage, "provider"
        if self.made_vectors and usage is None:
            return Usage(input=_guessed(request), output=0), "estimated"
        if not self.generated or not self.readable:
            return usage, "provider" if usage is not None else "none"
        estimate = Usage(
            input=-(-len(request) // _CHARACTERS_PER_TOKEN), output=-(-self.generated // _CHARACTERS_PER_TOKEN)
        )
        # A running report (Anthropic's message_start) knows the input; only the output is then ours to guess.
        return (usage.merged(Usage(output=estimate.output)) if usage is not None else estimate), "estimated"


def _guessed(request: bytes) -> int:
    """Tokens of inputs that nobody counted: pictures by the piece, for the bytes of one would be a million of them."""
    words, media = _BASE64.subn(b"", request)
    return -(-len(words) // _CHARACTERS_PER_TOKEN) + media * _MEDIUM
