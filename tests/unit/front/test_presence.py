"""Clients that go, half go, or read slowly, over both adapters (see test_base.py)."""

from __future__ import annotations

import asyncio

import pytest

from gophergate.errors import ClientGone
from gophergate.front.base import Inbound, Reply
from gophergate.front.edge import EdgeLimits
from kit.edges import PLAIN, Front, Watched, hello, lane_only, post, running

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop", "asyncio"])

# -- the client goes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_client_that_goes_at_any_byte_of_its_request_leaves_nothing_behind(front: Front, how: str) -> None:
    """Edge case 57. Whatever had begun is cancelled; `running` asserts that nothing is left."""
    doors: list[Watched] = []

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        doors.append(Watched())
        await doors[-1](inbound, reply)

    request = post("/v1/door", b"12345")
    for at in range(len(request) + 1):
        client = await front.connect()
        await client.send(request[:at])
        await asyncio.sleep(0)
        if how == "reset":
            client.reset()
        else:
            await client.close()
    await front.quiet()
    assert len(doors) > 1
    for watched in doors:
        await watched.wait_over()
        assert watched.cancelled
        assert watched.reply is not None
        assert watched.reply.gone


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_client_that_goes_at_any_byte_of_its_reply_is_noticed(front: Front, how: str) -> None:
    """Edge case 57. The stream has no end of its own, so only the client's going can end the handler."""
    doors: list[Watched] = []

    async def endless(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, [])
        while True:
            reply.send(b"0123456789")
            await asyncio.sleep(0.001)

    @front.door("/v1/door")
    async def door(inbound: Inbound, reply: Reply) -> None:
        doors.append(Watched())
        doors[-1].answer = endless  # type: ignore[method-assign]
        await doors[-1](inbound, reply)

    for at in range(0, 150, 3):
        client = await front.connect()
        await client.send(post("/v1/door"))
        if at:
            await asyncio.wait_for(client.reader.readexactly(at), 5)
        if how == "reset":
            client.reset()
        else:
            await client.close()
    await front.quiet()
    assert all(watched.cancelled and watched.reply.gone for watched in doors if watched.reply)


async def test_a_callback_takes_the_place_of_the_cancellation(front: Front) -> None:
    """R-F3: a call may go on draining its upstream after its client has gone."""
    called = asyncio.Event()
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(called.set)
        reply.start(200, [])
        reply.send(b"x")
        await called.wait()
        reply.send(b"into the void")
        reply.end()
        reply.start(200, [])
        reply.abort()
        await reply.drain()
        await asyncio.sleep(0.01)

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect()
    await client.send(post("/v1/door"))
    await door.wait_began()
    client.reset()
    await door.wait_over()
    assert not door.cancelled
    assert door.error is None
    assert door.reply is not None
    assert door.reply.gone


async def test_taking_the_callback_back_restores_the_cancellation(front: Front) -> None:
    calls: list[str] = []
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(lambda: calls.append("called"))
        reply.on_gone(None)
        await asyncio.sleep(30)

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect()
    await client.send(post("/v1/door"))
    await door.wait_began()
    client.reset()
    await door.wait_over()
    assert door.cancelled
    assert not calls


async def test_a_callback_set_after_the_client_has_gone_is_called_at_once(front: Front) -> None:
    calls: list[str] = []
    first = asyncio.Event()
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(first.set)
        await first.wait()
        reply.on_gone(lambda: calls.append("second"))

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect()
    await client.send(post("/v1/door"))
    await door.wait_began()
    client.reset()
    await door.wait_over()
    assert calls == ["second"]


async def test_who_awaits_the_body_of_a_client_that_goes_is_told_so(front: Front) -> None:
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(lambda: None)
        await inbound.body()

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect()
    await client.send(post("/v1/door", b"123456")[:-3])
    await door.wait_began()
    await client.close()
    await door.wait_over()
    assert isinstance(door.error, ClientGone)


@pytest.mark.parametrize("kind", ["at once", "later", "streamed", "pipelined"])
async def test_a_client_that_shuts_its_sending_half_still_gets_its_answer(
    adapter: str, front: Front, kind: str
) -> None:
    lane_only(adapter, "half-closed")

    @front.door("/v1/later")
    async def later(inbound: Inbound, reply: Reply) -> None:
        await asyncio.sleep(0.15)
        await hello(inbound, reply)

    @front.door("/v1/slowly")
    async def slowly(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, PLAIN)
        for piece in (b"h", b"el", b"lo"):
            reply.send(piece)
            await asyncio.sleep(0.05)
        reply.end()

    front.doors["POST", "/v1/hello"] = hello
    path = {"at once": "/v1/hello", "later": "/v1/later", "streamed": "/v1/slowly", "pipelined": "/v1/later"}[kind]
    count = 3 if kind == "pipelined" else 1
    client = await front.connect()
    await client.send(post(path) * count)
    client.shut()
    for _ in range(count):
        got = await client.reply()
        assert (got.body, got.whole) == (b"hello", True)
    assert await client.ended()


