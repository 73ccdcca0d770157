"""Usage summed up for people: by hour, day, model, provider, client, key, team, user or status. Reads roll-ups only."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Table, cast, func, literal, select

from gophergate.core.money import to_dollars
from gophergate.store import histogram
from gophergate.store.connection import AsyncConnection
from gophergate.store.database import Database
from gophergate.store.rollups import HOUR_US
from gophergate.store.tables import COUNTERS, HISTOGRAMS, usage_daily, usage_hourly
from gophergate.times import rfc3339

By = Literal["total", "hour", "day", "model", "provider", "client", "key", "team", "user", "organisation", "status"]

_COLUMN = {
    "model": "model",
    "provider": "provider",
    "client": "client_id",
    "key": "key_id",
    "team": "team_id",
    "user": "user_id",
    "organisation": "organisation_id",
    "status": "status",
}
_STATUSES = ("ok", "error", "refused", "timeout", "client_closed")


class UsageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Every member that is not None must match; "" matches calls that had none."""

    model: str | None = None
    provider: str | None = None
    client_id: str | None = None
    key_id: str | None = None
    team_id: str | None = None
    user_id: str | None = None
    organisation_id: str | None = None
    status: str | None = None


class UsageSum(msgspec.Struct, kw_only=True):
    """What some calls used together. `at` (Unix microseconds) is set by hour and by day, `name` by all else.

    `cost` and `provider_cost` are nano-dollars; `unpriced` calls used something that has no price, so they are not
    in `cost`. `latency_us` is over all calls, `first_token_us` over the `first_tokens` that had one. The histograms
    (see `store.histogram`) are empty unless they were asked for.
    """

    at: int | None = None
    name: str = ""
    calls: int = 0
    ok: int = 0
    error: int = 0
    refused: int = 0
    timeout: int = 0
    client_closed: int = 0
    unpriced: int = 0
    estimated: int = 0
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    audio_input: int = 0
    image_input: int = 0
    output: int = 0
    audio_output: int = 0
    image_output: int = 0
    reasoning: int = 0
    cost: int = 0
    provider_cost: int = 0
    latency_us: int = 0
    first_tokens: int = 0
    first_token_us: int = 0
    latency_histogram: tuple[int, ...] = ()
    first_token_histogram: tuple[int, ...] = ()

    def latency_ms(self, share: float) -> float | None:
        """The latency that a `share` of the calls stayed within; None without histograms or calls."""
        return histogram.percentile(self.latency_histogram, share)

    def told(self) -> dict[str, Any]:
        """It for programs: money as decimal text in US dollars, the time in RFC 3339, without the histograms."""
        built = msgspec.structs.asdict(self)
        for name in ("latency_histogram", "first_token_histogram"):
            del built[name]
        built["at"] = None if self.at is None else rfc3339(self.at)
        built["cost"], built["provider_cost"] = to_dollars(self.cost), to_dollars(self.provider_cost)
        return built

    def first_token_ms(self, share: float) -> float | None:
        """The same of the time to the first token."""
        return histogram.percentile(self.first_token_histogram, share)


_COUNTED = (*_STATUSES, *COUNTERS)
_NO_FILTER = UsageFilter()


class Usages:
    """The usage of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sums(
        self,
        by: By = "total",
        *,
        since: int,
        until: int,
        where: UsageFilter = _NO_FILTER,
        histograms: bool = False,
    ) -> list[UsageSum]:
        """Sums from `since` to `until` (Unix microseconds, widened to whole hours UTC), exactly those of the rows.

        By hour and day in order of time, without the empty ones; else the dearest first, then the most called.
        "total" is always one sum, of no calls too. Raises DatabaseUnavailable.
        """
        first, end = since // HOUR_US, -(-until // HOUR_US)
        counted = (*COUNTERS, *(HISTOGRAMS if histograms else ()))
        # A sum over no rows is no row here, and zero to the reader (edge case 69).
        added: dict[Any, list[int]] = {}
        if by == "total":
            added[""] = [0] * (len(_STATUSES) + len(counted))
        async with self._database.read() as connection:
            for table, slots in _parts(by, first, end):
                for group, values in await _part(connection, table, slots, by, where, counted):
                    row = added.get(group)
                    added[group] = values if row is None else [a + b for a, b in zip(row, values, strict=True)]
        return _ordered([_sum(by, group, values) for group, values in added.items()], by)


def _parts(by: By, first: int, end: int) -> list[tuple[Table, tuple[int, int]]]:
    """Whole days from the daily sums, the hours before and after from the hourly ones."""
    first_day, end_day = -(-first // 24), end // 24
    if by == "hour" or first_day >= end_day:
        return [(usage_hourly, (first, end))]
    parts = [
        (usage_hourly, (first, first_day * 24)),
        (usage_daily, (first_day, end_day)),
        (usage_hourly, (end_day * 24, end)),
    ]
    return [(table, slots) for table, slots in parts if slots[0] < slots[1]]


async def _part(
    connection: AsyncConnection,
    table: Table,
    slots: tuple[int, int],
    by: By,
    where: UsageFilter,
    counted: tuple[str, ...],
) -> list[tuple[Any, list[int]]]:
    group: ColumnElement[Any]
    if by == "total":
        group = literal("")
    elif by == "hour":
        group = table.c.slot
    elif by == "day":
        group = table.c.slot if table is usage_daily else table.c.slot // 24
    else:
        group = table.c[_COLUMN[by]]
    status = table.c.status
    query = select(group, status, *(_added(table, name) for name in counted)).where(
        table.c.slot >= slots[0], table.c.slot < slots[1]
    )
    for name, value in msgspec.structs.asdict(where).items():
        if value is not None:
            query = query.where(table.c[name] == value)
    if by == "total" or by == "status":
        query = query.group_by(status)
    else:
        query = query.group_by(group, status)
    rows = (await connection.execute(query)).all()
    # Calls by status are told apart here: a CASE for each would be worked out for every row that is added up.
    return [(row[0], [*(row[2] if row[1] == name else 0 for name in _STATUSES), *row[2:]]) for row in rows]


def _added(table: Table, name: str) -> ColumnElement[int]:
    # PostgreSQL adds 64-bit integers up to a NUMERIC, which would come back as a Decimal.
    return cast(func.sum(table.c[name]), BigInteger)


def _sum(by: By, group: Any, values: list[int]) -> UsageSum:
    counts: dict[str, Any] = dict(zip(_COUNTED, values, strict=False))
    found = UsageSum(**counts)
    if by == "hour":
        found.at = group * HOUR_US
    elif by == "day":
        found.at = group * 24 * HOUR_US
    else:
        found.name = group
    if len(values) > len(_COUNTED):
        middle = len(_COUNTED) + histogram.SIZE
        found.latency_histogram = tuple(values[len(_COUNTED) : middle])
        found.first_token_histogram = tuple(values[middle:])
    return found


def _ordered(found: list[UsageSum], by: By) -> list[UsageSum]:
    if by in ("hour", "day"):
        return sorted(found, key=lambda item: item.at or 0)
    return sorted(found, key=lambda item: (-item.cost, -item.calls, item.name))
