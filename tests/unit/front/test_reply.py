"""The HTTP/1.1 bytes of a reply, without a network. The rules all replies share are in test_base.py."""

from __future__ import annotations

import asyncio

import pytest

from gophergate.front.reply import WireReply


class Tape:
    """A connection that keeps what is written to it."""

    date_line = b"date: d\r\n"

    def __init__(self, alive: bool = True) -> None:
        self.loop = asyncio.get_running_loop()
        self.pieces: list[bytes] = []
        self.alive = alive
        self.ended: list[bool] = []
        self.broken = 0
        self.is_full = False

    def keeps_alive(self) -> bool:
        return self.alive

    @property
    def written(self) -> bytes:
        return b"".join(self.pieces)

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def full(self) -> bool:
        return self.is_full

    async def emptied(self) -> None: ...

    def reply_ended(self, keep_alive: bool) -> None:
        self.ended.append(keep_alive)

    def reply_broken(self) -> None:
        self.broken += 1


@pytest.mark.parametrize(
    ("http10", "asked", "alive", "length", "framing", "kept"),
    [
        (False, True, True, 2, b"content-length: 2\r\n", True),
        (False, True, True, None, b"transfer-encoding: chunked\r\n", True),
        (False, False, True, 2, b"content-length: 2\r\nconnection: close\r\n", False),
        (False, True, False, None, b"transfer-encoding: chunked\r\nconnection: close\r\n", False),
        (True, True, True, 2, b"content-length: 2\r\nconnection: keep-alive\r\n", True),
        (True, False, True, 2, b"content-length: 2\r\nconnection: close\r\n", False),
        (True, True, True, None, b"connection: close\r\n", False),
    ],
)
async def test_framing_and_keep_alive(
    http10: bool, asked: bool, alive: bool, length: int | None, framing: bytes, kept: bool
) -> None:
    """RFC 9112, 6 and 9.3. A request that asks to close, and a connection that is about to, count alike."""
    tape = Tape(alive)
    reply = WireReply(tape, False, http10, asked)
    reply.start(200, [(b"a", b"b")], length=length)
    reply.send(b"ok")
    reply.end()
    chunked = b"chunked" in framing
    body = b"2\r\nok\r\n0\r\n\r\n" if chunked else b"ok"
    assert tape.written == b"HTTP/1.1 200 OK\r\ndate: d\r\n" + framing + b"a: b\r\n\r\n" + body
    assert tape.ended == [kept]
    assert reply.ends_with_the_connection == (http10 and length is None)


async def test_a_small_reply_that_is_known_whole_is_one_write() -> None:
    tape = Tape()
    reply = WireReply(tape, False, False, True)
    reply.whole(200, [(b"a", b"b")], b"ok")
    assert tape.pieces == [b"HTTP/1.1 200 OK\r\ndate: d\r\ncontent-length: 2\r\na: b\r\n\r\nok"]
    assert (tape.ended, reply.started, reply.ended) == ([True], True, True)


async def test_a_chunk_size_is_hexadecimal_and_an_empty_piece_is_no_chunk() -> None:
    """An empty chunk would be the end."""
    tape = Tape()
    reply = WireReply(tape, False, False, True)
    reply.start(200, [])
    for piece in (b"", b"x" * 255, b""):
        reply.send(piece)
    reply.end()
    assert tape.written.endswith(b"\r\n\r\nff\r\n" + b"x" * 255 + b"\r\n0\r\n\r\n")


async def test_a_probe_is_passed_over_by_who_listens() -> None:
    """Before the head an interim reply, then the head, inside a chunked body a leading zero; else nothing is safe."""
    tape = Tape()
    reply = WireReply(tape, False, False, True)
    assert reply.probe() == b"HTTP/1.1 100 Continue\r\n\r\n"
    reply.start(200, [])
    assert reply.probe().startswith(b"HTTP/1.1 200 OK\r\n")
    reply.send(b"a")
    assert tape.written == b"1\r\na\r\n", "the head has gone with the probe"
    assert reply.probe() == b"0"
    reply.end()
    assert reply.probe() == b""
    assert WireReply(tape, False, True, True).probe() == b""
    counted = WireReply(tape, False, False, True)
    counted.start(200, [], length=2)
    counted.send(b"a")
    assert counted.probe() == b""


async def test_what_is_aborted_writes_nothing_more() -> None:
    tape = Tape()
    reply = WireReply(tape, False, False, True)
    reply.start(200, [])
    reply.abort()
    reply.abort()
    reply.send(b"x")
    reply.end()
    reply.client_gone()
    await asyncio.sleep(0)
    assert (tape.written, tape.broken, tape.ended) == (b"", 1, [])
    assert reply.gone


async def test_pressure_is_told_only_while_it_matters() -> None:
    tape = Tape()
    told: list[str] = []
    reply = WireReply(tape, False, False, True)
    reply.pressed()
    tape.is_full = True
    reply.on_pressure(lambda: told.append("pause"), lambda: told.append("resume"))
    reply.relieved()
    reply.start(200, [])
    reply.end()
    reply.pressed()
    reply.relieved()
    assert told == ["pause", "resume"]
