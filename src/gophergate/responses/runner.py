"""Stands in front of the attempts of a Responses call: takes up the turn before, pins it, and keeps what comes of it.

Who may ask, what it costs and what is recorded is settled around this (`exchange`), as for any other call.
"""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec
from msgspec.structs import replace

from gophergate.core.request import Request
from gophergate.dialects.base import decode, encode
from gophergate.dialects.openai_responses import extend_input
from gophergate.dialects.openai_responses.wire import NAME
from gophergate.dialects.splice import raw_member, with_member, without_member
from gophergate.errors import BadRequest
from gophergate.responses.background import Background
from gophergate.responses.history import Asked, History, asked_of, history, pinned
from gophergate.responses.keeping import CompactDoor, KeepingDoor
from gophergate.responses.recording import Recording
from gophergate.responses.references import dereferenced
from gophergate.responses.store import Kept, ResponseStore
from gophergate.routing.base import Order, Plan, Runner
from gophergate.routing.catalog import Snapshots
from gophergate.routing.continuity import is_wrapped, may_go_verbatim
from gophergate.routing.heavy import apart, on_loop


class StatefulRunner:
    """`routing.base.Runner` for the Responses door. `finds` is where earlier responses are looked for, when that is not
    only where new ones are put; without a `background` no call goes there."""

    def __init__(
        self,
        attempts: Runner,
        store: ResponseStore,
        catalog: Snapshots,
        background: Background | None = None,
        *,
        finds: ResponseStore | None = None,
    ) -> None:
        self._attempts = attempts
        self._store = store
        self._finds = finds or store
        self._catalog = catalog
        self._background = background

    async def run(self, plan: Plan, order: Order) -> None:
        """As the attempts do. Raises BadRequest too: the turn before it is not known, or cannot be gone on from."""
        order = await dereferenced(plan, order, self._finds)
        body = order.body
        asked = await apart(len(body), asked_of, body)
        call = _Call(self._store, order, asked)
        plan, order = await take_up(plan, order, asked, self._finds, self._catalog)
        left = asked if order.body is body else await apart(len(order.body), asked_of, order.body)
        guarding = order.account.guarding
        # What its maker keeps, and shows on its own, passes no guard: under one that may mask it is made here.
        may_change = guarding is not None and (guarding.masks or guarding.rewrites)
        natives = () if may_change else tuple(d for d in plan.deployments if may_go_verbatim(order, d))
        in_background = asked.background is True and self._background is not None
        if in_background:
            # One call has one way: who answers first decides whether its maker or we keep it.
            is_native = bool(natives) and natives[0] is plan.deployments[0]
            others = tuple(d for d in plan.deployments if d not in natives)
            plan = replace(plan, deployments=natives if is_native else others)
            in_background = not is_native
        is_pinned = left.previous is not None
        door = KeepingDoor(call.said, stateless=not is_pinned, on_seen=call.seen, on_made=call.made, on_told=call.told)
        order = replace(order, door=door)
        if in_background and self._background is not None:
            await self._background.run(self._attempts, plan, order, call)
        else:
            await self._attempts.run(plan, order)
        call.settle()


class CompactRunner:
    """The same for compacting, which only a provider of this very language can do: it seals what it made."""

    def __init__(self, attempts: Runner, store: ResponseStore, catalog: Snapshots) -> None:
        self._attempts = attempts
        self._store = store
        self._catalog = catalog

    async def run(self, plan: Plan, order: Order) -> None:
        """As the attempts do. Raises BadRequest that names the operation where no deployment has it."""
        guarding = order.account.guarding
        if guarding is not None and (guarding.masks or guarding.rewrites):
            raise guarding.refusal("what is compacted is sealed by its maker: it cannot be looked at.")
        order = await dereferenced(plan, order, self._store)
        asked = await apart(len(order.body), asked_of, order.body)
        call = _Call(self._store, order, asked)
        plan, order = await take_up(plan, order, asked, self._store, self._catalog)
        able = tuple(d for d in plan.deployments if may_go_verbatim(order, d))
        if not able:
            raise BadRequest(
                f"'{order.peek.model}' cannot compact: only a provider that speaks the Responses API can, and what "
                "another maker has sealed cannot be sent to it.",
                param="model",
                code="unsupported_operation",
            )
        if asked.background is True:
            order = replace(order, door=CompactDoor(call.seen))
        await self._attempts.run(replace(plan, deployments=able), order)
        call.settle()


