"""Where model facts come from: a list that is shipped, and a newer one from models.dev now and then.

Never on a call's path and never needed: with no network what there is stays, and is said once. The newer list is kept
in the data directory, written beside its place, read back, and only then renamed into it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from gophergate.errors import GatewayError, UpstreamError
from gophergate.routing.factfile import BadFacts, date_of, read_api, read_file
from gophergate.routing.facts import NO_FACTS, FactBook
from gophergate.transport.base import Ask, Timeouts, Transport

logger = logging.getLogger("gophergate.routing")

API = "https://models.dev/api.json"
FILE = "models.json.gz"
FIRST_LOOK = 60.0
"""Seconds after a start before the network is asked, at the earliest: starting needs none."""
_AGAIN = 3600.0
"""Seconds to the next look after one that failed, where `every` is not sooner."""
_LIMIT = 32 << 20
_SHRUNK = 0.5
"""A new list with less than this share of the models there were is taken for a broken one."""


class FactKeeper:
    """Loads the facts there are and keeps them fresh: `learn` is told of each book. `folder` is the data directory,
    `every` seconds between two looks (0: never looks), `wall` gives Unix seconds."""

    def __init__(
        self,
        folder: Path,
        transport: Transport,
        *,
        every: float,
        wall: Callable[[], float],
        learn: Callable[[FactBook], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        url: str = API,
    ) -> None:
        self._file = folder / FILE
        self._transport = transport
        self._every = every
        self._wall = wall
        self._learn = learn
        self._sleep = sleep
        self._url = url
        self._warned = False
        self.book = NO_FACTS

    async def run(self) -> None:
        """Load, then look for news for ever. Cancel it to end it: a list half taken is as if it had not come."""
        await self.load()
        wait = max(FIRST_LOOK, self._due())
        while self._every > 0:
            await self._sleep(wait)
            wait = self._every if await self.refresh() else min(self._every, _AGAIN)

    async def load(self) -> None:
        """Learn what was kept last time, or what is shipped where that is newer or cannot be read."""
        self.book = await asyncio.to_thread(_stored, self._file)
        await self._learn(self.book)

    async def refresh(self) -> bool:
        """Ask for the newest list, keep and learn it; False when it could not be had, is no good, or cannot be put in
        force for now (said once)."""
        before = self.book
        try:
            book = await asyncio.to_thread(self._kept, await self._asked())
            self.book = book
            await self._learn(book)
        except (GatewayError, BadFacts, OSError) as error:
            level = logging.DEBUG if self._warned else logging.WARNING
            logger.log(level, "no newer model facts from %s: %s; those of %s stay", self._url, error, before.date)
            self._warned = True
            return False
        self._warned = False
        logger.info("%d models are known as of %s", book.size, book.date)
        return True

    async def _asked(self) -> bytes:
        headers = [(b"accept", b"application/json"), (b"accept-encoding", b"gzip")]
        ask = Ask(method="GET", url=self._url, headers=headers, timeouts=Timeouts(10, 60, 60, 300))
        async with await self._transport.send(ask) as answer:
            if answer.status != 200:
                raise UpstreamError(f"it answered {answer.status}")
            return await answer.read(_LIMIT)

    def _kept(self, body: bytes) -> FactBook:
        """In a thread. The book of a list, once it has proved whole and lies in the data directory."""
        part = self._file.with_name(f"{FILE}.{os.getpid()}.part")
        day = datetime.fromtimestamp(self._wall(), UTC).date().isoformat()
        try:
            part.write_bytes(read_api(body, day))
            book = read_file(part.read_bytes(), str(self._file))
            if book.size < self.book.size * _SHRUNK:
                raise BadFacts(f"it has {book.size} models where there were {self.book.size}")
            part.replace(self._file)
        finally:
            part.unlink(missing_ok=True)
        return book

    def _due(self) -> float:
        """Seconds until the kept list is as old as it may get, no more than `every` whatever clocks say."""
        try:
            return min(self._every, self._file.stat().st_mtime + self._every - self._wall())
        except OSError:
            return 0.0


def shipped() -> FactBook:
    """The list that comes with the package. A tenth of a second: call it in a thread."""
    return read_file(_shipped_bytes(), "shipped")


def _shipped_bytes() -> bytes:
    return files("gophergate.routing").joinpath(FILE).read_bytes()


def _stored(file: Path) -> FactBook:
    """The kept list, but for one that is broken, or older than what a newer package ships."""
    try:
        data = file.read_bytes()
        if date_of(data) >= date_of(_shipped_bytes()):
            return read_file(data, str(file))
    except FileNotFoundError:
        pass  # nothing was ever kept
    except (OSError, BadFacts) as error:
        logger.warning("the model facts in %s are left out: %s", file, error)
    return shipped()
