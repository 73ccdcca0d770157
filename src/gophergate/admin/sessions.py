"""Signed-in people and admin tokens: from a cookie or a header to who is asking.

A session is a random id, signed (HMAC-SHA256, itsdangerous) with a key derived for nothing else, and a row in the
store under the id's hash: so a restart signs nobody out, and signing out holds everywhere. What was found is
remembered for a few seconds; inside this process a change is pushed by `forget`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie

import msgspec
from itsdangerous import BadSignature, Signer

from gophergate.admin.permissions import BY_ROLE, PERMISSIONS, Permission, Who, held, team_of
from gophergate.errors import NotHere
from gophergate.secrets import ADMIN_TOKEN_PREFIX, Keyring, same
from gophergate.store.database import Database
from gophergate.store.sessions import SessionRow
from gophergate.store.sessions import Sessions as SessionRows
from gophergate.store.tokens import Tokens
from gophergate.store.users import UserRow, Users

COOKIE = "gophergate_session"
REMEMBERED_FOR = 5.0
_BOUND = 10_000


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Who presented a credential. `csrf` is what a change by cookie must bring along; "" for a token in a header.
    `renewed_at` (Unix microseconds) is when the session was last prolonged, 0 when it never was."""

    who: Who
    csrf: str = ""
    digest: bytes = b""
    renewed_at: int = 0


class Sessions:
    """Begins, finds, renews and ends sessions. `wall` gives Unix seconds, `clock` only rises."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        *,
        ttl: float,
        wall: Callable[[], float],
        clock: Callable[[], float],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.ttl = ttl
        self.on_forget: list[Callable[[], None]] = []
        """Told when who may do what has changed: whoever keeps a connection open looks again."""
        self._rows = SessionRows(database)
        self._users = Users(database)
        self._tokens = Tokens(database)
        self._keyring = keyring
        self._signer = Signer(keyring.derive("sessions"), salt="session", digest_method=hashlib.sha256)
        self._csrf_key = keyring.derive("csrf")
        self._wall = wall
        self._clock = clock
        self._random = random
        self._known: OrderedDict[bytes, tuple[Found, float]] = OrderedDict()
        self._generation = 0

    async def begin(self, user: UserRow, *, address: str, agent: str) -> tuple[str, str]:
        """A new session's signed token and its CSRF token."""
        name = self._random(32).hex()
        now = self._now()
        await self._rows.forget_expired(now=now)
        await self._rows.create(
            SessionRow(
                hash=_digest(name),
                user_id=user.id,
                created_at=now,
                seen_at=now,
                expires_at=now + int(self.ttl * 1_000_000),
                address=address or None,
                agent=agent[:200] or None,
            )
        )
        return self._signer.sign(name.encode()).decode(), self._csrf(name)

    async def find(self, *, cookies: str = "", bearer: str = "") -> Found | None:
        """Who presented this; None for nobody we know. A header goes before a cookie. Raises DatabaseUnavailable."""
        if bearer.startswith(ADMIN_TOKEN_PREFIX):
            return await self._by_token(bearer)
        if bearer:
            found = await self._by_session(bearer)
            return msgspec.structs.replace(found, csrf="") if found is not None else None
        presented = _cookie(cookies)
        return await self._by_session(presented) if presented else None

    async def end(self, digest: bytes) -> None:
        """Sign out: the session is over everywhere. `forget` once it is committed."""
        await self._rows.end(digest)

    def forget(self) -> None:
        """Users, tokens or sessions changed: what is remembered of them is dropped at once, and what is being looked
        up at this moment is not remembered."""
        self._known.clear()
        self._generation += 1
        for tell in self.on_forget:
            tell()

    def is_fresh(self, found: Found) -> bool:
        """Whether the session was prolonged of late, so that a browser is to keep its cookie longer too."""
        return self._now() - found.renewed_at < int(self.ttl * 250_000)

    def csrf_fits(self, found: Found, presented: str) -> bool:
        """Whether a change by cookie brought the right CSRF token."""
        return bool(found.csrf) and same(found.csrf, presented)

    async def _by_session(self, token: str) -> Found | None:
        try:
            name = self._signer.unsign(token.encode(errors="replace")).decode()
        except (BadSignature, UnicodeDecodeError):
            return None
        digest = _digest(name)
        return await self._remembered(digest, lambda: self._look_up(digest, name))

    async def _look_up(self, digest: bytes, name: str) -> Found | None:
        now = self._now()
        session = await self._rows.find(digest, now=now)
        if session is None:
            return None
        try:
            user = await self._users.get(session.user_id)
        except NotHere:
            return None
        ttl = int(self.ttl * 1_000_000)
        renewed_at = session.seen_at if session.seen_at > session.created_at else 0
        if session.expires_at - now < ttl // 2:
            await self._rows.renew(digest, now=now, expires_at=now + ttl)
            renewed_at = now
        team_id = team_of(user.role, user.team_id)
        who = Who(
            name=user.username,
            permissions=held(BY_ROLE[user.role], team_id),
            role=user.role,
            user_id=user.id,
            team_id=team_id,
        )
        return Found(who=who, csrf=self._csrf(name), digest=digest, renewed_at=renewed_at)

    async def _by_token(self, token: str) -> Found | None:
        digest = self._keyring.hash_client_key(token)

        async def look() -> Found | None:
            row = await self._tokens.find(digest, now=self._now())
            if row is None:
                return None
            given = frozenset(permission for permission in PERMISSIONS if permission in row.scopes)
            left = held(given, row.team_id) & await self._of_author(row.author_id)
            if not left:
                return None
            who = Who(
                name=f"token {row.name}",
                permissions=left,
                token_id=row.id,
                author_id=row.author_id,
                team_id=row.team_id,
            )
            return Found(who=who)

        return await self._remembered(digest, look)

    async def _of_author(self, author_id: str | None) -> frozenset[Permission]:
        """What a token's maker may do now: a token never outdoes them, and ends with them."""
        if author_id is None:
            return frozenset(PERMISSIONS)
        try:
            author = await self._users.get(author_id)
        except NotHere:
            return frozenset()
        return frozenset() if author.disabled else held(BY_ROLE[author.role], team_of(author.role, author.team_id))

    async def _remembered(self, digest: bytes, look: Callable[[], Awaitable[Found | None]]) -> Found | None:
        known = self._known.get(digest)
        now = self._clock()
        if known is not None and now - known[1] < REMEMBERED_FOR:
            return known[0]
        generation = self._generation
        found = await look()
        if found is None:
            self._known.pop(digest, None)
            return None
        if generation != self._generation:
            return found
        self._known[digest] = (found, now)
        if len(self._known) > _BOUND:
            self._known.popitem(last=False)
        return found

    def _csrf(self, name: str) -> str:
        return hmac.new(self._csrf_key, name.encode(), hashlib.sha256).hexdigest()

    def _now(self) -> int:
        return int(self._wall() * 1_000_000)


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""
