"""One call's entry: opened when we know who asks, written when the scope ends, whatever ended it (law 1)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from gophergate.core.call import Attempt, CallBodies, CallRecord, Running, Status
from gophergate.core.caller import Caller
from gophergate.core.events import Event
from gophergate.core.guarding import Guarding
from gophergate.core.usage import Usage
from gophergate.errors import BadRequest, ClientGone, GatewayError
from gophergate.ledger.meter import Meter
from gophergate.ledger.outcome import outcome
from gophergate.redaction import redacted_bytes

if TYPE_CHECKING:
    from gophergate.ledger.book import Book, Priced

_TOO_DEEP = "Something in this call is nested too deeply to be read, or to be written in another format."
_MAX_NAME = 256
"""Characters kept of what a caller names freely, as of the headers that say the same: lists show every row's."""
_MAX_KEPT = 4 << 20


class Receiver(Protocol):
    """Whoever the answer is for (`front.base.Reply` fits)."""

    @property
    def gone(self) -> bool: ...


class Entry:
    """A call while it runs. What is set on it ends up in its row; leaving the scope writes exactly one.

    No msgspec struct: that is made in fewer steps, but setting a member of one takes five times as long.
    """

    __slots__ = (
        "_attempt_began",
        "_attempts",
        "_body",
        "_book",
        "_cost_lost",
        "_deployment",
        "_ended",
        "_is_sent",
        "_kept",
        "_kept_size",
        "_noted",
        "_price_found",
        "_priced_usage",
        "_sent_at",
        "_started",
        "_status_seen",
        "_task",
        "_waited",
        "attempt_count",
        "call_id",
        "caller",
        "client_ip",
        "credential",
        "decision",
        "deployment_label",
        "door",
        "dropped_names",
        "end_user",
        "failure",
        "guarding",
        "meter",
        "model_requested",
        "operation",
        "receiver",
        "request_id",
        "response_bytes",
        "session",
        "started",
        "stopped",
        "stream",
        "tags",
        "unlogged",
    )

    def __init__(self, book: Book, call_id: str, request_id: str, caller: Caller, door: str, operation: str) -> None:
        self._book = book
        self.call_id = call_id
        self.request_id = request_id
        self.caller = caller
        self.door = door
        self.operation = operation
        self.meter = Meter(book.clock)
        self.model_requested = ""
        self.stream = False
        self.decision: tuple[str, ...] = ()
        self.tags: dict[str, str] = {}
        self.session: str | None = None
        self.end_user: str | None = None
        self.client_ip: str | None = None
        self.failure: GatewayError | None = None
        self.guarding: Guarding | None = None
        self.deployment_label = ""
        """`provider/model` of the current attempt, "" before the first."""
        self.attempt_count = 0
        """Attempts so far, the running one included."""
        self.dropped_names: tuple[str, ...] = ()
        """The settings dropped so far."""
        self.response_bytes = 0
        self.receiver: Receiver | None = None
        self.stopped: GatewayError | None = None
        self.unlogged = False
        self.credential = ""
        self._cost_lost = 0
        self._task: asyncio.Task[object] | None = None
        self._body = b""
        self._deployment: Priced | None = None
        self._attempts: tuple[Attempt, ...] = ()
        self._is_sent = False
        self._kept: list[bytes] = []
        self._kept_size = 0
        self._noted = self._ended = False
        self._priced_usage: Usage | None = None
        self._price_found: tuple[int | None, str | None] = (None, None)
        self._status_seen = 0
        self._waited = 0.0
        self.started = int(book.wall() * 1_000_000)
        """When it began, Unix microseconds: as its row says."""
        self._started = self._sent_at = self._attempt_began = book.clock()

    def __repr__(self) -> str:
        return f"Entry({self.call_id!r})"

    # -- what routing reports (routing.base.Account) ------------------------------------------------------------

    def attempt(self, deployment: Priced, began: float | None = None) -> None:
        """An attempt at this deployment begins, or began at that time on the clock."""
        if self._attempts:
            self._begin_anew()
        self._deployment = deployment
        self.deployment_label = deployment.label
        self.attempt_count += 1
        self.credential = ""
        self._status_seen = 0
        self._is_sent = False
        self._attempt_began = self._book.clock() if began is None else began

    def _begin_anew(self) -> None:
        """Another attempt follows. What the one before had brought the client, if anything, was paid all the same."""
        before, self.meter = self.meter, Meter(self._book.clock)
        if before.generated:
            self.meter.first_token_at = before.first_token_at
            if self._deployment is not None:
                usage, _ = before.total(self._body)
                cost, _ = self._book.pricing.price(self._deployment, usage)
                self._attempts = (*self._attempts[:-1], replace(self._attempts[-1], cost=cost))
                self._cost_lost += cost or 0

    def sent(self, credential: str = "", at: float | None = None) -> None:
        """The request goes out now, or went at that time on the clock: from there until `answered` it is the provider
        that takes the time."""
        self.credential = credential
        self._is_sent = True
        self._sent_at = self._book.clock() if at is None else at

    def answered(self, status: int) -> None:
        """The provider's head has arrived."""
        self._waited += self._book.clock() - self._sent_at
        self._status_seen = status

    def tried(self, error: GatewayError | None) -> None:
        """The attempt ended."""
        deployment = self._deployment
        if deployment is not None:
            problem = error or self.failure
            attempt = Attempt(
                deployment.model,
                deployment.provider_name,
                self.credential,
                self._status_seen or (200 if problem is None else 0),
                problem.code if problem is not None else "",
                problem.message[:500] if problem is not None else "",
                _ms(self._book.clock() - self._attempt_began),
            )
            self._attempts += (attempt,)
            self._is_sent = False
            self._status_seen = 0

    def see(self, events: Iterable[Event], shown: Iterable[Event] | None = None) -> None:
        """What the provider said, and what is shown of it where that is not the same."""
        self.meter.see(events)
        if self._book.audience is not None:
            self._book.audience.heard(self, events if shown is None else shown)

    def said(self, data: bytes) -> None:
        """Bytes the client was sent."""
        self.response_bytes += len(data)
        if self._book.keeps != "none" and self._kept_size < _MAX_KEPT:
            self._kept.append(data)
            self._kept_size += len(data)

    def broke(self, error: GatewayError) -> None:
        """The reply failed after it had begun. Once its client has left, nothing else is the reason."""
        if not isinstance(self.failure, ClientGone):
            self.failure = error

    def unreadable(self) -> None:
        """Bytes passed that the tap could not read."""
        self.meter.readable = False

    def dropped(self, names: Iterable[str]) -> None:
        """Settings that could not be carried, each once."""
        self.dropped_names = tuple(dict.fromkeys((*self.dropped_names, *names)))

    def decided(self, *steps: str) -> None:
        """More sentences on how the deployments were come to."""
        self.decision += steps

    def lost(self, attempt: Attempt) -> None:
        """An attempt was given up for another one beside it; what it cost is part of the call's cost."""
        self._attempts += (attempt,)
        self.attempt_count += 1
        self._cost_lost += attempt.cost or 0

    # -- what the page and the outlet read ----------------------------------------------------------------------

    def asked(self, body: bytes, model: str, *, stream: bool, end_user: str | None, session: str | None) -> None:
        """What the caller wants."""
        self._body = body
        self.model_requested = model[:_MAX_NAME]
        self.stream = stream
        self.end_user = end_user and end_user[:_MAX_NAME]
        self.session = self.session or (session and session[:_MAX_NAME])
        self._book.watch(self)
        if self._book.audience is not None:
            self._book.audience.began(self)

    @property
    def body(self) -> bytes:
        """What the caller sent."""
        return self._body

    def now(self) -> Running:
        """How the call is at this moment."""
        caller, meter, deployment = self.caller, self.meter, self._deployment
        first = meter.first_token_at
        return Running(
            id=self.call_id,
            request_id=self.request_id,
            started_at=self.started,
            door=self.door,
            operation=self.operation,
            stream=self.stream,
            team_id=caller.team_id,
            client_id=caller.client_id,
            key_id=caller.key_id,
            session=self.session,
            end_user=self.end_user,
            tags=self.tags,
            model_requested=self.model_requested,
            model=deployment.model if deployment is not None else None,
            provider=deployment.provider_name if deployment is not None else None,
            attempt=self.attempt_count,
            output_tokens=meter.output_so_far(),
            first_token_ms=_ms(first - self._started) if first is not None else None,
            elapsed_ms=_ms(self._book.clock() - self._started),
        )

    def begun(self) -> None:
        """The client is about to see the first of a stream: from here on a kill leaves a row."""
        if not self._noted and not self._ended:
            self._noted = True
            self._book.rows.begin(self._if_killed())

    @property
    def first_token_at(self) -> float | None:
        """When the current attempt's first content came."""
        return self.meter.first_token_at

    def output_so_far(self) -> int:
        """Tokens that the current attempt has brought, reported or estimated."""
        return self.meter.output_so_far()

    @property
    def guards_told(self) -> str:
        """The guards that have acted or warned so far, each with what it did."""
        return self.guarding.told() if self.guarding is not None else ""

    def overhead_ms(self) -> float:
        """Our own share of the time until now: everything but the wait for providers' heads."""
        return _ms(self._book.clock() - self._started - self._waited)

    def cost(self) -> int | None:
        """The price of what has been metered so far."""
        usage, _ = self.meter.total(self._body)
        return self._price(usage)[0]

    @property
    def answering(self) -> Priced | None:
        """The deployment of the last attempt, None before the first."""
        return self._deployment

    def tokens(self) -> tuple[int, int]:
        """All tokens metered so far, in and out."""
        usage, _ = self.meter.total(self._body)
        return (usage.total_input, usage.total_output) if usage is not None else (0, 0)

    def stop(self, error: GatewayError) -> None:
        """End the call under way: its task is cancelled, and `error` is what the client is told and the row says."""
        if self._task is not None and self.stopped is None and not self._ended:
            self.stopped = error
            self._task.cancel()

    def unstopped(self) -> GatewayError:
        """What a call that `stop` ended tells its client. Raises CancelledError for one cancelled otherwise."""
        if self.stopped is None:
            raise asyncio.CancelledError
        if self._task is not None:
            self._task.uncancel()
        return self.stopped

    # -- the scope ----------------------------------------------------------------------------------------------

    def __enter__(self) -> Entry:
        self._task = asyncio.current_task(self._book.loop)
        self._book.running[self.call_id] = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        book, body, meter, caller, deployment = self._book, self._body, self.meter, self.caller, self._deployment
        too_deep = BadRequest(_TOO_DEEP) if isinstance(error, RecursionError) else None
        error = too_deep or error
        status: Status
        status, http_status, failure = "ok", 200, None
        if error is not None or self.failure is not None:
            is_gone = self.receiver is not None and self.receiver.gone
            if error is not None and (self._is_sent or self._status_seen):
                # Cancelled in the middle of an attempt: it stands on the record as what it was.
                ended = self.stopped or GatewayError("The gateway was shut down during the call.", code="shutdown")
                self.tried(ClientGone("The client closed the connection.") if is_gone else ended)
            status, http_status, failure = outcome(error, self.failure, self.stopped, is_gone=is_gone)
        usage, source = meter.total(body)
        cost, version = self._price(usage)
        took = book.clock() - self._started
        first = meter.first_token_at
        # In the order of its members: msgspec looks for each keyword among all of them, which takes four times as long.
        record = CallRecord(
            self.call_id,
            self.request_id,
            self.started,
            status,
            http_status,
            self.door,
            self.operation,
            self.stream,
            caller.organisation_id,
            caller.team_id,
            caller.user_id,
            caller.client_id,
            caller.key_id,
            self.session,
            self.end_user,
            self.tags,
            self.model_requested,
            deployment.model if deployment is not None else None,
            deployment.provider_name if deployment is not None else None,
            usage,
            source,
            cost,
            version,
            meter.finish_reason,
            _ms(took),
            _ms(first - self._started) if first is not None else None,
            _ms(took - self._waited),
            self._attempts,
            self.decision,
            self.dropped_names,
            self.guarding.findings() if self.guarding is not None else (),
            failure.code if failure is not None else None,
            failure.message[:2000] if failure is not None else None,
            self.client_ip,
            len(body),
            self.response_bytes,
        )
        self._ended = True
        del book.running[self.call_id]
        book.rows.put(record, self._bodies(status) if book.keeps != "none" else None)
        if book.audience is not None:
            book.audience.ended(record)
        if too_deep is not None:
            raise too_deep from None

    def _if_killed(self) -> CallRecord:
        caller = self.caller
        return CallRecord(
            id=self.call_id,
            request_id=self.request_id,
            started_at=self.started,
            status="error",
            http_status=500,
            door=self.door,
            operation=self.operation,
            stream=self.stream,
            organisation_id=caller.organisation_id,
            team_id=caller.team_id,
            user_id=caller.user_id,
            client_id=caller.client_id,
            key_id=caller.key_id,
            session=self.session,
            model_requested=self.model_requested,
            error_code="killed",
            error_message="The gateway's process was killed during the call; what it used is not known.",
            request_bytes=len(self._body),
        )

    def _price(self, usage: Usage | None) -> tuple[int | None, str | None]:
        if self._deployment is None or usage is None:
            return (self._cost_lost or None), None
        if usage is not self._priced_usage:
            self._price_found = self._book.pricing.price(self._deployment, usage)
            self._priced_usage = usage
        cost, version = self._price_found
        if self._cost_lost:
            cost = (cost or 0) + self._cost_lost
        return cost, version

    def _bodies(self, status: Status) -> CallBodies | None:
        if self.unlogged or (self._book.keeps == "errors" and status == "ok"):
            return None
        redact = self._book.redact
        request = self._body if self.guarding is None else self.guarding.kept(self._body)
        return CallBodies(
            call_id=self.call_id,
            request=redacted_bytes(request, redact)[:_MAX_KEPT],
            response=redacted_bytes(b"".join(self._kept), redact)[:_MAX_KEPT],
            request_size=len(request) or len(self._body),
            response_size=self.response_bytes,
        )


def _ms(seconds: float) -> float:
    """To the microsecond. `round` gives the same by way of a decimal text, at five times the cost."""
    return (seconds * 1e6 + 0.5) // 1 / 1000
