"""Signing in and out."""

from __future__ import annotations

import logging
from typing import Annotated, Literal

from fastapi import Request, Response
from pydantic import Field as Member
from pydantic import SecretStr

from gophergate.admin.desk import AtDesk, Desk
from gophergate.admin.guard import keep, presented
from gophergate.admin.permissions import Permission
from gophergate.admin.sessions import COOKIE, Found
from gophergate.admin.shapes import Given, Shown
from gophergate.admin.users import UserShown
from gophergate.errors import Forbidden, Unauthenticated
from gophergate.store.users import Users

logger = logging.getLogger("gophergate")

_LONGEST_PASSWORD = 1024


class Credentials(Given):
    """A user's name and password."""

    username: Annotated[str, Member(min_length=1, max_length=120, examples=["admin"])]
    password: Annotated[SecretStr, Member(min_length=1, max_length=_LONGEST_PASSWORD, examples=["correct horse"])]


class SignedIn(Shown):
    """A session. `token` goes into 'Authorization: Bearer'; a browser has it as a cookie besides, and sends
    `csrf_token` as x-csrf-token with every change."""

    token: str
    csrf_token: str
    user: UserShown


class Me(Shown):
    """Who is asking. `user` is null for an admin token."""

    name: str
    kind: Literal["user", "token"]
    permissions: list[Permission]
    team_id: str | None
    user: UserShown | None
    csrf_token: str | None


class Done(Shown):
    """It is done."""

    ok: bool = True


async def login(given: Credentials, request: Request, response: Response, desk: AtDesk) -> SignedIn:
    """Sign in. The same answer, after as long a time, for a name nobody has and for a wrong password."""
    rooms = desk.rooms
    subjects = (f"name {given.username.lower()}", f"address {desk.address}")
    rooms.throttle.check(*subjects)
    # Counted before it is known to fail: a hundred guesses at once are a hundred, not one.
    rooms.throttle.failed(*subjects)
    users = Users(rooms.database)
    found = await users.by_username(given.username)
    user, hashed = found if found is not None else (None, None)
    fits = await rooms.passwords.fits(given.password.get_secret_value(), hashed)
    if user is None or not fits or user.disabled:
        logger.warning("a sign-in from %s failed", desk.address)
        raise Unauthenticated("The name or the password is wrong.", code="wrong_credentials")
    rooms.throttle.succeeded(*subjects)
    token, csrf = await rooms.sessions.begin(user, address=desk.address, agent=request.headers.get("user-agent", ""))
    await desk.signed_in(user)
    keep(response, token, request, rooms.sessions.ttl)
    return SignedIn(token=token, csrf_token=csrf, user=UserShown.model_validate(user))


async def logout(request: Request, response: Response, desk: AtDesk) -> Done:
    """Sign out: the session is over, wherever its token is."""
    found: Found = request.state.found
    if not found.digest:
        raise Forbidden("An admin token is revoked, not signed out: POST /api/tokens/{id}/revoke.")
    async with desk.change():
        await desk.rooms.sessions.end(found.digest)
        await desk.note("sign_out", "session", desk.who.user_id)
    desk.rooms.sessions.forget()
    response.delete_cookie(COOKIE, path="/")
    return Done()


async def me(request: Request, desk: AtDesk) -> Me:
    """Who is asking, and what they may do."""
    return await _me(desk, await presented(request, desk.rooms))


async def _me(desk: Desk, found: Found | None) -> Me:
    who = desk.who
    user = await Users(desk.rooms.database).get(who.user_id) if who.user_id else None
    return Me(
        name=who.name,
        kind="user" if user else "token",
        permissions=sorted(who.permissions),
        team_id=who.team_id,
        user=UserShown.model_validate(user) if user else None,
        csrf_token=(found.csrf or None) if found else None,
    )
