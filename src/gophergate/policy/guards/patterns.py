"""Keywords and expressions of an operator's own, on Google's RE2: no expression and no text can make it go back over
its steps, so time grows with the text and no faster. It has no look-around and no back references; a pattern that wants
them, or that finds the empty text, is refused when it is saved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import re2

from gophergate.policy.guards.detecting import Find

LONGEST_PATTERN = 1000
LONGEST_KEYWORD = 200
LONGEST_FIND = 256
"""Characters of what an expression finds: a longer stretch may be found in parts, or not at all."""
_STEP = 128
"""Characters that are decided at a time; so many beside `LONGEST_FIND` are held back at most."""
_LARGEST_STEP = 4096
_MOST_MEMORY = 2 << 20
_MOST_FOR_WORDS = 32 << 20
_HALF = re.compile("[\ud800-\udfff]")


class BadPattern(ValueError):
    """A pattern that cannot be used; the message says why, for whoever wrote it."""


class Expression:
    """One expression. At each step it looks at `_STEP + LONGEST_FIND` characters, as if the rest were not there but for
    one character on either side: so the finds are the same however the text comes."""

    def __init__(self, pattern: str, label: str, *, case_sensitive: bool, longest: int = LONGEST_PATTERN) -> None:
        if len(pattern) > longest:
            raise BadPattern(f"it has more than {longest} characters")
        self._label = label
        self._pattern = _compiled(pattern, case_sensitive=case_sensitive)
        if self._pattern.fullmatch("") is not None or self._pattern.search("") is not None:
            raise BadPattern("it finds the empty text, so it would find everything")

    def scan(self, text: str, start: int, *, is_whole: bool) -> tuple[list[Find], int]:
        """See `Detector`."""
        size, reach = len(text), _STEP + LONGEST_FIND
        finds: list[Find] = []
        at = start
        while at < size and (is_whole or at + reach < size):
            low = max(0, at - 1)
            window = _whole_signs(text[low : at + reach + 1])
            found = self._pattern.search(window, at - low, min(len(window), at - low + reach))
            if found is None or found.start() + low >= at + _STEP:
                at = min(size, at + _STEP)
                continue
            begin, end = found.start() + low, found.end() + low
            if begin < end:
                finds.append(Find(begin, end, self._label))
            at = max(end, begin + 1)
        return finds, at


class Keywords:
    """Words and phrases as they are written. `whole_words`: not as part of a longer word."""

    def __init__(self, words: Iterable[str], label: str, *, case_sensitive: bool, whole_words: bool) -> None:
        # The longest first: of several that begin at one place it is the one that is found.
        known = sorted(dict.fromkeys(words), key=lambda word: (-len(word), word))
        if not known or not all(word.strip() for word in known):
            raise BadPattern("a keyword is empty")
        if len(known[0]) > LONGEST_KEYWORD:
            raise BadPattern(f"a keyword has more than {LONGEST_KEYWORD} characters")
        self._label = label
        self._whole_words = whole_words
        self._longest = len(known[0])
        written = "|".join(map(re2.escape, known))
        self._pattern = _compiled(written, case_sensitive=case_sensitive, memory=_MOST_FOR_WORDS)

    def scan(self, text: str, start: int, *, is_whole: bool) -> tuple[list[Find], int]:
        """See `Detector`."""
        size, longest = len(text), self._longest
        decided = size if is_whole else max(start, size - longest)
        finds: list[Find] = []
        at = start
        while at < decided:
            step = min(_LARGEST_STEP, decided - at)
            window = _whole_signs(text[at : at + step + longest])
            found = self._pattern.search(window)
            if found is None or found.start() >= step:
                at += step
                continue
            begin, end = at + found.start(), at + found.end()
            if self._whole_words and self._is_part(text, begin, end):
                at = begin + 1
                continue
            finds.append(Find(begin, end, self._label))
            at = end
        return finds, at

    def _is_part(self, text: str, begin: int, end: int) -> bool:
        """Whether a longer word goes on at either end."""
        before = begin > 0 and _is_letter(text[begin - 1]) and _is_letter(text[begin])
        return before or (end < len(text) and _is_letter(text[end]) and _is_letter(text[end - 1]))


def _is_letter(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


def _whole_signs(text: str) -> str:
    """The text without halves of characters, which RE2 cannot be given."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


@lru_cache(maxsize=2048)
def _compiled(pattern: str, *, case_sensitive: bool, memory: int = _MOST_MEMORY) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory
    options.case_sensitive = case_sensitive
    options.never_capture = True
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else "it is no expression"
        raise BadPattern(said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)) from None
    except UnicodeEncodeError:
        raise BadPattern("it holds half of a character") from None
