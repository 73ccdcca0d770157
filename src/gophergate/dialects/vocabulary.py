"""Counts the tokens of words with the vocabulary o200k, OpenAI's own; other families cut words much alike.

The vocabulary comes with the package and is read when something is counted for the first time, which a gateway that is
never asked for an estimate does not pay for. Nothing is ever fetched. May be called from any thread.
"""

from __future__ import annotations

import lzma
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

FILE = "o200k_base.xz"
"""Every token in the order of its rank, with a byte before it that says its length. OpenAI's `o200k_base.tiktoken`
(MIT, Copyright (c) 2022 OpenAI, Shantanu Jain), packed by `kit.vocabulary`, which knows its digest."""
Cut = Literal["threes", "ones", "apart"]
"""How words are cut before anything else: digits three at a time, as OpenAI's are; one at a time; or so and marks apart
from words, as Google's are."""
_WHOLE = 1 << 16
_SLICES = 8
"""Words of more than `_WHOLE` characters are judged by so many slices of them."""
_LONGEST = 32
"""Characters that are merged at a time: what is longer without a blank or a mark is no word, and its time must not be
squared."""

_RARE = 50_000

_UPPER = "A-Z\u00c0-\u00d6\u00d8-\u00de"
_LOWER = "a-z\u00df-\u00f6\u00f8-\u00ff"
_MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0e31\u0e34-\u0e4e"
_OTHER = rf"[^\W\d_{_UPPER}{_LOWER}]|[{_MARKS}]"
"""Letters that are not looked at by case, and the signs that stand on them in the scripts most used."""
_WORD = rf"(?:(?:[{_UPPER}]|{_OTHER})*+(?:[{_LOWER}]|{_OTHER})+|(?:[{_UPPER}]|{_OTHER})+(?:[{_LOWER}]|{_OTHER})*)"
_USUAL = rf"(?:[^\w\r\n]|_)?{_WORD}(?:'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))?"
_REST = r" ?(?:[^\s\w]|_)+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_PIECES = {
    "threes": re.compile(rf"{_USUAL}|\d{{1,3}}|{_REST}"),
    "ones": re.compile(rf"{_USUAL}|\d|{_REST}"),
    "apart": re.compile(rf" ?{_WORD}|\d|_| ?[^\s\w]+|[\r\n]+|[ \t]+(?!\S)|\s+"),
}
"""The pattern of o200k in the words of Python's `re`, and what other families make of it."""


class Tokens(NamedTuple):
    """`rare` of them do not stand in the first quarter of the vocabulary: one of a smaller vocabulary, like Claude's,
    makes about two of each."""

    total: float
    rare: float


def tokens(texts: Iterable[str], cut: Cut = "threes") -> Tokens:
    """The tokens of texts, each by itself."""
    kept = [text for text in texts if text]
    size = sum(map(len, kept))
    scale = 1.0
    if size > _WHOLE:
        whole = "\n".join(kept)
        part, step = _WHOLE // _SLICES, len(whole) // _SLICES
        kept = [whole[at * step : at * step + part] for at in range(_SLICES)]
        scale = size / _WHOLE
    pieces: Counter[str] = Counter()
    find = _PIECES[cut].findall
    for text in kept:
        pieces.update(find(text))
    if not pieces:
        return Tokens(0.0, 0.0)
    known = ranks()
    count = rare = 0
    for piece, times in pieces.items():
        found = _found(piece, known)
        count += times * len(found)
        rare += times * sum(rank >= _RARE for rank in found)
    return Tokens(scale * count, scale * rare)


def _found(piece: str, known: dict[bytes, int]) -> list[int]:
    whole = piece.encode("utf-8", "replace")
    rank = known.get(whole)
    if rank is not None:
        return [rank]
    if len(piece) <= _LONGEST:
        return _merged(whole, known)
    cuts = range(0, len(piece), _LONGEST)
    return [rank for at in cuts for rank in _merged(piece[at : at + _LONGEST].encode("utf-8", "replace"), known)]


def _merged(piece: bytes, known: dict[bytes, int]) -> list[int]:
    """Byte-pair encoding: the pair of lowest rank is joined until none is known."""
    parts = [piece[at : at + 1] for at in range(len(piece))]
    never = len(known)
    pairs = [known.get(parts[at] + parts[at + 1], never) for at in range(len(parts) - 1)]
    while pairs and (lowest := min(pairs)) < never:
        at = pairs.index(lowest)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
        del pairs[at]
        if at:
            pairs[at - 1] = known.get(parts[at - 1] + parts[at], never)
        if at < len(pairs):
            pairs[at] = known.get(parts[at] + parts[at + 1], never)
    return [known[part] for part in parts]


@cache
def ranks() -> dict[bytes, int]:
    """The rank of every token, by its bytes. Never mutated."""
    raw = lzma.decompress(files(__package__).joinpath(FILE).read_bytes())
    found: dict[bytes, int] = {}
    at = 0
    while at < len(raw):
        end = at + 1 + raw[at]
        found[raw[at + 1 : end]] = len(found)
        at = end
    return found
