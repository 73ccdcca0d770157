"""The Responses WebSocket (R-C3): each `response.create` is a call of its own, and the connection remembers each
response's items, whatever is stored elsewhere.

Source: the "WebSocket mode" of the Responses API, and what Codex and openai-python send.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from gophergate.core.blocks import Json
from gophergate.dialects.base import Dialect, Stamp, decode_object, encode
from gophergate.dialects.openai_responses import to_response_object
from gophergate.dialects.sse import sse
from gophergate.errors import BadRequest
from gophergate.exchange import House, exchange
from gophergate.front.base import Inbound, RawHeaders
from gophergate.front.framed import FramedReply
from gophergate.front.inbound import WholeRequest
from gophergate.policy.auth import permit
from gophergate.responses.history import asked_of, history
from gophergate.responses.runner import StatefulRunner
from gophergate.responses.store import Kept, Layered, MemoryResponses, ResponseStore
from gophergate.routing.base import Account, Order, Plan, Runner

MOST_TURNS = 4096
MOST_BYTES = 64 << 20
"""What one connection remembers. Beyond it the oldest turns go, and a call that needs one is told so."""

_CREATE = "response.create"
_TRANSPORT_ONLY = ("type", "stream", "background", "generate", "stream_id")
"""Members of a message that are no members of a request; a socket's calls are streamed, and never in the background."""
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TRUE, _FALSE, _NULL = b"true", b"false", b"null"


class ResponsesSocket:
    """One connection (`front.websocket.Session`). `opened` is the request that opened it: its key is looked at again
    with every call, so a revoked one ends there."""

    def __init__(self, house: House, door: Dialect, store: ResponseStore, opened: Inbound) -> None:
        self._house = house
        self._door = door
        self._opened = opened
        # A connection lives as long as its client wants, so what it remembers has bounds but no age.
        self._own = MemoryResponses(house.book.clock, ttl=float("inf"), most=MOST_TURNS, most_bytes=MOST_BYTES)
        self._shared = store
        self._all = Layered(self._own, store)

    async def take(self, message: bytes, reply: FramedReply) -> None:
        """Answer one message. Raises BadRequest for one that is no call."""
        members = _members(message)
        generates = bytes(members.get("generate", b"")) != _FALSE
        for name in _TRANSPORT_ONLY:
            members.pop(name, None)
        members["stream"] = msgspec.Raw(_TRUE)
        body = encode(members)
        stamp = Stamp(self._house.ids.new(), int(self._house.wall()))
        if not generates:
            await self._warm_up(body, stamp, reply)
            return
        caller = await self._house.auth.caller(self._opened)
        runner = StatefulRunner(self._house.attempts, self._shared, self._house.catalog, finds=self._all)
        turn = _Turn(self._own, caller.client_id, body, stamp, runner)
        reply.watch(turn.see)
        await exchange(WholeRequest(self._opened, body), reply, self._house, self._door, runner=turn)

    async def _warm_up(self, body: bytes, stamp: Stamp, reply: FramedReply) -> None:
        """Remember the items, under an id, for the call that goes on from them. No provider is asked, so nothing is
        counted; what would be refused then is refused now."""
        caller = await self._house.auth.caller(self._opened)
        peek = self._door.peek(body)
        catalog = self._house.catalog.current
        permit(caller, peek.model, catalog.label(peek.model))
        catalog.plan(peek.model)
        asked = asked_of(body)
        if asked.previous is not None:
            await history(self._all, caller.client_id, asked.previous)
        request = self._door.read_request(body)
        begun = to_response_object(None, request, stamp, "in_progress")
        done = {**begun, "status": "completed", "completed_at": stamp.now}
        kept = Kept(owner=caller.client_id, id=begun["id"], previous=asked.previous, body=body, stamp=stamp)
        self._own.put(replace(kept, response=encode(done)))
        head: RawHeaders = [(b"content-type", self._door.stream_type)]
        reply.start(200, head)
        for number, (kind, response) in enumerate((("response.created", begun), ("response.completed", done))):
            event = {"type": kind, "response": response, "sequence_number": number}
            reply.send(sse(encode(event), kind.encode()))
        reply.end()


class _Turn:
    """One call, remembered from the events its client gets. Stands in front of its `runner` to learn who answers."""

    def __init__(self, store: MemoryResponses, owner: str, body: bytes, stamp: Stamp, runner: Runner) -> None:
        self._store = store
        self._owner = owner
        self._body = body
        self._stamp = stamp
        self._runner = runner
        self._account: Account | None = None
        self._items: list[Json] = []

    async def run(self, plan: Plan, order: Order) -> None:
        """As the runner does."""
        self._account = order.account
        await self._runner.run(plan, order)

    def see(self, name: bytes, data: bytes) -> None:
        """One event. The response is remembered before its last event goes out: the client may come back at once."""
        if name not in _TELLING if name else not any(kind in data for kind in _TELLING):
            return
        event = decode_object(data)
        match event.get("type"):
            case "response.output_item.done":
                self._items.append(event.get("item"))
            case "response.completed" | "response.incomplete":
                self._keep(event.get("response"))

    def _keep(self, response: Any) -> None:
        if not isinstance(response, dict) or not isinstance(response.get("id"), str):
            return
        output = self._items or response.get("output") or []  # Some end with an empty output (edge case 45).
        kept = Kept(
            owner=self._owner,
            id=response["id"],
            maker=self._account.deployment_label if self._account is not None else "",
            previous=asked_of(self._body).previous,
            body=self._body,
            response=encode({"id": response["id"], "status": response.get("status"), "output": output}),
            stamp=self._stamp,
        )
        self._store.put(kept)


_TELLING = frozenset({b"response.output_item.done", b"response.completed", b"response.incomplete"})


def _members(message: bytes) -> dict[str, msgspec.Raw]:
    try:
        members = _MEMBERS.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        decode_object(message)
        raise
    kind = bytes(members.get("type", b""))
    if kind != encode(_CREATE):
        raise BadRequest(
            f"Messages on this connection are of type '{_CREATE}', not {kind.decode('utf-8', 'replace') or 'without'}.",
            param="type",
            code="unsupported_message",
        )
    if bytes(members.get("stream_id", _NULL)) != _NULL:
        raise BadRequest(
            "'stream_id' is not served: a connection answers one call at a time. Open another one beside it.",
            param="stream_id",
            code="unsupported_setting",
        )
    return members
