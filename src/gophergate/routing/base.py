"""What routing works with: a deployment, a plan, an order, and the two things an order reports to."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec.structs import force_setattr

from gophergate.core.call import Attempt
from gophergate.core.events import Event
from gophergate.core.guarding import Guarding
from gophergate.core.request import Request
from gophergate.core.resilience import AS_PROVIDED, Disconnect, Resilience
from gophergate.dialects.base import Dialect, Peek, Stamp
from gophergate.errors import GatewayError
from gophergate.providers.base import Provider
from gophergate.transport.base import Timeouts

if TYPE_CHECKING:
    from gophergate.routing.continuing import Thread


class Deployment(msgspec.Struct, frozen=True):
    """A concrete model at a provider. `model` is what the provider calls it, `alias` what it is called here, where that
    differs. Made of these: `provider_name`, its configured name, `label`, `provider/model` as callers and records
    name it, and `timeouts`, its provider's; as members, since every call reads them."""

    provider: Provider
    model: str
    alias: str = ""
    provider_name: str = ""
    label: str = ""
    timeouts: Timeouts = Timeouts()

    def __post_init__(self) -> None:
        provider = self.provider
        force_setattr(self, "provider_name", provider.name)
        force_setattr(self, "label", f"{provider.name}/{self.alias or self.model}")
        times = Timeouts(provider.connect, provider.first_byte, provider.idle, provider.total)
        force_setattr(self, "timeouts", times)

    def speaks(self, dialect: str) -> bool:
        """Whether a caller of that dialect can be served in it. A simulator speaks none: it is asked in events."""
        return self.provider.simulator is None and dialect in self.provider.speaks

    def completes(self, dialect: str) -> bool:
        """Whether `dialect` is the legacy completions door's, and its provider has that for this model."""
        found = self.provider.row.completions
        return dialect == "openai_completions" and found is not None and re.search(found, self.model) is not None

    def is_maker(self, origin: str) -> bool:
        """Whether what `origin` sealed was sealed by its provider: seals and stored responses name their maker so."""
        return origin == self.provider.name


class Plan(msgspec.Struct, frozen=True):
    """The deployments to try, in order, and how we came to them (one sentence a step).

    `group` names the group that each call chooses from anew (`choose.Chooser`): the order is then only the listed one.
    It is "" where there is nothing to choose. `resilience` is what the group that was asked for says of its calls.
    `warms`: whoever answers has then read a prompt of that prefix key and of so many tokens (`warmth.Warmth`).
    """

    deployments: tuple[Deployment, ...]
    decision: tuple[str, ...] = ()
    group: str = ""
    resilience: Resilience = AS_PROVIDED
    warms: tuple[str, int] | None = None


class Outlet(Protocol):
    """The client's side of an order. All of it synchronous; see `front.outlet`."""

    @property
    def begun(self) -> bool:
        """True once a status was sent; heartbeats may have begun it before any content."""

    def note(self, name: bytes, value: bytes) -> None:
        """One more field for the head, while it has not been sent."""

    def begin(self, content_type: bytes) -> None:
        """Send the head of a stream, once."""

    def send(self, data: bytes) -> None: ...

    def finish(self) -> None:
        """The stream is whole."""

    def cut(self) -> None:
        """What has been sent is not whole, and no words in it could say so: the client's connection breaks."""

    def whole(self, body: bytes, content_type: bytes) -> None:
        """A reply in one piece."""

    def keep_alive(self, heartbeat: bytes, content_type: bytes) -> None:
        """From now on say `heartbeat` after each interval of silence; b"" stops it. It may begin the stream."""

    def steer(self, source: Pausable) -> None:
        """While the client's buffer is full, `source` is paused."""

    def detach(self) -> None:
        """The call goes on when its client has gone."""

    @property
    def gone(self) -> bool:
        """Whether the client has left, and the call was not to go on without it."""

    def stay(self, left: Callable[[], None] | None) -> None:
        """Should the client go, call `left` instead of cancelling the call; None takes that back."""

    async def drain(self) -> None: ...


