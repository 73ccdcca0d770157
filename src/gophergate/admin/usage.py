"""Usage from the roll-ups: sums by time or by who, and the same of the period before to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from fastapi import Query

from gophergate.admin.desk import AtDesk, Desk
from gophergate.admin.shapes import Id, Moment, Money, Shown, Time, microseconds
from gophergate.core.call import Status
from gophergate.errors import BadRequest
from gophergate.store.attribution import LONGEST_DAYS, Attributions
from gophergate.store.clients import Clients
from gophergate.store.keys import Keys
from gophergate.store.rollups import HOUR_US
from gophergate.store.usage import UsageFilter, Usages, UsageSum
from gophergate.store.users import Users

By = Literal[
    "total",
    "hour",
    "day",
    "model",
    "provider",
    "client",
    "key",
    "team",
    "user",
    "organisation",
    "status",
    "end_user",
    "session",
    "tag",
]
_DAY = 24 * HOUR_US
_LONGEST = 732 * _DAY


class UsageShown(Shown):
    """What some calls used together. `at` is set by hour and by day, `id` and `name` by all else. `cost` holds what has
    a price; `unpriced` counts the calls that used something without one."""

    at: Moment | None = None
    id: str = ""
    name: str = ""
    calls: int
    ok: int
    error: int
    refused: int
    timeout: int
    client_closed: int
    unpriced: int
    estimated: int
    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    audio_input: int
    image_input: int
    output: int
    audio_output: int
    image_output: int
    reasoning: int
    cost: Money
    provider_cost: Money
    latency_ms_mean: float | None
    latency_ms_p50: float | None
    latency_ms_p95: float | None
    latency_ms_p99: float | None
    first_token_ms_mean: float | None
    first_token_ms_p50: float | None
    first_token_ms_p95: float | None


class UsageAnswer(Shown):
    """The sums, and their total; by end user, session or tag the thousand dearest. `previous` is the total of the
    period of the same length before, where asked for."""

    by: By
    since: Moment
    until: Moment
    items: list[UsageShown]
    total: UsageShown
    previous: UsageShown | None = None


async def get(
    desk: AtDesk,
    by: By = "total",
    since: Annotated[Time | None, Query(description="By default a day before `until`.")] = None,
    until: Annotated[Time | None, Query(description="By default now.")] = None,
    client_id: Id | None = None,
    key_id: Id | None = None,
    team_id: Id | None = None,
    user_id: Id | None = None,
    organisation_id: Id | None = None,
    model: Annotated[str | None, Query(max_length=320)] = None,
    provider: Annotated[str | None, Query(max_length=64)] = None,
    status: Status | None = None,
    tag: Annotated[str | None, Query(max_length=64, description="Whose values to tell apart, by tag.")] = None,
    compare: Annotated[bool, Query(description="Also the total of the period before.")] = False,
) -> UsageAnswer:
    """What calls used, widened to whole hours UTC: exactly the sums of the rows. By end user, session and tag (whose
    name is given beside) it is read from the calls, at most 92 days of them."""
    end = microseconds(until) or desk.now()
    begin = microseconds(since)
    begin = end - _DAY if begin is None else begin
    if begin >= end:
        raise BadRequest("'since' must be before 'until'.", param="since")
    if end - begin > _LONGEST:
        raise BadRequest("At most two years at once.", param="since")
    begin, end = begin - begin % HOUR_US, -(-end // HOUR_US) * HOUR_US
    where = UsageFilter(
        client_id=client_id,
        key_id=key_id,
        team_id=desk.team or team_id,
        user_id=user_id,
        organisation_id=organisation_id,
        model=model,
        provider=provider,
        status=status,
    )
    usages = Usages(desk.rooms.database)
    if (by == "tag") != (tag is not None):
        raise BadRequest("'tag' is the name of a tag, for the usage by tag and no other.", param="tag")
    if by == "end_user" or by == "session" or by == "tag":
        if end - begin > LONGEST_DAYS * _DAY:
            raise BadRequest(f"By {by.replace('_', ' ')} at most {LONGEST_DAYS} days at once.", param="since")
        attributions = Attributions(desk.rooms.database, desk.rooms.calls)
        sums = await attributions.sums(by, tag=tag or "", since=begin, until=end, where=where)
    else:
        sums = await usages.sums(by, since=begin, until=end, where=where, histograms=True)
    (total,) = (
        sums if by == "total" else await usages.sums("total", since=begin, until=end, where=where, histograms=True)
    )
    previous = None
    if compare:
        (previous,) = await usages.sums("total", since=begin - (end - begin), until=begin, where=where, histograms=True)
    names = await _names(desk, by)
    return UsageAnswer(
        by=by,
        since=begin,
        until=end,
        items=[shown(row, names) for row in sums],
        total=shown(total, {}),
        previous=None if previous is None else shown(previous, {}),
    )


def shown(row: UsageSum, names: Mapping[str, str]) -> UsageShown:
    """A sum as the API shows it."""
    value = msgspec.structs.asdict(row)
    for name in ("latency_histogram", "first_token_histogram", "latency_us", "first_tokens", "first_token_us", "name"):
        del value[name]
    return UsageShown(
        **value,
        id=row.name,
        name=names.get(row.name, row.name),
        latency_ms_mean=row.latency_us / row.calls / 1000 if row.calls else None,
        latency_ms_p50=row.latency_ms(0.5),
        latency_ms_p95=row.latency_ms(0.95),
        latency_ms_p99=row.latency_ms(0.99),
        first_token_ms_mean=row.first_token_us / row.first_tokens / 1000 if row.first_tokens else None,
        first_token_ms_p50=row.first_token_ms(0.5),
        first_token_ms_p95=row.first_token_ms(0.95),
    )


async def _names(desk: Desk, by: By) -> Mapping[str, str]:
    database = desk.rooms.database
    match by:
        case "client":
            return {row.id: row.name for row in await Clients(database).page(limit=100_000)}
        case "key":
            return {row.id: f"{row.name} ...{row.last4}" for row in await Keys(database).page(limit=100_000)}
        case "team":
            return {row.id: row.name for row in await Clients(database).teams()}
        case "organisation":
            return {row.id: row.name for row in await Clients(database).organisations()}
        case "user":
            return {row.id: row.username for row in await Users(database).page(limit=100_000)}
        case _:
            return {}
