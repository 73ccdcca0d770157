"""Webhooks over real sockets: signed, retried, guarded, bounded, on record, and taken up by the next process."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gophergate import webhooks as module
from gophergate.ids import Ids
from gophergate.secrets import Keyring, make_webhook_secret
from gophergate.store.database import Database, open_database
from gophergate.store.revision import upgrade
from gophergate.store.webhooks import DeliveryRow, WebhookRow
from gophergate.transport.deliver import deliver
from gophergate.transport.http1 import Http1Transport
from gophergate.webhooks import Webhooks
from kit.upstream import Asked, Say, Upstream, body

SECRET = make_webhook_secret()
KEYRING = Keyring(bytes(32))
SECONDS = itertools.count(1)
"""Ids follow the time, over all rooms of a test."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = await open_database(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    await upgrade(made)
    yield made
    await made.close()


@asynccontextmanager
async def room(
    database: Database, *, is_allowed: Callable[[str], bool] = lambda _: True, pauses: tuple[float, ...] = (0.0, 0.0)
) -> AsyncIterator[Webhooks]:
    """A room that delivers to the loopback too."""
    transport = Http1Transport()
    made = Webhooks(
        database,
        KEYRING,
        Ids(lambda: float(next(SECONDS)), lambda _: 0),
        send=partial(deliver, transport=transport, timeout=5.0, is_allowed=is_allowed),
        wall=lambda: 1_785_715_200.0,
        pauses=pauses,
    )
    try:
        yield made
    finally:
        await made.aclose()
        await transport.aclose()


def hook(url: str, **more: Any) -> WebhookRow:
    values: dict[str, Any] = {"id": "h", "name": "ops", "url": url, "events": ("budget",), "created_at": 1}
    sealed = KEYRING.seal(SECRET, table="webhooks", row="h", column="secret")
    return WebhookRow(**{**values, "secret_sealed": sealed, "updated_at": 1, **more})


async def ended(room: Webhooks, count: int = 1) -> list[DeliveryRow]:
    """The log, once that many deliveries have come to an end."""
    async with asyncio.timeout(10):
        while True:
            log = await room.rows.deliveries("h", before=None, limit=100)
            if len([row for row in log if row.state != "pending"]) >= count:
                return log
            await asyncio.sleep(0.01)


async def test_an_event_is_posted_signed_and_on_record(database: Database) -> None:
    async with Upstream(lambda _: body(b"")) as receiver, room(database) as hooks:
        await hooks.rows.create(hook(f"{receiver.url}/in?x=1"))
        await hooks.start()
        hooks.tell("loop", {"ignored": True})
        hooks.tell("budget", {"share": 0.8})
        (row,) = await ended(hooks)
    (asked,) = receiver.asked
    assert (asked.method, asked.target) == ("POST", "/in?x=1")
    assert json.loads(asked.body) == {
        "type": "budget",
        "timestamp": "2026-08-03T00:00:00.000Z",
        "data": {"share": 0.8},
    }
    said = asked.headers
    signed = f"{said['webhook-id']}.{said['webhook-timestamp']}.".encode() + asked.body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert said["webhook-signature"] == f"v1,{expected}"
    assert (row.state, row.attempts, row.http_status, row.id) == ("delivered", 1, 200, said["webhook-id"])
    assert row.payload.encode() == asked.body
    assert SECRET not in str(row)


async def test_failures_are_tried_again_under_the_same_id_and_then_given_up(database: Database) -> None:
    answers = iter([500, 503, 200, 500, 500, 500])

    def script(_: Asked) -> Say:
        return body(b"", status=next(answers))

    async with Upstream(script) as receiver, room(database) as hooks:
        await hooks.rows.create(hook(receiver.url))
        await hooks.start()
        hooks.tell("budget", {"n": 1})
        (first,) = await ended(hooks)
        hooks.tell("budget", {"n": 2})
        second = (await ended(hooks, 2))[0]
    assert (first.state, first.attempts, first.error) == ("delivered", 3, None)
    assert (second.state, second.attempts, second.http_status) == ("failed", 3, 500)
    assert second.error == "The receiver answered with status 500."
    assert len({asked.headers["webhook-id"] for asked in receiver.asked[:3]}) == 1


async def test_a_receiver_that_is_gone_is_asked_no_more(database: Database) -> None:
    async with Upstream(lambda _: body(b"", status=410)) as receiver, room(database) as hooks:
        await hooks.rows.create(hook(receiver.url))
        await hooks.start()
        hooks.tell("budget", {})
        (row,) = await ended(hooks)
    assert (row.state, row.attempts) == ("failed", 1)


async def test_only_public_addresses_are_told_and_redirects_are_checked_anew(database: Database) -> None:
    """R-X3: an operator's address cannot be turned against our own network, not even by its own server."""
    asked: list[str] = []

    def only_first(address: str) -> bool:
        asked.append(address)
        return len(asked) == 1

    def away(_: Asked) -> Say:
        return Say(status=307, headers=(("location", "http://127.0.0.1:1/inside"),), pieces=(b"",), framing="length")

    async with Upstream(away) as receiver:
        async with room(database, is_allowed=lambda _: False, pauses=()) as hooks:
            await hooks.rows.create(hook(receiver.url))
            await hooks.start()
            hooks.tell("budget", {})
            (row,) = await ended(hooks)
        assert row.error == f"The address '{receiver.url}' was not fetched: its name has no public address."
        assert receiver.asked == []
        async with room(database, is_allowed=only_first, pauses=()) as hooks:
            await hooks.start()
            hooks.tell("budget", {})
            row = (await ended(hooks, 2))[0]
    assert len(receiver.asked) == 1
    assert row.error == "The address 'http://127.0.0.1:1' was not fetched: its name has no public address."


async def test_what_is_not_delivered_is_taken_up_by_the_next_process(database: Database) -> None:
    async with room(database, is_allowed=lambda _: False, pauses=(60.0,)) as hooks:
        await hooks.rows.create(hook("http://127.0.0.1:1"))
        await hooks.start()
        hooks.tell("budget", {"n": 1})
        async with asyncio.timeout(10):
            while not (log := await hooks.rows.deliveries("h", before=None, limit=9)) or not log[0].attempts:
                await asyncio.sleep(0.01)
    async with Upstream(lambda _: body(b"")) as receiver, room(database) as hooks:
        await hooks.rows.change(hook(receiver.url))
        await hooks.start()
        (row,) = await ended(hooks)
    assert (row.state, row.attempts) == ("delivered", 2)


async def test_a_full_queue_drops_and_counts_and_nobody_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    async with room(database, is_allowed=lambda _: False, pauses=(60.0,)) as hooks:
        await hooks.rows.create(hook("http://127.0.0.1:1", events=("*",)))
        await hooks.start()
        for _ in range(5):
            hooks.tell("loop", {})
        assert hooks.dropped["h"] == 2


async def test_the_log_keeps_the_newest(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gophergate.store.webhooks.KEPT", 5)
    async with room(database) as hooks:
        await hooks.rows.create(hook("http://127.0.0.1:1"))
        for number in range(12):
            row = DeliveryRow(
                id=f"{number:03}", webhook_id="h", event="budget", state="failed", payload="{}", created_at=number
            )
            await hooks.rows.put(row)
        log = await hooks.rows.deliveries("h", before=None, limit=100)
    assert [row.id for row in log] == ["011", "010", "009", "008", "007"]
