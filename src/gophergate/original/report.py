"""What comes of an import, thing by thing: made, there already, or left out and why."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import msgspec

Outcome = Literal["made", "there", "left out"]


class Item(msgspec.Struct, frozen=True):
    """One thing of the source. `remark` says why it was left out, or what of it was not carried over."""

    kind: str
    name: str
    outcome: Outcome
    remark: str = ""


class Report(msgspec.Struct):
    """An import, done or tried. `calls` counts the rows of the request log by what became of them, in words;
    `unread` are columns and tables that nobody knows, `dropped` columns that are known and left out, and why."""

    is_dry: bool
    items: list[Item] = []
    calls: dict[str, int] = {}
    tables: dict[str, str] = {}
    unread: list[str] = []
    dropped: dict[str, str] = {}

    def note(self, kind: str, name: str, outcome: Outcome, remark: str = "") -> None:
        """One more thing."""
        self.items.append(Item(kind, name, outcome, remark))

    def count(self, what: str, number: int = 1) -> None:
        """More rows of the request log of which the same is to be said."""
        self.calls[what] = self.calls.get(what, 0) + number

    def totals(self) -> dict[str, dict[str, int]]:
        """How many of each kind had which outcome."""
        found: dict[str, Counter[str]] = {}
        for item in self.items:
            found.setdefault(item.kind, Counter())[item.outcome] += 1
        return {kind: dict(counts) for kind, counts in found.items()}
