"""Delivering a message to an address that an operator wrote: guarded as `fetch` is (R-X3), but a POST.

Only redirects that keep the method are followed (RFC 9110: 307, 308), each checked anew. Of the answer's words no more
is kept than was asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from gophergate.errors import UpstreamError
from gophergate.transport.addresses import is_public
from gophergate.transport.base import Ask, RawHeaders
from gophergate.transport.fetch import (
    MAX_REDIRECTS,
    PinnedTransport,
    Resolver,
    patience,
    pinned,
    redirected,
    refusal,
    resolve,
)

_KEEP_METHOD = frozenset({307, 308})


class Delivered(msgspec.Struct, frozen=True):
    """How it was taken. `retry_after` is what the receiver asked for, in seconds; `body` what it answered, where that
    was to be kept."""

    status: int
    retry_after: float | None = None
    body: bytes = b""


async def deliver(
    url: str,
    headers: RawHeaders,
    body: bytes,
    *,
    transport: PinnedTransport,
    timeout: float,
    keep: int = 0,
    resolver: Resolver = resolve,
    is_allowed: Callable[[str], bool] = is_public,
) -> Delivered:
    """Post `body` to `url`; `keep` is how many bytes of an answer are wanted. Raises BadRequest, in words, for what
    could not be asked at all: no public address, too many redirects, nobody there, longer than `timeout` seconds in
    all, an answer larger than `keep` where one is wanted."""
    try:
        async with asyncio.timeout(timeout) as scope:
            for _ in range(MAX_REDIRECTS + 1):
                ask = Ask(method="POST", url=url, headers=headers, body=body, timeouts=patience(timeout))
                async with await pinned(ask, transport, resolver, is_allowed) as answer:
                    if answer.status not in _KEEP_METHOD:
                        body = await answer.read(keep) if keep else b""
                        return Delivered(answer.status, _seconds(answer.header(b"retry-after")), body)
                    url = redirected(url, answer)
    except TimeoutError:
        if not scope.expired():
            raise
        raise refusal(url, f"it took longer than {timeout:g} seconds") from None
    except UpstreamError as error:
        raise refusal(url, error.message.rstrip(".")) from error
    raise refusal(url, f"it redirects more than {MAX_REDIRECTS} times")


def _seconds(value: bytes | None) -> float | None:
    """Of a Retry-After in seconds; one that is a date is left to the usual pauses."""
    return float(value) if value is not None and value.isdigit() and len(value) < 6 else None
