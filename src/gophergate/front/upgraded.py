"""uvicorn's WebSocket protocol, but for two things: it tells its application of a shutdown instead of cutting the
answer under way, and it logs neither addresses nor heads nor messages, which hold keys (law 8).
"""

from __future__ import annotations

import logging
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

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
