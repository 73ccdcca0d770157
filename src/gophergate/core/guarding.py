"""What a call knows of guards (`policy.guards` fits): which concern it, and what they make of its request and of its
answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from gophergate.core.call import GuardFinding
from gophergate.core.caller import Caller
from gophergate.core.events import Event
from gophergate.core.request import Request
from gophergate.errors import BadRequest


class Screen(Protocol):
    """One answer on its way past the guards."""

    def take(self, events: Iterable[Event]) -> list[Event]:
        """The events that may go on in place of these; a `Failed` in the end where a guard has stopped the answer."""


class Guarding(Protocol):
    """The guards of one call. `rewrites`: one may change or stop its answer, so that must pass as events. `masks`: one
    may change its request. `watches`: one looks at its answer. `reads`: one looks at its request."""

    rewrites: bool
    masks: bool
    watches: bool
    reads: bool

    def request(self, request: Request) -> Request:
        """The request as it may go on, the same object where nothing is changed. Raises BadRequest."""

    def refusal(self, what: str) -> BadRequest:
        """The error of a call whose request or answer cannot be looked at, and changed, as a guard would have to:
        `what` says why, after "The guard 'x' concerns this call, and "."""

    def answer(self, lost: Callable[[str], None]) -> Screen:
        """What an attempt's answer passes; `lost` is told what had to be left out of it."""

    def watch(self) -> Screen:
        """What only listens to an answer."""

    def findings(self) -> tuple[GuardFinding, ...]:
        """What they found so far."""

    def told(self) -> str:
        """Those that have acted or warned so far, for a header; "" for none."""

    def kept(self, body: bytes) -> bytes:
        """A request's body as it may be kept: without what they blocked or masked in it."""


class Guards(Protocol):
    """All guards in force."""

    def concerning(self, caller: Caller, model: str, deployments: Iterable[Labelled]) -> Guarding | None:
        """Those that concern a call for that model, which these may answer. Raises Unavailable."""


class Labelled(Protocol):
    @property
    def label(self) -> str: ...


class Unguarded:
    """`Guards` where there are none."""

    def concerning(self, caller: Caller, model: str, deployments: Iterable[Labelled]) -> Guarding | None:
        return None


UNGUARDED = Unguarded()
