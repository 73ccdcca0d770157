"""Inline reasoning: `<think>...</think>` at the very beginning of a text, in any chunking (edge case 16).

Only there. A tag later in the text is the model's words, not its thoughts.
"""

from __future__ import annotations

_OPEN, _CLOSE = "<think>", "</think>"


class ThinkSplitter:
    """Pieces of text in, `(is_thought, text)` pieces out; nothing is lost but the tags and the space around them.

    `is_plain` turns True once no thought can come any more: the rest of the text needs no splitting.
    """

    __slots__ = ("_fresh", "_held", "_inside", "is_plain")

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._fresh = False
        self.is_plain = False

    def feed(self, text: str) -> list[tuple[bool, str]]:
        """What is certain by now. A tail that may be the start of a tag is held back."""
        if self.is_plain:
            if self._fresh:
                text = text.lstrip()
                self._fresh = not text
            return [(False, text)] if text else []
        self._held += text
        if self._inside:
            return self._thinking()
        begun = self._held.lstrip()
        if begun.startswith(_OPEN):
            self._inside = self._fresh = True
            self._held = begun[len(_OPEN) :]
            return self._thinking()
        if _OPEN.startswith(begun):
            return []
        self.is_plain = True
        said, self._held = self._held, ""
        return [(False, said)]

    def end(self) -> list[tuple[bool, str]]:
        """What was held back, the text being over."""
        said, self._held = self._held, ""
        return [(self._inside and not self.is_plain, said)] if said else []

    def _thinking(self) -> list[tuple[bool, str]]:
        if self._fresh:
            self._held = self._held.lstrip()
        thought, tag, after = self._held.partition(_CLOSE)
        if tag:
            self.is_plain = self._fresh = True
            self._held = ""
            said = [(True, thought)] if thought else []
            return said + self.feed(after)
        kept = _tail(thought)
        self._held = thought[len(thought) - kept :]
        thought = thought[: len(thought) - kept]
        self._fresh = self._fresh and not thought
        return [(True, thought)] if thought else []


def _tail(text: str) -> int:
    """How many last characters may be the beginning of the closing tag."""
    at = text.rfind("<", max(0, len(text) - len(_CLOSE) + 1))
    while at >= 0:
        if _CLOSE.startswith(text[at:]):
            return len(text) - at
        at = text.rfind("<", max(0, len(text) - len(_CLOSE) + 1), at)
    return 0
