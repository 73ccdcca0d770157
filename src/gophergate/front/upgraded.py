"""uvicorn's WebSocket protocol, but for four things: it tells its application of a shutdown instead of cutting the
answer under way, it lets an application push frames without waiting, it logs neither addresses nor heads nor messages,
which hold keys (law 8), and a client's broken text is no defect of ours.
"""

from __future__ import annotations

import logging
import socket
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

_QUIET = logging.WARNING


class UpgradedProtocol(WebSocketsSansIOProtocol):
    """A connection that has become a WebSocket."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.logger = logging.getLogger("gophergate.front.websocket")
        if self.logger.getEffectiveLevel() < _QUIET:
            self.logger.setLevel(_QUIET)
        self.conn.logger = self.logger
        self.conn.debug = False

    def handle_connect(self, event: Request) -> None:
        """As the base does; the application finds the connection as the extension "gophergate.push"."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"]["gophergate.push"] = self

    def push(self, frames: bytes) -> None:
        """Write whole frames at once, between those of `send`. The pusher looks at `backlog`, or bounds nothing."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frames)

    def backlog(self) -> int:
        """Bytes that the peer has not taken yet, beyond what the system holds."""
        return int(self.transport.get_write_buffer_size())

    def narrow(self, size: int) -> None:
        """Let the system hold about `size` bytes for this peer: the rest shows in `backlog`."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)

    def cut(self) -> None:
        """End the connection without another word."""
        self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        """As the base does, which takes a text that is no UTF-8 for a defect and logs a traceback of it."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_text(b"".join(self.frames)):
            self.frames = []
            self.conn.send_close(1007)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    async def send(self, message: ASGISendEvent) -> None:
        """As the base does. A handshake that was answered in HTTP is over, which the base forgets to note and then
        reports as a defect of the application."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def shutdown(self) -> None:
        """The listener drains. An open connection is asked to end (an ASGI message of our own, "websocket.drain"); one
        that is not open yet, or closes already, ends at once."""
        if self.handshake_complete and not self.close_sent and not self.disconnected:
            self.queue.put_nowait({"type": "websocket.drain"})  # type: ignore[misc, arg-type]
        else:
            super().shutdown()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
