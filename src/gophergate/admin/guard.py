"""The one enforcement point: every route says what it needs, and its request is judged before its handler runs.

Decided on the matched route object, never on a URL (R-X1). A route that says nothing cannot be made.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Literal

from fastapi import Request, Response
from fastapi.routing import APIRoute

from gophergate.admin.desk import Desk
from gophergate.admin.permissions import PERMISSIONS, Permission, Who
from gophergate.admin.rooms import Rooms
from gophergate.admin.sessions import COOKIE, Found, Sessions
from gophergate.errors import Forbidden, Unauthenticated
from gophergate.front.forwarded import plain_address

Needs = Permission | Literal["nobody", "anybody"]
"""nobody: open to all, as signing in must be. anybody: whoever is signed in."""

NEEDS = "x-needs"
"""The member of a route's OpenAPI entry that says what it needs: so the documentation says it too."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_NOBODY = Who(name="", permissions=frozenset())


def checked_needs(path: str, needs: Any) -> Needs:
    """What a route says it needs. Raises TypeError for one that does not say it."""
    if needs not in (*PERMISSIONS, "nobody", "anybody"):
        raise TypeError(f"the route {path} does not say what it needs")
    said: Needs = needs
    return said


class Guarded(APIRoute):
    """A route that judges before it serves."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        needs = checked_needs(self.path, (self.openapi_extra or {}).get(NEEDS))
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request.state.desk = await admitted(request, needs)
            response = await handle(request)
            _prolong(request, response)
            return response

        return guarded


async def admitted(request: Request, needs: Needs) -> Desk:
    """The desk at which the request is served. Raises Unauthenticated, Forbidden."""
    rooms: Rooms = request.app.state.rooms
    address = address_of(request, rooms)
    if needs == "nobody":
        return Desk(rooms, _NOBODY, address)
    found = await presented(request, rooms)
    if found is None:
        raise Unauthenticated(
            "Sign in first: POST /api/auth/login, or send an admin token as 'Authorization: Bearer gg-admin-...'.",
            code="not_signed_in",
        )
    if found.csrf and request.method not in _SAFE:
        said = request.headers.get("x-csrf-token", "")
        if not rooms.sessions.csrf_fits(found, said):
            raise Forbidden(
                "A change by cookie needs the x-csrf-token that signing in gave (GET /api/auth/me shows it).",
                code="csrf_token_missing" if not said else "csrf_token_wrong",
            )
    if needs != "anybody" and not found.who.may(needs):
        raise Forbidden(f"This needs the permission '{needs}', which {found.who.name} does not have.")
    request.state.found = found
    return Desk(rooms, found.who, address)


def _prolong(request: Request, response: Response) -> None:
    """Let the browser keep the cookie of a session that was prolonged, unless the handler has had its say of it."""
    found: Found | None = getattr(request.state, "found", None)
    if found is None or not found.csrf or "set-cookie" in response.headers:
        return
    sessions: Sessions = request.app.state.rooms.sessions
    if found.renewed_at and sessions.is_fresh(found):
        keep(response, request.cookies.get(COOKIE, ""), request, sessions.ttl)


def keep(response: Response, token: str, request: Request, ttl: float) -> None:
    """Give a session's token to the browser: for no script, for no other site, over TLS only where TLS is."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(ttl),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )


async def presented(request: Request, rooms: Rooms) -> Found | None:
    """Who the request's header or cookie stands for."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return await rooms.sessions.find(cookies=request.headers.get("cookie", ""), bearer=bearer)


def address_of(request: Request, rooms: Rooms) -> str:
    """The caller's address, as the edge sees it."""
    return plain_address(request.client.host) if request.client is not None else ""
