"""The load generator for streams and latencies: raw sockets on uvloop, counting what arrives. Non-streamed load is
wrk's where it is installed."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import msgspec

from gatebench.contenders import KEY

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
"""Doors: the provider's own dialect, and another one, from which every call and answer is translated."""


def request(*, stream: bool, door: str = CHAT, model: str = "bench/bench") -> bytes:
    """A call of about 0.3 kB that asks the same at either door."""
    system = "You are a helpful assistant."
    messages = [
        {"role": "user", "content": "Say something about foxes and dogs, in a hundred words or less, please. " * 2}
    ]
    words: dict[str, Any] = {"model": model}
    if door == CHAT:
        words["messages"] = [{"role": "system", "content": system}, *messages]
    else:
        words |= {"max_tokens": 512, "system": system, "messages": messages}
    body = msgspec.json.encode(words | {"stream": stream})
    return (
        b"POST %s HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        b"authorization: Bearer %s\r\ncontent-length: %d\r\n\r\n%s" % (door.encode(), KEY.encode(), len(body), body)
    )


class Client(asyncio.Protocol):
    """One connection, one call at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._done: asyncio.Future[None] | None = None
        self._seen = b""
        self._until = b""
        self.first_at = 0.0
        self.bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionError("closed before the end"))

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        seen = self._seen + data
        if not self.first_at and b"\r\n\r\n" in seen and not seen.endswith(b"\r\n\r\n"):
            self.first_at = time.perf_counter()
        if self._done is not None and not self._done.done():
            if b" 200 " not in seen[:16] and self._seen == b"":
                self._done.set_exception(ConnectionError(seen[:300].decode("latin-1")))
            elif self._until in seen[-len(data) - 16 :]:
                self._done.set_result(None)
        self._seen = seen[-64:] if self._until != b"\x00" else seen

    async def call(self, raw: bytes, until: bytes) -> tuple[float, float]:
        """Seconds to the first body byte and to the end of one call; `until` ends its answer."""
        assert self.transport is not None
        self._seen, self._until, self.first_at = b"", until, 0.0
        self._done = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self.transport.write(raw)
        await self._done
        return (self.first_at or time.perf_counter()) - began, time.perf_counter() - began


async def connect(port: int) -> Client:
    """A connected client."""
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    return client


async def streams(port: int, concurrent: int, rounds: int, door: str = CHAT) -> int:
    """Run `rounds` calls on each of `concurrent` connections, all streaming; the number of whole streams."""
    clients = [await connect(port) for _ in range(concurrent)]
    raw = request(stream=True, door=door)

    async def worker(client: Client) -> int:
        for _ in range(rounds):
            await client.call(raw, b"\r\n0\r\n\r\n")
        return rounds

    done = await asyncio.gather(*(worker(client) for client in clients))
    for client in clients:
        assert client.transport is not None
        client.transport.close()
    return sum(done)


async def wholes(port: int, concurrent: int, calls: int, door: str = CHAT) -> list[float]:
    """`calls` non-streamed calls over `concurrent` connections; seconds of each."""
    raw = request(stream=False, door=door)
    until = b"}}}" if door == CHAT else b"}}"
    clients = [await connect(port) for _ in range(concurrent)]
    taken: list[float] = []
    left = calls

    async def worker(client: Client) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            taken.append((await client.call(raw, until))[1])

    await asyncio.gather(*(worker(client) for client in clients))
    for client in clients:
        assert client.transport is not None
        client.transport.close()
    return taken
