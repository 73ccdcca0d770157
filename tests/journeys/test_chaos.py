"""Providers in trouble, under load, for some seconds; `python -m gatebench.chaos --minutes 10` is the whole play."""

from __future__ import annotations

from gatebench.chaos import chaos


async def test_chaos_leaves_one_row_a_call_no_hang_and_what_the_fallbacks_allow() -> None:
    """Laws 1 to 3, R-F1, R-F5; the issue's third proof in small: attempts on every row are what the providers saw."""
    found = await chaos(6.0, clients=10)
    assert found["problems"] == []
    assert found["still_running"] == 0
    assert found["calls"] > 100
    assert found["rows"] <= found["calls"]
