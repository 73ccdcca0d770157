"""Where the words of a request stand, so that guards can look at them and put others in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gophergate.core.blocks import Json

_NO_WORDS = frozenset({"type", "id"})
_LONG = 1024
"""Characters without a space from which on a text is a file in base64, as it is in an address that begins so."""


def replaced(members: dict[str, Any], names: Iterable[str], said: Callable[[str], str]) -> dict[str, Any]:
    """The members, `said` in the place of each text of those names, in one order: a string, each of an array, and
    each string member of the objects in one (documents, parts)."""
    found = {name: _replaced(members[name], said) for name in names if name in members}
    return {**members, **found}


def _replaced(value: Json, said: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return said(value)
    if isinstance(value, list):
        return [_of_part(item, said) for item in value]
    return value


def _of_part(item: Json, said: Callable[[str], str]) -> Json:
    if isinstance(item, str):
        return said(item)
    if isinstance(item, dict):
        return {
            name: said(value) if isinstance(value, str) and name not in _NO_WORDS else value
            for name, value in item.items()
        }
    return item


def without_files(value: Json) -> Json:
    """The value with nothing in the place of its files in base64, which have no words to look for."""
    if isinstance(value, str):
        is_file = value.startswith("data:") or (len(value) > _LONG and " " not in value[:_LONG])
        return "" if is_file else value
    if isinstance(value, list):
        return [without_files(item) for item in value]
    if isinstance(value, dict):
        return {name: without_files(item) for name, item in value.items()}
    return value
