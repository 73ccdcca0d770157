"""`/ws`: an operator's page holds it open. Who they are is decided before the handshake, and looked at again while it
is open; frames are pushed by the hub, and the little that a page says is read here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec

from gophergate.errors import BadRequest, Forbidden, GatewayError, Unauthenticated
from gophergate.front.base import ErrorTeller, unread
from gophergate.front.websocket import refuse
from gophergate.live.hub import Hub, Viewer, Wire
from gophergate.live.signs import EVERY_TOPIC, Watch, frame_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LOOK_AGAIN = 5.0
"""Seconds between two looks at whether the viewer may still watch."""
_KERNEL = 128 << 10
_LARGEST = 4096
_SIGNED_OUT = 4401
_RESTART = 1012


class PushWire(Wire, Protocol):
    """The connection, as `front.upgraded` offers it."""

    def narrow(self, size: int) -> None: ...


class Seen(msgspec.Struct, frozen=True):
    """Who presented themselves. `may` are their permissions; `by_cookie` what a page of another origin could send."""

    name: str
    may: frozenset[str]
    team_id: str | None = None
    by_cookie: bool = False


Finds = Callable[[str, str], Awaitable[Seen | None]]
"""Who a cookie header and a bearer token stand for. Raises Unavailable."""


class Said(msgspec.Struct):
    """What a page may say: `filter` with the members of a watch, "" for any; `topics` are separated by commas."""

    type: str
    data: dict[str, str] = {}


_FILTERS = frozenset({"client_id", "key_id", "model", "provider", "status", "topics"})


class LiveSocket:
    """The ASGI application of `/ws`. `hello` is what a viewer is told first."""

    def __init__(self, hub: Hub, find: Finds, tell_error: ErrorTeller, hello: Callable[[], dict[str, Any]]) -> None:
        self._hub = hub
        self._find = find
        self._tell_error = tell_error
        self._hello = hello
        self._changed = asyncio.Event()

    def look_again(self) -> None:
        """Who may watch has changed: every viewer is looked at now, and not only within `LOOK_AGAIN` seconds."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        headers = {bytes(name).lower(): bytes(value).decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        asked = {name: values[-1] for name, values in query.items()}
        try:
            seen = await self._admitted(headers)
            watch = _watch(Watch(words="bodies" in seen.may, team_id=seen.team_id), asked)
        except GatewayError as error:
            await refuse(scope, send, *self._tell_error(scope["path"], error, unread))
            return
        wire: PushWire = scope["extensions"]["gophergate.push"]
        await send({"type": "websocket.accept", "headers": []})
        wire.narrow(_KERNEL)
        seq = asked.get("since", "")
        since = int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 19 else None
        code = await self._watch(wire, watch, since, headers, receive)
        if code:
            with contextlib.suppress(OSError):  # the page was quicker
                await send({"type": "websocket.close", "code": code})

    async def _admitted(self, headers: dict[bytes, str]) -> Seen:
        scheme, _, token = headers.get(b"authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        seen = await self._find(headers.get(b"cookie", ""), bearer)
        if seen is None:
            raise Unauthenticated(
                "Sign in first: /ws needs a session's cookie or an admin token.", code="not_signed_in"
            )
        if seen.by_cookie and not _same_origin(headers):
            raise Forbidden("This page is not of this server.", code="wrong_origin")
        if "view" not in seen.may:
            raise Forbidden(f"This needs the permission 'view', which {seen.name} does not have.")
        return seen

    async def _watch(
        self,
        wire: PushWire,
        watch: Watch,
        since: int | None,
        headers: dict[bytes, str],
        receive: Receive,
    ) -> int:
        """Stay until the viewer leaves or may no longer watch: the code to close with, 0 when they have gone."""
        wire.push(frame_of("system", self._hub.seq, {"kind": "hello", "words": watch.words, **self._hello()}))
        viewer = self._hub.register(watch, wire, since=since)
        looking = asyncio.create_task(self._look_again(viewer, headers))
        receiving = asyncio.ensure_future(receive())
        try:
            while True:
                done, _ = await asyncio.wait({receiving, looking}, return_when=asyncio.FIRST_COMPLETED)
                if looking in done:
                    return looking.result()
                message = receiving.result()
                if message["type"] == "websocket.disconnect":
                    return 0
                if message["type"] == "websocket.drain":
                    return _RESTART
                self._heard(viewer, message)
                receiving = asyncio.ensure_future(receive())
        finally:
            self._hub.unregister(viewer)
            for task in (receiving, looking):
                task.cancel()

    def _heard(self, viewer: Viewer, message: Message) -> None:
        text = message.get("text") or ""
        try:
            said = msgspec.json.decode(text if len(text) <= _LARGEST else "", type=Said)
        except (msgspec.DecodeError, UnicodeError):
            problem = 'A message is {"type": "filter", "data": {...}} of at most 4096 characters.'
            viewer.wire.push(frame_of("error", self._hub.seq, {"message": problem}))
            return
        if said.type != "filter" or not _FILTERS.issuperset(said.data):
            problem = f"'{said.type[:40]}' with these members is not known; a filter has {', '.join(sorted(_FILTERS))}."
            viewer.wire.push(frame_of("error", self._hub.seq, {"message": problem}))
            return
        kept = Watch(words=viewer.watch.words, team_id=viewer.watch.team_id)
        try:
            self._hub.change(viewer, _watch(kept, said.data))
        except BadRequest as error:
            viewer.wire.push(frame_of("error", self._hub.seq, {"message": error.message}))

    async def _look_again(self, viewer: Viewer, headers: dict[bytes, str]) -> int:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await self._changed.wait()
            try:
                seen = await self._admitted(headers)
            except (Unauthenticated, Forbidden):
                return _SIGNED_OUT
            except GatewayError:
                continue  # The database is down: nobody is signed out for that.
            words = "bodies" in seen.may
            if (words, seen.team_id) != (viewer.watch.words, viewer.watch.team_id):
                self._hub.change(viewer, msgspec.structs.replace(viewer.watch, words=words, team_id=seen.team_id))


def _watch(allowed: Watch, asked: dict[str, str]) -> Watch:
    """What is allowed, narrowed to what is asked for. Raises BadRequest for a topic there is none of."""
    wanted = {name: value for name, value in asked.items() if name in _FILTERS and name != "topics"}
    topics = frozenset(asked.get("topics", "").split(",")) - {""} or EVERY_TOPIC
    if not topics <= EVERY_TOPIC:
        unknown = ", ".join(sorted(topics - EVERY_TOPIC))[:80]
        raise BadRequest(f"There is no topic '{unknown}'; there are {', '.join(sorted(EVERY_TOPIC))}.", param="topics")
    return msgspec.structs.replace(allowed, topics=topics, **wanted)


def _same_origin(headers: dict[bytes, str]) -> bool:
    """A browser says where a page is from; a program says nothing."""
    origin = headers.get(b"origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get(b"host", "").lower()
