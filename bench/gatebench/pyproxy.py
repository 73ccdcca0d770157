"""The bare Python reverse proxy: httptools and uvloop at both ends, no checks, no log. The floor for Python.

One upstream connection for each client connection; bytes pass as they are parsed, so chunks stay chunks.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import httptools
import uvloop


class Back(asyncio.Protocol):
    """The provider's side: head and body parsed, then written to the client."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._parser = httptools.HttpResponseParser(self)
        self._head: list[bytes] = []
        self._chunked = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._front.close()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._chunked = self._chunked or name.lower() == b"transfer-encoding"
        self._head.append(name + b": " + value + b"\r\n")

    def on_headers_complete(self) -> None:
        self._front.write(b"HTTP/1.1 %d OK\r\n%s\r\n" % (self._parser.get_status_code(), b"".join(self._head)))
        self._head.clear()

    def on_body(self, body: bytes) -> None:
        self._front.write(b"%x\r\n%s\r\n" % (len(body), body) if self._chunked else body)

    def on_message_complete(self) -> None:
        if self._chunked:
            self._front.write(b"0\r\n\r\n")
            self._chunked = False


class Front(asyncio.Protocol):
    """The client's side."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._back: Back | None = None
        self._url = b""
        self._head: list[bytes] = []
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._back is not None and self._back.transport is not None:
            self._back.transport.close()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head.append(name + b": " + value + b"\r\n")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        request = b"POST %s HTTP/1.1\r\n%s\r\n%s" % (self._url, b"".join(self._head), b"".join(self._body))
        self._head.clear()
        self._body.clear()
        if self._back is not None and self._back.transport is not None:
            self._back.transport.write(request)
        else:
            self._task = asyncio.ensure_future(self._connect(request))

    async def _connect(self, request: bytes) -> None:
        _, self._back = await asyncio.get_running_loop().create_connection(lambda: Back(self), "127.0.0.1", self._port)
        assert self._back.transport is not None
        self._back.transport.write(request)

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def main(port: int, upstream: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Front(upstream), "127.0.0.1", port, backlog=8192)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
