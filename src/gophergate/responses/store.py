"""What is remembered of responses, behind a Protocol, and its twin in memory.

Everything is kept under the client that made it: nobody finds another client's response, not even by its exact id.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

import msgspec

from gophergate.dialects.base import Stamp


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One response. `maker` is the deployment's label, "" for none (a prewarmed one).

    `credential` is the label of its provider's key that made it: what a vendor keeps, it keeps for that account.
    `native`: its maker keeps it, so this is only the way there. Otherwise `body` is the request as it came, from which
    its items are read when somebody asks (`stamp` gives those without an id theirs), `previous` the response it goes on
    from, and `response` the response object; `told` are the events of a stream in the background, which can be taken up
    again where a client lost it. `owed`: it is made in the background and its usage is not in the ledger.
    """

    owner: str
    id: str
    maker: str = ""
    credential: str = ""
    native: bool = False
    background: bool = False
    owed: bool = False
    previous: str | None = None
    body: bytes = b""
    response: bytes = b""
    told: bytes = b""
    stamp: Stamp = Stamp("", 0)

    @property
    def provider(self) -> str:
        """The name of the provider that made it."""
        return self.maker.partition("/")[0]

    @property
    def size(self) -> int:
        """Bytes it takes, near enough for a bound."""
        return len(self.body) + len(self.response) + len(self.told) + 512


class ResponseStore(Protocol):
    """Where responses are remembered. What it forgets, it forgets whole."""

    def put(self, kept: Kept) -> None:
        """Remember, in place of what had that id. Never waits and never raises: it can be found from now on, here at
        once and elsewhere soon."""

    async def find(self, owner: str, response_id: str) -> Kept | None:
        """That client's response; finding it makes it young again. Raises Unavailable when the store is down."""

    async def forget(self, owner: str, response_id: str) -> None:
        """Remember it no longer. Raises Unavailable when the store is down."""


class MemoryResponses:
    """The twin in memory. Holds at most `most` responses and `most_bytes` of them, for `ttl` seconds after their last
    use; beyond that those unused the longest are forgotten. `clock` only rises. One loop only."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        ttl: float = 86_400.0,
        most: int = 20_000,
        most_bytes: int = 64 << 20,
    ) -> None:
        self._clock = clock
        self._ttl = ttl
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, str], tuple[float, Kept]] = OrderedDict()
        self._bytes = 0

    def put(self, kept: Kept) -> None:
        """One too large for the whole store is not remembered at all."""
        self._drop((kept.owner, kept.id))
        if kept.size > self._most_bytes:
            return
        self._kept[kept.owner, kept.id] = (self._clock(), kept)
        self._bytes += kept.size
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    async def find(self, owner: str, response_id: str) -> Kept | None:
        found = self._kept.get((owner, response_id))
        if found is None:
            return None
        used, kept = found
        now = self._clock()
        if now - used >= self._ttl:
            self._drop((owner, response_id))
            return None
        self._kept[owner, response_id] = (now, kept)
        self._kept.move_to_end((owner, response_id))
        return kept

    async def forget(self, owner: str, response_id: str) -> None:
        self._drop((owner, response_id))

    def statistics(self) -> dict[str, int]:
        """What it holds, and its bounds."""
        return {
            "responses": len(self._kept),
            "bytes": self._bytes,
            "max_responses": self._most,
            "max_bytes": self._most_bytes,
        }

    def _drop(self, key: tuple[str, str]) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._bytes -= gone[1].size


class Layered:
    """A store over another: what a connection remembers for itself, over what all share. What is put stays in the
    upper one; finding looks below first, where a response may have a maker that keeps it."""

    def __init__(self, upper: ResponseStore, lower: ResponseStore) -> None:
        self._upper = upper
        self._lower = lower

    def put(self, kept: Kept) -> None:
        self._upper.put(kept)

    async def find(self, owner: str, response_id: str) -> Kept | None:
        return await self._lower.find(owner, response_id) or await self._upper.find(owner, response_id)

    async def forget(self, owner: str, response_id: str) -> None:
        await self._upper.forget(owner, response_id)
        await self._lower.forget(owner, response_id)
