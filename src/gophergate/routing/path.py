"""The two ways of an answer to the client: verbatim (bytes untouched, a copy metered) and translated.

One reply is one path: verbatim and translated frames never mix.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from gophergate.core.events import Event, Failed, Finished, Started
from gophergate.core.request import Request
from gophergate.dialects.base import Dialect, Reader, Target, Writer
from gophergate.dialects.estimate import rough
from gophergate.dialects.loss import refuse_kept
from gophergate.errors import BadRequest, UpstreamError
from gophergate.providers.base import Provider
from gophergate.routing.asking import ask, disclose, encoded, mended_bytes, mended_members, refusal, unheard
from gophergate.routing.base import Deployment, Order
from gophergate.routing.continuity import Continuity, may_go_verbatim
from gophergate.routing.credentials import Credentials
from gophergate.routing.heavy import LARGE, apart, let_go
from gophergate.routing.media import Fetch, inlined
from gophergate.routing.pace import Need, Pace
from gophergate.routing.screening import watched
from gophergate.routing.secrecy import secrets_of, strike
from gophergate.routing.streams import Translated, TranslatedBody, TranslatedStream, VerbatimStream, declined
from gophergate.transport.base import Answer, Transport

MAX_ANSWER = 256 << 20
"""The largest answer in one piece, in bytes."""
_LINGER = 0.5
_BYTES_PER_TOKEN = 4
STREAMS = (b"text/event-stream", b"application/x-ndjson", b"application/stream+json")


class Paths:
    """Carries an order to one deployment, by whichever way fits."""

    def __init__(
        self,
        transport: Transport,
        dialects: Mapping[str, Dialect],
        continuity: Continuity,
        fetch: Fetch,
        credentials: Credentials,
        pace: Pace | None = None,
        most_output: Callable[[str], int | None] = lambda _label: None,
    ) -> None:
        """`most_output` is what a deployment's maker allows an answer to be, None where nobody knows."""
        self._transport = transport
        self._pace = pace
        self._credentials = credentials
        self._dialects = dialects
        self._continuity = continuity
        self._fetch = fetch
        self._most_output = most_output

    def carry(self, order: Order, deployment: Deployment) -> Coroutine[Any, Any, None]:
        """One attempt, to its end. What is raised here happened before the client saw any content;
        later failures are told to the client in its stream and to the order's account."""
        provider = deployment.provider
        if provider.simulator is not None:
            return self._simulate(order, deployment)
        if order.thread is None and may_go_verbatim(order, deployment):
            return self._verbatim(order, deployment)
        return self._translated(order, deployment)

    async def _verbatim(self, order: Order, deployment: Deployment) -> None:
        dialect = order.door
        provider = deployment.provider
        asks_usage = order.peek.stream and provider.row.asks_usage
        size = len(order.body)
        if size < LARGE:
            body = edited(order, deployment, asks_usage)
        else:
            body = await apart(size, edited, order, deployment, asks_usage)
        answer = await self._send(order, deployment, dialect, body)
        try:
            kind = content_type(answer)
            # Where the door is an array, a stream looks like any other JSON.
            streams = kind.startswith(STREAMS) or (order.peek.stream and kind[:16] == dialect.stream_type[:16])
            if streams != order.peek.stream:
                # JSON where a stream was asked, or the reverse (edge case 8): the client gets what it asked for.
                await self._deliver(answer, order, dialect, deployment, await read(order))
            elif streams:
                reader = dialect.reader(stream=True, origin=provider.name)
                if self._continuity.hears_verbatim(dialect.name, deployment):
                    reader = self._continuity.listening(reader, order, deployment, None)
                if order.account.guarding is not None:
                    reader = watched(reader, order.account.guarding)
                await pour(answer, VerbatimStream(order, reader, kind, secrets_of(provider)))
            else:
                await self._whole(answer, order, deployment, kind)
        finally:
            answer.close()

    async def _whole(self, answer: Answer, order: Order, deployment: Deployment, kind: bytes) -> None:
        body = await answer.read(MAX_ANSWER)
        reader = order.door.reader(stream=False, origin=deployment.provider.name)
        if self._continuity.hears_verbatim(order.door.name, deployment):
            reader = self._continuity.listening(reader, order, deployment, None)
        if order.account.guarding is not None:
            reader = watched(reader, order.account.guarding)
        size = len(body)
        events = _all_of(reader, body) if size < LARGE else await apart(size, _all_of, reader, body)
        order.account.see(events)
        if events and isinstance(events[-1], Failed):
            strike(events[-1].error, secrets_of(deployment.provider))
            raise events[-1].error
        refused = declined(order, events)
        if refused is not None:
            raise refused
        order.account.said(body)
        order.outlet.whole(body, kind)

    async def _translated(self, order: Order, deployment: Deployment) -> None:
        door = order.door
        dialect = door if deployment.completes(door.name) else self._spoken(deployment.provider)
        traits = deployment.provider.row.traits(deployment.model)
        target = Target(model=deployment.model, origin=deployment.provider_name, traits=traits)
        request = await read(order)
        meant = self._possible(order, deployment, request)
        size = len(order.body)
        meant = await inlined(meant, traits.fetches, dialect.name, self._fetch, size)
        if size < LARGE:
            body, headers = _written(order, deployment, dialect, meant, target)
        else:
            body, headers = await apart(size, _written, order, deployment, dialect, meant, target)
            guessed = await apart(size, rough, request)
            let_go(request.turns)
            # No writer asks for more.
            request = meant = replace(request, turns=request.turns[:1], guessed_input=guessed)
        async with await self._send(order, deployment, dialect, body, headers) as answer:
            await self._deliver(answer, order, dialect, deployment, request)

    def _spoken(self, provider: Provider) -> Dialect:
        """The language that a provider is asked in: the first of its own that we speak."""
        for name in provider.speaks:
            if name in self._dialects:
                return self._dialects[name]
        raise AssertionError("a provider speaks one of our dialects")

    def _possible(self, order: Order, deployment: Deployment, request: Request) -> Request:
        """A limit that is meant for another vendor's model may be more than this one can say: a 400, although nothing
        is asked that it could not do. It gets its maker's, and the change is named."""
        wanted = request.max_output_tokens
        if wanted is None:
            return request
        most = self._most_output(deployment.label)
        if most is None or wanted <= most:
            return request
        disclose(order, ("max_output_tokens",))
        return replace(request, max_output_tokens=most)

    async def _deliver(
        self, answer: Answer, order: Order, dialect: Dialect, deployment: Deployment, request: Request
    ) -> None:
        streams = content_type(answer).startswith(STREAMS)
        reader = dialect.reader(stream=streams, origin=deployment.provider_name)
        reader = self._continuity.listening(reader, order, deployment, request)
        writer = order.door.writer(request, order.stamp, stream=request.stream)
        stream = _stream(order, request, writer, reader, secrets_of(deployment.provider))
        if streams:
            await pour(answer, stream)
        else:
            body = await answer.read(MAX_ANSWER)
            size = len(body)
            events = _all_of(reader, body) if size < LARGE else await apart(size, _all_of, reader, body)
            await stream.take_whole(events, size)
            if stream.error is not None:
                raise stream.error

    async def _simulate(self, order: Order, deployment: Deployment) -> None:
        simulator = deployment.provider.simulator
        assert simulator is not None  # noqa: S101 - the caller looked
        request = await read(order)
        for maker, members in request.extra.items():
            refuse_kept(maker, members)
        disclose(order, unheard(order, deployment))
        writer = order.door.writer(request, order.stamp, stream=request.stream)
        stream = _stream(order, request, writer, None)
        if request.stream:
            order.outlet.keep_alive(order.door.heartbeat, order.door.stream_type)
        order.account.sent()
        is_large = len(order.body) >= LARGE  # An echo is as long.
        async for event in simulator.stream(request, deployment.model):
            if isinstance(event, Started):
                order.account.answered(200)
            if is_large and isinstance(event, Finished):
                await stream.take_much([event])
            else:
                stream.take([event])
            await order.outlet.drain()
        await stream.conclude()
        if is_large:
            let_go(request.turns)
        if stream.error is not None:
            raise stream.error

    async def _send(
        self,
        order: Order,
        deployment: Deployment,
        dialect: Dialect,
        body: bytes,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Answer:
        credential = self._credentials.pick(deployment.provider, order.credential)
        if order.peek.stream:
            order.outlet.keep_alive(order.door.heartbeat, order.door.stream_type)
        pace, key = self._pace, ""
        if pace is not None:
            key = f"{deployment.provider_name}#{credential.label if credential is not None else ''}"
            tokens = len(body) // _BYTES_PER_TOKEN
            need = Need(1, tokens + (order.peek.max_output_tokens or 0), tokens)
            waited = await pace.wait(key, deployment.model, need)
            if waited > 0:
                order.account.decided(f"waited {waited:.1f} s for the limits that {key} has at its provider")
        order.account.sent(credential.label if credential is not None else "")
        answer = await self._transport.send(ask(order, deployment, credential, dialect, body, headers))
        order.account.answered(answer.status)
        if pace is not None:
            pace.learn(key, deployment.model, answer.status, answer.headers)
        if not 200 <= answer.status < 300:
            async with answer:
                raise await refusal(answer, dialect, deployment, credential)
        return answer


def edited(order: Order, deployment: Deployment, asks_usage: bool) -> bytes:
    """The client's own bytes with the few members changed that must be. Raises BadRequest where they cannot be found (a
    key written with escapes)."""
    try:
        body = order.door.edit(order.body, model=deployment.model, ask_usage=asks_usage)
    except (ValueError, msgspec.DecodeError) as error:
        raise BadRequest(f"The request cannot be prepared for {deployment.label}: {error}.") from None
    return mended_bytes(order, deployment, order.door, body)


def _written(
    order: Order, deployment: Deployment, dialect: Dialect, request: Request, target: Target
) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """What the provider is sent: a body, and the headers that the dialect itself needs."""
    written = dialect.write_request(request, target)
    disclose(order, written.dropped)
    members = mended_members(order, deployment, dialect, written.body)
    return encoded(members, len(order.body)), written.headers


async def read(order: Order) -> Request:
    """The request, with what its reply so far was where it is gone on with."""
    if order.reread is not None:
        request = order.reread.request
    else:
        body, peek, model = order.body, order.peek, order.path_model
        request = await apart(len(body), order.door.read_request, body, model=model, stream=peek.stream)
    return request if order.thread is None else order.thread.asked(request)


def _stream(
    order: Order, request: Request, writer: Writer, reader: Reader | None, secrets: tuple[str, ...] = ()
) -> Translated:
    if order.thread is not None:
        return order.thread.stream(order, request, writer, reader, secrets)
    if not request.stream:
        return TranslatedBody(order, writer, reader, secrets)
    return TranslatedStream(order, writer, reader, secrets)


def _all_of(reader: Reader, body: bytes) -> list[Event]:
    return reader.feed(body) + reader.end()


def content_type(answer: Answer) -> bytes:
    """What an answer says that it is."""
    return answer.header(b"content-type") or b"application/json"


async def pour(answer: Answer, stream: VerbatimStream | Translated) -> None:
    """Push the answer through `stream`. The client is released when its stream is done, even while the
    provider dawdles over closing (edge case 6)."""
    stream.order.outlet.steer(answer)
    stream.source = answer
    linger: asyncio.TimerHandle | None = None

    def release() -> None:
        nonlocal linger
        linger = asyncio.get_running_loop().call_later(_LINGER, answer.close)

    stream.on_done = release
    cut: UpstreamError | None = None
    try:
        try:
            await answer.pour(stream.feed)
        except UpstreamError as error:
            cut = error
        await stream.conclude(cut)
    finally:
        stream.abandon()
        if linger is not None:
            linger.cancel()
    if stream.error is not None:
        raise stream.error
