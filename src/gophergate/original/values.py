"""Values as one file or another writes them: flags, times, money, statuses, keys. Pure; None is "nothing was said", and
what cannot be read raises ValueError in a few words.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gophergate.core.call import Status

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on", "active", "enabled", "ok", "admin"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off", "inactive", "disabled", "revoked", "deleted", "suspended", ""})
_STATUSES: dict[str, Status] = {
    "ok": "ok", "success": "ok", "succeeded": "ok", "completed": "ok", "complete": "ok", "done": "ok", "1": "ok",
    "true": "ok", "error": "error", "failed": "error", "failure": "error", "fail": "error", "0": "error",
    "false": "error", "timeout": "timeout", "timed_out": "timeout", "cancelled": "client_closed",
    "canceled": "client_closed", "client_closed": "client_closed", "aborted": "client_closed", "refused": "refused",
    "rejected": "refused", "rate_limited": "refused", "denied": "refused", "blocked": "refused",
}  # fmt: skip
_HTTP: dict[Status, int] = {"ok": 200, "error": 502, "timeout": 504, "client_closed": 499, "refused": 403}
_NONCE = 12
_LARGEST = 2**63 - 1


def words(value: Any) -> str:
    """As text without space around it; "" for nothing."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "" if value is None else "".join(c for c in str(value) if c.isprintable() or c == "\n").strip()


def flag(value: Any) -> bool | None:
    """Yes or no. Raises ValueError for what is neither."""
    if value is None:
        return None
    said = words(value).lower()
    if said in _TRUE:
        return True
    if said in _FALSE:
        return False
    raise ValueError(f"'{said[:40]}' is neither yes nor no")


def is_on(on: Any, off: Any) -> bool:
    """Whether a thing is in use, from a column that says so or one that says the contrary. Nothing said: it is."""
    try:
        return flag(on) is not False and flag(off) is not True
    except ValueError:
        return False


def count(value: Any) -> int | None:
    """A whole number of things. Raises ValueError."""
    if value is None or words(value) == "":
        return None
    number = _decimal(value)
    if number != number.to_integral_value() or not 0 <= number <= _LARGEST:
        raise ValueError(f"'{words(value)[:40]}' is no count")
    return int(number)


def milliseconds(value: Any) -> float | None:
    """A duration. Raises ValueError."""
    if value is None or words(value) == "":
        return None
    number = float(_decimal(value))
    if number < 0:
        raise ValueError(f"'{words(value)[:40]}' is no duration")
    return number


def dollars(value: Any) -> Decimal | None:
    """An amount. Raises ValueError."""
    return None if value is None or words(value) == "" else _decimal(value)


def nanodollars(value: Any) -> int | None:
    """An amount of US dollars in nano-dollars, rounded as money is: half to even. Raises ValueError."""
    amount = dollars(value)
    if amount is None:
        return None
    nanos = int((amount * 10**9).to_integral_value())
    if not 0 <= nanos <= _LARGEST:
        raise ValueError(f"'{words(value)[:40]}' is no cost")
    return nanos


def moment(value: Any) -> int | None:
    """A time in Unix microseconds: RFC 3339, SQL's own form (taken for UTC), or a number of seconds, milliseconds,
    microseconds or nanoseconds. Raises ValueError."""
    said = words(value)
    if said == "":
        return None
    try:
        number = float(said)
    except ValueError:
        return _written(said)
    if not math.isfinite(number) or number <= 0:
        raise ValueError(f"'{said[:40]}' is no time")
    for factor, least in ((0.001, 1e17), (1, 1e14), (1_000, 1e11), (1_000_000, 1e8)):
        if number >= least:
            return int(number * factor) if factor != 1 else int(number)
    raise ValueError(f"'{said[:40]}' is no time of this century")


def _written(said: str) -> int:
    # Go's time.String() ends in a zone's name and a monotonic reading: "2026-01-02 03:04:05.678 +0000 UTC m=+0.1".
    plain = said.partition(" m=")[0].removesuffix(" UTC").strip()
    words = plain.split(" ")
    if len(words) == 3 and words[2][:1] in "+-":
        plain = f"{words[0]}T{words[1]}{words[2]}"
    whole, dot, rest = plain.partition(".")
    if dot:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        plain = f"{whole}.{digits[:6].ljust(6, '0')}{rest[len(digits) :]}" if digits else plain
    try:
        found = datetime.fromisoformat(plain.replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"'{said[:40]}' is no time") from None
    found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return round(found.timestamp() * 1_000_000)


def names(value: Any) -> tuple[str, ...]:
    """A list of names: JSON, or separated by commas."""
    said = words(value)
    if not said:
        return ()
    if said[0] in "[{":
        found = parsed(said)
        items: Sequence[Any] = list(found) if isinstance(found, list | dict) else ()
        return tuple(dict.fromkeys(words(_name_of(item)) for item in items if words(_name_of(item))))
    return tuple(dict.fromkeys(part.strip() for part in said.split(",") if part.strip()))


def _name_of(item: Any) -> Any:
    return next((item[n] for n in ("model", "name", "id") if n in item), "") if isinstance(item, dict) else item


def parsed(value: Any) -> Any:
    """JSON. Raises ValueError."""
    said = words(value)
    if not said:
        return None
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None


def ended(status: Any, http_status: Any, error: Any) -> tuple[Status, int]:
    """How a call ended, and with what HTTP status, from whatever the row says of it."""
    said = words(status).lower()
    code = count(http_status) if words(http_status).isdigit() else None
    if said.isdigit() and 100 <= int(said) <= 599:
        code, said = int(said), ""
    found: Status | None = _STATUSES.get(said)
    if found is None:
        failed = bool(words(error)) or (code is not None and code >= 400) or bool(said)
        found = {408: "timeout", 504: "timeout", 499: "client_closed"}.get(code or 0) if failed else "ok"  # type: ignore[assignment]
        if found is None:
            found = "refused" if code in (401, 402, 403, 429) else "error"
    return found, code if code is not None else _HTTP[found]


Readable = Literal["clear", "sealed", "none"]


def provider_key(value: Any, sealed: Any, old_key: bytes | None) -> tuple[str, Readable]:
    """A provider's key, and how it was there. "sealed" with "" is one that the old encryption key is missing for, or
    does not open. The original seals with AES-256-GCM: nonce, ciphertext and tag, in base64 or hex."""
    said = words(value)
    if not said:
        return "", "none"
    try:
        is_sealed = bool(flag(sealed))
    except ValueError:  # another version keeps the sealed key itself there
        said, is_sealed = words(sealed), True
    for prefix in ("enc:", "v1:", "aes:", "encrypted:"):
        if said.startswith(prefix):
            said, is_sealed = said.removeprefix(prefix), True
    if not is_sealed:
        return said, "clear"
    return (_opened(said, old_key) if old_key is not None else ""), "sealed"


def _opened(said: str, old_key: bytes) -> str:
    for decode in (bytes.fromhex, lambda it: base64.b64decode(it, validate=True), base64.urlsafe_b64decode):
        try:
            raw = decode(said)
            return AESGCM(old_key).decrypt(raw[:_NONCE], raw[_NONCE:], None).decode()
        except (ValueError, binascii.Error, InvalidTag):
            continue
    return ""


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(words(value))
    except InvalidOperation:
        raise ValueError(f"'{words(value)[:40]}' is no number") from None
    if not number.is_finite():
        raise ValueError(f"'{words(value)[:40]}' is no number")
    return number
