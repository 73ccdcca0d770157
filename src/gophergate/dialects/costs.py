"""A provider's own figure for what a call cost, where its usage object has one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from gophergate.core.money import NANOS_PER_DOLLAR

_MOST = 10**9
"""Dollars. What claims to be dearer is no cost: the ledger keeps 64 bits of nano-dollars."""
_TICKS_PER_NANO = 10


def own_cost(usage: dict[str, Any]) -> int | None:
    """In nano-dollars: xAI's `cost_in_usd_ticks` (ten billion are a dollar), OpenRouter's `cost` in dollars,
    DeepInfra's `estimated_cost`, Perplexity's object with its `total_cost`."""
    ticks = usage.get("cost_in_usd_ticks")
    if isinstance(ticks, int) and not isinstance(ticks, bool) and 0 <= ticks <= _MOST * NANOS_PER_DOLLAR:
        return ticks // _TICKS_PER_NANO
    cost = usage.get("cost", usage.get("estimated_cost"))
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < _MOST:
        return None
    return int((Decimal(repr(cost)) * NANOS_PER_DOLLAR).to_integral_value())
