"""What a guard would do to one text, for whoever writes it."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from gophergate.errors import ContentBlocked
from gophergate.policy.guards.detecting import Find
from gophergate.policy.guards.inquiry import OfText
from gophergate.policy.guards.quoted import masked_json
from gophergate.policy.guards.rules import Rule
from gophergate.policy.guards.verdicts import Ask, Unanswered
from gophergate.policy.guards.window import Blocked, masked


class Trial(NamedTuple):
    """The finds in a text, how many of each label, and the text as it would go on; None where that would be blocked."""

    finds: list[Find]
    found: dict[str, int]
    text: str | None


async def tried_by_asking(rule: Rule, text: str, ask: Ask, *, is_json: bool = False) -> Trial:
    """The same for a rule that asks. Raises Unanswered, in words."""
    counts: Counter[str] = Counter()

    def note(_: Rule, _side: str, label: str) -> None:
        counts[label] += 1

    inquiry = OfText([rule], {}, ask, note, lambda _, _side: ContentBlocked(""))
    inquiry.is_json = is_json
    inquiry.gather(text)
    shown: str | None = None
    try:
        await inquiry.ask()
        shown = inquiry.judged(text)
    except (Blocked, ContentBlocked):
        pass
    if inquiry.said:
        raise Unanswered(inquiry.said[0])
    return Trial(sorted(set(inquiry.found(text))), dict(counts), shown)


def tried(rule: Rule, text: str, *, is_json: bool = False) -> Trial:
    """Run a rule on a text. Places are in the text itself, so those inside of JSON are of what is written there as it
    is, and what only shows once escapes are read is counted without a place."""
    finds = sorted({find for detector in rule.detectors for find in detector.scan(text, 0, is_whole=True)[0]})
    counts: Counter[str] = Counter()

    def tell(_: Rule, label: str) -> None:
        counts[label] += 1

    def look(said: str) -> str:
        return masked(said, (rule,), tell)

    try:
        shown = masked_json(text, look) if is_json else look(text)
    except Blocked:
        return Trial(finds, dict(Counter(find.label for find in finds)) or dict(counts), None)
    return Trial(finds, dict(counts), shown)
