"""A coded body on its way from the connection to its consumer, in stretches with rests between (R-P2).

What a single read of the socket inflates to may be a hundred times as much. None of it is made before it is asked for:
after a stretch the others on the loop have their turn, and while nobody takes more, nothing more is made.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from gophergate.transport.decode import PIECE, Decoder

STRETCH = PIECE
"""Bytes given out before others have their turn: what one read of the socket gives of a body that is not coded."""

STEP = 4096
"""Bytes that a piece counts for on top of its own: what takes a little of it takes time too."""


class Taker(Protocol):
    """The answer whose body this is."""

    @property
    def is_taking(self) -> bool:
        """Whether it takes more now."""

    def give(self, piece: bytes) -> None:
        """A decoded piece. What it raises ends the body."""

    def fell_behind(self) -> None:
        """What has come is not given out yet: let no more come."""

    def caught_up(self) -> None:
        """All that has come is given out, later than it came."""

    def broke(self, error: Exception) -> None:
        """What was given out late met this, or was no coding after all."""


class Inflater:
    """`is_behind`: of what has come there may be more to give out, and the taker is told when there is not."""

    __slots__ = ("_ahead", "_coded", "_decoder", "_is_due", "_pieces", "_since", "_taker", "is_behind")

    def __init__(self, decoder: Decoder, taker: Taker) -> None:
        self._decoder = decoder
        self._taker = taker
        self._pieces: Iterator[bytes] = iter(())
        self._coded: deque[bytes] = deque()
        """What came while this was behind: of one read of the socket, which may hold many pieces."""
        self._ahead = b""
        """A piece that nobody took yet. One is made in any case, so that a whole answer is known for one."""
        self._since = 0
        """Bytes given out since others had their turn."""
        self._is_due = False
        self.is_behind = False

    def feed(self, data: bytes, /) -> None:
        """More of the coded body. Raises UpstreamBroken for what is none, and what the taker raises."""
        self._coded.append(data)
        if self.is_behind:
            return
        if not self._stretch():
            self.is_behind = True
            self._taker.fell_behind()

    def go_on(self) -> None:
        """The taker takes more: what is left follows, in turns of its own."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def drop(self) -> None:
        """What is left is wanted no more."""
        self.is_behind = False
        self._ahead = b""
        self._pieces = iter(())
        self._coded.clear()

    def finish(self) -> None:
        """The body is over. Raises UpstreamBroken when its coding is not."""
        self._decoder.finish()

    def _turn(self) -> None:
        self._is_due = False
        self._since = 0
        if not self.is_behind:
            return
        try:
            is_through = self._stretch()
        except Exception as error:
            self._taker.broke(error)
            return
        if is_through and self.is_behind:
            self.is_behind = False
            self._taker.caught_up()

    def _stretch(self) -> bool:
        """Give out what has come, as far as it may be now. Whether that was all."""
        taker = self._taker
        try:
            while (piece := self._ahead or self._next()) is not None:
                self._ahead = piece
                if self._since >= STRETCH:
                    self.go_on()
                    return False
                if piece and not taker.is_taking:
                    return False
                self._ahead = b""
                self._since += (len(piece) or PIECE) + STEP
                if piece:
                    taker.give(piece)
        except BaseException:
            self.drop()
            raise
        return True

    def _next(self) -> bytes | None:
        """One more piece, None when there is none."""
        while (piece := next(self._pieces, None)) is None and self._coded:
            self._pieces = self._decoder.feed(self._coded.popleft())
        return piece
