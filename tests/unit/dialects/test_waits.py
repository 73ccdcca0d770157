from __future__ import annotations

import pytest

from gophergate.doors.chat import dialects


@pytest.mark.parametrize("dialect", sorted(dialects()))
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_every_dialect_reads_when_to_ask_again(dialect: str, headers: dict[str, str], seconds: float | None) -> None:
    """R-F5, edge case 27: seconds as said; a date is left to whoever has a clock; hints only are kept."""
    given = {**headers, "X-Should-Retry": "true", "set-cookie": "secret"}
    error = dialects()[dialect].read_error(429, given, b"{}")
    assert error.retry_after == seconds
    assert error.headers == {name.lower(): value for name, value in headers.items()} | {"x-should-retry": "true"}
