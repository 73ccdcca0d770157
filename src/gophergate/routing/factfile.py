"""Facts as bytes: models.dev's own JSON on the way in, a small file of ours to ship and to keep. No I/O, no network.

The file is gzip around JSON: where the facts are from, their licence and date, and one array a model, so that six
thousand models take under a hundred kilobytes and five milliseconds.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

import msgspec

from gophergate.routing.facts import FactBook, Facts

T = TypeVar("T")
SOURCE = "https://models.dev"
LICENCE = "MIT, Copyright (c) 2025 models.dev"
LARGEST = 64 << 20
"""Bytes of the JSON, at most: a compressed file cannot fill the memory."""
_MODALITIES = {"text": "t", "image": "i", "audio": "a", "video": "v", "pdf": "p"}
_BY_LETTER = {letter: name for name, letter in _MODALITIES.items()}
_FEWEST = 100
"""Models that a list worth having has, at least: less is a broken answer."""


class BadFacts(Exception):
    """What was read is no list of models; the message says why, for the log."""


class _Limit(msgspec.Struct, frozen=True):
    context: float | None = None
    input: float | None = None
    output: float | None = None


class _Modalities(msgspec.Struct, frozen=True):
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


class _Model(msgspec.Struct, frozen=True):
    """A model in models.dev's api.json. https://models.dev/api.json"""

    id: str
    name: str = ""
    limit: _Limit = _Limit()
    modalities: _Modalities = _Modalities()
    reasoning: bool | None = None
    tool_call: bool | None = None
    structured_output: bool | None = None
    temperature: bool | None = None
    knowledge: str | None = None
    release_date: str | None = None
    status: str | None = None


class _Provider(msgspec.Struct, frozen=True):
    models: dict[str, msgspec.Raw] = {}


class _Line(msgspec.Struct, frozen=True, array_like=True):
    id: str
    name: str
    context: int
    max_input: int
    max_output: int
    reads: str
    writes: str
    reasoning: bool | None
    tool_call: bool | None
    structured_output: bool | None
    temperature: bool | None
    knowledge: str
    released: str
    status: str


class _File(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    licence: str
    date: str
    providers: dict[str, list[_Line]]


class _Models(msgspec.Struct, frozen=True):
    date: str
    providers: dict[str, msgspec.Raw]


class _Head(msgspec.Struct, frozen=True):
    date: str


def read_api(body: bytes, date: str) -> bytes:
    """Our file, from what models.dev answers. Raises BadFacts. A single model that cannot be read is left out."""
    try:
        providers = msgspec.json.decode(body, type=dict[str, _Provider])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFacts(f"that is not models.dev's list: {error}") from None
    found = {name: [*_lines(provider.models.values())] for name, provider in providers.items()}
    if sum(map(len, found.values())) < _FEWEST:
        raise BadFacts("there are hardly any models in it")
    file = _File(source=SOURCE, licence=LICENCE, date=date, providers=dict(sorted(found.items())))
    return gzip.compress(msgspec.json.encode(file), compresslevel=9, mtime=0)


def date_of(data: bytes) -> str:
    """The date of a file of ours, without making anything of its models. Raises BadFacts."""
    return _decoded(data, _Head).date


def read_file(data: bytes, origin: str = "") -> FactBook:
    """The facts in a file of ours. `origin` says in words where it lay. Raises BadFacts."""
    file = _decoded(data, _Models)
    try:
        book = FactBook({name: _all(lines, name) for name, lines in file.providers.items()}, file.date, origin)
    except msgspec.DecodeError as error:
        raise BadFacts(f"that is no file of model facts: {error}") from None
    if book.size < _FEWEST:
        raise BadFacts("there are hardly any models in it")
    return book


def _all(lines: msgspec.Raw, said_by: str) -> Iterator[Facts]:
    """One provider's. Read when they are asked for: all at once would take more than the book itself."""
    for line in msgspec.json.decode(lines, type=list[_Line]):
        yield _facts(line, said_by)


def _decoded(data: bytes, kind: type[T]) -> T:
    inflate = zlib.decompressobj(wbits=31)
    try:
        return msgspec.json.decode(inflate.decompress(data, LARGEST), type=kind)
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFacts(f"that is no file of model facts: {error}") from None


def _lines(models: Iterable[msgspec.Raw]) -> Iterable[_Line]:
    read: list[_Model] = []
    for raw in models:
        try:
            read.append(msgspec.json.decode(raw, type=_Model))
        except msgspec.ValidationError:
            continue  # one odd entry of thousands says nothing about the others
    for model in sorted(read, key=lambda one: one.id):
        yield _Line(
            model.id,
            model.name,
            _whole(model.limit.context),
            _whole(model.limit.input),
            _whole(model.limit.output),
            _letters(model.modalities.input),
            _letters(model.modalities.output),
            model.reasoning,
            model.tool_call,
            model.structured_output,
            model.temperature,
            model.knowledge or "",
            model.release_date or "",
            model.status or "",
        )


def _facts(line: _Line, said_by: str) -> Facts:
    return Facts(
        id=line.id,
        name=line.name,
        context=line.context or None,
        max_input=line.max_input or None,
        max_output=line.max_output or None,
        reads=_names(line.reads),
        writes=_names(line.writes),
        reasoning=line.reasoning,
        tool_call=line.tool_call,
        structured_output=line.structured_output,
        temperature=line.temperature,
        knowledge=line.knowledge,
        released=line.released,
        status=line.status,
        said_by=said_by,
    )


@lru_cache
def _names(letters: str) -> tuple[str, ...]:
    """Shared by all that have the same: there are six thousand models and two dozen sets of modalities."""
    return tuple(_BY_LETTER[letter] for letter in letters if letter in _BY_LETTER)


def _letters(names: Iterable[str]) -> str:
    return "".join(_MODALITIES.get(name, "") for name in names)


def _whole(limit: float | None) -> int:
    """Zero stands for unknown, as models.dev has it too."""
    return int(limit) if limit is not None and 0 < limit < 1 << 40 else 0
