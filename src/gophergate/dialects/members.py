"""Careful access to JSON from outside, where any member may hold anything: the value of the wanted shape, or an empty
one of it. For what is taken leniently; where a wrong type is the caller's fault, the dialects say so by name.
"""

from __future__ import annotations

from typing import Any

from gophergate.core.blocks import Json


def text_of(value: Json) -> str:
    """The value if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def object_of(value: Json) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def list_of(value: Json) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
