"""Holds a provider's own export against the ledger: where they differ, day by day and model by model, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from gophergate.core.money import to_dollars
from gophergate.ledger.exports import COUNTS, Kind, Line, read_export
from gophergate.ledger.lookup import find
from gophergate.ledger.pricelists import PriceList
from gophergate.store.database import Database
from gophergate.store.prices import DayOfModel, days_of_models
from gophergate.times import rfc3339

TOKENS = tuple(name for name in COUNTS if name != "requests")
_DAY_US = 86_400_000_000


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """One day and model ("" for what the provider does not attribute to one): counts and nano-dollars as the ledger has
    them and as the provider does. `ours` or `theirs` None: that side has nothing. `why` names what explains it."""

    day: str
    model: str
    ours: dict[str, int] | None
    theirs: dict[str, int] | None
    cost: int | None
    why: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole comparison. Sums in nano-dollars, None where an export has no cost."""

    provider: str
    first_day: str
    last_day: str
    ours: int
    theirs: int | None
    rows: tuple[Drift, ...]


async def reconcile(
    database: Database, data: bytes, *, provider: str, kind: Kind | None, price_id: str, prices: Callable[[], PriceList]
) -> Report:
    """Compare an export with what the ledger has of a provider on the same days (UTC). Models are matched by what the
    price list calls them, so dated and plain names meet. Raises UnreadableExport, DatabaseUnavailable."""
    lines = await asyncio.to_thread(read_export, data, kind)
    first, last = lines[0].day, lines[-1].day
    since = int(datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp()) * 1_000_000
    until = int(datetime.fromisoformat(last).replace(tzinfo=UTC).timestamp()) * 1_000_000 + _DAY_US
    stored = await days_of_models(database, provider, since, until)
    listed = await asyncio.to_thread(prices)
    known: dict[str, str] = {}

    def named(model: str) -> str:
        if model not in known:
            plain = model.strip().lower().replace(" ", "-")
            found = find(listed.snapshot, price_id, plain) or find(listed.snapshot, price_id, plain.replace(".", "-"))
            known[model] = found[1].id if found is not None else plain
        return known[model]

    return compared(provider, lines, stored, named)


def compared(provider: str, lines: list[Line], stored: list[DayOfModel], named: Callable[[str], str]) -> Report:
    """The comparison itself. `named` gives the name by which both sides' models are matched."""
    theirs = _theirs(lines, named)
    ours: dict[tuple[str, str], dict[str, int]] = {}
    for row in stored:
        day = rfc3339(row.slot * _DAY_US)[:10]
        sums = ours.setdefault((day, named(row.model)), dict.fromkeys((*COUNTS, "cost", "unpriced", "estimated"), 0))
        for name in sums:
            sums[name] += getattr(row, name)
    names_models = any(model for _, model in theirs)
    if not names_models:
        ours = _by_day(ours)
    rows = tuple(_drift(key, ours.get(key), theirs.get(key)) for key in sorted(ours.keys() | theirs.keys()))
    costs = [line.cost for line in lines if line.cost is not None]
    return Report(
        provider=provider,
        first_day=lines[0].day,
        last_day=lines[-1].day,
        ours=sum(sums["cost"] for sums in ours.values()),
        theirs=sum(costs) if costs else None,
        rows=rows,
    )


def _theirs(lines: list[Line], named: Callable[[str], str]) -> dict[tuple[str, str], dict[str, int]]:
    found: dict[tuple[str, str], dict[str, int]] = {}
    for line in lines:
        sums = found.setdefault((line.day, named(line.model) if line.model else ""), {})
        for name in (*COUNTS, "cost"):
            value = getattr(line, name)
            if value is not None:
                sums[name] = sums.get(name, 0) + value
    return found


def _by_day(ours: dict[tuple[str, str], dict[str, int]]) -> dict[tuple[str, str], dict[str, int]]:
    found: dict[tuple[str, str], dict[str, int]] = {}
    for (day, _), sums in ours.items():
        total = found.setdefault((day, ""), dict.fromkeys(sums, 0))
        for name, value in sums.items():
            total[name] += value
    return found


def _drift(key: tuple[str, str], ours: dict[str, int] | None, theirs: dict[str, int] | None) -> Drift:
    day, model = key
    cost = None
    if theirs is None or "cost" in theirs:
        cost = (ours or {}).get("cost", 0) - (theirs or {}).get("cost", 0)
    return Drift(
        day=day, model=model, ours=ours, theirs=theirs, cost=cost, why=tuple(_reasons(model, ours, theirs, cost))
    )


def _reasons(model: str, ours: dict[str, int] | None, theirs: dict[str, int] | None, cost: int | None) -> list[str]:
    if theirs is None:
        return ["the export has nothing of it: another account, another time zone, or a file that ends before"]
    if ours is None:
        unnamed = "the provider attributes it to no model" if not model else "no call of it passed here"
        return [f"{unnamed}: it was made with the same account elsewhere, or is no call"]
    found = []
    unlike = [name for name in TOKENS if name in theirs and theirs[name] != ours.get(name, 0)]
    if unlike:
        found.append(f"tokens differ: {', '.join(f'{name} {ours.get(name, 0) - theirs[name]:+d}' for name in unlike)}")
    requests = theirs.get("requests")
    if requests is not None and requests != ours["requests"]:
        found.append(f"calls differ: {ours['requests'] - requests:+d}")
    if ours["unpriced"]:
        found.append(f"{ours['unpriced']} calls have no price here")
    if ours["estimated"]:
        found.append(f"{ours['estimated']} calls are our estimate: the provider never told their usage")
    if cost and not unlike and any(name in theirs for name in TOKENS):
        found.append("the same tokens at another price: a discount, a service tier, or a price of yours")
    return found


def shown(report: Report) -> dict[str, Any]:
    """A report for programs: money as decimal text in US dollars."""

    def side(sums: dict[str, int] | None) -> dict[str, Any] | None:
        if sums is None:
            return None
        return {name: _signed(value) if name == "cost" else value for name, value in sums.items()}

    return {
        "provider": report.provider,
        "first_day": report.first_day,
        "last_day": report.last_day,
        "ours": _signed(report.ours),
        "theirs": None if report.theirs is None else _signed(report.theirs),
        "drift": None if report.theirs is None else _signed(report.ours - report.theirs),
        "rows": [
            {
                "day": row.day,
                "model": row.model,
                "ours": side(row.ours),
                "theirs": side(row.theirs),
                "drift": None if row.cost is None else _signed(row.cost),
                "why": list(row.why),
            }
            for row in report.rows
        ],
    }


def kind_of(kind: str) -> Kind | None:
    """Whose exports a provider of that kind gives, for a file whose columns do not say."""
    return "openai" if kind in ("openai", "azure") else "anthropic" if kind == "anthropic" else None


def _signed(nanos: int) -> str:
    return f"-{to_dollars(-nanos)}" if nanos < 0 else to_dollars(nanos)
