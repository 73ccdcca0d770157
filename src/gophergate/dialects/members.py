"""Careful access to JSON from outside, where any member may hold anything: the value of the wanted shape, or an empty
one of it. For what is taken leniently; where a wrong type is the caller's fault, the dialects say so by name.
"""

from __future__ import annotations

from typing import Any

from gophergate.core.blocks import Json

MOST = 10**10
"""What no count of one call comes to: at the dearest prices there are it still costs less than the ledger can hold."""


_DIGITS = len(str(MOST))


def text_of(value: Json) -> str:
    """The value if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def object_of(value: Json) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def count_of(value: Json) -> int | None:
    """The value if it counts something: a whole number that a call can come to, also one that is written as 7.0 or, as
    protobuf tells 64-bit numbers, as "7"; else None. A ledger keeps sums and costs of counts in 64 bits, and what a
    provider says is not to be believed at any size."""
    if type(value) is int:
        return value if 0 <= value <= MOST else None
    if value is None:
        return None
    if (isinstance(value, float) and value.is_integer()) or (
        isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS
    ):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST else None


def list_of(value: Json) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
