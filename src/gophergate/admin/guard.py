"""The one enforcement point: every route says what it needs, and its request is judged before its handler runs.

Decided on the matched route object, never on a URL (R-X1). A route that says nothing cannot be made.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Literal

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from gophergate.admin.desk import Desk
from gophergate.admin.permissions import PERMISSIONS, Permission, Who
from gophergate.admin.rooms import Rooms
from gophergate.admin.sessions import COOKIE, Found, Sessions
from gophergate.errors import BadRequest, Forbidden, Unauthenticated
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
    """A route that judges before it serves: first who asks, then whether all of the question is understood."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        needs = checked_needs(self.path, (self.openapi_extra or {}).get(NEEDS))
        handle = super().get_route_handler()
        taken = frozenset(_query_names(self.dependant))

        async def guarded(request: Request) -> Response:
            request.state.desk = await admitted(request, needs)
            _ask_no_more(request, taken)
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


def _ask_no_more(request: Request, taken: frozenset[str]) -> None:
    """Raises BadRequest for a query's parameter that is not taken: passed over, another question would be answered than
    was asked."""
    for name in request.query_params:
        if name not in taken:
            known = f"takes {', '.join(sorted(taken))}" if taken else "takes none"
            raise BadRequest(f"There is no parameter '{name}': this address {known}.", param=name)


def _query_names(dependant: Dependant) -> Iterator[str]:
    for each in dependant.query_params:
        yield each.alias
    for inner in dependant.dependencies:
        yield from _query_names(inner)


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
