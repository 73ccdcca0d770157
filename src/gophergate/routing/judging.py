"""An answer that is held back until the endpoints of its guards have given their verdicts on all of it.

The client is shown nothing before (heartbeats apart), so whatever goes wrong until then is a failed attempt like any
other, which another deployment may make good. More than endpoints are asked about is held no longer than that is known.
"""

from __future__ import annotations

from functools import partial

from gophergate.core.events import BlockGrew, Event, Failed, Finished
from gophergate.core.guarding import AnswerInquiry
from gophergate.core.request import Request
from gophergate.dialects.base import Reader, Writer
from gophergate.errors import GatewayError, UpstreamCut
from gophergate.routing.base import Account, Order
from gophergate.routing.continuing import Thread
from gophergate.routing.screening import judged
from gophergate.routing.streams import Translated, TranslatedBody, TranslatedStream


class Held(Thread):
    """Every part of the reply is a whole one, since nothing is shown of one that breaks off."""

    def stream(
        self, order: Order, request: Request, writer: Writer, reader: Reader | None, secrets: tuple[str, ...]
    ) -> Translated:
        guarding = order.account.guarding
        inquiry = guarding.asked_of_answer(partial(_lose, order.account)) if guarding is not None else None
        assert inquiry is not None  # noqa: S101 - the order is held for it
        written = (TranslatedStream if request.stream else TranslatedBody)(order, writer, reader, secrets)
        return Judged(order, writer, reader, secrets, inquiry, written)


class Judged(Translated):
    """Collects events, and hands them to `written` once they are judged, or once they turn out to be too many."""

    def __init__(
        self,
        order: Order,
        writer: Writer,
        reader: Reader | None,
        secrets: tuple[str, ...],
        inquiry: AnswerInquiry,
        written: TranslatedStream | TranslatedBody,
    ) -> None:
        super().__init__(order, writer, reader, secrets)
        self._inquiry = inquiry
        self._written = written
        self._held: list[Event] | None = []
        self._is_over = False

    def _pass_on(self, events: list[Event]) -> None:
        due = self._due(events)
        if due:
            self._written._pass_on(due)
            self._follow()

    async def _pass_on_apart(self, events: list[Event]) -> None:
        due = self._due(events)
        if due:
            await self._written._pass_on_apart(due)
            self._follow()

    def _due(self, events: list[Event]) -> list[Event]:
        """Of those that come, and those that are held, what need not wait."""
        held = self._held
        if held is None:
            return events
        if self._is_over or not events:
            return []
        held += events
        self._inquiry.hear(events)
        if isinstance(events[-1], Failed | Finished):
            self._is_over = True
            done, self.on_done = self.on_done, _nothing
            done()  # The provider has said all that is waited for.
        elif self._inquiry.is_too_much:
            try:
                self._inquiry.overflow()
            except GatewayError as error:
                held = [Failed(error)]
            return self._let_go(held)
        return []

    def _let_go(self, shown: list[Event]) -> list[Event]:
        self._held = None
        self.order.account.see((), shown)
        return shown

    def _follow(self) -> None:
        """What is written of it says how far it is."""
        written = self._written
        self.delivered, self.error = written.delivered, written.error
        if written.done and not self.done:
            self._over()

    def _ended(self, events: list[Event], error: GatewayError | None) -> None:
        if events:
            self.take(events)
        if not self._is_over and not self.done:
            self.take([Failed(error or UpstreamCut())])

    async def take_whole(self, events: list[Event], size: int) -> None:
        await super().take_whole(events, size)
        await self._judge()

    async def conclude(self, error: GatewayError | None = None) -> None:
        await super().conclude(error)
        await self._judge()

    async def _judge(self) -> None:
        held = self._held
        if held is None:
            return
        if not isinstance(held[-1], Failed):
            size = sum(len(event.text) for event in held if type(event) is BlockGrew)
            try:
                held = await judged(self._inquiry, held, size, self.order.account)
            except GatewayError as refused:
                held = [Failed(refused)]
        if isinstance(held[-1], Failed):  # Of what was stopped nothing is shown.
            held = held[-1:]
        await self._written._pass_on_apart(self._let_go(held))
        self._follow()


def _nothing() -> None:
    """It was told already."""


def _lose(account: Account, name: str) -> None:
    account.dropped((name,))
