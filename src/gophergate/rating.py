"""Asking a model to rate a request, as a call of its own: it passes the same page as any other (`exchange`), so it has
its own ledger row, is held against the same budgets, and is tried again and broken off by the same rules.

The row says the operation "classify", has the request id of the call it is for, and names that call in its tags.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from gophergate.core.blocks import Text
from gophergate.core.caller import Caller
from gophergate.core.events import Failed
from gophergate.core.reply import fold
from gophergate.dialects.base import Dialect, encode
from gophergate.errors import GatewayError, RequestTimeout
from gophergate.exchange import House, exchange
from gophergate.front.base import Heard, RawHeaders
from gophergate.policy.auth import Headers
from gophergate.routing.groups import Rating

OPERATION = "classify"
_LONGEST_ANSWER = 256
"""Output tokens. A number needs few; a model that cannot but think needs some."""


class Asking:
    """`routing.classifier.Asks`. `door` is the language it asks in: one whose settings every provider can be given."""

    def __init__(self, house: House, door: Dialect) -> None:
        self._house = house
        self._door = door

    async def __call__(self, rating: Rating, instruction: str, text: str, call_id: str) -> str:
        """What the model answers. Raises GatewayError: it refused, failed, or took longer than it may. Cancelled or
        out of time, its call is ended at once, and its row says that nobody waited."""
        asked_for = self._house.book.running.get(call_id)
        if asked_for is None:
            raise GatewayError(f"the call {call_id} that a rating is wanted for has ended.")
        # The operator chose this model, so the key's list of models does not matter, and it is no request of the key's
        # that counts against its rate. What it costs is the key's.
        caller = replace(asked_for.caller, models=None, limits=(), ip_allow=())
        house = replace(self._house, auth=_Known(caller))
        headers = [(b"x-request-id", asked_for.request_id.encode()), (b"x-gophergate-tags", f"for={call_id}".encode())]
        if asked_for.session:
            headers.append((b"x-gophergate-session", asked_for.session.encode("latin-1", "replace")))
        if asked_for.unlogged:
            headers.append((b"x-gophergate-no-log", b"true"))
        inbound, reply = _Inbound(headers, _body(rating, instruction, text)), _Reply()
        task = asyncio.ensure_future(exchange(inbound, reply, house, self._door, operation=OPERATION))
        try:
            await asyncio.wait({task}, timeout=rating.timeout)
        finally:
            if not task.done():
                reply.gone = True
                task.cancel()
                await asyncio.wait({task})
        if task.cancelled():
            raise RequestTimeout(f"{rating.model} did not answer within {rating.timeout:g} seconds.")
        task.result()
        return self._words(reply, rating.model)

    def _words(self, reply: _Reply, model: str) -> str:
        if reply.status != 200:
            raise self._door.read_error(reply.status, {}, bytes(reply.sent))
        reader = self._door.reader(stream=False)
        events = [*reader.feed(bytes(reply.sent)), *reader.end()]
        failed = next((event for event in events if isinstance(event, Failed)), None)
        if failed is not None:
            raise failed.error
        return "".join(block.text for block in fold(events).blocks if isinstance(block, Text))


def _body(rating: Rating, instruction: str, text: str) -> bytes:
    return encode(
        {
            "model": rating.model,
            "messages": [
                {"role": "system", "content": instruction},
                {"role": "user", "content": f"<request>\n{text}\n</request>"},
            ],
            "stream": False,
            "think": False,
            "options": {"temperature": 0, "num_predict": _LONGEST_ANSWER},
        }
    )


class _Known:
    """`Auth` for a caller who has been let in already."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def caller(self, inbound: Headers) -> Caller:
        return self._caller


class _Inbound:
    """`front.base.Inbound` of a call that nobody sent."""

    method, path, raw_path, query, client, scheme = "POST", "/api/chat", b"/api/chat", b"", "", "http"

    def __init__(self, headers: RawHeaders, body: bytes) -> None:
        self.headers = headers
        self.heard = Heard()
        self._body = body

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key == name), None)

    async def body(self) -> bytes:
        return self._body


class _Reply:
    """`front.base.Reply` into memory."""

    started = gone = False
    status = 0

    def __init__(self) -> None:
        self.sent = bytearray()

    def start(self, status: int, headers: RawHeaders, *, length: int | None = None) -> None:
        self.started, self.status = True, status

    def send(self, data: bytes) -> None:
        self.sent += data

    def end(self) -> None: ...

    def whole(self, status: int, headers: RawHeaders, body: bytes) -> None:
        self.start(status, headers)
        self.send(body)

    def abort(self) -> None:
        self.gone = True

    async def drain(self) -> None: ...

    def on_pressure(self, pause: Callable[[], None], resume: Callable[[], None]) -> None: ...

    def on_gone(self, callback: Callable[[], None] | None) -> None: ...
