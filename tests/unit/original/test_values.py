"""Values as versions of the original wrote them, and what is none of them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gophergate.original import values

_AT = 1767603600_000000


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("2026-01-05 09:00:00", _AT),
        ("2026-01-05T09:00:00Z", _AT),
        ("2026-01-05T10:00:00+01:00", _AT),
        ("2026-01-05 09:00:00.25", _AT + 250_000),
        ("2026-01-05 09:00:00.123456789 +0000 UTC m=+0.004", _AT + 123_456),
        (b"2026-01-05 09:00:00", _AT),
        (1767603600, _AT),
        (1767603600.5, _AT + 500_000),
        ("1767603600", _AT),
        (1767603600_000, _AT),
        (1767603600_000000, _AT),
        (1767603600_000000000, _AT),
        (None, None),
        ("", None),
    ],
)
def test_times(said: Any, found: int | None) -> None:
    assert values.moment(said) == found


@pytest.mark.parametrize("said", ["yesterday", "NaN", "-5", 0, 12, "inf", "2026-13-01"])
def test_no_times(said: Any) -> None:
    with pytest.raises(ValueError, match="is no time"):
        values.moment(said)


@pytest.mark.parametrize(
    ("status", "http_status", "error", "found"),
    [
        ("success", None, None, ("ok", 200)),
        (None, None, None, ("ok", 200)),
        (None, 200, "", ("ok", 200)),
        (200, None, None, ("ok", 200)),
        (1, None, None, ("ok", 200)),
        ("error", None, "no", ("error", 502)),
        (None, None, "no", ("error", 502)),
        (None, 429, None, ("refused", 429)),
        ("404", None, None, ("error", 404)),
        (None, 499, None, ("client_closed", 499)),
        ("timeout", None, None, ("timeout", 504)),
        ("strange", None, None, ("error", 502)),
    ],
)
def test_how_calls_ended(status: Any, http_status: Any, error: Any, found: Any) -> None:
    assert values.ended(status, http_status, error) == found


def test_flags_money_and_lists() -> None:
    assert values.is_on(None, None)
    assert values.is_on("active", None)
    assert not values.is_on(0, None)
    assert not values.is_on(None, 1)
    assert not values.is_on("who knows", None)
    assert values.nanodollars("0.0000000015") == 2
    assert values.nanodollars(1e-9) == 1
    assert values.nanodollars("") is None
    with pytest.raises(ValueError, match="no number"):
        values.nanodollars("cheap")
    with pytest.raises(ValueError, match="no cost"):
        values.nanodollars(-1)
    assert values.names('["a", {"model": "b"}, "a"]') == ("a", "b")
    assert values.names("a, b,,c") == ("a", "b", "c")
    with pytest.raises(ValueError, match="no JSON"):
        values.names("[a")


def test_provider_keys_in_clear_and_sealed() -> None:
    old = bytes(32)
    raw = b"n" * 12 + AESGCM(old).encrypt(b"n" * 12, b"secret", None)
    for said in (base64.b64encode(raw).decode(), raw.hex(), base64.urlsafe_b64encode(raw).decode()):
        assert values.provider_key(said, 1, old) == ("secret", "sealed")
        assert values.provider_key(f"enc:{said}", None, old) == ("secret", "sealed")
    assert values.provider_key(raw.hex(), 1, bytes(range(32))) == ("", "sealed")
    assert values.provider_key(raw.hex(), 1, None) == ("", "sealed")
    assert values.provider_key("sk-clear", 0, old) == ("sk-clear", "clear")
    assert values.provider_key(None, None, old) == ("", "none")
