"""The paths of operations that go as they come: the client's bytes out, the answer's bytes back, a copy metered.

Nothing is translated. A guard that has changed words of the request finds them put back where they stood; one that may
change the answer gets it as events of its own language, or refuses the call where it could not see its words whole.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from msgspec.structs import replace

from gophergate.dialects.platform import Operating
from gophergate.errors import GatewayError
from gophergate.routing.base import Deployment, Order
from gophergate.routing.heavy import apart
from gophergate.routing.path import STREAMS, Paths, content_type, edited, pour, read
from gophergate.routing.screening import watched
from gophergate.routing.secrecy import secrets_of
from gophergate.routing.streams import VerbatimStream
from gophergate.transport.base import Answer

_TEXTS = (b"application/json", b"text/", b"application/problem+json")


class PlainPaths(Paths):
    """Carries orders whose doors are of `dialects.platform`."""

    def carry(self, order: Order, deployment: Deployment) -> Coroutine[Any, Any, None]:
        """See Paths.carry. What is cut cannot be gone on with elsewhere."""
        if order.thread is not None and order.account.guarding is None:
            order = replace(order, thread=None)
        return super().carry(order, deployment)

    async def _verbatim(self, order: Order, deployment: Deployment) -> None:
        door = _door(order)
        body = await apart(len(order.body), edited, order, deployment, False)
        headers = (("content-type", door.request_type),)
        answer = await self._send(order, deployment, door, body, headers)
        try:
            await self._answered(answer, order, deployment, door)
        finally:
            answer.close()

    async def _translated(self, order: Order, deployment: Deployment) -> None:
        door, guarding = _door(order), order.account.guarding
        if guarding is not None and guarding.rewrites and door.operation.spoken and order.peek.stream:
            raise guarding.refusal("the words of such an answer come in pieces. Ask for it without 'stream'.")
        reread = order.reread
        if reread is not None and reread.is_masked:
            body = await apart(len(order.body), door.rewritten, order.body, reread.request)
            order = replace(order, body=body)
        await self._verbatim(order, deployment)

    async def _answered(self, answer: Answer, order: Order, deployment: Deployment, door: Operating) -> None:
        kind, guarding = content_type(answer), order.account.guarding
        streams = kind.startswith(STREAMS)
        is_changed = order.thread is not None or (guarding is not None and guarding.rewrites)
        if not streams and not kind.startswith(_TEXTS):
            if is_changed and guarding is not None:
                raise guarding.refusal("an answer that is no text cannot be looked at.")
            reader = door.sound_reader(kind.decode("latin-1"), order.body)
            await pour(answer, PieceStream(order, reader, kind, secrets_of(deployment.provider)))
        elif is_changed or (order.outlet.begun and not streams):
            await self._deliver(answer, order, door, deployment, await read(order))
        elif streams:
            reader = door.reader(stream=True, origin=deployment.provider_name)
            if guarding is not None:
                reader = watched(reader, guarding)
            await pour(answer, VerbatimStream(order, reader, kind, secrets_of(deployment.provider)))
        else:
            await self._whole(answer, order, deployment, kind)


def _door(order: Order) -> Operating:
    door = order.door
    if not isinstance(door, Operating):
        raise TypeError(f"{door.name} does not go as it comes")
    return door


class PieceStream(VerbatimStream):
    """Sound, or whatever has no events: each piece passes at once. Nothing in it could say that it broke off, so then
    the client's connection breaks too."""

    def feed(self, data: bytes) -> None:
        """See Stream.feed. Nobody looks into what comes, so there is nothing to fall behind with."""
        if not self.done and data and self._reader is not None:
            self._fed(data, self._reader.feed(data))

    def _whole_events(self, data: bytes) -> bytes:
        return data

    def _error_event(self, error: GatewayError) -> bytes:
        return b""

    def _fail(self, error: GatewayError, telling: bytes) -> None:
        if not self.delivered:
            super()._fail(error, b"")
            return
        self._over()
        self.order.account.broke(error)
        self.order.outlet.cut()
