"""The proof of `python -m gatebench.budgets`, small: callers, leavers, failures and a kill, and the money adds up."""

from __future__ import annotations

from pathlib import Path

from gatebench.budgets import Plan, proved


async def test_one_budget_many_callers_and_a_kill(tmp_path: Path) -> None:
    """R-B1, R-B2, R-B3, laws 1, 6 and 7. Raises what was broken."""
    result = await proved(Plan(callers=30, calls=240, kills=1), tmp_path)
    assert result["seen"]["served"] > 50
    assert result["answered"] <= result["rows"]
