"""In-memory stand-ins for the two things an order reports to, and an order to put them in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gophergate.core.events import Event
from gophergate.dialects.base import Dialect, Peek, Stamp
from gophergate.errors import GatewayError
from gophergate.routing.base import Order


class SeenOutlet:
    """Keeps what a client would have got."""

    def __init__(self) -> None:
        self.begun = False
        self.sent = b""
        self.sends: list[bytes] = []
        self.finished = False
        self.content_type = b""
        self.heartbeat = b""
        self.notes: dict[bytes, bytes] = {}

    def note(self, name: bytes, value: bytes) -> None:
        self.notes[name] = value

    def begin(self, content_type: bytes) -> None:
        self.begun, self.content_type = True, content_type

    def send(self, data: bytes) -> None:
        assert self.begun
        assert not self.finished
        self.sent += data
        self.sends.append(data)

    def finish(self) -> None:
        assert not self.finished
        self.finished = True

    def whole(self, body: bytes, content_type: bytes) -> None:
        assert not self.begun
        self.begun = self.finished = True
        self.sent, self.content_type = body, content_type

    def keep_alive(self, heartbeat: bytes, content_type: bytes) -> None:
        self.heartbeat = heartbeat

    gone = False

    def stay(self, left: Any) -> None:
        self.left = left

    def steer(self, source: Any) -> None:
        pass

    async def drain(self) -> None:
        pass


class SeenAccount:
    """Keeps what the ledger would have been told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.failure: GatewayError | None = None
        self.names: list[str] = []
        self.bytes = 0
        self.blind = False
        self.attempts: list[tuple[str, GatewayError | None]] = []
        self.statuses: list[int] = []
        self._label = ""
        self.credential = ""
        self.steps: list[str] = []
        self.losses: list[Any] = []

    first_token_at = None
    guarding = None

    @property
    def tags(self) -> dict[str, str]:
        return {}

    def output_so_far(self) -> int:
        return 0

    def decided(self, *steps: str) -> None:
        self.steps.extend(steps)

    def lost(self, attempt: Any) -> None:
        self.losses.append(attempt)

    def attempt(self, deployment: Any, began: float | None = None) -> None:
        self._label = deployment.label

    def sent(self, credential: str = "", at: float | None = None) -> None:
        self.credential = credential

    def answered(self, status: int) -> None:
        self.statuses.append(status)

    def tried(self, error: GatewayError | None) -> None:
        self.attempts.append((self._label, error))

    def see(self, events: Iterable[Event], shown: Iterable[Event] | None = None) -> None:
        self.events.extend(events)

    def said(self, data: bytes) -> None:
        self.bytes += len(data)

    def broke(self, error: GatewayError) -> None:
        self.failure = error

    def unreadable(self) -> None:
        self.blind = True

    def dropped(self, names: Iterable[str]) -> None:
        self.names.extend(names)


def order(door: Dialect, body: bytes = b"{}", *, strict: bool = False, peek: Peek | None = None) -> Order:
    """An order with fresh stand-ins; `order.outlet` and `order.account` are the Seen ones."""
    return Order(
        door=door,
        body=body,
        peek=peek or door.peek(body),
        path_model="",
        stamp=Stamp("0123456789abcdef01234567", 1_700_000_000),
        passing={},
        strict=strict,
        account=SeenAccount(),
        outlet=SeenOutlet(),
    )
