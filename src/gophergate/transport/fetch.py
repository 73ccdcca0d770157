"""Fetching an address that a caller wrote: guarded, so that it cannot be turned against our own network (R-X3).

The name is resolved once, every address it has must be public, and the connection goes to the very address that
was checked; each redirect starts over. Never used for providers, never sends a key, never uses a proxy.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol
from urllib.parse import urljoin

import msgspec

from gophergate.errors import BadRequest, BodyTooLarge, UpstreamError
from gophergate.transport.addresses import is_public
from gophergate.transport.base import Answer, Ask, Timeouts
from gophergate.transport.head import split
from gophergate.transport.pool import parse_prefix
from gophergate.transport.sniff import agree, media_type

MAX_REDIRECTS = 3
MAX_URL = 8192
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_HEADERS = ((b"accept", b"*/*"), (b"user-agent", b"gophergate"))
_NOT_PUBLIC = "its name has no public address"
"""Said of unknown names too: whoever asks shall not learn which names exist inside."""

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a host name, as text. Raises OSError when it has none."""


class Fetched(msgspec.Struct, frozen=True):
    """`media_type` is what the bytes are; for text the more exact textual type the server claimed."""

    media_type: str
    data: bytes


class PinnedTransport(Protocol):
    """The one method needed of `Http1Transport`."""

    async def send_pinned(self, ask: Ask, address: str) -> Answer: ...


async def resolve(host: str, port: int) -> Sequence[str]:
    """The system's resolver. Odd spellings of an address (`127.1`, `0x7f000001`) come back as what they mean."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]


async def fetch(
    url: str,
    *,
    transport: PinnedTransport,
    limit_bytes: int,
    timeout: float,
    resolver: Resolver = resolve,
    is_allowed: Callable[[str], bool] = is_public,
) -> Fetched:
    """The data at `url`, of a type `sniff.media_type` knows.

    Raises BadRequest, as the address came from the caller: not http or https, not a public address, more than
    `MAX_REDIRECTS` redirects or one from https to http, any answer but 200, longer than `timeout` seconds in all,
    of an unknown type or of another than claimed. Raises BodyTooLarge above `limit_bytes`.
    """
    try:
        async with asyncio.timeout(timeout) as scope:
            for _ in range(MAX_REDIRECTS + 1):
                ask = Ask(method="GET", url=url, headers=_HEADERS, timeouts=patience(timeout))
                async with await pinned(ask, transport, resolver, is_allowed) as answer:
                    if answer.status not in _REDIRECTS:
                        return await _take(url, answer, limit_bytes)
                    url = redirected(url, answer)
    except TimeoutError:
        if not scope.expired():
            raise
        raise refusal(url, f"it took longer than {timeout:g} seconds") from None
    except UpstreamError as error:
        raise refusal(url, error.message.rstrip(".")) from error
    raise refusal(url, f"it redirects more than {MAX_REDIRECTS} times")


def patience(seconds: float) -> Timeouts:
    """Every wait of one request, each bounded by so many seconds."""
    return Timeouts(connect=seconds, first_byte=seconds, idle=seconds, total=seconds)


async def pinned(
    ask: Ask, transport: PinnedTransport, resolver: Resolver = resolve, is_allowed: Callable[[str], bool] = is_public
) -> Answer:
    """Send a request to the very address that was checked. Raises BadRequest where any address its name has may not be
    asked, UpstreamError as the transport does."""
    url = ask.url
    if len(url) > MAX_URL:
        raise BadRequest(f"An address to fetch is longer than {MAX_URL} characters.", code="invalid_url")
    try:
        _, host, port = parse_prefix(split(url)[0])
        addresses = await resolver(host, port)
        # A name with one public and one private address is an attack or a mistake; no part of it is fetched.
        if not addresses or not all(is_allowed(address) for address in addresses):
            raise refusal(url, _NOT_PUBLIC)
        return await transport.send_pinned(ask, addresses[0])
    except ValueError as error:
        raise refusal(url, str(error)) from error
    except OSError as error:
        raise refusal(url, _NOT_PUBLIC) from error


def redirected(url: str, answer: Answer) -> str:
    """Where an answer sends its reader. Raises BadRequest for nowhere, and for a way out of https."""
    location = answer.header(b"location")
    if location is None:
        raise refusal(url, "it redirects to nowhere")
    try:
        target = urljoin(url, location.decode("latin-1"))
    except ValueError as error:
        raise refusal(url, "it redirects to what is no address") from error
    if url.lower().startswith("https:") and not target.lower().startswith("https:"):
        raise refusal(url, "it redirects from https to an address without")
    return target


async def _take(url: str, answer: Answer, limit: int) -> Fetched:
    if answer.status != 200:
        raise refusal(url, f"its server answered with status {answer.status}")
    pieces: list[bytes] = []
    size = 0
    async for piece in answer:
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(f"The data at {_named(url)} is larger than the {limit} bytes allowed.")
        pieces.append(piece)
    data = b"".join(pieces)
    found = media_type(data)
    if found is None:
        raise refusal(url, "its data is of no type that is known here")
    claimed = (answer.header(b"content-type") or b"").decode("latin-1").partition(";")[0].strip().lower()
    if not agree(claimed, found):
        raise refusal(url, f"its server says '{claimed[:80]}' of what is {found}")
    return Fetched(claimed if found == "text/plain" and "/" in claimed and "octet" not in claimed else found, data)


def refusal(url: str, reason: str) -> BadRequest:
    """Why an address was not fetched, naming no more of it than scheme and host."""
    return BadRequest(f"{_named(url)} was not fetched: {reason}.", code="invalid_url")


def _named(url: str) -> str:
    """Scheme and host only: the rest may hold a signature that is good for the data."""
    prefix = split(url)[0][:200]
    return f"The address '{prefix.rpartition('@')[2]}'"
