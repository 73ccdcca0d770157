"""Where each key of a TOML document stands. tomllib gives values without lines; errors must name both.

The document has passed tomllib before it comes here, so this scanner trusts its grammar (TOML 1.0) and
reads only as much of it as finding keys takes. Text in, places out; no file is opened here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

import msgspec

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'  # three quotes end it, and up to two more belong to the text
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]}#\n]*")
_SYNTAX_ERROR = re.compile(r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


class Position(msgspec.Struct, frozen=True):
    """Line and column of a key's first character, both from 1. Columns count characters."""

    line: int
    column: int


def locate(document: str) -> Mapping[tuple[str | int, ...], Position]:
    """The position of every table, key and array element, by its path; elements of arrays by their index.

    `document` must be valid TOML: call `tomllib.loads` first. A table named by several headers stands where it
    was named first.
    """
    return _Scanner(document.replace("\r\n", "\n")).scan()


def explain_syntax_error(error: tomllib.TOMLDecodeError, document: str) -> tuple[str, Position]:
    """What tomllib found wrong and where. At the end of the document, that is its last line."""
    found = _SYNTAX_ERROR.match(str(error))
    lines = document.rstrip("\n").split("\n")
    end = Position(len(lines), len(lines[-1]) + 1)
    if found is None:
        return str(error), end
    if found["line"] is None:
        return found["what"], end
    return found["what"], Position(int(found["line"]), int(found["column"]))


class _Scanner:
    def __init__(self, document: str) -> None:
        self._document = document
        self._at = 0
        self._line = 1
        self._line_start = 0
        self._counted = 0
        self._found: dict[tuple[str | int, ...], Position] = {}
        self._tables_in: dict[tuple[str | int, ...], int] = {}

    def scan(self) -> Mapping[tuple[str | int, ...], Position]:
        table: tuple[str | int, ...] = ()
        self._skip(_BLANK)
        while self._at < len(self._document):
            if self._document[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self._found

    def _header(self) -> tuple[str | int, ...]:
        position = self._position()
        brackets = 2 if self._document.startswith("[[", self._at) else 1
        self._at += brackets
        *parents, last = self._key()
        self._at += brackets
        path: tuple[str | int, ...] = ()
        for key in parents:
            path = (*path, key)
            self._found.setdefault(path, position)
            if path in self._tables_in:  # a header inside an array of tables speaks of its latest entry
                path = (*path, self._tables_in[path] - 1)
        path = (*path, last)
        self._found.setdefault(path, position)
        if brackets == 2:
            index = self._tables_in.get(path, 0)
            self._tables_in[path] = index + 1
            path = (*path, index)
            self._found[path] = position
        return path

    def _pair(self, table: tuple[str | int, ...]) -> None:
        position = self._position()
        path = table
        for key in self._key():
            path = (*path, key)
            self._found.setdefault(path, position)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> list[str]:
        """A dotted key, leaving the scanner at what follows it and its spaces."""
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            if self._document[self._at] in "\"'":
                quoted = self._take(_STRING)
                parts.append(str(tomllib.loads(f"key = {quoted}")["key"]))
            else:
                parts.append(self._take(_BARE_KEY))
            self._skip(_SPACE)
            if self._document[self._at] != ".":
                return parts
            self._at += 1

    def _value(self, path: tuple[str | int, ...]) -> None:
        match self._document[self._at]:
            case '"' | "'":
                self._take(_STRING)
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                self._take(_BARE_VALUE)

    def _array(self, path: tuple[str | int, ...]) -> None:
        self._at += 1
        index = 0
        self._skip(_BLANK)
        while self._document[self._at] != "]":
            if self._document[self._at] == ",":
                self._at += 1
            else:
                self._found[(*path, index)] = self._position()
                self._value((*path, index))
                index += 1
            self._skip(_BLANK)
        self._at += 1

    def _inline_table(self, path: tuple[str | int, ...]) -> None:
        self._at += 1
        self._skip(_BLANK)
        while self._document[self._at] != "}":
            if self._document[self._at] == ",":
                self._at += 1
            else:
                self._pair(path)
            self._skip(_BLANK)
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._document, self._at)
        if found is None:
            raise ValueError(f"not valid TOML at line {self._position().line}")
        self._at = found.end()
        return found.group()

    def _position(self) -> Position:
        """Where the scanner stands. Lines are counted on from the last call, so the whole is linear."""
        newlines = self._document.count("\n", self._counted, self._at)
        if newlines:
            self._line += newlines
            self._line_start = self._document.rindex("\n", self._counted, self._at) + 1
        self._counted = self._at
        return Position(self._line, self._at - self._line_start + 1)
