"""The one point where guards act: a request is looked at once, before any provider is asked; an answer by each attempt
anew, as events, or listened to where it passes as it is. A call that no guard concerns pays one look at an attribute.
"""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from msgspec.structs import replace

from gophergate.core.events import BlockGrew, Event
from gophergate.core.guarding import AnswerInquiry, Guarding, Inquiry, Screen
from gophergate.core.request import Request
from gophergate.dialects.base import Reader
from gophergate.dialects.vectors import holds_tokens
from gophergate.routing.base import Account, Order, Reread
from gophergate.routing.heavy import LARGE, apart
from gophergate.routing.listener import Hearing

WORK = 8
"""Looking for all that guards can look for takes so many times as long as reading does."""


async def screened(order: Order) -> Order:
    """The order as its guards let it go on: with its request read, and changed where they mask. Raises BadRequest."""
    guarding = order.account.guarding
    if guarding is None or not (guarding.reads or guarding.rewrites):
        return order
    body, reread = order.body, order.reread
    if reread is not None:
        request = reread.request
    else:
        read = order.door.read_request
        request = await apart(len(body), read, body, model=order.path_model, stream=order.peek.stream)
    if guarding.reads and request.embedding is not None and holds_tokens(request):
        raise guarding.refusal("an input of token ids cannot be looked at. Send its text.")
    if guarding.rewrites and "audio" in request.modalities:
        raise guarding.refusal("an answer in sound cannot be looked at. Ask for text alone.")
    shown = await apart(len(body) * WORK, guarding.request, request) if guarding.reads else request
    inquiry = guarding.asked_of_request()
    if inquiry is not None:
        shown = await judged(inquiry, shown, len(body), order.account)
    is_masked = shown is not request
    if is_masked:
        order.account.decided("guards masked what they found in the request, so it goes out written anew")
    if reread is None:
        return replace(order, reread=Reread(shown, is_masked=is_masked))
    return replace(order, reread=replace(reread, request=shown, is_masked=is_masked))


T = TypeVar("T", Request, list[Event])


async def judged(inquiry: Inquiry[T], what: T, size: int, account: Account) -> T:
    """A request or an answer of `size` bytes as it may go on after the verdicts of those who are asked about it. Raises
    GatewayError where it may not; why there was no verdict is put on record. Nobody else waits meanwhile."""
    await _asked(inquiry, what, size, account)
    return await apart(size * WORK, inquiry.judged, what)


async def overheard(inquiry: AnswerInquiry, account: Account) -> None:
    """An answer has passed as it came: put on record what those say of it who only watch."""
    await _asked(inquiry, [], LARGE, account)
    inquiry.note_finds()


async def _asked(inquiry: Inquiry[T], what: T, size: int, account: Account) -> None:
    await apart(size * WORK, inquiry.gather, what)
    try:
        await inquiry.ask()
    finally:
        if inquiry.said:
            account.decided(*inquiry.said)


class Watched(Hearing):
    """A guard listens to the events of an answer that passes as it is."""

    __slots__ = ("_screen",)

    def __init__(self, reader: Reader, screen: Screen) -> None:
        super().__init__(reader)
        self._screen = screen

    def _heard(self, events: list[Event]) -> list[Event]:
        if events:
            self._screen.take(events)
        return events


def watched(reader: Reader, guarding: Guarding) -> Reader:
    """The reader of an answer that passes as it is, with whoever watches it listening."""
    return Watched(reader, guarding.watch()) if guarding.watches else reader


class Passing:
    """An answer's events on their way to the client: `account` hears what was said, for it was paid for, and the live
    view what is shown of it."""

    __slots__ = ("_account", "_holds", "_rewrites", "_screen")

    def __init__(self, order: Order, guarding: Guarding) -> None:
        self._account = order.account
        self._rewrites = guarding.rewrites
        self._holds = guarding.holds
        lost = partial(_lose, order.account)
        self._screen = guarding.answer(lost) if guarding.rewrites else guarding.watch()

    def is_much(self, events: list[Event]) -> bool:
        """Whether these are better looked at apart."""
        return sum(len(event.text) for event in events if type(event) is BlockGrew) * WORK >= LARGE

    def take(self, events: list[Event]) -> list[Event]:
        """Those that go on."""
        return self.seen(events, self.screened(events))

    def screened(self, events: list[Event]) -> list[Event]:
        """The same, without telling the account: for work that is done apart."""
        shown = self._screen.take(events)
        return shown if self._rewrites else events

    def seen(self, events: list[Event], shown: list[Event]) -> list[Event]:
        """Tell the account; gives those that are shown, unless a verdict on them is still to come."""
        self._account.see(events, () if self._holds else shown)
        return shown


def _lose(account: Account, name: str) -> None:
    account.dropped((name,))


def passing(order: Order) -> Passing | None:
    """What the answer of an order passes, None where no guard looks at it."""
    guarding = order.account.guarding
    return Passing(order, guarding) if guarding is not None and guarding.watches else None
