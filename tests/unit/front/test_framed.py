"""A reply as messages of a socket."""

from __future__ import annotations

import asyncio
import json

import pytest

from gophergate.front.framed import FramedReply, Frames, error_frame

SSE = [(b"content-type", b"text/event-stream; charset=utf-8")]


async def told(frames: Frames) -> list[bytes]:
    frames.close()
    return await frames.next()


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_each_event_is_one_message_however_it_is_cut(size: int) -> None:
    """Law 4; comments and terminators are no messages."""
    stream = 'event: a\ndata: {"n":"ü"}\n\n: keep-alive\n\ndata: {"n":2}\n\ndata: [DONE]\n\n'.encode()
    frames = Frames(1000, 1000)
    reply, seen = FramedReply(frames), []
    reply.watch(lambda name, data: seen.append((name, data)))
    reply.start(200, SSE)
    for at in range(0, len(stream), size):
        reply.send(stream[at : at + size])
    reply.end()
    assert await told(frames) == ['{"n":"ü"}'.encode(), b'{"n":2}']
    assert [name for name, _ in seen] == [b"a", b""]


async def test_a_refusal_is_an_error_message_with_its_status_and_every_members_place() -> None:
    frames = Frames(1000, 1000)
    reply = FramedReply(frames)
    reply.start(404, [(b"content-type", b"application/json")], length=47)
    reply.send(b'{"error":{"message":"No.","code":"c","param":')
    reply.send(b"1}")
    reply.abort()
    assert json.loads((await told(frames))[0])["status"] == 500, "what broke off is told as that"

    frame = json.loads(error_frame(b'{"error":{"message":"No.","type":"t","code":"c","param":null}}', 404))
    assert frame == {
        "type": "error",
        "status": 404,
        "code": "c",
        "message": "No.",
        "param": None,
        "sequence_number": 0,
        "error": {"message": "No.", "type": "t", "code": "c", "param": None},
    }
    assert json.loads(error_frame(b"<html>", 502))["message"] == "<html>"


async def test_a_client_that_falls_behind_is_waited_for_and_in_the_end_cut_off() -> None:
    """Law 9, edge case 61."""
    frames = Frames(high_water=100, most=200)
    reply, pressure = FramedReply(frames), []
    reply.on_pressure(lambda: pressure.append("pause"), lambda: pressure.append("resume"))
    reply.start(200, SSE)
    reply.send(b"data: " + b"x" * 150 + b"\n\n")
    assert pressure == ["pause"]
    waiting = asyncio.ensure_future(reply.drain())
    await asyncio.sleep(0)
    assert not waiting.done()
    [message] = await frames.next()
    frames.sent(len(message))
    await asyncio.wait_for(waiting, 1)
    assert pressure == ["pause", "resume"]
    for _ in range(5):
        reply.send(b"data: " + b"x" * 150 + b"\n\n")
    assert not reply.gone, "nobody could have taken any of it in between"
    await asyncio.sleep(0)
    reply.send(b"data: x\n\n")
    assert reply.gone
    reply.send(b"data: x\n\n")
    assert len(await frames.next()) == 5
    assert await frames.next() == []