class CountRunner:
    """The same for counting tokens, with which nothing is kept."""

    def __init__(self, counting: Runner, store: ResponseStore, catalog: Snapshots) -> None:
        self._counting = counting
        self._store = store
        self._catalog = catalog

    async def run(self, plan: Plan, order: Order) -> None:
        """As the counting does. Raises BadRequest too: the turn before it is not known, or cannot be gone on from."""
        order = await dereferenced(plan, order, self._store)
        asked = await apart(len(order.body), asked_of, order.body)
        plan, order = await take_up(plan, order, asked, self._store, self._catalog)
        await self._counting.run(plan, order)


async def take_up(
    plan: Plan, order: Order, asked: Asked, store: ResponseStore, catalog: Snapshots
) -> tuple[Plan, Order]:
    """The plan and the order with the turn before them: left as they are where its maker keeps it, but for the plan,
    else with its items in the input. Raises BadRequest."""
    if asked.previous is None:
        return plan, order
    before = await history(store, order.owner, asked.previous)
    if before.base is not None:
        plan = pinned(plan, before.base, catalog.current.providers)
        order = replace(order, credential=before.base.credential)
        order.account.decided(plan.decision[-1])
    if before.turns:
        order = replace(order, body=_extended(order.body, before, plan))
    if before.base is not None and is_wrapped(order) and plan.deployments[0].provider.speaks[0] != NAME:
        raise BadRequest(
            f"The response '{before.base.id}' is kept by '{before.base.maker}', and the input holds what another maker "
            "has sealed, which cannot be sent there. Leave out the reasoning items of other models.",
            param="input",
            code="response_pinned",
        )
    return plan, order


def _extended(body: bytes, before: History, plan: Plan) -> bytes:
    native = next((d.provider_name for d in plan.deployments if d.speaks(NAME)), None)
    try:
        said = raw_member(body, "input")
        items = extend_input(before.items(native), None if said is None else decode(said))
        body = with_member(body, "input", encode(items))
        if before.base is None:
            return without_member(body, "previous_response_id")
        return with_member(body, "previous_response_id", encode(before.base.id))
    except (ValueError, msgspec.DecodeError):
        raise BadRequest(
            "The members 'input' and 'previous_response_id' must each stand once in the request.", param="input"
        ) from None


class _Call:
    """What one call leaves behind. Keeps nothing for a caller who asked that nothing be stored."""

    def __init__(self, store: ResponseStore, order: Order, asked: Asked) -> None:
        self._put = partial(on_loop, asyncio.get_running_loop(), store.put)
        self._order = order
        self._asked = asked
        self._unsettled: Kept | None = None
        self.recording: Recording | None = None
        """Of a stream in the background, which others may follow."""
        self.closed = False
        """Set when the response was given up: what still comes of it is not kept."""

    @property
    def is_stored(self) -> bool:
        """Whether the response can be come back to."""
        return self._asked.store is not False

    def said(self, request: Request) -> Request:
        """The request with what it asked of state, as its response shows it."""
        asked = self._asked
        return replace(
            request,
            previous_response_id=asked.previous,
            store=asked.store if isinstance(asked.store, bool) else None,
            background=asked.background if isinstance(asked.background, bool) else None,
        )

    def seen(self, response_id: str, provider: str) -> None:
        """The maker keeps the response under this id. Of two that are asked side by side, each tells its own, before it
        is known whose answer the client gets."""
        if self.is_stored:
            background = self._asked.background is True
            owed = background and not self._order.peek.stream
            kept = self._kept(response_id, native=True, background=background, owed=owed)
            if kept.provider != provider:
                kept = self._unsettled = replace(kept, maker=f"{provider}/", credential="")
            self._put(kept)

    def told(self, writer: object, said: bytes) -> None:
        """Events of a stream that we write."""
        if self.recording is not None:
            self.recording.take(writer, said)

    def settle(self) -> None:
        """The call is over, and its maker certain: by which model and on which key."""
        unsettled, account = self._unsettled, self._order.account
        if unsettled is not None and account.deployment_label.startswith(unsettled.maker):
            self._put(replace(unsettled, maker=account.deployment_label, credential=account.credential))

    def made(self, response_id: str, response: bytes) -> None:
        """We wrote this response."""
        if self.is_stored and not self.closed:
            order, asked = self._order, self._asked
            kept = self._kept(response_id, background=asked.background is True)
            self._put(
                replace(
                    kept,
                    previous=asked.previous,
                    body=order.body,
                    response=response,
                    told=b"" if self.recording is None else self.recording.events,
                    stamp=order.stamp,
                )
            )

    def _kept(self, response_id: str, *, native: bool = False, background: bool, owed: bool = False) -> Kept:
        order = self._order
        return Kept(
            owner=order.owner,
            id=response_id,
            maker=order.account.deployment_label,
            credential=order.account.credential,
            native=native,
            background=background,
            owed=owed,
        )
