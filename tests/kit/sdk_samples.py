"""Values of the vendors' own types, made from the types themselves, so that no member of any union is forgotten.

`full` fills every member that a type has; where one has several forms (a union, a word of several) there is a value for
each form, the others being as in the first. `sparse` begins with what a type demands and adds one optional member at a
time, so that what becomes of each can be told. Texts say where they stand, to be found again.
"""

from __future__ import annotations

import copy
import enum
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import pydantic
import typing_extensions

Json = Any

_UNIONS = (typing.Union, types.UnionType)
_WRAPPERS = (typing.Annotated, typing_extensions.Required, typing_extensions.NotRequired)
_KINDS = frozenset({"type", "role"})
"""Members that say what an object is: never left out, even where a type allows it."""
_DEEPEST = 5
"""Below so many types one inside the other, one form of each is enough: they stand higher up too."""
_PLAIN: Mapping[type, Json] = {str: "", bool: True, int: 7, float: 0.5, bytes: "Qnl0ZXM="}


class Field(NamedTuple):
    """A member of a type. Required ones are in every value."""

    name: str
    kind: Any
    is_required: bool = False


_Inside = tuple[type, ...]
"""The types a value is being made inside of: one that holds itself is not made again."""
_Build = Callable[[tuple[Field, ...], _Inside], list[Json]]


def members(union: Any) -> list[Any]:
    """The types of a union, those of unions inside it included; None is left out."""
    union = getattr(union, "__value__", union)
    origin = typing.get_origin(union)
    if origin in _WRAPPERS:
        return members(typing.get_args(union)[0])
    if origin in _UNIONS:
        return [one for inner in typing.get_args(union) for one in members(inner)]
    return [] if union in (type(None), None) else [union]


def full(kind: Any) -> list[Json]:
    """JSON values of a type with every member, the first forms first."""
    return copy.deepcopy(_values(kind, "text", (), _filled))


def sparse(kind: Any) -> list[Json]:
    """JSON values of a type with what is demanded and at most one member more, the barest first."""
    return copy.deepcopy(_values(kind, "text", (), _bare))


def sparse_of(*fields: Field) -> list[Json]:
    """The same for an object with those members, where a vendor has no type for it."""
    return copy.deepcopy(_bare(fields, ()))


def leaves(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every text and number in a value with the path of its member; arbitrary members have none of their own."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, path if name.startswith("any_") else f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    elif value is not None and not isinstance(value, bool):
        yield path, value


def texts(value: Json) -> Iterator[tuple[str, str]]:
    """Those that say where they stand."""
    return ((path, leaf) for path, leaf in leaves(value) if isinstance(leaf, str) and leaf.endswith("_said"))


@cache
def _values(kind: Any, where: str, inside: _Inside, build: _Build) -> list[Json]:
    return [value for one in members(kind) for value in _of_one(one, where, inside, build)]


def _of_one(kind: Any, where: str, inside: _Inside, build: _Build) -> list[Json]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return list(arguments)
    if origin is not None and issubclass(origin, Mapping):
        return [{f"any_{where}": value} for value in _values(arguments[1], where, inside, build)]
    if origin is not None and issubclass(origin, Iterable):
        return [[value] for value in _values(arguments[0], where, inside, build)]
    if isinstance(kind, type):
        if issubclass(kind, enum.Enum):
            return [one.value for one in kind]
        if kind in _PLAIN:
            return [f"{where}_said" if kind is str else _PLAIN[kind]]
        if issubclass(kind, pydantic.BaseModel) or typing_extensions.is_typeddict(kind):
            made = [] if kind in inside else build(_fields(kind), (*inside, kind))
            return made if len(inside) < _DEEPEST else made[:1]
    return [{f"any_{where}": f"{where}_said"}]


@cache
def _fields(kind: Any) -> tuple[Field, ...]:
    if issubclass(kind, pydantic.BaseModel):
        return tuple(Field(f.alias or name, f.annotation, f.is_required()) for name, f in kind.model_fields.items())
    hints = typing_extensions.get_type_hints(kind, include_extras=True)
    # Not `__required_keys__`: where annotations are kept as text, they stand in it as if nothing were said of them.
    return tuple(Field(name, hint, _is_demanded(hint, kind.__total__)) for name, hint in hints.items())


def _is_demanded(hint: Any, total: bool) -> bool:
    origin = typing.get_origin(hint)
    return origin is typing_extensions.Required or (total and origin is not typing_extensions.NotRequired)


def _filled(fields: tuple[Field, ...], inside: _Inside) -> list[Json]:
    forms = {field.name: _values(field.kind, field.name, inside, _filled) for field in fields}
    first = {name: values[0] for name, values in forms.items() if values}
    return [first, *({**first, name: value} for name, values in forms.items() for value in values[1:])]


def _bare(fields: tuple[Field, ...], inside: _Inside) -> list[Json]:
    forms = {field.name: _values(field.kind, field.name, inside, _bare) for field in fields}
    demanded = [field.name for field in fields if field.is_required or field.name in _KINDS]
    first = {name: forms[name][0] for name in demanded if forms[name]}
    more = ((name, value) for name, values in forms.items() for value in values[1 if name in first else 0 :])
    return [first, *({**first, name: value} for name, value in more)]
