"""A forward proxy and an HTTP/2 server, as small as they can be and still be spoken to."""

from __future__ import annotations

import asyncio
import contextlib

import h2.config
import h2.connection
import h2.events

from kit.hostile import Peer, Received


class ForwardProxy:
    """A script for `HostileServer`: tunnels CONNECT, forwards absolute addresses. `asked` holds its request lines.

    Every target goes to `port` on loopback, whatever its name, so that made-up names can be asked for.
    """

    def __init__(self, port: int, *, password: str = "") -> None:
        self._port = port
        self._password = password
        self.asked: list[str] = []
        self.secrets: list[str] = []

    async def __call__(self, peer: Peer) -> None:
        first = await peer.head()
        self.asked.append(first.line)
        self.secrets += first.values("proxy-authorization")
        if self._password and not first.values("proxy-authorization"):
            await peer.send(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            return
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            await peer.send(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            return
        try:
            if first.method == "CONNECT":
                await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                fields = "".join(f"{name}: {value}\r\n" for name, value in first.headers)
                writer.write(f"{first.line}\r\n{fields}\r\n".encode("latin-1"))
            there = asyncio.create_task(_copy(peer.reader, writer))
            back = asyncio.create_task(_copy(reader, peer.writer))
            try:
                await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
                await asyncio.wait([there, back])
        finally:
            writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


class Http2Server:
    """Answers every request over HTTP/2 with 200, `fields` and `body`; with `hold`, the body never ends."""

    def __init__(self, body: bytes, fields: tuple[tuple[str, str], ...] = (), *, hold: bool = False) -> None:
        self._body = body
        self._fields = fields
        self._hold = hold
        self.requests: list[Received] = []
        self.resets = asyncio.Event()

    async def __call__(self, peer: Peer) -> None:
        wire = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        wire.initiate_connection()
        await peer.send(wire.data_to_send())
        while data := await peer.reader.read(65536):
            for event in wire.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    fields = [(str(_text(name)), str(_text(value))) for name, value in event.headers or ()]
                    known = dict(fields)
                    line = f"{known[':method']} {known[':path']} HTTP/2"
                    self.requests.append(Received(line, fields, b""))
                elif isinstance(event, h2.events.DataReceived):
                    self.requests[-1].body += event.data or b""
                    wire.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
                elif isinstance(event, h2.events.StreamEnded):
                    wire.send_headers(event.stream_id or 0, [(":status", "200"), *self._fields])
                    wire.send_data(event.stream_id or 0, self._body, end_stream=not self._hold)
                elif isinstance(event, h2.events.StreamReset):
                    self.resets.set()
            await peer.send(wire.data_to_send())
        self.resets.set()


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
