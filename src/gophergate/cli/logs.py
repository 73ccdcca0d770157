"""`gophergate logs`: the request log, oldest of the last first; `--follow` goes on as calls end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from gophergate.cli.options import json_option, places, settings_from
from gophergate.cli.times import Moment, microseconds

if TYPE_CHECKING:
    from gophergate.core.call import CallRecord
    from gophergate.store.calls import Calls
    from gophergate.store.database import Database
    from gophergate.store.filters import CallFilter

POLL_SECONDS = 0.5
_STATUSES = ["ok", "error", "refused", "timeout", "client_closed"]
_HEADINGS = ("TIME", "STATUS", "HTTP", "CLIENT", "MODEL", "IN", "OUT", "COST", "MS", "ID")
_NUMBERS = ("HTTP", "IN", "OUT", "COST", "MS")
_WIDTHS = (19, 13, 4, 16, 36, 8, 8, 12, 8, 26)


@click.command("logs")
@places
@click.option("--follow", "-f", is_flag=True, help="Go on with new calls until Ctrl-C.")
@click.option("--limit", "-n", type=click.IntRange(0, 10_000), default=50, show_default=True, help="How many calls.")
@click.option("--since", type=Moment(), metavar="WHEN", help="Only calls since then: 1h, 7d, 2026-01-31, ...")
@click.option("--status", type=click.Choice(_STATUSES), help="Only calls that ended so.")
@click.option("--model", help="Only calls that this model answered.")
@click.option("--provider", help="Only calls that this provider answered.")
@click.option("--client", help="Only calls of this client.")
@click.option("--key", "key_id", help="Only calls with the key of this id.")
@json_option
def command(
    config: str | None, data: str | None, follow: bool, limit: int, client: str | None, as_json: bool, **wishes: Any
) -> None:
    """Show calls, newest last; follow them as they end."""
    from gophergate.cli.names import client_called, client_names
    from gophergate.cli.opening import opened, run
    from gophergate.store.calls import Calls

    async def work() -> None:
        async with opened(settings_from(config, data)) as at:
            client_id = (await client_called(at.database, client)).id if client is not None else None
            where = _filter(client_id, at.now(), **wishes)
            calls = Calls(at.database)
            start = (await calls.follow()).next_cursor if follow else None
            last = await newest(calls, where, limit)
            names = await client_names(at.database)
            _print_all(last, names, as_json=as_json, follow=follow)
            if follow:
                seen = {record.id for record in last}
                async with aclosing(new_calls(calls, start, where, asyncio.sleep)) as coming:
                    async for record in coming:
                        if record.id not in seen:
                            await _print_one(record, at.database, names, as_json)

    try:
        run(work())
    except KeyboardInterrupt:
        if not follow:
            raise


async def newest(calls: Calls, where: CallFilter, limit: int) -> list[CallRecord]:
    """The last `limit` calls that match, the newest last."""
    found: list[CallRecord] = []
    cursor: str | None = None
    while len(found) < limit:
        page = await calls.page(where, cursor=cursor, limit=min(500, limit - len(found)))
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return found[::-1]


async def new_calls(
    calls: Calls, cursor: str | None, where: CallFilter, sleep: Callable[[float], Awaitable[None]]
) -> AsyncGenerator[CallRecord, None]:
    """Calls that match, in the order they were written, from `cursor` on, for ever. Looks twice a second."""
    while True:
        page = await calls.follow(cursor)
        cursor = page.next_cursor
        for record in page.items:
            if matches(record, where):
                yield record
        if not page.items:
            await sleep(POLL_SECONDS)


def matches(record: CallRecord, where: CallFilter) -> bool:
    """The filter of a list, applied to a call that came by following."""
    if where.since is not None and record.started_at < where.since:
        return False
    names = ("status", "model", "provider", "client_id", "key_id")
    return all(getattr(where, name) in (None, getattr(record, name)) for name in names)


def cost_of(record: CallRecord) -> str:
    """The cost in US dollars; "unpriced" when something was used that has no price; "" when nothing was."""
    from gophergate.core.money import to_dollars

    if record.cost is not None:
        return to_dollars(record.cost)
    return "" if record.usage_source == "none" else "unpriced"


def shape(record: CallRecord) -> dict[str, object]:
    """A call as the admin API shows it: money as a decimal string, times in RFC 3339, `input` without caches."""
    import msgspec

    from gophergate.core.money import to_dollars
    from gophergate.times import rfc3339

    def dollars(cost: int | None) -> str | None:
        return None if cost is None else to_dollars(cost)

    return msgspec.structs.asdict(record) | {
        "started_at": rfc3339(record.started_at),
        "cost": dollars(record.cost),
        "usage": msgspec.to_builtins(record.usage),
        "attempts": [msgspec.structs.asdict(a) | {"cost": dollars(a.cost)} for a in record.attempts],
    }


def _filter(client_id: str | None, now: int, *, since: int | datetime | None, **wishes: Any) -> CallFilter:
    from gophergate.store.filters import CallFilter

    begin = None if since is None else microseconds(since, now=now, ahead=False)
    return CallFilter(since=begin, client_id=client_id, **wishes)


def _print_all(records: list[CallRecord], names: dict[str, str], *, as_json: bool, follow: bool) -> None:
    from gophergate.cli.printing import print_json, print_json_line, print_line, print_table

    if as_json and follow:
        for record in records:
            print_json_line(shape(record))
    elif as_json:
        print_json([shape(record) for record in records])
    elif follow:
        print_line(_HEADINGS, _WIDTHS)
        for record in records:
            print_line(_cells(record, names), _WIDTHS)
    else:
        print_table(_HEADINGS, (_cells(record, names) for record in records), numbers=_NUMBERS)


async def _print_one(record: CallRecord, database: Database, names: dict[str, str], as_json: bool) -> None:
    from gophergate.cli.names import client_names
    from gophergate.cli.printing import print_json_line, print_line

    if as_json:
        print_json_line(shape(record))
        return
    if record.client_id is not None and record.client_id not in names:
        names.update(await client_names(database))
    print_line(_cells(record, names), _WIDTHS)


def _cells(record: CallRecord, names: dict[str, str]) -> tuple[str, ...]:
    from gophergate.cli.printing import local_time

    usage = record.usage
    return (
        local_time(record.started_at),
        record.status,
        str(record.http_status),
        names.get(record.client_id or "", record.client_id or ""),
        record.model or record.model_requested,
        "" if usage is None else str(usage.total_input),
        "" if usage is None else str(usage.total_output),
        cost_of(record),
        f"{record.latency_ms:.0f}",
        record.id,
    )
