"""Coded answers given out in stretches, whatever happens between two of them (R-P2, R-F3, R-X8; laws 3, 4 and 9)."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import Callable
from typing import Any, cast

import brotli
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gophergate.errors import UpstreamBroken, UpstreamTimeout
from gophergate.transport.answer import HIGH_WATER, PushedAnswer
from gophergate.transport.base import Ask
from gophergate.transport.connection import Connection
from gophergate.transport.decode import PIECE
from gophergate.transport.inflate import STRETCH
from gophergate.transport.memory import MemoryTransport
from kit.regular import regular

PACK: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.compress,
    b"br": lambda data: bytes(brotli.compress(data, quality=4)),
    b"zstd": zstd.compress,
    b"gzip, br": lambda data: bytes(brotli.compress(gzip.compress(data, mtime=0), quality=4)),
}
MOST = STRETCH + PIECE
"""Bytes in one turn of the loop, and held beside `HIGH_WATER` for nobody."""
SAID = regular(4_000_000)
ASKED = Ask(method="GET", url="http://up.example/")


class Line:
    """Stands for a connection: notes what it is told, and how many bytes its answer gives out in a turn of the loop."""

    def __init__(self, coding: bytes) -> None:
        self.deliver: Any = None
        self.said: list[str] = []
        self.answer = PushedAnswer(cast(Connection, self), asyncio.get_running_loop().create_future())
        self.answer.begin(200, [], {}, coding)
        self.pieces: list[bytes] = []
        self.turns = [0]
        self._tick()

    def hold(self) -> None:
        self.said.append("hold")

    def read_on(self) -> None:
        self.said.append("read on")

    def close(self) -> None:
        self.said.append("close")

    def fail(self, error: BaseException) -> None:
        self.said.append("fail")
        self.answer.fail(error)

    def sink(self, data: bytes, /) -> None:
        assert data
        self.pieces.append(data)
        self.turns[-1] += len(data)

    @property
    def given(self) -> bytes:
        return b"".join(self.pieces)

    async def pouring(self, sink: Callable[[bytes], None] | None = None) -> asyncio.Task[None]:
        task = asyncio.create_task(self.answer.pour(sink or self.sink))
        await asyncio.sleep(0)
        return task

    def _tick(self) -> None:
        self.turns.append(0)
        self.ticking = asyncio.get_running_loop().call_soon(self._tick)


@pytest.mark.parametrize("coding", PACK)
async def test_what_a_single_read_inflates_to_is_given_out_in_stretches(coding: bytes) -> None:
    """R-P2: 256 kB of a socket were tens of megabytes, without a rest, and their end came with them."""
    line = Line(coding)
    pouring = await line.pouring()
    line.deliver(PACK[coding](SAID))
    line.answer.end()
    assert line.said == ["hold"]
    await pouring
    assert line.given == SAID
    assert max(line.turns) <= MOST
    assert len([turn for turn in line.turns if turn]) >= len(SAID) // MOST


async def test_reads_that_inflate_to_little_rest_together() -> None:
    """R-P2: the loop reads a socket 32 times in one of its turns, which for gzip was a tenth of a second."""
    line = Line(b"gzip")
    pouring = await line.pouring()
    said = os.urandom(4 * STRETCH)
    packed = gzip.compress(said, 1)
    for at in range(0, len(packed), HIGH_WATER):
        line.deliver(packed[at : at + HIGH_WATER])
        if line.said:
            await asyncio.sleep(0)
            assert line.said == ["hold", "read on"]
            line.said.clear()
    line.answer.end()
    await pouring
    assert line.given == said
    assert max(line.turns) <= MOST


async def test_what_rests_is_read_on_from_only_when_nobody_paused_it() -> None:
    """Edge case 61: and while it is paused, nothing more is made of what came."""
    line = Line(b"gzip")
    pouring = await line.pouring()
    line.deliver(gzip.compress(SAID))
    line.answer.pause()
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(line.given) <= MOST
    assert line.said == ["hold", "hold"]
    line.answer.resume()
    while line.given != SAID:
        await asyncio.sleep(0)
    assert line.said == ["hold", "hold", "read on"]
    line.answer.end()
    await pouring


@pytest.mark.parametrize("limit", [len(SAID), len(SAID) - 1])
async def test_nothing_is_made_for_nobody(limit: int) -> None:
    """Law 9: an answer whose end is here before its reader is not held inflated."""
    line = Line(b"br")
    line.deliver(PACK[b"br"](SAID))
    line.answer.end()
    for _ in range(3):
        await asyncio.sleep(0)
    assert line.answer._held <= HIGH_WATER + PIECE
    if limit == len(SAID):
        assert await line.answer.read(limit) == SAID
    else:
        with pytest.raises(UpstreamBroken, match="longer"):
            await line.answer.read(limit)


async def test_a_reader_that_iterates_gets_all_of_it_and_then_why_there_is_no_more() -> None:
    """Law 3: what came before a failure is told before it, however late it is made."""
    line = Line(b"zstd")
    line.deliver(PACK[b"zstd"](SAID))
    line.answer.fail(UpstreamBroken("cut"))

    async def gather() -> None:
        async for piece in line.answer:
            line.pieces.append(piece)
            assert len(piece) <= HIGH_WATER + PIECE

    with pytest.raises(UpstreamBroken, match="cut"):
        await gather()
    assert line.given == SAID


async def test_a_time_out_does_not_wait_for_a_client_that_takes_nothing() -> None:
    """R-F4: the total time runs on while paused."""
    line = Line(b"gzip")
    pouring = await line.pouring()
    line.deliver(gzip.compress(SAID))
    line.answer.pause()
    line.fail(UpstreamTimeout("too long", phase="total"))
    with pytest.raises(UpstreamTimeout):
        await pouring


async def test_an_answer_that_is_all_given_out_does_not_wait_for_its_client() -> None:
    """Its last piece filled the client's buffer, and its end has come: nothing keeps the call open."""
    line = Line(b"gzip")

    def sink(data: bytes, /) -> None:
        line.sink(data)
        line.answer.pause()

    pouring = await line.pouring(sink)
    line.deliver(gzip.compress(b"short"))
    line.answer.end()
    await pouring
    assert line.given == b"short"


