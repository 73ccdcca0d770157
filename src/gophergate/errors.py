"""The error tree. Foreign exceptions stop at the border that meets them and become one of these.

    GatewayError                  status  code                     retryable  whose fault
    ├── BadRequest                400     invalid_request          no         caller
    │   ├── BodyTooLarge          413     request_too_large        no         caller
    │   ├── ContentBlocked        400     content_blocked          no         caller (or what the model wrote)
    │   ├── GuardCannotApply      400     guard_cannot_apply       no         caller
    │   ├── NotHere               404     not_found                no         caller
    │   └── ModelNotFound         404     model_not_found          no         caller
    ├── RequestTimeout            408     request_timeout          no         caller (too slow a sender)
    ├── Unauthenticated           401     invalid_api_key          no         caller
    ├── Forbidden                 403     permission_denied        no         caller
    ├── BudgetExceeded            402     budget_exceeded          no         caller
    ├── RateLimited               429     rate_limit_exceeded      later      caller
    ├── ClientGone                499     client_closed            no         caller (logged, never sent)
    ├── Unavailable               503     service_unavailable      later      gateway
    ├── GuardUnanswered           503     guard_unanswered         later      gateway (or an operator's endpoint)
    ├── Internal                  500     internal_error           no         gateway
    └── UpstreamError             502     upstream_error           yes        provider
        ├── UpstreamRefused       (its)   (its)                    by status  provider answered with an error
        ├── UpstreamUnreachable   502     upstream_unreachable     yes        provider (nothing was acted on)
        ├── UpstreamBroken        502     upstream_broken          yes        provider (cut, or broke its protocol)
        └── UpstreamTimeout       504     upstream_timeout         yes        provider (`phase` says where)

A message is one or two sentences for the person who made the call: what was wrong, where, what would
be right. It never holds a secret and never a traceback. Dialects turn these into their own envelopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

_LONGEST_NAME = 200


class GatewayError(Exception):
    """Base of every error that may reach a caller.

    `status` is the HTTP status sent; `code` a stable word for programs; `kind` the canonical family a
    dialect maps to its own `type`; `param` the member of the request that was wrong, where one was;
    `retry_after` seconds, where waiting helps; `headers` more response headers to send along.
    """

    status: int = 500
    code: str = "internal_error"
    kind: str = "api_error"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after
        self.headers: Mapping[str, str] = headers or {}
        if code is not None:
            self.code = code


class BadRequest(GatewayError):
    status, code, kind = 400, "invalid_request", "invalid_request"


class BodyTooLarge(BadRequest):
    status, code, kind = 413, "request_too_large", "request_too_large"


class ContentBlocked(BadRequest):
    """A guard has found in a request, or an answer, what it blocks. Names the guard, never what was found."""

    code = "content_blocked"


class GuardCannotApply(BadRequest):
    """A guard concerns the call and cannot look at, or change, what it would have to."""

    code = "guard_cannot_apply"


class NotHere(BadRequest):
    """No such door, operation or stored object."""

    status, code, kind = 404, "not_found", "not_found"


class ModelNotFound(BadRequest):
    status, code, kind = 404, "model_not_found", "not_found"

    def __init__(self, model: str, hint: str = "") -> None:
        name = model if len(model) <= _LONGEST_NAME else f"{model[:_LONGEST_NAME]}..."
        super().__init__(
            f"The model '{name}' does not exist here or you may not use it.{' ' + hint if hint else ''}",
            param="model",
        )
        self.hint = hint


class OperationNotServed(ModelNotFound):
    """The model is there, and its provider has no such operation."""

    status, code, kind = 400, "unsupported_operation", "invalid_request"

    def __init__(self, model: str, operation: str, hint: str = "") -> None:
        super().__init__(model, hint)
        self.message = f"The model '{model[:_LONGEST_NAME]}' does not serve {operation}.{' ' + hint if hint else ''}"
        self.args = (self.message,)


class RequestTimeout(GatewayError):
    """The caller did not send its request in time."""

    status, code, kind = 408, "request_timeout", "timeout"


class Unauthenticated(GatewayError):
    status, code, kind = 401, "invalid_api_key", "authentication"


class Forbidden(GatewayError):
    status, code, kind = 403, "permission_denied", "permission"


class BudgetExceeded(GatewayError):
    status, code, kind = 402, "budget_exceeded", "billing"


class RateLimited(GatewayError):
    status, code, kind = 429, "rate_limit_exceeded", "rate_limit"


class ClientGone(GatewayError):
    """The client closed before its answer ended. Logged as 499; there is nobody to send it to."""

    status, code, kind = 499, "client_closed", "client_closed"


class Unavailable(GatewayError):
    status, code, kind = 503, "service_unavailable", "overloaded"
    retryable = True


class GuardUnanswered(GatewayError):
    """A guard's own endpoint gave no verdict, and without one nothing passes."""

    status, code, kind = 503, "guard_unanswered", "overloaded"


class Internal(GatewayError):
    """A defect of ours. The message says nothing of the cause; the log does, under the request id."""


class UpstreamError(GatewayError):
    """The provider failed. `provider` names it once it is known."""

    status, code, kind = 502, "upstream_error", "api_error"
    retryable = True


class Spoken(NamedTuple):
    """A provider's own words, for a caller who speaks its dialect: they pass as they are."""

    dialect: str
    body: bytes
    content_type: str


class UpstreamRefused(UpstreamError):
    """The provider answered with an error of its own, before or inside its reply.

    Keeps what it said: `status` (its HTTP status, or the one its words imply), `code`, `kind`, `message`,
    `raw` (its body as received, text), `headers` (its retry hints only) and, when it was a whole error
    response, `spoken`.
    """

    spoken: Spoken | None = None

    def __init__(
        self,
        message: str,
        *,
        status: int,
        kind: str = "api_error",
        code: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        raw: str = "",
    ) -> None:
        super().__init__(message, param=param, code=code, retry_after=retry_after, headers=headers)
        self.status = status
        self.kind = kind
        self.raw = raw


class UpstreamUnreachable(UpstreamError):
    """No connection, no TLS, or closed before it could have acted on the request: safe to try again."""

    code = "upstream_unreachable"


class UpstreamBroken(UpstreamError):
    """Cut before the end, or bytes that are not its protocol."""

    code = "upstream_broken"


class UpstreamCut(UpstreamBroken):
    """All that came could be read, and then it was over without a finish reason (law 3)."""

    def __init__(self) -> None:
        super().__init__("The provider's reply ended before it said that it was finished.")


class UpstreamTimeout(UpstreamError):
    """`phase` is one of connect, pool, first_byte, idle, total."""

    status, code, kind = 504, "upstream_timeout", "timeout"

    def __init__(self, message: str, *, phase: str) -> None:
        super().__init__(message)
        self.phase = phase


KIND_BY_STATUS: Mapping[int, str] = {
    400: "invalid_request",
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "request_too_large",
    422: "invalid_request",
    429: "rate_limit",
    499: "client_closed",
    500: "api_error",
    502: "api_error",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
"""The canonical family of an HTTP status, for providers whose bodies do not say."""
