"""Responses made in the background for targets that cannot: a task of ours, polled and cancelled by its id.

The task is the call's own, so its scopes (hold, row) end when it ends, not when the caller was answered. Bounded: each
by its provider's time-outs, all together by `most`; who comes then is told to wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from gophergate.core.request import Request
from gophergate.dialects.base import Stamp, encode
from gophergate.dialects.openai_responses import to_response_object
from gophergate.errors import BadRequest, ClientGone, GatewayError, RateLimited, Unavailable
from gophergate.responses.recording import Recording
from gophergate.routing.base import Order, Outlet, Pausable, Plan, Runner


class Call(Protocol):
    """What the work leaves behind (`runner` has it)."""

    closed: bool
    recording: Recording | None

    @property
    def is_stored(self) -> bool: ...

    def said(self, request: Request) -> Request: ...

    def made(self, response_id: str, response: bytes) -> None: ...


class _Running(NamedTuple):
    task: asyncio.Task[None]
    cancelled: Callable[[], None]
    recording: Recording | None


class Background:
    """Runs them, and knows which are running."""

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._running: dict[tuple[str, str], _Running] = {}

    async def run(self, attempts: Runner, plan: Plan, order: Order, call: Call) -> None:
        """Answer the caller now, then see the order to its end, whether the caller stays or not.

        Raises, for the record, what the work failed with: the response tells it to whoever asks. Cancelled (shutdown),
        the response has failed.
        """
        if not call.is_stored:
            raise BadRequest("A background response is asked for by its id, so 'store' cannot be false.", param="store")
        if len(self._running) >= self._most:
            raise RateLimited(f"{self._most} background responses are being made here already.", retry_after=5)
        response_id = f"resp_{order.stamp.token}"
        request = call.said(order.door.read_request(order.body, stream=order.peek.stream))
        order.outlet.detach()
        if not order.peek.stream:
            order.outlet.whole(_told(request, order.stamp, "queued"), b"application/json")
            order = replace(order, outlet=Nowhere())
        else:
            call.recording = Recording()
        call.made(response_id, _told(request, order.stamp, "in_progress"))

        def cancelled() -> None:
            call.made(response_id, _told(request, order.stamp, "cancelled"))
            call.closed = True

        task = asyncio.ensure_future(attempts.run(plan, order))
        key = (order.owner, response_id)
        self._running[key] = _Running(task, cancelled, call.recording)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            sorry = Unavailable("The gateway was shut down while the response was being made.")
            call.made(response_id, _told(request, order.stamp, "", sorry))
            raise
        finally:
            del self._running[key]
            if call.recording is not None:
                call.recording.end()
        if task.cancelled():
            raise ClientGone("The caller cancelled the response.")
        error = task.exception()
        if isinstance(error, GatewayError):
            call.made(response_id, _told(request, order.stamp, "", error))
        if error is not None:
            raise error

    def cancel(self, owner: str, response_id: str) -> bool:
        """End the work on that response now; False when there is none. The response says so at once."""
        found = self._running.get((owner, response_id))
        if found is None:
            return False
        found.cancelled()
        found.task.cancel()
        return True

    def running(self, owner: str, response_id: str) -> tuple[bool, Recording | None]:
        """Whether that response is being made here now; and its events, where they are told."""
        found = self._running.get((owner, response_id))
        return found is not None, found.recording if found is not None else None

    def statistics(self) -> dict[str, int]:
        """How many are being made, and the bound."""
        return {"running": len(self._running), "max_running": self._most}


def _told(request: Request, stamp: Stamp, status: str, error: GatewayError | None = None) -> bytes:
    return encode(to_response_object(None, request, stamp, status, error))


class Nowhere(Outlet):
    """The outlet of work whose caller has been answered: everything is taken, nothing is sent."""

    begun = False

    def note(self, name: bytes, value: bytes) -> None: ...

    def begin(self, content_type: bytes) -> None: ...

    def send(self, data: bytes) -> None: ...

    def finish(self) -> None: ...

    def cut(self) -> None: ...

    def whole(self, body: bytes, content_type: bytes) -> None: ...

    def keep_alive(self, heartbeat: bytes, content_type: bytes) -> None: ...

    def steer(self, source: Pausable) -> None: ...

    def detach(self) -> None: ...

    gone = False

    def stay(self, left: Callable[[], None] | None) -> None: ...

    async def drain(self) -> None: ...
