"""What was said and where: the merged values of file, environment and flags, with the source of each.

Later layers win over earlier ones, value by value. Nothing is converted or judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

from gophergate.settings.errors import SettingsError
from gophergate.settings.schema import BUILT_IN, At, Source


class Origins:
    """A tree of plain values under construction. Belongs to one `load` and is dropped after it."""

    def __init__(self, tree: dict[str, Any], sources: Mapping[At, Source]) -> None:
        self.tree = tree
        self.sources = dict(sources)
        self.covered: list[Origins] = []
        """What was said and does not apply, as a later layer said it too: a tree of one value each."""

    def overlay(self, section: str, key: str, value: object, source: Source) -> None:
        """Put one value over what was said before. A section that is no table is left for the reader to refuse."""
        table = self.tree.setdefault(section, {})
        if isinstance(table, dict):
            at = (section, key)
            if key in table:
                said = {place: self.source(place) for place in (at, *self._below(at))}
                self.covered.append(Origins({section: {key: table[key]}}, said))
            table[key] = value
            for place in self._below(at):
                del self.sources[place]
            self.sources[at] = source
            self.sources.setdefault((section,), source)

    def append(self, section: str, entry: Mapping[str, object], source: Source, **other: Source) -> None:
        """Add an entry to an array of tables; `other` are the sources of single members."""
        entries = self.tree.setdefault(section, [])
        if isinstance(entries, list):
            at = (section, len(entries))
            entries.append(dict(entry))
            self.sources[at] = source
            for key in entry:
                self.sources[*at, key] = other.get(key, source)

    def extend(self, at: At, key: str, value: object, source: Source) -> None:
        """Add a member to the table at `at`, which is there."""
        table: Any = self.tree
        for part in at:
            table = table[part]
        table[key] = value
        self.sources[*at, key] = source

    def read_through(self, at: At, via: str) -> None:
        """Note that the value at `at` was read through an `env:` or `file:`."""
        self.sources[at] = msgspec.structs.replace(self.source(at), via=via)

    def source(self, at: At) -> Source:
        """Where the value at `at` was said, or the nearest thing around it."""
        for length in range(len(at), 0, -1):
            if (source := self.sources.get(at[:length])) is not None:
                return source
        return BUILT_IN

    def label(self, at: At) -> str:
        """`at` in words of the file: `server.port`, `providers.openai.api_key`, `groups[0].targets[1]`."""
        return label(at, self.tree)

    def fail(self, at: At, sentence: str) -> NoReturn:
        """Raise SettingsError for the value at `at`."""
        raise SettingsError(sentence, self.source(at))

    def _below(self, at: At) -> list[At]:
        return [known for known in self.sources if known[: len(at)] == at and known != at]


def label(at: At, tree: object) -> str:
    """`at` as one dotted name; entries of arrays by their `name` where they have one."""
    words = ""
    for part in at:
        inner = _inside(tree, part)
        if isinstance(part, int):
            name = inner.get("name") if isinstance(inner, dict) else None
            words += f".{_key(name)}" if isinstance(name, str) and name else f"[{part}]"
        else:
            words += f".{_key(part)}" if words else _key(part)
        tree = inner
    return words


def _inside(tree: object, part: str | int) -> object:
    if isinstance(tree, dict):
        return tree.get(part)
    if isinstance(tree, list) and isinstance(part, int) and part < len(tree):
        return tree[part]
    return None


def _key(text: str) -> str:
    bare = all(character.isalnum() or character in "_-" for character in text)
    return text if bare and text else msgspec.json.encode(text).decode()
