"""One text that comes in pieces, as several rules look at it: what may go on, masked, and what is held back.

What is found is the same however the text is cut, since each detector says how far it has decided (`detecting`). A rule
that only watches holds nothing back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter

from gophergate.policy.guards.detecting import CONTEXT, Find
from gophergate.policy.guards.rules import Rule

Tell = Callable[[Rule, str], None]
"""Hears of every find, by its rule and its label."""


_AT_ONCE = 32 << 10
"""Characters that are looked at in one step: no other thread comes between the beginning of a search and its end."""


class Blocked(Exception):
    """A rule that blocks has found something."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.name)
        self.rule = rule


class Window:
    """One text. `tell` hears of each find once; a find inside of what the same rule has masked is none."""

    __slots__ = ("_done", "_finds", "_over", "_places", "_rules", "_tell", "_text", "is_changed")

    def __init__(self, rules: Iterable[Rule], tell: Tell) -> None:
        self._tell = tell
        self._rules = [(rule, detector) for rule in rules for detector in rule.detectors]
        self._places = [0] * len(self._rules)
        """Where each scans on, in the text that is kept."""
        self._text = ""
        self._done = 0
        """How much of it has gone on, or been masked."""
        self._finds: list[tuple[int, int, int, Rule, str]] = []
        self._over: dict[str, int] = {}
        """By rule, how far its last find goes."""
        self.is_changed = False

    def place(self, finds: Iterable[tuple[Rule, Find]]) -> None:
        """Finds that somebody else has made in the text, which then comes in one piece."""
        self._finds += [(one.start, -one.end, 0, rule, one.label) for rule, one in finds]

    def feed(self, piece: str, *, is_whole: bool = False) -> str:
        """What may go on now, in place of what has come. `is_whole`: the text is over. Raises Blocked."""
        size = len(piece)
        if size <= _AT_ONCE:
            return self._feed(piece, is_whole=is_whole)
        parts = [self._feed(piece[at : at + _AT_ONCE], is_whole=False) for at in range(0, size, _AT_ONCE)]
        return "".join([*parts, self._feed("", is_whole=is_whole)])

    def _feed(self, piece: str, *, is_whole: bool) -> str:
        text = self._text = self._text + piece if self._text else piece
        cut = len(text)
        for number, (rule, detector) in enumerate(self._rules):
            finds, place = detector.scan(text, self._places[number], is_whole=is_whole)
            self._places[number] = place
            if finds:
                self._finds += [(one.start, -one.end, number, rule, one.label) for one in finds]
            if rule.acts and place < cut:
                cut = place
        out = self._masked(cut, min(self._places, default=cut)) if self._finds else text[self._done : cut]
        self._done = max(self._done, cut)
        self._forget()
        return out

    def _masked(self, cut: int, seen: int) -> str:
        """What goes on up to `cut`, with placeholders. Finds that begin later wait, since others may begin before, and
        those of rules that only watch until all have `seen` so far."""
        self._finds.sort(key=itemgetter(0, 1, 2))
        text, parts = self._text, []
        later = []
        for entry in self._finds:
            start, negative, _, rule, label = entry
            if start >= (cut if rule.acts else seen):
                later.append(entry)
                continue
            end = -negative
            if end > self._over.get(rule.name, 0):
                self._tell(rule, label)
                self._over[rule.name] = end
            if rule.blocks:
                raise Blocked(rule)
            if rule.masks and end > self._done:
                if start >= self._done:
                    parts.append(text[self._done : start])
                    parts.append(rule.definition.placeholder or f"[{label}]")
                self._done = end
                self.is_changed = True
        self._finds = later
        parts.append(text[self._done : cut])
        return "".join(parts)

    def _forget(self) -> None:
        """Drop what nobody looks at any more."""
        spent = min([self._done, *self._places]) - CONTEXT
        if spent <= 0:
            return
        self._text = self._text[spent:]
        self._done -= spent
        self._places = [place - spent for place in self._places]
        self._finds = [(start - spent, end + spent, *rest) for start, end, *rest in self._finds]  # type: ignore[misc]
        self._over = {name: end - spent for name, end in self._over.items()}


def masked(text: str, rules: Iterable[Rule], tell: Tell) -> str:
    """A whole text as those rules leave it. Raises Blocked."""
    return Window(rules, tell).feed(text, is_whole=True)


def placed(text: str, finds: Iterable[tuple[Rule, Find]], tell: Tell) -> str:
    """A whole text as it is with those finds. Raises Blocked."""
    window = Window((), tell)
    window.place(finds)
    return window._feed(text, is_whole=True)  # not in steps: the places are of all of it
