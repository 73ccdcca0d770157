"""Plain values into the frozen structs of the schema, or one sentence about the first that does not fit.

Works from the schema's own annotations, so a new knob needs no code here. Values that came as text (an
environment variable, an `env:` or a `file:`) are read by the type the knob has; values of the file must have it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, NoReturn

import msgspec
from msgspec import inspect

from gophergate.settings.masking import Secret
from gophergate.settings.origins import Origins
from gophergate.settings.schema import At, Knobs
from gophergate.settings.words import kind_of, nearest, plain, shown, wanted

Resolve = Callable[[str, At], str | None]
"""The text behind an `env:NAME` or `file:PATH` said at a place, None for any other text."""

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,30}")


def convert(origins: Origins, resolve: Resolve) -> Knobs:
    """The knobs that `origins` says, defaults for the rest.

    Raises SettingsError for an unknown section or key, a missing one, a wrong type, a value out of range.
    """
    return _Reader(origins, resolve).read()


@cache
def fields_of(struct: type[msgspec.Struct]) -> Mapping[str, inspect.Field]:
    """The schema of a section, by key. Worked out once: it takes longer than all else that reading a file does."""
    info = inspect.type_info(struct)
    return {field.name: field for field in info.fields} if isinstance(info, inspect.StructType) else {}


class _Reader:
    def __init__(self, origins: Origins, resolve: Resolve) -> None:
        self._origins = origins
        self._resolve = resolve
        self._sections = fields_of(Knobs)

    def read(self) -> Knobs:
        tree = self._origins.tree
        for name in tree:
            if name not in self._sections:
                self._refuse_section(name)
        said: dict[str, Any] = {
            name: self._value(self._sections[name].type, value, (name,)) for name, value in tree.items()
        }
        return Knobs(**said)

    def _struct(self, schema: inspect.StructType, value: object, at: At) -> object:
        if not isinstance(value, dict):
            self._mismatch(schema, value, at)
        fields = {field.name: field for field in schema.fields}
        for key in value:
            if key not in fields:
                self._refuse_key(key, fields, at)
        members: dict[str, object] = {}
        for name, field in fields.items():
            if name in value:
                members[name] = self._value(field.type, value[name], (*at, name))
            elif field.required:
                self._origins.fail(at, f"{self._heading(at)} has no '{name}'")
        return schema.cls(**members)

    def _value(self, declared: inspect.Type, value: object, at: At) -> object:
        kind = plain(declared)
        if isinstance(kind, inspect.AnyType):  # read by its owner, who also says what is wrong with it
            return _without_decimals(value)
        came_as_text = at in self._origins.sources and self._origins.sources[at].kind == "environment"
        if isinstance(value, str) and (behind := self._resolve(value, at)) is not None:
            self._origins.read_through(at, value)
            value, came_as_text = behind, True
        if came_as_text and isinstance(value, str):
            value = self._parsed(kind, value, at)
        match kind:
            case inspect.StructType():
                return self._struct(kind, value, at)
            case inspect.VarTupleType():
                return self._tuple(kind, value, at)
            case inspect.DictType():
                return self._dict(kind, value, at)
            case _:
                return self._scalar(kind, value, at)

    def _tuple(self, kind: inspect.VarTupleType, value: object, at: At) -> tuple[object, ...]:
        if not isinstance(value, list):
            self._mismatch(kind, value, at)
        return tuple(self._value(kind.item_type, item, (*at, index)) for index, item in enumerate(value))

    def _dict(self, kind: inspect.DictType, value: object, at: At) -> dict[str, object]:
        if not isinstance(value, dict):
            self._mismatch(kind, value, at)
        key_type = plain(kind.key_type)
        for key in value:
            if not _fits(key_type, key):
                where = self._origins.label(at)
                self._origins.fail((*at, key), f"a key of {where} must be {wanted(key_type)}, not {shown(key)}")
        return {key: self._value(kind.value_type, item, (*at, key)) for key, item in value.items()}

    def _scalar(self, kind: inspect.Type, value: object, at: At) -> object:
        if isinstance(kind, inspect.CustomType) and isinstance(value, str):
            return Secret(value)
        fitting: object = value
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            if isinstance(kind, inspect.FloatType):
                fitting = float(value)
            elif isinstance(kind, inspect.DecimalType):
                fitting = Decimal(value)
        if not _fits(kind, fitting):
            self._mismatch(kind, value, at)
        return fitting

    def _parsed(self, kind: inspect.Type, text: str, at: At) -> object:
        """Text as the type the knob has; the text itself where it is no such thing, to be refused as that."""
        match kind:
            case inspect.IntType() if _WHOLE_NUMBER.fullmatch(text.strip()):
                return int(text)
            case inspect.FloatType() | inspect.DecimalType():
                try:
                    return Decimal(text.strip())
                except InvalidOperation:
                    return text
            case inspect.BoolType() if (word := text.strip().lower()) in _TRUE | _FALSE:
                return word in _TRUE
            case inspect.VarTupleType() if not text.lstrip().startswith("["):
                return [item for part in text.split(",") if (item := part.strip())]
            case inspect.VarTupleType() | inspect.DictType() | inspect.StructType():
                return self._json(text, at)
            case _:
                return text

    def _json(self, text: str, at: At) -> object:
        try:
            return msgspec.json.Decoder(float_hook=Decimal).decode(text)
        except msgspec.DecodeError:
            self._origins.fail(at, f"{self._origins.label(at)} must be JSON when it is given as text")

    def _mismatch(self, kind: inspect.Type, value: object, at: At) -> NoReturn:
        """The value is shown unless it is, or may be, a secret."""
        hidden = isinstance(kind, inspect.CustomType) or self._origins.source(at).via
        got = kind_of(value) if hidden else shown(value)
        self._origins.fail(at, f"{self._origins.label(at)} must be {wanted(kind)}, not {got}")

    def _refuse_section(self, name: str) -> NoReturn:
        for section, field in self._sections.items():
            inner = plain(field.type)
            if isinstance(inner, inspect.StructType) and name in {one.name for one in inner.fields}:
                self._origins.fail((name,), f"'{name}' stands outside any section and belongs in [{section}]")
        hint = nearest(name, self._sections, self._section_header)
        self._origins.fail((name,), f"unknown section [{name}]{hint}")

    def _refuse_key(self, key: str, known: Collection[str], at: At) -> NoReturn:
        hint = nearest(key, known, lambda near: f"'{near}'")
        self._origins.fail((*at, key), f"unknown key '{key}' in {self._heading(at)}{hint}")

    def _section_header(self, name: str) -> str:
        repeated = isinstance(plain(self._sections[name].type), inspect.VarTupleType)
        return f"[[{name}]]" if repeated else f"[{name}]"

    def _heading(self, at: At) -> str:
        """`[server]`, `[[providers]] openai`, `providers.openai.timeouts`."""
        label = self._origins.label(at)
        if len(at) == 1:
            return f"[{label}]"
        if len(at) == 2 and isinstance(at[1], int):
            name = label.removeprefix(f"{at[0]}.")
            return f"this [[{at[0]}]]" if name == label else f"[[{at[0]}]] {name}"
        return label


def _fits(kind: inspect.Type, value: object) -> bool:
    match kind:
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _in_bounds(kind, value)
        case inspect.FloatType():
            return isinstance(value, float) and math.isfinite(value) and _in_bounds(kind, value)
        case inspect.DecimalType():
            return isinstance(value, Decimal) and value.is_finite() and value >= 0
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.LiteralType(values=values):
            return isinstance(value, str) and value in values
        case inspect.StrType(pattern=pattern, min_length=shortest):
            if not isinstance(value, str) or len(value) < (shortest or 0):
                return False
            return pattern is None or re.match(pattern, value) is not None
        case _:
            return False


def _in_bounds(kind: inspect.IntType | inspect.FloatType, value: float) -> bool:
    return (
        (kind.gt is None or value > kind.gt)
        and (kind.ge is None or value >= kind.ge)
        and (kind.le is None or value <= kind.le)
    )


def _without_decimals(value: object) -> object:
    """The loader reads TOML's fractions as Decimal, exact for money; free-form tables want floats."""
    match value:
        case Decimal():
            return float(value)
        case list():
            return [_without_decimals(item) for item in value]
        case dict():
            return {key: _without_decimals(item) for key, item in value.items()}
        case _:
            return value
