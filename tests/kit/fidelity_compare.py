"""Two readings of one answer held against each other, aspect by aspect; and the score that is kept of it.

An aspect that the client's dialect has no word for is not scored but counted as untold, under its name; `UNTOLD` is the
whole list, with the reason of each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from kit.fidelity_said import Said

UNTOLD: dict[tuple[str, str], str] = {
    ("ollama", "citations"): "Ollama's answers have no citations",
    ("ollama", "cached"): "Ollama counts the prompt in one number",
    ("ollama", "reasoning"): "Ollama counts the answer in one number",
    ("ollama", "ids"): "Ollama's own clients know no call ids",
    ("*", "malformed"): "only Gemini says that a call was malformed or not asked for",
    ("*", "paused"): "only Anthropic and background responses end a turn that goes on",
    ("anthropic_messages", "media"): "Anthropic's models answer in words: a picture is told in words",
    ("ollama", "media"): "ollama-python refuses pictures in answers",
}
"""What a client's dialect cannot be told, by (dialect or "*", aspect)."""


_WITH_REFUSALS = ("openai_chat", "openai_responses")
"""Dialects that tell a refusal apart from other words."""


@dataclass
class Score:
    """Aspects that passed, those that failed with their reasons, those that could not be told by name."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    untold: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.passed + len(self.failed)

    @property
    def rate(self) -> float:
        return self.passed / self.total if self.total else 1.0

    def check(self, holds: bool, where: str, aspect: str, why: str = "") -> None:
        """One scored aspect."""
        if holds:
            self.passed += 1
        else:
            self.failed.append(f"{where} {aspect}: {why}")


Verdict = tuple[str, bool | None, str]
"""An aspect, whether it holds (None: it cannot be told), and the difference."""


def verdicts(original: Said, got: Said, client: str, *, same: bool) -> Iterator[Verdict]:
    """Every aspect that the original has, or that the client was told without it. `same`: both speak one dialect."""
    yield _text(original, got, client)
    if original.thought or got.thought:
        yield _equal("thinking", _squeezed(original.thought), _squeezed(got.thought))
    if original.calls or got.calls:
        yield _equal("calls", _calls(original), _calls(got))
        yield _ids(original, got, client)
    yield _finish(original, got, client, same=same)
    if original.usage is not None:
        yield from _usage(original, got, client)
    if original.refusal:
        kept = got.refusal if client in _WITH_REFUSALS else got.text
        yield "refusal", original.refusal in kept, f"{original.refusal!r} became {kept!r}"
    if original.sources or got.sources:
        if ("ollama", "citations") in UNTOLD and client == "ollama":
            yield "citations", None, ""
        else:
            yield _equal("citations", sorted(original.sources), sorted(got.sources))


def _equal(aspect: str, meant: Any, told: Any) -> Verdict:
    return aspect, meant == told, f"{_short(meant)} became {_short(told)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 160 else f"{text[:90]}…{text[-60:]}"


_NOTE = re.compile(r"\[\w+ \([^)]+\), which this API cannot show\]")


def _text(original: Said, got: Said, client: str) -> Verdict:
    meant, told = original.text, got.text
    if client not in _WITH_REFUSALS:
        meant += original.refusal
    if original.media and (client, "media") in UNTOLD:
        told = _NOTE.sub("", told)
    return _equal("text", meant, told)


def _squeezed(text: str) -> str:
    """Reasoning without its white space: parts of it are paragraphs, which dialects join in their own ways."""
    return "".join(text.split())


def _calls(said: Said) -> list[tuple[str, Any]]:
    return [(call.name, call.arguments) for call in said.calls]


def _ids(original: Said, got: Said, client: str) -> Verdict:
    """As the provider gave them; where it gave none, ours, and never two alike."""
    if (client, "ids") in UNTOLD:
        return "ids", None, ""
    told = [call.id for call in got.calls]
    if client == "gemini" and not any(call.id for call in original.calls) and not any(told):
        return "ids", True, ""  # the wire needs none: results follow their calls by name and order
    kept = all(not mine.id or mine.id == other for mine, other in zip(original.calls, told, strict=False))
    return "ids", kept and all(told) and len(set(told)) == len(told), f"{[c.id for c in original.calls]} became {told}"


def _finish(original: Said, got: Said, client: str, *, same: bool) -> Verdict:
    if original.finish in ("malformed", "paused") and not same:
        return original.finish, None, ""
    if original.refusal and got.finish == "stop" and client not in {*_WITH_REFUSALS, "anthropic_messages"}:
        # Ended normally where models refuse in words like others; Anthropic's clients have a word for it.
        return "finish", True, ""
    return _equal("finish", original.finish, got.finish)


def _usage(original: Said, got: Said, client: str) -> Iterator[Verdict]:
    meant = asdict(original.usage) if original.usage else {}
    told = asdict(got.usage) if got.usage else {}
    for name, count in meant.items():
        if (client, name) in UNTOLD:
            if count:
                yield name, None, ""
            told.pop(name, None)
    meant = {name: count for name, count in meant.items() if (client, name) not in UNTOLD}
    nothing = not any(meant.values()) and not any(told.values())
    yield "usage", nothing or meant == told, f"{meant} became {told}"
