"""Calls over a WebSocket, without a server: what the connection itself decides."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from gophergate.errors import GatewayError, Unauthenticated
from gophergate.front.base import Handler, Header, Inbound, Refusal
from gophergate.front.edge import Edge
from gophergate.front.forwarded import TrustedProxies
from gophergate.front.framed import FramedReply
from gophergate.front.websocket import SocketFront, SocketLimits

SSE = [(b"content-type", b"text/event-stream")]


class NoDoors:
    def route(self, method: str, path: str) -> Handler | None:
        return None


def write_error(path: str, error: GatewayError, header: Header, request_id: str) -> Refusal:
    return error.status, [(b"content-type", b"text/plain")], error.message.encode()


class Echo:
    """Says each message back, after a turn of the loop; "break" raises, "wait" never ends."""

    async def take(self, message: bytes, reply: FramedReply) -> None:
        await asyncio.sleep(0)
        if message == b"break":
            raise RuntimeError("a defect")
        reply.start(200, SSE)
        if message == b"half":
            raise RuntimeError("a defect")
        if message == b"wait":
            await asyncio.Event().wait()
        reply.send(b"data: " + message + b"\n\n")
        reply.end()


class Wire:
    """A client: messages put into `inbox`, what it is sent in `got`."""

    def __init__(self, *, idle: float = 60.0, peer: str = "10.0.0.1", http: bool = True) -> None:
        self.inbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.got: list[MutableMapping[str, Any]] = []
        self.opened: Inbound | None = None
        self.refusal: GatewayError | None = None
        self.stirred = asyncio.Event()
        edge = Edge(NoDoors(), write_error, new_id=lambda: "new-id", proxies=TrustedProxies(["10.0.0.1"]))
        self._front = SocketFront(edge, self._open, SocketLimits(idle_timeout=idle))
        self._scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": "/v1/responses",
            "raw_path": b"/v1/responses",
            "query_string": b"",
            "headers": [(b"authorization", b"Bearer k"), (b"x-forwarded-for", b"192.0.2.7")],
            "client": (peer, 1),
            "extensions": {"websocket.http.response": {}} if http else {},
        }
        self.inbox.put_nowait({"type": "websocket.connect"})

    async def _open(self, opened: Inbound) -> Echo:
        self.opened = opened
        if self.refusal is not None:
            raise self.refusal
        return Echo()

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.got.append(message)
        self.stirred.set()

    def say(self, text: str) -> None:
        self.inbox.put_nowait({"type": "websocket.receive", "text": text})

    async def until(self, number: int) -> None:
        async with asyncio.timeout(5):
            while len(self.got) < number:
                self.stirred.clear()
                await self.stirred.wait()

    async def run(self) -> None:
        async with asyncio.timeout(5):
            await self._front(self._scope, self.inbox.get, self._send)


async def test_a_silent_connection_is_closed_but_not_while_it_is_answered() -> None:
    wire = Wire(idle=0.05)
    await wire.run()
    assert wire.got[-1] == {"type": "websocket.close", "code": 1001}

    wire = Wire(idle=0.05)
    wire.say("wait")
    running = asyncio.create_task(wire.run())
    await asyncio.sleep(0.2)
    assert not running.done()
    wire.inbox.put_nowait({"type": "websocket.disconnect"})
    await running
    assert [message["type"] for message in wire.got] == ["websocket.accept"]


async def test_a_defect_is_an_error_message_and_the_connection_stays(caplog: pytest.LogCaptureFixture) -> None:
    """Law 2: what broke off is never a clean finish."""
    wire = Wire()
    running = asyncio.create_task(wire.run())
    for number, said in enumerate(("break", "half", "well"), start=2):
        wire.say(said)
        await wire.until(number)
    wire.inbox.put_nowait({"type": "websocket.disconnect"})
    await running
    texts = [message["text"] for message in wire.got[1:]]
    assert ['"status":500' in text for text in texts] == [True, True, False]
    assert texts[2] == "well"
    assert "a defect" not in "".join(texts)
    assert len(caplog.records) == 2


async def test_a_drain_waits_for_the_answer_under_way() -> None:
    wire = Wire()
    wire.say("well")
    wire.inbox.put_nowait({"type": "websocket.drain"})
    await wire.run()
    assert [message.get("text") or message.get("code") for message in wire.got[1:]] == ["well", 1012]


@pytest.mark.parametrize("http", [True, False])
async def test_who_may_not_in_is_told_so_before_the_handshake(http: bool) -> None:
    wire = Wire(http=http)
    wire.refusal = Unauthenticated("Who are you?")
    await wire.run()
    assert [message.get("status") or message.get("body") or message.get("code") for message in wire.got] == (
        [401, b"Who are you?"] if http else [1008]
    )


@pytest.mark.parametrize(("peer", "client"), [("10.0.0.1", "192.0.2.7"), ("10.0.0.2", "10.0.0.2")])
async def test_the_caller_behind_a_trusted_proxy_is_seen(peer: str, client: str) -> None:
    wire = Wire(peer=peer)
    wire.inbox.put_nowait({"type": "websocket.disconnect"})
    await wire.run()
    assert wire.opened is not None
    assert (wire.opened.client, wire.opened.scheme, wire.opened.header(b"authorization")) == (
        client,
        "http",
        b"Bearer k",
    )
