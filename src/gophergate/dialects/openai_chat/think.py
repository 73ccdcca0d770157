"""Inline reasoning: `<think>...</think>` at the very beginning of a text, in any chunking (edge case 16).

Only there. A tag later in the text is the model's words, not its thoughts.
"""

from __future__ import annotations


class ThinkSplitter:
    """Pieces of text in, `(is_thought, text)` pieces out; nothing is lost but the tags and the space around them.

    `is_plain` turns True once no thought can come any more: the rest of the text needs no splitting.
    """

    __slots__ = ("_close", "_fresh", "_held", "_inside", "_open", "is_plain")

    def __init__(self, tag: str = "think") -> None:
        self._open, self._close = f"<{tag}>", f"</{tag}>"
        self._held = ""
        self._inside = False
        self._fresh = False
        self.is_plain = False

    @property
    def is_untouched(self) -> bool:
        """True while nothing was fed: another tag may still be expected."""
        return not (self._held or self._inside or self.is_plain)

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
        if begun.startswith(self._open):
            self._inside = self._fresh = True
            self._held = begun[len(self._open) :]
            return self._thinking()
        if self._open.startswith(begun):
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
        thought, tag, after = self._held.partition(self._close)
        if tag:
            self.is_plain = self._fresh = True
            self._held = ""
            said = [(True, thought)] if thought else []
            return said + self.feed(after)
        kept = _tail(thought, self._close)
        self._held = thought[len(thought) - kept :]
        thought = thought[: len(thought) - kept]
        self._fresh = self._fresh and not thought
        return [(True, thought)] if thought else []


def _tail(text: str, close: str) -> int:
    """How many last characters may be the beginning of the closing tag."""
    start = max(0, len(text) - len(close) + 1)
    at = text.rfind("<", start)
    while at >= 0:
        if close.startswith(text[at:]):
            return len(text) - at
        at = text.rfind("<", start, at)
    return 0
