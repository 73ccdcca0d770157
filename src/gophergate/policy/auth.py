"""Client keys: from the header to the caller it stands for, checked against the database before anything goes upstream.

A key is looked up by its hash. Answers are remembered for a few seconds, refusals too, both bounded; inside one
process a change is pushed by `forget` and holds at once. While the database is down, known keys keep working for
`grace` seconds and unknown ones get 503, never 401 (R-D5).
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Protocol, TypeVar
from urllib.parse import parse_qs

from gophergate.core.caller import Caller
from gophergate.errors import Forbidden, Unauthenticated, Unavailable

KNOWN_FOR = 5.0
"""Seconds a found key is trusted without another look: the poll bound of R-X5."""
UNKNOWN_FOR = 5.0
GRACE = 600.0
"""Seconds a known key outlives the database."""
_BOUND = 10_000
_T = TypeVar("_T")
_TOKEN = re.compile(r"[\x21-\x7e]{8,512}\Z")


class Hashed(Protocol):
    """Where the hash of the key of a head stays, so that requests with the same head are hashed once."""

    digest: bytes | None


class Headers(Protocol):
    """What auth reads of a request (`front.base.Inbound` fits)."""

    @property
    def query(self) -> bytes: ...

    @property
    def client(self) -> str: ...

    @property
    def heard(self) -> Hashed: ...

    def header(self, name: bytes) -> bytes | None: ...


class KeyStore(Protocol):
    """Where keys are kept."""

    async def find(self, digest: bytes) -> Caller | None:
        """The caller of a live (not revoked) key with that hash. Raises OSError-like Unavailable when down."""


class Auth:
    """Finds callers. `digest` hashes a key; `clock` only rises; `wall` is Unix seconds."""

    def __init__(
        self,
        keys: KeyStore,
        *,
        digest: Callable[[str], bytes],
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._keys = keys
        self._digest = digest
        self._clock = clock
        self._wall = wall
        self._known: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        self._unknown: OrderedDict[bytes, float] = OrderedDict()
        self._looking: dict[bytes, asyncio.Task[Caller | None]] = {}
        self._generation = 0

    async def caller(self, inbound: Headers) -> Caller:
        """Who is asking. Raises Unauthenticated, Forbidden (address), Unavailable (database down, key unknown)."""
        heard = inbound.heard
        digest = heard.digest
        if digest is None:
            digest = heard.digest = self._digest(presented_key(inbound))
        known = self._known.get(digest)
        now = self._clock()
        if known is not None and now - known[1] < KNOWN_FOR:
            found: Caller | None = known[0]
        elif known is None and now - self._unknown.get(digest, -UNKNOWN_FOR) < UNKNOWN_FOR:
            found = None
        else:
            found = await self._look_up(digest, known)
        if found is None:
            raise Unauthenticated("The API key is not known here, or was revoked. Keys look like sk-gg-...")
        if found.expires_at is not None and self._wall() * 1_000_000 >= found.expires_at:
            raise Unauthenticated("The API key has expired.", code="key_expired")
        if found.ip_allow and not _address_allowed(inbound.client, found.ip_allow):
            raise Forbidden("This API key may not be used from your address.", code="ip_not_allowed")
        return found

    def forget(self, key_id: str | None = None) -> None:
        """A key changed (None: any may have): what is remembered of it is dropped at once, and what is being looked
        up at this moment is not remembered."""
        self._generation += 1
        self._looking.clear()
        self._unknown.clear()
        if key_id is None:
            self._known.clear()
            return
        for digest in [digest for digest, (caller, _) in self._known.items() if caller.key_id == key_id]:
            del self._known[digest]

    async def _look_up(self, digest: bytes, known: tuple[Caller, float] | None) -> Caller | None:
        # One look-up for all that wait: a stampede of one key costs one read. It is a task of its own, so that a
        # caller who gives up takes nobody else's answer with it.
        looking = self._looking.get(digest)
        if looking is None:
            looking = self._looking[digest] = asyncio.ensure_future(self._find(digest, known))
            looking.add_done_callback(lambda done: self._looked_up(digest, done))
        return await asyncio.shield(looking)

    def _looked_up(self, digest: bytes, task: asyncio.Task[Caller | None]) -> None:
        if self._looking.get(digest) is task:
            del self._looking[digest]

    async def _find(self, digest: bytes, known: tuple[Caller, float] | None) -> Caller | None:
        generation = self._generation
        try:
            found = await self._keys.find(digest)
        except Unavailable:
            if known is not None and self._clock() - known[1] < GRACE:
                return known[0]
            raise
        now = self._clock()
        if generation != self._generation:
            return found
        if found is None:
            self._known.pop(digest, None)
            _remember(self._unknown, digest, now)
        else:
            self._unknown.pop(digest, None)
            _remember(self._known, digest, (found, now))
        return found


def _remember(memory: OrderedDict[bytes, _T], digest: bytes, value: _T) -> None:
    memory[digest] = value
    memory.move_to_end(digest)
    if len(memory) > _BOUND:
        memory.popitem(last=False)


def presented_key(inbound: Headers) -> str:
    """The key a request presents, in whichever of the four places. Raises Unauthenticated without one."""
    bearer = inbound.header(b"authorization")
    if bearer is not None:
        scheme, _, token = bearer.partition(b" ")
        value = token.strip() if scheme.lower() == b"bearer" else b""
    else:
        value = inbound.header(b"x-api-key") or inbound.header(b"x-goog-api-key") or b""
    if not value and b"key=" in inbound.query:
        value = (parse_qs(inbound.query).get(b"key") or [b""])[0]
    key = value.decode("latin-1")
    if not key:
        raise Unauthenticated(
            "No API key was given. Send it as 'Authorization: Bearer sk-gg-...', x-api-key or x-goog-api-key.",
            code="missing_api_key",
        )
    if not _TOKEN.match(key):
        raise Unauthenticated("The API key is not one of ours: keys look like sk-gg-...")
    return key


def permit(caller: Caller, *names: str) -> None:
    """Raises Forbidden unless the caller's key may use a model by one of its names (requested or concrete)."""
    if caller.models is None:
        return
    for allowed in caller.models:
        for name in names:
            if allowed == name or ("*" in allowed and fnmatchcase(name, allowed)):
                return
    raise Forbidden(
        f"This API key may not use the model '{names[0]}'. It may use: {', '.join(caller.models) or 'none'}.",
        param="model",
        code="model_not_allowed",
    )


def _address_allowed(address: str, allowed: tuple[str, ...]) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    return any(ip in ip_network(network, strict=False) for network in allowed)
