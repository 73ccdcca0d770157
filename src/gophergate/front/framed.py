"""A reply as messages of a socket: each event of its stream is one message, and so is the error that it is instead.

`Reply` for callers who hold a connection open, so that the same handlers serve them unchanged. No socket here: what is
said waits in a bounded queue that the adapter empties.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from gophergate.dialects.sse import SseDecoder
from gophergate.front.base import RawHeaders
from gophergate.front.burst import Burst
from gophergate.front.reply import RuledReply

logger = logging.getLogger("gophergate.front")


class Frames:
    """Messages on their way to a client. Above `high_water` bytes it is under pressure; `most` above that are too many.

    One writer empties it with `next` and `sent`."""

    def __init__(self, high_water: int, most: int) -> None:
        self.pressed: Callable[[], None] | None = None
        self.relieved: Callable[[], None] | None = None
        self._high_water = high_water
        self._most = most
        self._waiting: list[bytes] = []
        self._size = 0
        self._burst = Burst()
        self._closed = False
        self._stirred = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def full(self) -> bool:
        """Whether whoever fills it should wait."""
        return not self._room.is_set()

    def put(self, message: bytes) -> bool:
        """Queue one message. False when the client is too far behind; then nothing more is taken."""
        if self._closed or (self.full and self._size - self._burst.size > self._high_water + self._most):
            self.close()
            return False
        self._waiting.append(message)
        self._size += len(message)
        self._stirred.set()
        if self._size > self._high_water and not self.full:
            self._room.clear()
            if self.pressed is not None:
                self.pressed()
        if self.full:
            self._burst.add(len(message))
        return True

    def close(self) -> None:
        """Nothing more is taken; what waits can still be sent."""
        self._closed = True
        self._room.set()
        self._stirred.set()

    async def drained(self) -> None:
        """Wait until there is room."""
        await self._room.wait()

    async def next(self) -> list[bytes]:
        """The messages that wait, once there are any; none when it is closed and empty."""
        while not self._waiting and not self._closed:
            self._stirred.clear()
            await self._stirred.wait()
        waiting, self._waiting = self._waiting, []
        return waiting

    def sent(self, size: int) -> None:
        """The server has taken so many bytes."""
        self._size -= size
        if self.full and self._size <= self._high_water // 4:
            self._room.set()
            if self.relieved is not None:
                self.relieved()


class FramedReply(RuledReply):
    """`Reply` to one such call. `on_event` sees each event, by name, before it is sent. A reply that breaks off ends in
    an error message (`broken`), because the connection stays."""

    __slots__ = ("_frames", "_on_event", "_pieces", "_sse", "_status")

    def __init__(self, frames: Frames) -> None:
        super().__init__(head_only=False)
        self._frames = frames
        self._on_event: Callable[[bytes, bytes], None] | None = None
        self._status = 0
        self._sse: SseDecoder | None = None
        self._pieces: list[bytes] = []
        frames.pressed, frames.relieved = self.pressed, self.relieved

    def watch(self, on_event: Callable[[bytes, bytes], None]) -> None:
        """See each event's name and data before the client does."""
        self._on_event = on_event

    async def drain(self) -> None:
        await self._frames.drained()

    def _open(self, status: int, headers: RawHeaders, length: int | None, bodiless: bool) -> None:
        self._status = status
        kind = next((value for name, value in headers if name == b"content-type"), b"")
        self._sse = SseDecoder() if kind.startswith(b"text/event-stream") else None

    def _put(self, data: bytes) -> None:
        if self._sse is None:
            self._pieces.append(data)
        else:
            self._say(self._sse.feed(data))

    def _finish(self) -> None:
        if self._sse is not None:
            self._say(self._sse.end())
        else:
            whole = b"".join(self._pieces)
            self._queue(error_frame(whole, self._status) if self._status >= 400 else whole)

    def _break(self) -> None:
        self._frames.put(
            error_frame(
                b'{"error":{"type":"api_error","code":"internal_error","message":"Something went wrong here."}}'
            )
        )

    def _full(self) -> bool:
        return self._frames.full

    def _say(self, events: list[tuple[bytes, bytes]]) -> None:
        for name, data in events:
            if data == b"[DONE]" or not data.strip():
                continue
            if self._on_event is not None:
                self._on_event(name, data)
            self._queue(data)

    def _queue(self, message: bytes) -> None:
        if not self.gone and not self._frames.put(message):
            logger.warning("a client of a socket fell too far behind and was cut off")
            self.client_gone()


def error_frame(envelope: bytes, status: int = 500) -> bytes:
    """An error's message: OpenAI's envelope with its type and status, and the members of its stream's error event, for
    clients that read either."""
    try:
        said = msgspec.json.decode(envelope)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    error = said.get("error") if isinstance(said, dict) else None
    if not isinstance(error, dict):
        error = {"type": "api_error", "code": None, "param": None, "message": envelope.decode("utf-8", "replace")}
    return msgspec.json.encode(
        {
            "type": "error",
            "status": status,
            "code": error.get("code"),
            "message": error.get("message"),
            "param": error.get("param"),
            "sequence_number": 0,
            "error": error,
        }
    )
