"""Turning an order into what a provider is asked: address, headers, body; and its refusals into errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from gophergate.core.blocks import Json
from gophergate.core.resilience import NO_WAITS, Waits
from gophergate.dialects.base import Dialect, decode, encode, encode_in_pieces
from gophergate.dialects.splice import with_member, without_member
from gophergate.errors import BadRequest, Spoken, UpstreamRefused
from gophergate.providers.base import Credential, Gone, Provider, auth_headers
from gophergate.routing.base import Deployment, Order
from gophergate.routing.heavy import LARGE, free
from gophergate.routing.secrecy import without
from gophergate.transport.base import Answer, Ask, Timeouts

MAX_ERROR_BODY = 1 << 20
_FIRST_ERROR = 400
_RETRY_HINTS = ("retry-after", "retry-after-ms", "x-should-retry")
_ASKS = ("-beta", "-beta-features")
_JSON = (b"content-type", b"application/json")
_AGENT = (b"user-agent", b"gophergate")


def mended_bytes(order: Order, deployment: Deployment, dialect: Dialect, body: bytes) -> bytes:
    """A verbatim body with its provider's quirks seen to: only the members that must change are replaced (law 5)."""
    for quirk in deployment.provider.row.quirks:
        if quirk.dialect != dialect.name or not quirk.may_apply(body):
            continue
        edits = quirk.mend(decode(body), deployment.model)
        for name, value in edits.items():
            try:
                gone = isinstance(value, Gone)
                body = without_member(body, name) if gone else with_member(body, name, encode(value))
            except ValueError as error:
                raise BadRequest(
                    f"The request cannot be prepared for {deployment.label}: {error}.", param=name
                ) from None
        if quirk.drops and edits:
            disclose(order, edits)
    return body


def mended_members(order: Order, deployment: Deployment, dialect: Dialect, body: dict[str, Json]) -> dict[str, Json]:
    """The same for a body that was written by a dialect."""
    for quirk in deployment.provider.row.quirks:
        if quirk.dialect != dialect.name:
            continue
        edits = quirk.mend(body, deployment.model)
        for name, value in edits.items():
            if isinstance(value, Gone):
                del body[name]
            else:
                body[name] = value
        if quirk.drops and edits:
            disclose(order, edits)
    return body


def encoded(members: dict[str, Json], size: int) -> bytes:
    """The bytes of a body that a dialect wrote for a request of `size` bytes. They are all that is left of a large one:
    its members are freed here, beside the loop."""
    if size < LARGE:
        return encode(members)
    body = encode_in_pieces(members)
    many = list(_elements(members))
    members.clear()
    free(many)
    return body


def _elements(members: dict[str, Json]) -> Iterator[Json]:
    for value in members.values():
        if isinstance(value, list):
            yield from value
        elif isinstance(value, dict):
            yield from _elements(value)


def disclose(order: Order, names: Mapping[str, object] | tuple[str, ...]) -> None:
    """Put dropped settings on the record. Raises BadRequest when the caller asked for strictness."""
    if not names:
        return
    if order.strict:
        raise BadRequest(
            f"The chosen model cannot take {', '.join(names)}, and x-gophergate-strict forbids dropping it.",
            param=next(iter(names)),
            code="unsupported_setting",
        )
    order.account.dropped(names)


def ask(
    order: Order,
    deployment: Deployment,
    credential: Credential | None,
    dialect: Dialect,
    body: bytes,
    extra: tuple[tuple[str, str], ...] = (),
) -> Ask:
    """The HTTP request. Keys travel in headers only; the address is the provider's registered one (R-X3)."""
    provider = deployment.provider
    row = provider.row
    headers: tuple[tuple[bytes, bytes], ...] = (_JSON, _AGENT)
    if row.headers or extra or order.passing:
        named = dict(row.headers)
        if extra:
            named.update(extra)
            if "content-type" in named:  # A form, not JSON.
                headers = (_AGENT,)
        for name in row.forwards:
            value = order.passing.get(name)
            if value is not None:
                named[name] = joined(named.get(name), value) if name.endswith("-beta") else value
        headers += tuple((name.encode(), value.encode("latin-1", "replace")) for name, value in named.items())
        disclose(order, unheard(order, deployment))
    if credential is not None:
        headers += auth_headers(row.auth, credential.secret)
    return Ask(
        method="POST",
        url=provider.roots[dialect.name] + dialect.door(deployment.model, stream=order.peek.stream),
        headers=headers,
        body=body,
        timeouts=_timeouts(deployment.timeouts, order.resilience.timeouts),
    )


def _timeouts(own: Timeouts, waits: Waits) -> Timeouts:
    """The provider's own, but for what the group says."""
    if waits is NO_WAITS:
        return own
    return Timeouts(
        waits.connect or own.connect,
        waits.first_byte or own.first_byte,
        waits.idle or own.idle,
        waits.total or own.total,
    )


def static_headers(provider: Provider) -> list[tuple[bytes, bytes]]:
    """The headers of a request that no caller has a part in: a try-out, a probe."""
    headers = [_JSON, _AGENT]
    headers.extend((name.encode(), value.encode("latin-1", "replace")) for name, value in provider.row.headers)
    if provider.credentials:
        headers.extend(auth_headers(provider.row.auth, provider.credentials[0].secret))
    return headers


def unheard(order: Order, deployment: Deployment) -> tuple[str, ...]:
    """The caller's headers that ask for something and mean nothing to that provider (R-C1)."""
    heard = deployment.provider.row.forwards
    return tuple(name for name in order.passing if name.endswith(_ASKS) and name not in heard)


def joined(ours: str | None, theirs: str) -> str:
    """Two comma-separated header values as one, each item once."""
    items = [item.strip() for item in f"{ours or ''},{theirs}".split(",")]
    return ",".join(dict.fromkeys(item for item in items if item))


async def refusal(
    answer: Answer, dialect: Dialect, deployment: Deployment, credential: Credential | None
) -> UpstreamRefused:
    """The error a provider answered with, its credential struck out wherever it was echoed (law 8)."""
    body = await answer.read(MAX_ERROR_BODY)
    secrets = (credential.secret,) if credential is not None and credential.secret else ()
    body = without(body, secrets)
    headers = {name.decode("latin-1"): without(value, secrets).decode("latin-1") for name, value in answer.headers}
    if answer.status < _FIRST_ERROR:
        return UpstreamRefused(
            f"The provider answered {answer.status} and not the call. Redirects are not followed: the address that is "
            "configured for it may be wrong.",
            status=502,
            code="upstream_redirect",
            raw=body.decode("utf-8", "replace"),
        )
    error = dialect.read_error(answer.status, headers, body)
    hints = {name: headers[name] for name in _RETRY_HINTS if name in headers}
    error.headers = {**hints, **error.headers}
    if _is_object(body):
        error.spoken = Spoken(dialect.name, body, headers.get("content-type", "application/json"))
    return error


def _is_object(body: bytes) -> bool:
    """Whether an error is told in JSON, as every dialect tells it. A proxy's page or words before the provider are not
    its own, and a client of the dialect could not read them."""
    try:
        return isinstance(decode(body), dict | list)
    except (msgspec.DecodeError, RecursionError):
        return False