@pytest.mark.parametrize("how", ["cancel", "close", "the sink closes", "the sink raises"])
@pytest.mark.parametrize("is_whole", [False, True])
async def test_giving_up_between_stretches_is_at_once(how: str, is_whole: bool) -> None:
    """R-F3: nothing more is made for whoever has gone, and a connection that serves another call is left alone."""
    line = Line(b"gzip")

    def sink(data: bytes, /) -> None:
        line.sink(data)
        if len(line.pieces) > 2 and how == "the sink closes":
            line.answer.close()
        if len(line.pieces) > 2 and how == "the sink raises":
            raise KeyError("tap")

    pouring = await line.pouring(sink)
    line.deliver(gzip.compress(SAID))
    if is_whole:
        line.answer.end()
    while len(line.pieces) < 3:
        await asyncio.sleep(0)
    if how == "cancel":
        pouring.cancel()
    elif how == "close":
        line.answer.close()
    before = len(line.pieces)
    raised = {"cancel": asyncio.CancelledError, "the sink raises": KeyError}.get(how, UpstreamBroken)
    with pytest.raises(raised):
        await pouring
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(line.pieces) <= before + 1
    assert line.answer.ended
    assert [said for said in line.said if said in ("close", "fail")] == (
        [] if is_whole else ["fail"] if how == "the sink raises" else ["close"]
    )


BLOCKS = st.lists(
    st.one_of(st.binary(max_size=50), st.integers(1, 300_000).map(lambda size: regular(size, size))), max_size=4
)
STEPS = st.lists(st.sampled_from(["turn", "pause", "resume"]), max_size=12)
ENDS = st.sampled_from(["whole", "cut", "damaged"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BLOCKS, st.sampled_from(list(PACK)), st.lists(st.floats(0, 1), max_size=4), STEPS, ENDS)
def test_any_chunking_and_any_pauses_give_the_same_bytes(
    blocks: list[bytes], coding: bytes, cuts: list[float], steps: list[str], ends: str
) -> None:
    """Law 4: and one end, after all that came before it; less comes only where a client kept a failure waiting."""
    said = b"x" + b"".join(blocks)
    packed = PACK[coding](said)
    if ends == "damaged":
        packed = packed[:-1]
    asyncio.run(_played(said, coding, packed, sorted(int(cut * len(packed)) for cut in cuts), steps, ends))


async def _played(said: bytes, coding: bytes, packed: bytes, cuts: list[int], steps: list[str], ends: str) -> None:
    line = Line(coding)
    pouring = await line.pouring()
    was_paused = is_paused = False
    todo = iter(steps)
    for begin, end in zip([0, *cuts], [*cuts, len(packed)], strict=True):
        if packed[begin:end]:
            line.deliver(packed[begin:end])
        match next(todo, "turn"):
            case "pause":
                line.answer.pause()
                is_paused = True
            case "resume":
                line.answer.resume()
                is_paused = False
            case _:
                await asyncio.sleep(0)
    if ends == "cut":
        was_paused = is_paused
        line.answer.fail(UpstreamBroken("cut"))
    else:
        line.answer.end()
    for step in todo:
        await asyncio.sleep(0)
        if step != "turn":
            (line.answer.pause if step == "pause" else line.answer.resume)()
    line.answer.resume()
    if ends == "whole":
        await pouring
    else:
        with pytest.raises(UpstreamBroken):
            await pouring
    line.ticking.cancel()
    assert max(line.turns) <= MOST
    if ends == "whole" or (ends == "cut" and not was_paused):
        assert line.given == said
    else:
        assert said.startswith(line.given)


@pytest.mark.parametrize("consume", ["iterate", "read", "pour"])
async def test_a_pulled_answer_rests_as_well(consume: str) -> None:
    """R-P2, of answers that come through a forward proxy or HTTP/2."""
    packed = gzip.compress(SAID)
    turns = 0

    def tick() -> None:
        nonlocal turns, ticking
        turns += 1
        ticking = asyncio.get_running_loop().call_soon(tick)

    async def handler(_: Ask) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        return 200, [(b"content-encoding", b"gzip")], packed

    got = await MemoryTransport(handler).send(ASKED)
    ticking = asyncio.get_running_loop().call_soon(tick)
    pieces: list[bytes] = []
    if consume == "iterate":
        async for piece in got:
            pieces.append(piece)  # noqa: PERF401 - as a caller does it
    elif consume == "read":
        pieces.append(await got.read(len(SAID)))
    else:
        await got.pour(pieces.append)
    ticking.cancel()
    assert b"".join(pieces) == SAID
    assert turns >= len(SAID) // MOST


async def test_a_pulled_answer_that_is_paused_makes_nothing_more() -> None:
    """Edge case 61: until it goes on, or its total time is over."""

    async def handler(_: Ask) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        return 200, [(b"content-encoding", b"gzip")], gzip.compress(SAID)

    got = await MemoryTransport(handler).send(ASKED)
    pieces: list[bytes] = []

    def sink(data: bytes, /) -> None:
        pieces.append(data)
        got.pause()

    pouring = asyncio.create_task(got.pour(sink))
    while not pieces:
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(pieces) == 1
    while not pouring.done():
        got.resume()
        await asyncio.sleep(0)
    assert b"".join(pieces) == SAID
