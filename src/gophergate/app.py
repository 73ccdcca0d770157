"""The composition root: settings in, rooms built and joined, a running gateway out. Nobody else knows every room."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

import gophergate
from gophergate.billing.prices import PriceKeeping
from gophergate.billing.spending import Spending
from gophergate.configured import Configuration
from gophergate.dialects.base import Dialect
from gophergate.doors.chat import dialects
from gophergate.doors.health import error_reply
from gophergate.doors.public import PublicDoors
from gophergate.errors import Unavailable
from gophergate.exchange import House
from gophergate.front.assets import Assets
from gophergate.front.base import ErrorWriter
from gophergate.front.base import Router as DoorRouter
from gophergate.front.cors import CrossOrigin
from gophergate.front.edge import Edge, EdgeLimits
from gophergate.front.fallback import Fallback
from gophergate.front.forwarded import TrustedProxies
from gophergate.front.server import Binding, Server
from gophergate.front.websocket import SocketFront
from gophergate.guarding import asking
from gophergate.ids import Ids
from gophergate.ledger.book import Book
from gophergate.ledger.journal import Journal
from gophergate.ledger.writer import LedgerWriter
from gophergate.live.socket import LiveSocket, Seen
from gophergate.live.view import LiveView
from gophergate.observe.host import host
from gophergate.operators import Application as ASGIApp
from gophergate.operators import Operators
from gophergate.policy.auth import Auth
from gophergate.rating import Asking
from gophergate.responses.store import ResponseStore
from gophergate.retiring import retire_old
from gophergate.routing.classifier import Classifier
from gophergate.routing.media import Fetch
from gophergate.routing.room import Router
from gophergate.secrets import Keyring, Passwords
from gophergate.settings import Settings
from gophergate.store.budgets import TOPIC as BUDGETS_TOPIC
from gophergate.store.calls import Calls
from gophergate.store.database import Database
from gophergate.store.keys import TOPIC as KEYS_TOPIC
from gophergate.store.keys import Keys
from gophergate.store.providers import TOPIC as CATALOG_TOPIC
from gophergate.store.repricing import TOPIC as REPRICED_TOPIC
from gophergate.store.users import TOPIC as PEOPLE_TOPIC
from gophergate.store.webhooks import TOPIC as WEBHOOKS_TOPIC
from gophergate.transport.base import Transport
from gophergate.watching import watch_changes
from gophergate.webhooks import Send, Webhooks

if TYPE_CHECKING:
    from gophergate.admin.sessions import Sessions


class Parts(msgspec.Struct):
    """What a gateway stands on. Passed in, so that tests and embedders may bring their own."""

    database: Database
    keyring: Keyring
    transport: Transport
    fetch: Fetch
    send: Send
    journal: Journal | None = None
    responses: ResponseStore | None = None
    wall: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    bits: Callable[[int], int] = msgspec.field(default_factory=lambda: random.Random().getrandbits)  # noqa: S311 - ids, no secrets


class Gateway:
    """A whole gateway on one event loop. `async with` starts listening, and drains on the way out.

    Serving begins before what the first call does not need (prices, provider model lists) is there.
    """

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.settings = settings
        self.parts = parts
        self.started = parts.wall()
        self.warmed = asyncio.Event()
        """Set once all is there that is not needed to listen."""
        self._background: set[asyncio.Task[None]] = set()
        wall, clock = parts.wall, parts.clock
        ids = Ids(wall, parts.bits)
        spoken = dialects()

        # What is configured, and who may call
        self.configuration = Configuration(
            settings,
            parts.database,
            parts.keyring,
            parts.transport,
            wall=wall,
            consult=asking(parts.send, ids, wall),
        )
        self.catalog = self.configuration.holder
        self.keys = Keys(parts.database)
        self.auth = Auth(self.keys, digest=parts.keyring.hash_client_key, clock=clock, wall=wall)

        # What calls cost, where they are written down, and what may be spent
        self.calls = Calls(parts.database)
        self.pricing = PriceKeeping(
            settings, parts.database, parts.transport, self.configuration, wall=wall, announce=self._announce
        )
        self.writer = LedgerWriter(self.calls, journal=parts.journal, on_written=self.pricing.written)
        self.spending = Spending(
            parts.database,
            self.calls,
            self.writer,
            self.pricing.book,
            settings,
            announce=self._announce,
            output_limit=lambda label: self.catalog.current.facts(label).max_output,
            wall=wall,
            clock=clock,
        )

        # Where calls go, and the house they pass through
        self.router = Router(
            self.catalog, spoken, self.pricing.book, parts, self._announce, settings.admission.provider_wait
        )
        self.configuration.on_swap.append(self.router.reconfigured)
        self.house = self._house(ids)
        self.router.chooser.rater = Classifier(Asking(self.house, spoken["ollama"]), clock)

        # Who is told of them, and who runs the place
        self.webhooks = Webhooks(parts.database, parts.keyring, ids, send=parts.send, wall=wall)
        self.live = LiveView(
            wall=wall,
            clock=clock,
            redact=settings.logging.redact,
            audience=partial(setattr, self.house.book, "audience"),
            measure=self._measured,
        )
        self.passwords = Passwords()
        self.operators = Operators(self._operators)
        self._sessions: Sessions | None = None

        # The doors, and what listens before them
        doors = PublicDoors(self.house, spoken, parts, self.router.serving)
        self.routes = doors.routes
        self.edge = self._edge({**spoken, **doors.operations}, ids)
        self.live_socket = LiveSocket(self.live.hub, self._viewer, self.edge.told, self._hello)
        responses = SocketFront(self.edge, doors.responses.open)
        sockets: dict[str, ASGIApp] = {"/v1/responses": responses, "/responses": responses, "/ws": self.live_socket}
        self.server = Server(
            Fallback(self.routes, self.edge.told, sockets, self.operators, Assets()),
            self.edge,
            Binding(host=settings.server.host, port=settings.server.port),
            drain_timeout=settings.server.drain_timeout,
        )

    def _house(self, ids: Ids) -> House:
        """What a call passes through, as `exchange` orders it."""
        book = Book(
            self.writer,
            self.pricing.book,
            wall=self.parts.wall,
            clock=self.parts.clock,
            keeps=self.settings.logging.bodies,
            redact=self.settings.logging.redact,
        )
        return House(
            auth=self.auth,
            book=book,
            catalog=self.catalog,
            admission=self.spending.admission,
            chooser=self.router.chooser,
            attempts=self.router.attempts,
            ids=ids,
            wall=self.parts.wall,
            heartbeat_interval=self.settings.server.keepalive_interval,
        )

    def _edge(self, spoken: dict[str, Dialect], ids: Ids) -> Edge:
        """What stands between sockets and doors. Pages of other origins cost nothing where none may call."""
        router: DoorRouter = self.routes
        tell: ErrorWriter = partial(error_reply, spoken)
        server = self.settings.server
        if server.cors_origins:
            router = shared = CrossOrigin(router, server.cors_origins)
            tell = shared.errors(tell)
        return Edge(
            router,
            tell,
            new_id=lambda: f"req_{ids.new()}",
            limits=EdgeLimits(max_body_bytes=server.max_body_bytes),
            proxies=TrustedProxies(server.trusted_proxies),
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.server.port

    async def __aenter__(self) -> Gateway:
        parts = self.parts
        self.house.book.loop = asyncio.get_running_loop()
        await self.configuration.reload()
        await self.spending.reload()
        await self.webhooks.start()
        await self.writer.start()
        try:
            await self.server.start()
        except BaseException:
            await self.writer.drain()
            raise
        self._later(self.operators.build())
        self._later(self._warm())
        self._later(self.configuration.keep_fresh())
        self._later(self._watch_changes())
        self._later(retire_old(parts.database, self.calls, self.settings.logging, parts.wall))
        self._later(self.pricing.run())
        self._later(self.router.prober.run())
        self._announce("start", {"version": gophergate.__version__})
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._announce("stop", {})
        self.live.hub.flush()
        await self.server.aclose()
        self.live.aclose()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.webhooks.aclose()
        self.passwords.close()
        await self.writer.drain()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _warm(self) -> None:
        """What makes later calls quick, once the first one can be answered."""
        await self.pricing.warm()
        await self.configuration.discover()
        await self.operators.built()
        self.warmed.set()

    def _watch_changes(self) -> Coroutine[Any, Any, None]:
        """Notice what another process (the command line, another node) changed, and see it here too."""
        return watch_changes(
            self.parts.database,
            {
                KEYS_TOPIC: self._keys_changed,
                CATALOG_TOPIC: self._catalog_changed,
                BUDGETS_TOPIC: self.spending.reload,
                WEBHOOKS_TOPIC: self.webhooks.reload,
                REPRICED_TOPIC: self._repriced,
                PEOPLE_TOPIC: self._people_changed,
            },
        )

    async def _repriced(self) -> None:
        self.spending.reread()

    async def _keys_changed(self) -> None:
        self.auth.forget()
        await self._end_dead_calls()

    async def _catalog_changed(self) -> None:
        await self.configuration.reload()
        self._later(self.configuration.discover())

    async def _people_changed(self) -> None:
        if self._sessions is not None:
            self._sessions.forget()

    async def _end_dead_calls(self) -> None:
        """Running streams of revoked keys end (R-X5), whichever process revoked them."""
        running = {entry.caller.key_id for entry in self.house.book.running.values()}
        if running:
            for key_id in await self.keys.dead(running):
                self.house.book.end_calls(key_id)

    # -- the live view ------------------------------------------------------------------------------------------

    def _announce(self, kind: str, data: Mapping[str, Any]) -> None:
        self.live.announce(kind, data)
        self.webhooks.tell(kind, data)

    def _measured(self) -> dict[str, Any]:
        return {
            "host": host(self.settings.data_dir),
            "running": len(self.house.book.running),
            "ledger": msgspec.to_builtins(self.writer.statistics()),
            "connections": self.parts.transport.statistics(),
            "configuration_version": self.configuration.version,
        }

    def _hello(self) -> dict[str, Any]:
        return {"version": gophergate.__version__, **self.live.measured()}

    async def _viewer(self, cookies: str, bearer: str) -> Seen | None:
        """Who wants to watch. Waits for the operators' side, which knows the sessions."""
        await self.operators.built()
        if self._sessions is None:
            raise Unavailable("The operators' side could not be started; its log says why.")
        found = await self._sessions.find(cookies=cookies, bearer=bearer)
        if found is None:
            return None
        who = found.who
        return Seen(who.name, frozenset(who.permissions), who.team_id, bool(found.csrf))

    def _operators(self) -> ASGIApp:
        """The operators' application. Imports FastAPI, so it is called in a thread, once the doors listen."""
        from gophergate.admin.application import build
        from gophergate.admin.rooms import Rooms
        from gophergate.admin.sessions import Sessions
        from gophergate.admin.throttle import Throttle

        parts, security = self.parts, self.settings.security
        self._sessions = sessions = Sessions(
            parts.database, parts.keyring, ttl=security.session_ttl, wall=parts.wall, clock=parts.clock
        )
        sessions.on_forget.append(self.live_socket.look_again)
        return build(
            Rooms(
                settings=self.settings,
                database=parts.database,
                keyring=parts.keyring,
                configuration=self.configuration,
                transport=parts.transport,
                auth=self.auth,
                calls=self.calls,
                writer=self.writer,
                prices=self.pricing,
                sessions=sessions,
                passwords=self.passwords,
                throttle=Throttle(security.login_attempts, parts.clock),
                ids=self.house.ids,
                wall=parts.wall,
                clock=parts.clock,
                later=self._later,
                announce=self._announce,
                book=self.house.book,
                spending=self.spending,
                webhooks=self.webhooks,
                chooser=self.router.chooser,
                health=self.router.health,
                started=self.started,
            )
        )