class Pausable(Protocol):
    def pause(self) -> None: ...

    def resume(self) -> None: ...


class Account(Protocol):
    """The ledger's side of an order; see `ledger.entry`."""

    def attempt(self, deployment: Deployment, began: float | None = None) -> None:
        """An attempt at this deployment begins, or began at that time on the clock."""

    def sent(self, credential: str = "", at: float | None = None) -> None:
        """The request goes out to the provider now, or went at that time, on the credential of that label."""

    def answered(self, status: int) -> None:
        """The provider's head has arrived."""

    def tried(self, error: GatewayError | None) -> None:
        """The attempt ended, well or with `error`."""

    def see(self, events: Iterable[Event], shown: Iterable[Event] | None = None) -> None:
        """What the provider said, for usage, timing and the live view, which is told what is `shown` of it instead."""

    def said(self, data: bytes) -> None:
        """Bytes the client was sent, for their number and, where bodies are kept, themselves."""

    def broke(self, error: GatewayError) -> None:
        """The reply failed after it had begun; the client was told inside the stream."""

    def unreadable(self) -> None:
        """The provider's bytes pass, but cannot be read: the call is unmetered."""

    def dropped(self, names: Iterable[str]) -> None:
        """Settings that could not be carried."""

    def decided(self, *steps: str) -> None:
        """More sentences on how the deployments were come to."""

    def lost(self, attempt: Attempt) -> None:
        """An attempt was given up for another one beside it; what it cost is part of the call's cost."""

    @property
    def guarding(self) -> Guarding | None:
        """The guards that concern the call, None for none."""

    @property
    def tags(self) -> Mapping[str, str]:
        """What the caller tagged the call with."""

    @property
    def deployment_label(self) -> str:
        """`provider/model` of the current attempt, "" before the first."""

    @property
    def failure(self) -> GatewayError | None:
        """What broke the reply after it had begun, None for a reply that is whole so far."""

    @property
    def first_token_at(self) -> float | None:
        """When the current attempt's first content came, on the ledger's clock."""

    def output_so_far(self) -> int:
        """Tokens that the current attempt has brought, reported or estimated."""

    @property
    def credential(self) -> str:
        """The label of the credential that the current attempt was sent on, "" before it was."""


class Reread(msgspec.Struct, frozen=True):
    """A request that was read before it was routed, with what its client could not carry put back, and what guards mask
    in it masked: then it `is_masked`, and the client's own bytes must not go out.

    `brought` are the makers of the seals that came in, `put_back` those whose seals had to be put back.
    """

    request: Request
    brought: frozenset[str] = frozenset()
    put_back: frozenset[str] = frozenset()
    is_masked: bool = False


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One chat call on its way: what was asked, through which door, and whom to tell.

    `passing` are the caller's headers that vendors may want; `strict` turns every drop into a 400. `owner` is the
    client whose call it is: what is remembered of it is remembered for that client alone. `resilience` is its
    plan's; `disconnect` what its key says of clients that leave, None for nothing. `declines`: an
    answer that the vendor's content policy left empty is a failure, for there is another vendor to ask.
    `credential` is the label of the only key of its provider that it may be sent on, "" for any.
    `thread`: should it be cut, the reply is gone on with elsewhere. `moves` is called before a deployment outside of
    the plan is asked instead, and raises when that one cannot be paid for.
    """

    door: Dialect
    body: bytes
    peek: Peek
    path_model: str
    stamp: Stamp
    passing: dict[str, str]
    strict: bool
    account: Account
    outlet: Outlet
    owner: str = ""
    credential: str = ""
    reread: Reread | None = None
    disconnect: Disconnect | None = None
    declines: bool = False
    thread: Thread | None = None
    resilience: Resilience = AS_PROVIDED
    moves: Callable[[Deployment], Awaitable[None]] | None = None


class Runner(Protocol):
    """Sees an order to its end (`routing.attempts.Attempts`, or what a stateful operation puts in front of it)."""

    async def run(self, plan: Plan, order: Order) -> None:
        """Deliver the order. Raises GatewayError for what the client was not told yet."""
