"""The ASGI twin against a server that is only messages: what uvicorn does not do in test_base.py, others may."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from gophergate.front.asgi import AsgiFront
from gophergate.front.base import Inbound, Reply
from gophergate.front.edge import Edge, EdgeLimits
from gophergate.front.forwarded import TrustedProxies
from kit.edges import PATIENCE, PLAIN, Front, Watched, echo, hello, write_error

Message = MutableMapping[str, Any]


class Call:
    """One call of the application. `inbox` is what `receive` gives; `outbox` what was sent."""

    def __init__(self, front: Front, limits: EdgeLimits | None = None, **scope: Any) -> None:
        edge = Edge(
            front, write_error, new_id=lambda: "made-up-id", limits=limits, proxies=TrustedProxies(["10.0.0.1"])
        )
        self.app = AsgiFront(edge, front.app)
        self.scope: Message = {
            "type": "http",
            "method": "POST",
            "path": "/v1/door",
            "headers": [],
            "client": ("10.0.0.1", 1),
            **scope,
        }
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        self.outbox: list[Message] = []
        self.received = 0
        self.hold: asyncio.Event | None = None
        self.fail: Exception | None = None

    def give(self, body: bytes = b"", more: bool = False) -> None:
        self.inbox.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def disconnect(self) -> None:
        self.inbox.put_nowait({"type": "http.disconnect"})

    async def receive(self) -> Message:
        self.received += 1
        return await self.inbox.get()

    async def send(self, message: Message) -> None:
        if self.fail is not None:
            raise self.fail
        if self.hold is not None and message["type"] == "http.response.body":
            await self.hold.wait()
        self.outbox.append(message)

    async def run(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.app(self.scope, self.receive, self.send)

    @property
    def status(self) -> int:
        return int(self.outbox[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.outbox[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.outbox[1:])


def front_with(door: Any) -> Front:
    front = Front("asgi")
    front.doors["POST", "/v1/door"] = door
    return front


async def test_a_small_reply_is_two_messages() -> None:
    call = Call(front_with(echo))
    call.give(b"hel", more=True)
    call.give(b"lo")
    await call.run()
    assert [message["type"] for message in call.outbox] == ["http.response.start", "http.response.body"]
    assert (call.status, call.body, call.outbox[-1]["more_body"]) == (200, b"hello", False)
    assert call.headers[b"content-length"] == b"5"


async def test_http2_is_never_told_to_close_its_connection() -> None:
    """RFC 9113, 8.2.2: such a header makes the whole reply malformed."""
    for version, told in (("1.1", True), ("2", False), ("3", False)):
        call = Call(front_with(hello), http_version=version, headers=[(b"content-length", b"9")])
        await call.run()
        assert (b"connection" in call.headers) is told


async def test_headers_may_be_any_iterable_of_pairs() -> None:
    seen: list[Inbound] = []

    async def door(inbound: Inbound, reply: Reply) -> None:
        seen.append(inbound)
        await hello(inbound, reply)

    call = Call(front_with(door), headers=([b"x-a", bytearray(b"1")], [b"x-forwarded-for", b"203.0.113.9"]))
    call.give()
    await call.run()
    assert seen[0].headers == [(b"x-a", b"1"), (b"x-forwarded-for", b"203.0.113.9")]
    assert seen[0].client == "203.0.113.9"
    assert seen[0].raw_path == b"/v1/door", "which servers may leave out"


async def test_a_server_without_a_client_address_is_served() -> None:
    call = Call(front_with(hello), client=None)
    await call.run()
    assert call.status == 200


async def test_other_kinds_of_scope_go_to_the_application() -> None:
    kinds: list[str] = []
    front = front_with(hello)

    async def app(scope: Message, receive: Any, send: Any) -> None:
        kinds.append(scope["type"])

    front.wrapped = app
    for kind in ("websocket", "lifespan"):
        await Call(front, type=kind).run()
    await Call(front, path="/elsewhere").run()
    assert kinds == ["websocket", "lifespan", "http"]


async def test_a_disconnect_inside_the_body_cancels_the_handler() -> None:
    door = Watched()
    call = Call(front_with(door), headers=[(b"content-length", b"9")])
    call.give(b"part", more=True)
    running = asyncio.ensure_future(call.run())
    await door.wait_began()
    call.disconnect()
    await running
    assert door.cancelled
    assert call.outbox == []


async def test_a_disconnect_inside_the_reply_cancels_the_handler() -> None:
    door = Watched()
    call = Call(front_with(door))
    call.give()
    running = asyncio.ensure_future(call.run())
    await door.wait_began()
    call.disconnect()
    await running
    assert door.cancelled
    assert door.reply is not None
    assert door.reply.gone


async def test_a_server_that_refuses_to_send_has_lost_its_client() -> None:
    """ASGI 2.4: `send` raises OSError after a disconnect."""
    door = Watched()
    door.go.set()
    call = Call(front_with(door))
    call.fail = OSError("gone")
    call.give()
    await call.run()
    assert door.reply is not None


async def test_a_call_that_is_cancelled_takes_its_handler_along() -> None:
    door = Watched()
    call = Call(front_with(door))
    call.give()
    running = asyncio.ensure_future(call.run())
    await door.wait_began()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert door.cancelled


async def test_a_server_that_takes_nothing_holds_the_handler_back_and_is_given_up() -> None:
    """Edge case 61, law 9."""
    sent = 0
    door = Watched()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        nonlocal sent
        reply.start(200, PLAIN)
        while True:
            reply.send(b"x" * 10_000)
            sent += 10_000
            await reply.drain()

    door.answer = answer  # type: ignore[method-assign]
    call = Call(front_with(door), EdgeLimits(write_timeout=0.1))
    call.hold = asyncio.Event()
    call.give()
    await call.run()
    assert door.cancelled
    assert sent < 200_000


async def test_no_more_is_received_than_the_handler_wants() -> None:
    """A body of any size, at the speed of who reads it; and none at all before an expected 100-continue."""
    door = Watched()
    wanted = asyncio.Event()

    async def answer(inbound: Inbound, reply: Reply) -> None:
        await wanted.wait()
        await echo(inbound, reply)

    door.answer = answer  # type: ignore[method-assign]
    for expect, before in (([], 2), ([(b"expect", b"100-Continue")], 0)):
        door.began.clear()
        wanted.clear()
        call = Call(front_with(door), headers=expect)
        for _ in range(10):
            call.give(b"x" * 60_000, more=True)
        call.give()
        running = asyncio.ensure_future(call.run())
        await door.wait_began()
        await asyncio.sleep(0.02)
        assert call.received == before
        wanted.set()
        await running
        assert len(call.body) == 600_000


async def test_an_unfinished_reply_is_left_so_for_the_server_to_see() -> None:
    async def door(inbound: Inbound, reply: Reply) -> None:
        reply.start(200, PLAIN)
        reply.send(b"part")
        await asyncio.sleep(0.01)
        reply.abort()

    call = Call(front_with(door))
    call.give()
    await call.run()
    assert call.body == b"part"
    assert call.outbox[-1]["more_body"] is True
