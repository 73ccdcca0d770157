"""The stateful Responses operations as one room: built by `app`, served by `front`."""

from __future__ import annotations

from functools import partial

from gophergate.dialects.base import Dialect
from gophergate.exchange import House, exchange
from gophergate.front.base import Handler, Inbound
from gophergate.front.websocket import Session
from gophergate.responses.background import Background
from gophergate.responses.keeping import CompactDoor
from gophergate.responses.operations import Operations
from gophergate.responses.runner import CompactRunner, CountRunner, StatefulRunner
from gophergate.responses.socket import ResponsesSocket
from gophergate.responses.store import ResponseStore
from gophergate.routing.base import Runner
from gophergate.routing.stored import StoredObjects


class Responses:
    """`create` and `compact` are calls like any other and pass `exchange`; what `one` gives is free."""

    def __init__(self, house: House, door: Dialect, store: ResponseStore, stored: StoredObjects) -> None:
        self.background = Background()
        self._house = house
        self._door = door
        self._store = store
        self._operations = Operations(house, door, store, stored, self.background)
        runner = StatefulRunner(house.attempts, store, house.catalog, self.background)
        self.create: Handler = partial(exchange, house=house, door=door, runner=runner)
        compacting = CompactRunner(house.attempts, store, house.catalog)
        self.compact: Handler = partial(
            exchange, house=house, door=CompactDoor(), operation="compact", runner=compacting
        )

    def counting(self, counting: Runner) -> Runner:
        """`counting` for requests that go on from an earlier response: its turns count too."""
        return CountRunner(counting, self._store, self._house.catalog)

    def one(self, method: str, response_id: str, below: str) -> Handler | None:
        """The handler of what is done to one response, None where there is no such operation."""
        operations = self._operations
        match method, below:
            case "GET", "":
                return operations.show(response_id)
            case "DELETE", "":
                return operations.delete(response_id)
            case "POST", "cancel":
                return operations.cancel(response_id)
            case "GET", "input_items":
                return operations.items(response_id)
        return None

    async def open(self, opened: Inbound) -> Session:
        """A connection for many calls. Raises Unauthenticated, Forbidden, Unavailable."""
        await self._house.auth.caller(opened)
        return ResponsesSocket(self._house, self._door, self._store, opened)
