"""What a call knows of guards (`policy.guards` fits): which concern it, and what they make of its request and of its
answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from gophergate.core.call import GuardFinding
from gophergate.core.caller import Caller
from gophergate.core.events import Event
from gophergate.core.request import Request
from gophergate.errors import BadRequest


class Screen(Protocol):
    """One answer on its way past the guards."""

    def take(self, events: Iterable[Event]) -> list[Event]:
        """The events that may go on in place of these; a `Failed` in the end where a guard has stopped the answer."""


T = TypeVar("T", Request, list[Event])


class Inquiry(Protocol[T]):
    """What endpoints of an operator's are asked of one request, or of the events of one attempt's answer: `gather`,
    `ask` and `judged`, in this order. `said`: why there was no verdict, a sentence each."""

    said: list[str]

    def gather(self, what: T) -> None:
        """Note what is to be asked about it."""

    async def ask(self) -> None:
        """Wait for the verdicts. Raises GatewayError where something may not pass."""

    def judged(self, what: T) -> T:
        """The same as it may go on, the same object where nothing was found. Raises GatewayError of a request; an
        answer ends in a `Failed` then."""


class AnswerInquiry(Inquiry[list[Event]], Protocol):
    """Of an answer, which may come in parts."""

    def hear(self, events: Iterable[Event]) -> None:
        """Note a part of it, which `gather` is not given any more."""

    def note_finds(self) -> None:
        """Instead of `judged`, where it has passed already: put on record what was found."""

    @property
    def is_too_much(self) -> bool:
        """Whether there is more than is asked about."""

    def overflow(self) -> None:
        """Instead of asking, where there is too much. Raises GatewayError where that may not pass."""


class Guarding(Protocol):
    """The guards of one call. `rewrites`: one may change or stop its answer, so that must pass as events. `masks`: one
    may change its request. `watches`: one looks at its answer. `reads`: one looks at its request. `holds`: an endpoint
    must be asked before any of the answer is shown. `overhears`: one is asked once the answer has passed."""

    rewrites: bool
    masks: bool
    watches: bool
    reads: bool
    holds: bool
    overhears: bool

    def asked_of_request(self) -> Inquiry[Request] | None:
        """What endpoints are asked of the request, None for nothing."""

    def asked_of_answer(self, lost: Callable[[str], None]) -> AnswerInquiry | None:
        """What they are asked of one attempt's answer, of which `lost` is told what had to be left out."""

    def overheard(self) -> AnswerInquiry | None:
        """What they are to be asked of the answer that has passed."""

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
