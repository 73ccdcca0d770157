"""Texts inside of JSON: each string is looked at as what it stands for (an e-mail with its @ written as an escape is
one), and what is masked is written as JSON again. All other bytes stay as they are, so that JSON stays JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Mask = Callable[[str], str]

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+(?P<closed>")?|-?[0-9][0-9.eE+-]*+|[^"0-9-]++|-', re.DOTALL)
_DEEPEST = 3
_HALF_AN_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MASKED_NUMBER = re.compile(r"\d{7,}")


def masked_json(text: str, mask: Mask, depth: int = 0) -> str:
    """JSON with every string, every key and every long number masked; a number that is becomes a string. Text that is
    no JSON, or breaks off, is treated as far as it is like it: outside of its strings as plain text. The same text
    comes back where nothing was found."""
    whole = _is_json(text)
    parts: list[str] = []
    plain: list[str] = []
    changed = False

    def flush() -> None:
        nonlocal changed
        if plain:
            said = "".join(plain)
            shown = mask(said)
            changed = changed or (shown is not said and shown != said)
            parts.append(shown)
            plain.clear()

    for found in _TOKENS.finditer(text):
        token = found.group()
        if token[0] == '"':
            flush()
            shown = _masked_string(token, mask, depth, is_closed=found["closed"] is not None)
        elif whole:
            shown = _masked_number(token, mask) if token[0] in "-0123456789" else token
        else:
            plain.append(token)
            continue
        changed = changed or shown != token
        parts.append(shown)
    flush()
    return "".join(parts) if changed else text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _masked_string(token: str, mask: Mask, depth: int, *, is_closed: bool) -> str:
    said = unquoted(token if is_closed else _HALF_AN_ESCAPE.sub("", token) + '"')
    if said is None:
        return mask(token)
    # A string may hold JSON in turn, as what a tool hands on often does.
    inner = depth < _DEEPEST and "\\" in said and said.lstrip()[:1] in ("{", "[", '"')
    shown = masked_json(said, mask, depth + 1) if inner else said
    shown = mask(shown)
    if shown == said:
        return token
    again = quoted(shown)
    return again if is_closed else again[:-1]


def _masked_number(token: str, mask: Mask) -> str:
    if _MASKED_NUMBER.search(token) is None:
        return token
    shown = mask(token)
    return token if shown == token else quoted(shown)


def unquoted(token: str) -> str | None:
    """What a JSON string stands for, None for what is none."""
    try:
        said = json.loads(token, strict=False)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, str) else None


def quoted(text: str) -> str:
    """A text as a JSON string. Halves of characters stay escaped, for no encoding has them."""
    return json.dumps(text, ensure_ascii=_SURROGATE.search(text) is not None)


def masked_value(value: Any, mask: Mask) -> Any:
    """A decoded JSON value with its strings and keys masked; the same object where nothing was found."""
    match value:
        case str():
            shown = mask(value)
            return value if shown == value else shown
        case list():
            items = [masked_value(item, mask) for item in value]
            return value if all(new is old for new, old in zip(items, value, strict=True)) else items
        case dict():
            members = {mask(key): masked_value(item, mask) for key, item in value.items()}
            same = list(members) == list(value) and all(members[key] is value[key] for key in value)
            return value if same else members
        case int() if abs(value) >= 1_000_000 and not isinstance(value, bool):
            said = str(value)
            shown = mask(said)
            return value if shown == said else shown
        case _:
            return value
