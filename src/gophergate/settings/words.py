"""Types and values in the words of an error sentence: what a knob wants, and what it got instead."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec
from msgspec import inspect

from gophergate.settings.schema import MODEL_PATTERN, NAME_PATTERN

_SHOWN_LENGTH = 60
_PATTERN_WORDS = {
    NAME_PATTERN: "a name of up to 64 letters, digits, '.', '_' and '-'",
    MODEL_PATTERN: "a model name without spaces",
}


def plain(kind: inspect.Type) -> inspect.Type:
    """The type without its metadata and without None, which TOML cannot say."""
    if isinstance(kind, inspect.Metadata):
        return plain(kind.type)
    if isinstance(kind, inspect.UnionType):
        (only,) = (one for one in kind.types if not isinstance(one, inspect.NoneType))
        return plain(only)
    return kind


def wanted(kind: inspect.Type) -> str:
    """What a value of this type is: "a whole number between 0 and 65535"."""
    match kind:
        case inspect.IntType():
            return f"a whole number{_bounds(kind)}"
        case inspect.FloatType():
            return f"a number{_bounds(kind)}"
        case inspect.DecimalType():
            return "an amount in US dollars"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType(values=values):
            return _either([f"'{value}'" for value in values])
        case inspect.StrType(pattern=str(pattern)):
            return _PATTERN_WORDS[pattern]
        case inspect.StrType(min_length=int()):
            return "text that is not empty"
        case inspect.VarTupleType(item_type=item):
            inner = plain(item)
            return "a list of tables" if isinstance(inner, inspect.StructType | inspect.DictType) else "a list"
        case inspect.StructType() | inspect.DictType():
            return "a table"
        case _:
            return "text"


def shown(value: object) -> str:
    """The value as the file would write it, cut where it is long; containers by their kind."""
    if isinstance(value, str):
        text = value if len(value) <= _SHOWN_LENGTH else f"{value[:_SHOWN_LENGTH]}..."
        return msgspec.json.encode(text).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        text = str(value).replace("Infinity", "inf").replace("NaN", "nan")
        return text if len(text) <= _SHOWN_LENGTH else "so long a number"
    return kind_of(value)


def kind_of(value: object) -> str:
    """What sort of value it is, saying nothing of it."""
    match value:
        case bool():
            return "true or false"
        case str():
            return "this text"
        case int() | float() | Decimal():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"


def nearest(word: str, known: Iterable[str], write: Callable[[str], str]) -> str:
    """The end of a sentence about an unknown word: the known one it resembles, else all that are known."""
    names = list(known)
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {write(close[0])}?"
    return f"; there {'is' if len(names) == 1 else 'are'} {', '.join(names)}"


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    match kind.gt, kind.ge, kind.le:
        case None, None, None:
            return ""
        case None, low, None:
            return f" of at least {low:g}"
        case None, low, high:
            return f" between {_number(low)} and {_number(high)}"
        case low, _, None:
            return f" above {_number(low)}"
        case low, _, high:
            return f" above {_number(low)} and up to {_number(high)}"


def _number(bound: float | None) -> str:
    return f"{bound:.12g}" if bound is not None else ""


def _either(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]
