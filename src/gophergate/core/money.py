"""Money is a whole number of nano-dollars in 64 bits: $1 = 1_000_000_000. Never a float.

The largest amount is about 9.2 billion dollars. Every API shows money as a decimal string in US dollars.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

NANOS_PER_DOLLAR = 1_000_000_000
MAX_NANOS = 2**63 - 1


def to_dollars(nanos: int) -> str:
    """The decimal string of an amount: exact, no exponent, at least two decimals."""
    sign = "-" if nanos < 0 else ""
    whole, part = divmod(abs(nanos), NANOS_PER_DOLLAR)
    decimals = f"{part:09d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{decimals}"


def from_dollars(text: str | int | Decimal) -> int:
    """Nano-dollars of a decimal amount in dollars.

    Raises ValueError for what is no finite number, has more than nine decimals, or does not fit 64 bits.
    """
    try:
        nanos = Decimal(text) * NANOS_PER_DOLLAR
        whole = int(nanos)
    except (InvalidOperation, OverflowError, ValueError):
        raise ValueError(f"{text!r} is not an amount in US dollars, such as 1.50") from None
    if whole != nanos:
        raise ValueError(f"{text!r} has more than nine decimals")
    if abs(whole) > MAX_NANOS:
        raise ValueError(f"{text!r} is beyond the largest amount")
    return whole
