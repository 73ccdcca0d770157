"""Coming back to a response: shown, deleted, cancelled, its input listed. Free, but never without a key.

What its maker keeps is asked there and answered in its words; what we keep is answered from the store. A response made
in the background at its maker is paid when it is first seen finished: only then is its usage known.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qsl, quote, urlencode

from msgspec.structs import replace

from gophergate.core.caller import Caller
from gophergate.core.events import Event, Finished
from gophergate.dialects.base import Dialect, Reader, decode_object, encode
from gophergate.dialects.openai_responses.replay import is_ended, last_number, later_than, replayed
from gophergate.errors import BadRequest, NotHere, UpstreamRefused
from gophergate.exchange import House
from gophergate.front.base import Handler, Inbound, Reply
from gophergate.front.caller_headers import told
from gophergate.responses.background import Background
from gophergate.responses.history import Item, gone, listed_items
from gophergate.responses.store import Kept, ResponseStore
from gophergate.routing.base import Deployment
from gophergate.routing.stored import StoredObjects
from gophergate.transport.base import Answer

_LIMIT = 256 << 20
_TERMINAL = frozenset({"completed", "failed", "cancelled", "incomplete"})


class Operations:
    """The handlers of `/v1/responses/{id}` and what stands below it."""

    def __init__(
        self, house: House, door: Dialect, store: ResponseStore, stored: StoredObjects, background: Background
    ) -> None:
        self._house = house
        self._door = door
        self._store = store
        self._stored = stored
        self._background = background

    def show(self, response_id: str) -> Handler:
        """`GET /v1/responses/{id}`"""
        return partial(self._show, response_id)

    def delete(self, response_id: str) -> Handler:
        """`DELETE /v1/responses/{id}`"""
        return partial(self._delete, response_id)

    def cancel(self, response_id: str) -> Handler:
        """`POST /v1/responses/{id}/cancel`"""
        return partial(self._cancel, response_id)

    def items(self, response_id: str) -> Handler:
        """`GET /v1/responses/{id}/input_items`"""
        return partial(self._items, response_id)

    # -- the four -----------------------------------------------------------------------------------------------

    async def _show(self, response_id: str, inbound: Inbound, reply: Reply) -> None:
        caller, kept = await self._found(response_id, inbound)
        if kept.native:
            await self._forward(caller, kept, "GET", "", inbound, reply)
            return
        query = _query(inbound)
        if query.get("stream", "").lower() in ("true", "1"):
            await self._tell(kept, _starting_after(query), reply)
        else:
            _say(reply, kept.response)

    async def _tell(self, kept: Kept, after: int, reply: Reply) -> None:
        """The response as events: those that were told, those being told, or the same told anew."""
        is_running, recording = self._background.running(kept.owner, kept.id)
        if (is_running and recording is None) or (recording is not None and recording.full):
            raise _untellable(kept, "is being made without a stream, or is too long to be followed")
        if recording is None and decode_object(kept.response).get("status") not in _TERMINAL:
            raise _untellable(kept, "is being made elsewhere")
        if after >= 0 and recording is None and not kept.told and decode_object(kept.body).get("stream") is True:
            # Told anew it has other events under other numbers, of which some would be missed. OpenAI takes up only
            # streams that were made in the background, too.
            raise BadRequest(
                f"The events of the response '{kept.id}' were not kept: ask for it without 'starting_after'.",
                param="starting_after",
                code="unsupported_operation",
            )
        reply.start(200, [(b"content-type", self._door.stream_type), (b"cache-control", b"no-cache")])
        if recording is not None:
            async for piece in recording.follow():
                reply.send(later_than(piece, after))
                await reply.drain()
            kept = await self._store.find(kept.owner, kept.id) or kept
            if not is_ended(recording.events):
                # Cancelled, or failed before a word: the last event is told here.
                reply.send(replayed(kept.response, kept.stamp, max(after, last_number(recording.events))))
        elif is_ended(kept.told):
            reply.send(later_than(kept.told, after))
        else:
            reply.send(replayed(kept.response, kept.stamp, after))
        reply.end()

    async def _delete(self, response_id: str, inbound: Inbound, reply: Reply) -> None:
        caller, kept = await self._found(response_id, inbound)
        if kept.native:
            await self._forward(caller, kept, "DELETE", "", inbound, reply)
        else:
            self._background.cancel(kept.owner, kept.id)
            _say(reply, encode({"id": kept.id, "object": "response", "deleted": True}))
        await self._store.forget(kept.owner, kept.id)

    async def _cancel(self, response_id: str, inbound: Inbound, reply: Reply) -> None:
        caller, kept = await self._found(response_id, inbound)
        if kept.native:
            await self._forward(caller, kept, "POST", "/cancel", inbound, reply)
            return
        if not kept.background:
            raise BadRequest("Only a response made with 'background' set to true can be cancelled.")
        if self._background.cancel(kept.owner, kept.id):
            kept = await self._store.find(kept.owner, kept.id) or kept
        _say(reply, kept.response)

    async def _items(self, response_id: str, inbound: Inbound, reply: Reply) -> None:
        caller, kept = await self._found(response_id, inbound)
        if kept.native:
            await self._forward(caller, kept, "GET", "/input_items", inbound, reply)
        else:
            _say(reply, encode(_page(await listed_items(self._store, kept), _query(inbound))))

    # -- what they share ----------------------------------------------------------------------------------------

    async def _found(self, response_id: str, inbound: Inbound) -> tuple[Caller, Kept]:
        caller = await self._house.auth.caller(inbound)
        kept = await self._store.find(caller.client_id, response_id)
        if kept is None:
            raise NotHere(f"Response with id '{response_id}' not found.", param="response_id")
        return caller, kept

    def _maker(self, kept: Kept) -> Deployment:
        provider = self._house.catalog.current.providers.get(kept.provider)
        deployment = None if provider is None else Deployment(provider, kept.maker.partition("/")[2])
        if deployment is None or not deployment.speaks(self._door.name):
            raise gone(kept)
        return deployment

    async def _forward(
        self, caller: Caller, kept: Kept, method: str, below: str, inbound: Inbound, reply: Reply
    ) -> None:
        said = told(inbound)
        request_id = said.request_id or self._house.ids.new()
        deployment = self._maker(kept)
        shows_answer = method != "DELETE" and below != "/input_items"
        guarding = self._house.catalog.current.guards.concerning(caller, kept.maker, (deployment,))
        if shows_answer and guarding is not None and guarding.rewrites:
            raise guarding.refusal(
                f"the response '{kept.id}' is kept by its maker, whose answer cannot be looked at here."
            )
        path = f"/responses/{quote(kept.id, safe='')}{below}"
        body = await inbound.body() if method == "POST" else b""
        query = urlencode([(name, value) for name, value in _pairs(inbound) if name != "key"]).encode()
        head = [(b"x-request-id", request_id.encode()), (b"x-gophergate-model", kept.maker.encode("ascii", "replace"))]
        try:
            answer = await self._stored.ask(
                deployment,
                self._door,
                method,
                path,
                label=kept.credential,
                query=query,
                passing=said.passing,
                body=body,
            )
        except UpstreamRefused as error:
            if error.spoken is None:
                raise
            kind = error.spoken.content_type.encode("latin-1", "replace")
            hints = [(name.encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()]
            reply.whole(error.status, [(b"content-type", kind), *head, *hints], error.spoken.body)
            return
        async with answer:
            owes = kept.owed and below != "/input_items" and method != "DELETE"
            events = await self._pass(answer, reply, head, tap=owes)
        if owes and events:
            await self._settle(caller, kept, deployment, request_id, events)

    async def _pass(self, answer: Answer, reply: Reply, head: list[tuple[bytes, bytes]], *, tap: bool) -> list[Event]:
        """Hand the answer on as it comes; what it told, where somebody listens."""
        kind = answer.header(b"content-type") or b"application/json"
        streams = kind.startswith(b"text/event-stream")
        reader: Reader | None = self._door.reader(stream=streams) if tap else None
        events: list[Event] = []
        if not streams:
            body = await answer.read(_LIMIT)
            reply.whole(answer.status, [(b"content-type", kind), *head], body)
            if reader is None or not _is_over(decode_object(body)):
                return []
            return reader.feed(body) + reader.end()
        reply.start(answer.status, [(b"content-type", kind), (b"cache-control", b"no-cache"), *head])
        async for piece in answer:
            reply.send(piece)
            if reader is not None:
                events.extend(reader.feed(piece))
            await reply.drain()
        reply.end()
        return events if any(isinstance(event, Finished) for event in events) else []

    async def _settle(
        self, caller: Caller, kept: Kept, deployment: Deployment, request_id: str, events: list[Event]
    ) -> None:
        """The row of what was made in the background: one, whoever sees it finished first."""
        now = await self._store.find(kept.owner, kept.id)
        if now is None or not now.owed:
            return
        self._store.put(replace(now, owed=False))
        call_id = self._house.ids.new()
        with self._house.book.entry(call_id, request_id, caller, self._door.name, "background") as entry:
            entry.model_requested = kept.maker
            entry.decided(f"'{kept.id}' was made in the background by {kept.maker} and is finished")
            entry.attempt(deployment)
            entry.answered(200)
            entry.see(events)
            entry.tried(None)
            self._house.admission.charge(caller, entry, entry.session)


def _untellable(kept: Kept, why: str) -> BadRequest:
    return BadRequest(
        f"The response '{kept.id}' {why}: ask for it without 'stream'.", param="stream", code="unsupported_operation"
    )


def _starting_after(query: dict[str, str]) -> int:
    said = query.get("starting_after")
    if said is None:
        return -1
    if not (said.isascii() and said.isdigit() and len(said) <= 15):
        raise BadRequest("'starting_after' must be the number of an event.", param="starting_after")
    return int(said)


def _is_over(response: Item) -> bool:
    """Whether a response changes no more. A compaction that is there has no status."""
    return response.get("status", "completed" if response.get("output") else None) in _TERMINAL


def _pairs(inbound: Inbound) -> list[tuple[str, str]]:
    return parse_qsl(inbound.query.decode("latin-1"), keep_blank_values=True)


def _query(inbound: Inbound) -> dict[str, str]:
    return dict(_pairs(inbound))


def _page(items: list[Item], query: dict[str, str]) -> Item:
    """One page of a list, newest first unless asked otherwise, as OpenAI's lists are."""
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise BadRequest("'order' must be asc or desc.", param="order")
    try:
        limit = int(query.get("limit", "20"))
    except ValueError:
        limit = 0
    if not 1 <= limit <= 100:
        raise BadRequest("'limit' must be a whole number from 1 to 100.", param="limit")
    if order == "desc":
        items = items[::-1]
    ids = [item.get("id") for item in items]
    after = query.get("after")
    if after is not None:
        if after not in ids:
            raise BadRequest(f"There is no item '{after}' to list after.", param="after")
        items = items[ids.index(after) + 1 :]
    page = items[:limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0].get("id") if page else None,
        "last_id": page[-1].get("id") if page else None,
        "has_more": len(items) > limit,
    }


def _say(reply: Reply, body: bytes) -> None:
    reply.whole(200, [(b"content-type", b"application/json")], body)