# -- back-pressure -----------------------------------------------------------------------------------------------------


async def test_a_slow_reader_gets_back_pressure(front: Front) -> None:
    """Edge case 61, law 9: what waits for a slow client stays near the high-water mark."""
    told: list[str] = []
    sent = 0
    piece = b"x" * 16_384
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        nonlocal sent
        reply.on_pressure(lambda: told.append("pause"), lambda: told.append("resume"))
        reply.start(200, PLAIN)
        for _ in range(1000):
            reply.send(piece)
            sent += len(piece)
            await reply.drain()
            await asyncio.sleep(0)
        reply.end()

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect()
    await client.send(post("/v1/door"))
    await door.wait_began()
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.05)
    assert sent < 12_000_000, "the sender waits (the system's own buffers hold some megabytes)"
    assert told[-1] == "pause"
    got = await client.reply()
    assert (len(got.body), got.whole) == (16_384_000, True)
    assert told[-1] == "resume"
    assert told[::2] == ["pause"] * len(told[::2])
    assert told[1::2] == ["resume"] * len(told[1::2])


async def test_who_registers_under_pressure_is_paused_at_once_and_resumed_when_the_client_goes(front: Front) -> None:
    """Whoever was paused would otherwise wait for ever, and hold its upstream."""
    told: list[str] = []
    gone = asyncio.Event()
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        reply.on_gone(gone.set)
        reply.start(200, PLAIN)
        for _ in range(2):  # one piece the stock server takes whatever its size; the system's own buffers take four
            reply.send(b"x" * 6_000_000)
            await asyncio.sleep(0.02)
        reply.on_pressure(lambda: told.append("pause"), lambda: told.append("resume"))
        door.go.set()
        await gone.wait()

    door.answer = answer  # type: ignore[method-assign]
    front.doors["POST", "/v1/door"] = door
    client = await front.connect(slow=True)
    await client.send(post("/v1/door"))
    await asyncio.wait_for(door.go.wait(), 5)
    assert told == ["pause"]
    client.reset()
    await door.wait_over()
    assert told == ["pause", "resume"]


async def test_who_sends_on_regardless_of_pressure_is_cut_off(adapter: str) -> None:
    """Law 9: every buffer has a bound and a stated full-policy."""
    async with running(adapter, limits=EdgeLimits(max_backlog=1_000_000)) as front:
        door = Watched()

        async def answer(inbound: Inbound, reply: Reply) -> None:
            reply.start(200, PLAIN)
            while True:
                reply.send(b"x" * 100_000)
                await asyncio.sleep(0)

        door.answer = answer  # type: ignore[method-assign]
        front.doors["POST", "/v1/door"] = door
        client = await front.connect(slow=True)
        await client.send(post("/v1/door"))
        await door.wait_over()
        assert door.cancelled
        client.reset()


async def test_what_is_told_at_once_may_be_large(adapter: str) -> None:
    """Law 9, edge case 61: a picture told four times over in one turn of the loop (Responses) was taken for a client
    that reads too little."""
    async with running(adapter, limits=EdgeLimits(max_backlog=1_000_000)) as front:

        @front.door("/v1/door")
        async def answer(inbound: Inbound, reply: Reply) -> None:
            reply.start(200, PLAIN)
            for _ in range(4):
                reply.send(b"x" * 3_000_000)
            reply.end()

        got = await front.ask(post("/v1/door"), "POST")
        assert (got.whole, len(got.body)) == (True, 12_000_000)


async def test_a_client_that_stops_reading_is_cut_off(adapter: str) -> None:
    """Edge case 61: for a while it is waited for, but not for ever."""
    async with running(adapter, limits=EdgeLimits(write_timeout=0.2)) as front:
        door = Watched()

        async def answer(inbound: Inbound, reply: Reply) -> None:
            reply.start(200, PLAIN)
            while True:
                reply.send(b"x" * 65_536)
                await reply.drain()
                await asyncio.sleep(0)

        door.answer = answer  # type: ignore[method-assign]
        front.doors["POST", "/v1/door"] = door
        client = await front.connect(slow=True)
        await client.send(post("/v1/door"))
        await door.wait_over()
        assert door.cancelled
        client.reset()
