"""How a call ended, from what ended it: the status on its row, its HTTP status, and the failure that was told."""

from __future__ import annotations

import asyncio

from gophergate.core.call import Status
from gophergate.errors import (
    BadRequest,
    BudgetExceeded,
    ClientGone,
    Forbidden,
    GatewayError,
    RateLimited,
    RequestTimeout,
    Unauthenticated,
    UpstreamTimeout,
)

_REFUSALS = (BadRequest, Unauthenticated, Forbidden, BudgetExceeded, RateLimited)


def outcome(
    error: BaseException | None, failure: GatewayError | None, stopped: GatewayError | None, *, is_gone: bool
) -> tuple[Status, int, GatewayError]:
    """`error` came out of the call's scope; `failure` broke its reply after it had begun; `stopped` is why we ended it.
    A client that has left is the reason whatever came after. One of the first two is there: without them it is "ok"."""
    cancelled = isinstance(error, asyncio.CancelledError)
    if isinstance(error, ClientGone) or isinstance(failure, ClientGone) or (cancelled and is_gone):
        return "client_closed", 499, ClientGone("The client closed the connection before the answer ended.")
    told = error if isinstance(error, GatewayError) else failure
    if told is None and cancelled:
        told = stopped
    if told is None:
        told = GatewayError(
            "The gateway was shut down during the call." if cancelled else "The gateway failed.",
            code="shutdown" if cancelled else "internal_error",
        )
    if isinstance(told, RequestTimeout | UpstreamTimeout):
        return "timeout", told.status, told
    if isinstance(told, _REFUSALS):
        return "refused", told.status, told
    return "error", told.status, told
