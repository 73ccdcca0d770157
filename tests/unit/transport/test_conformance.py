"""One suite over every transport: what `base.py` promises holds for all of them.

Each way serves the same `Plan`; the real ones over sockets, the in-memory twin from a function.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from gophergate.errors import UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from gophergate.transport.base import Answer, Ask, RawHeaders, Timeouts, Transport
from gophergate.transport.choose import ProxyRules, RoutedTransport
from gophergate.transport.http1 import Http1Transport
from gophergate.transport.memory import MemoryTransport
from gophergate.transport.proxy import ProxyTransport
from kit.certificates import Authority
from kit.forward import ForwardProxy
from kit.hostile import HostileServer, Peer

TIMES = Timeouts(connect=20, first_byte=40, idle=40, total=60)


@dataclass
class Plan:
    """What the other side does: waits, answers, sends pieces with `between` seconds apart, and then `ends`."""

    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"text/plain"), (b"x-a", b"b"))
    pieces: tuple[bytes, ...] = (b"hello ", b"world")
    silence: float = 0.0
    between: float = 0.0
    ends: str = "well"
    """well | cut | never"""


@dataclass
class World:
    """A transport, where to ask, and what was seen there."""

    url: str
    plan: Plan = field(default_factory=Plan)
    transport: Transport = None  # type: ignore[assignment]
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, ask: Ask | None = None) -> Answer:
        return await self.transport.send(ask or self.ask())

    def ask(self, method: str = "POST", body: bytes = b"{}", times: Timeouts = TIMES) -> Ask:
        return Ask(method=method, url=self.url, headers=((b"x-in", b"1"),), body=body, timeouts=times)

    async def script(self, peer: Peer) -> None:
        """The plan over a socket."""
        try:
            await self._serve(peer)
        except ConnectionError:  # It went while we were sending.
            self.gone.set()

    async def _serve(self, peer: Peer) -> None:
        while True:
            got = await peer.request()
            self.seen.append((got.method, got.body))
            plan = self.plan
            await self._or_gone(peer, plan.silence)
            bodyless = got.method == "HEAD" or plan.status in (204, 304)
            fields = b"".join(name + b": " + value + b"\r\n" for name, value in plan.headers)
            framing = b"" if bodyless else b"transfer-encoding: chunked\r\n"
            await peer.send(b"HTTP/1.1 %d X\r\n%b%b\r\n" % (plan.status, fields, framing))
            if bodyless:
                continue
            for piece in plan.pieces:
                await peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))
                await self._or_gone(peer, plan.between)
            if plan.ends == "cut":
                return
            if plan.ends == "never":
                await self._or_gone(peer, 10)
            await peer.send(b"0\r\n\r\n")

    async def _or_gone(self, peer: Peer, seconds: float) -> None:
        """Wait, unless the client goes first, which is what some tests are about."""
        if not seconds:
            return
        watching = asyncio.create_task(peer.gone())
        try:
            done, _ = await asyncio.wait([watching], timeout=seconds)
        finally:
            watching.cancel()
            await asyncio.wait([watching])
        if done:
            self.gone.set()
            raise EOFError

    async def handler(self, ask: Ask) -> tuple[int, RawHeaders, AsyncIterator[bytes]]:
        """The plan as a function."""
        self.seen.append((ask.method, ask.body))
        plan = self.plan
        try:
            await asyncio.sleep(plan.silence)
        except asyncio.CancelledError:
            self.gone.set()
            raise

        async def pieces() -> AsyncIterator[bytes]:
            try:
                for piece in plan.pieces:
                    yield piece
                    await asyncio.sleep(plan.between)
                if plan.ends == "cut":
                    raise UpstreamBroken("cut")
                if plan.ends == "never":
                    await asyncio.sleep(10)
            except (asyncio.CancelledError, GeneratorExit):
                self.gone.set()
                raise

        return plan.status, plan.headers, pieces()


Ways = Callable[[AsyncExitStack, Authority], "AsyncIterator[World]"]


async def over_http1(stack: AsyncExitStack, authority: Authority) -> World:
    world = World("")
    server = await stack.enter_async_context(HostileServer(world.script))
    world.url, world.transport = server.url("/v1"), Http1Transport()
    return world


async def over_tls(stack: AsyncExitStack, authority: Authority) -> World:
    world = World("")
    tls, _ = authority.server("localhost")
    server = await stack.enter_async_context(HostileServer(world.script, tls=tls))
    world.url, world.transport = server.url("/v1", "localhost"), Http1Transport(ca_file=authority.ca_file)
    return world


async def over_httpx(stack: AsyncExitStack, authority: Authority) -> World:
    world = World("")
    server = await stack.enter_async_context(HostileServer(world.script))
    world.url, world.transport = server.url("/v1"), ProxyTransport(ProxyRules({}))
    return world


async def over_forward_proxy(stack: AsyncExitStack, authority: Authority) -> World:
    world = World("http://api.example/v1")
    server = await stack.enter_async_context(HostileServer(world.script))
    proxy = await stack.enter_async_context(HostileServer(ForwardProxy(server.port)))
    world.transport = ProxyTransport(ProxyRules({"http": proxy.url()}))
    return world


async def over_tunnel(stack: AsyncExitStack, authority: Authority) -> World:
    world = World("https://api.example/v1")
    tls, _ = authority.server("api.example")
    server = await stack.enter_async_context(HostileServer(world.script, tls=tls))
    proxy = await stack.enter_async_context(HostileServer(ForwardProxy(server.port)))
    rules = ProxyRules({"https": proxy.url()})
    world.transport = RoutedTransport(Http1Transport(), lambda: ProxyTransport(rules, ca_file=authority.ca_file), rules)
    return world


async def in_memory(stack: AsyncExitStack, authority: Authority) -> World:
    world = World("https://api.example/v1")
    world.transport = MemoryTransport(world.handler)
    return world


@pytest.fixture(
    params=[over_http1, over_tls, over_httpx, over_forward_proxy, over_tunnel, in_memory],
    ids=lambda way: way.__name__,
)
async def world(request: pytest.FixtureRequest, authority: Authority) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        made: World = await request.param(stack, authority)
        yield made
        await made.transport.aclose()


async def poured(answer: Answer) -> bytes:
    pieces: list[bytes] = []
    await answer.pour(pieces.append)
    return b"".join(pieces)


async def iterated(answer: Answer) -> bytes:
    return b"".join([piece async for piece in answer])


async def read(answer: Answer) -> bytes:
    return await answer.read(10_000_000)


ways_to_consume = pytest.mark.parametrize("consume", [read, iterated, poured])
Consume = Callable[[Answer], "asyncio.Future[bytes]"]


@ways_to_consume
@pytest.mark.parametrize("between", [0.0, 0.01])
async def test_head_and_body_arrive(world: World, consume: Consume, between: float) -> None:
    world.plan = Plan(status=418, between=between)
    for body in (b"", b"{}", b"x" * 300_000):
        async with await world.send(world.ask(body=body)) as answer:
            assert answer.status == 418
            assert answer.header(b"content-type") == b"text/plain"
            assert answer.header(b"x-none") is None
            assert (b"x-a", b"b") in list(answer.headers)
            assert await consume(answer) == b"hello world"
    assert world.seen == [("POST", b""), ("POST", b"{}"), ("POST", b"x" * 300_000)]


@ways_to_consume
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_answers_without_body(world: World, consume: Consume, method: str, status: int) -> None:
    world.plan = Plan(status=status)
    for _ in range(2):
        async with await world.send(world.ask(method, b"")) as answer:
            assert answer.status == status
            assert await consume(answer) == b""


@ways_to_consume
async def test_an_empty_body(world: World, consume: Consume) -> None:
    world.plan = Plan(pieces=())
    async with await world.send() as answer:
        assert await consume(answer) == b""


@ways_to_consume
async def test_codings_are_undone(world: World, consume: Consume) -> None:
    packed = gzip.compress(b"text " * 5000)
    pieces = tuple(packed[at : at + 7] for at in range(0, len(packed), 7))
    world.plan = Plan(headers=((b"content-encoding", b"gzip"), (b"x-a", b"b")), pieces=pieces)
    async with await world.send() as answer:
        assert answer.header(b"content-encoding") is None
        assert answer.header(b"x-a") == b"b"
        assert await consume(answer) == b"text " * 5000


@ways_to_consume
async def test_a_body_that_is_cut_is_broken(world: World, consume: Consume) -> None:
    """Law 3."""
    world.plan = Plan(ends="cut", between=0.01)
    answer = await world.send()
    with pytest.raises(UpstreamBroken):
        await consume(answer)


async def test_read_is_bounded(world: World) -> None:
    async with await world.send() as answer:
        with pytest.raises(UpstreamBroken):
            await answer.read(10)


async def test_a_body_is_consumed_once(world: World) -> None:
    async with await world.send() as answer:
        assert await read(answer) == b"hello world"
        with pytest.raises(RuntimeError):
            await answer.read(100)
        with pytest.raises(RuntimeError):
            await poured(answer)
        with pytest.raises(RuntimeError):
            aiter(answer)


async def test_concurrent_calls(world: World) -> None:
    async def call() -> bytes:
        async with await world.send() as answer:
            return await read(answer)

    assert await asyncio.gather(*(call() for _ in range(20))) == [b"hello world"] * 20


async def test_a_paused_answer_pushes_nothing_and_does_not_time_out(world: World) -> None:
    """R-F4, edge case 61: beyond what had arrived, nothing comes until `resume`."""
    world.plan = Plan(pieces=(b"x" * 1000,) * 20, between=0.02)
    answer = await world.send(world.ask(times=Timeouts(connect=2, first_byte=2, idle=0.25, total=9)))
    received = 0

    def sink(data: bytes, /) -> None:
        nonlocal received
        received += len(data)

    async with answer:
        answer.pause()
        pouring = asyncio.create_task(answer.pour(sink))
        await asyncio.sleep(0.1)
        held = received
        await asyncio.sleep(0.5)
        assert received == held < 10_000
        assert not pouring.done()
        answer.resume()
        await pouring
        assert received == 20_000


@pytest.mark.parametrize("phase", ["first_byte", "idle", "total", "total before the head"])
async def test_each_time_out_names_its_phase(world: World, phase: str) -> None:
    """R-F4."""
    await read(await world.send())  # Trust is read and the connection made in no hurry.
    if phase == "first_byte":
        world.plan = Plan(silence=5)
        times = Timeouts(connect=2, first_byte=0.15, idle=5, total=9)
    elif phase == "idle":
        world.plan = Plan(ends="never")
        times = Timeouts(connect=2, first_byte=5, idle=0.15, total=9)
    elif phase == "total":
        world.plan = Plan(pieces=(b"x",) * 100, between=0.02)
        times = Timeouts(connect=2, first_byte=5, idle=5, total=0.3)
    else:
        world.plan = Plan(silence=5)
        times = Timeouts(connect=2, first_byte=5, idle=5, total=0.2)
    with pytest.raises(UpstreamTimeout) as caught:
        await read(await world.send(world.ask(times=times)))
    assert caught.value.phase == phase.split(" ")[0]
    await asyncio.wait_for(world.gone.wait(), 1)


@pytest.mark.parametrize("moment", ["head", "body"])
async def test_cancelling_reaches_the_other_side_within_a_second(world: World, moment: str) -> None:
    """R-F3."""
    world.plan = Plan(silence=5) if moment == "head" else Plan(ends="never")

    async def call() -> None:
        async with await world.send() as answer:
            await read(answer)

    calling = asyncio.create_task(call())
    while not world.seen:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    await asyncio.wait_for(world.gone.wait(), 1)


@pytest.mark.parametrize("how", ["close", "scope", "break", "close under way"])
async def test_giving_up_reaches_the_other_side_within_a_second(world: World, how: str) -> None:
    """R-F3."""
    world.plan = Plan(ends="never")
    answer = await world.send()
    if how == "close":
        answer.close()
    elif how == "scope":
        async with answer:
            pass
    elif how == "break":
        async with answer:
            async for _ in answer:
                break
    else:
        pouring = asyncio.create_task(poured(answer))
        await asyncio.sleep(0.05)
        answer.close()
        with pytest.raises(UpstreamBroken):
            await pouring
    answer.close()
    answer.pause()
    answer.resume()
    begun = how not in ("close", "scope")
    if begun or not isinstance(world.transport, MemoryTransport):  # A generator never begun has nothing to be told.
        await asyncio.wait_for(world.gone.wait(), 1)


async def test_what_a_sink_raises_comes_out(world: World) -> None:
    world.plan = Plan(ends="never")

    def sink(data: bytes, /) -> None:
        raise KeyError("tap")

    answer = await world.send()
    with pytest.raises(KeyError):
        await answer.pour(sink)
    await asyncio.wait_for(world.gone.wait(), 1)


@pytest.mark.parametrize("field", [(b"x", b"a\r\nb: c"), (b"host", b"evil"), (b"content-length", b"0")])
async def test_requests_that_could_not_be_written_are_not_sent(world: World, field: tuple[bytes, bytes]) -> None:
    """R-X8."""
    with pytest.raises(ValueError):
        await world.send(Ask(method="GET", url=world.url, headers=(field,)))
    with pytest.raises(ValueError):
        await world.send(Ask(method="GET", url=world.url + "/\r\n"))
    assert world.seen == []


async def test_closing_the_transport_ends_calls_and_refuses_new_ones(world: World) -> None:
    world.plan = Plan(ends="never")
    reading = asyncio.create_task(read(await world.send()))
    await asyncio.sleep(0.05)
    await world.transport.aclose()
    with pytest.raises(UpstreamBroken):
        await reading
    with pytest.raises(UpstreamUnreachable):
        await world.send()
    assert world.transport.statistics()["open"] == 0


async def test_statistics_tell_the_same_names(world: World) -> None:
    async with await world.send() as answer:
        await read(answer)
    assert {"open", "idle", "waiting"} <= world.transport.statistics().keys()
