"""The operators' application: FastAPI with our guard, our errors, our headers. Built after the doors listen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import gophergate
from gophergate.admin import problems
from gophergate.admin.examples import add_examples
from gophergate.admin.guard import NEEDS, Guarded, checked_needs
from gophergate.admin.making import MadeWhenAsked
from gophergate.admin.rooms import Rooms
from gophergate.admin.routes import ROUTES, Route
from gophergate.errors import BodyTooLarge

MAX_BODY = 4 << 20
TITLE = "GopherGate"
DOCUMENT, PAGE = "/api/openapi.json", "/api/docs"
_SECURITY = {
    "session": {"type": "apiKey", "in": "cookie", "name": "gophergate_session"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_API_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_DOCS_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)


def build(rooms: Rooms) -> ASGIApp:
    """The ASGI application of `/api/...`."""
    app = FastAPI(
        title=TITLE,
        version=gophergate.__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.rooms = rooms
    problems.install(app)
    making = asyncio.Lock()
    routes = [_late(route, making) for route in ROUTES]
    app.router.routes.extend(routes)
    pages: dict[str, tuple[bytes, str]] = {}

    async def documented(request: Request) -> Response:
        async with making:
            if not pages:
                pages.update(await asyncio.to_thread(_pages, routes))
        page, media = pages[request.url.path]
        return Response(page, media_type=media)

    for path in (DOCUMENT, PAGE):
        app.router.add_route(path, documented, methods=["GET"])
    return Bounded(Hardened(app))


def _pages(routes: Sequence[MadeWhenAsked]) -> dict[str, tuple[bytes, str]]:
    """The OpenAPI document, for programs and for people, as bytes: as objects it takes eight times as much."""
    document = described([route.made() for route in routes])
    return {
        DOCUMENT: (bytes(JSONResponse(document).body), "application/json"),
        PAGE: (_page(document).encode(), "text/html"),
    }


def _late(route: Route, making: asyncio.Lock) -> MadeWhenAsked:
    checked_needs(route.path, route.needs)
    return MadeWhenAsked(route.path, route.method, route.handler, partial(_made, route), making)


def _made(route: Route) -> Guarded:
    usual = (400, 503) if route.needs == "nobody" else (400, 401, 403, 503)
    return Guarded(
        route.path,
        route.handler,
        methods=[route.method],
        status_code=route.status,
        operation_id=f"{route.handler.__module__.rpartition('.')[2]}_{route.handler.__name__.strip('_')}",
        summary=(route.handler.__doc__ or "").strip().partition(".")[0],
        description=" ".join((route.handler.__doc__ or "").split()),
        tags=[route.path.split("/")[2]],
        responses={
            **problems.responses(*sorted({*usual, *route.errors, *((413, 415) if route.method in _WRITES else ())})),
            **({200: {"content": {route.media: {}}, "description": "The file."}} if route.media else {}),
        },
        openapi_extra={NEEDS: route.needs},
    )


_WRITES = ("POST", "PUT", "PATCH")


def described(routes: Sequence[APIRoute]) -> dict[str, Any]:
    """The OpenAPI document, in a second. FastAPI's own 422 goes: here a wrong request is a 400."""
    document = get_openapi(title=TITLE, version=gophergate.__version__, routes=routes, description=_ABOUT)
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            if "412" in operation["responses"]:
                operation.setdefault("parameters", []).append(_IF_MATCH)
            if operation.get(NEEDS) != "nobody":
                operation["security"] = [{"session": []}, {"bearer": []}]
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas.update(problems.schemas())
    document["components"]["securitySchemes"] = _SECURITY
    _close_tables(schemas)
    add_examples(document)
    return document


def _close_tables(node: Any) -> None:
    """A table whose names follow a pattern takes no others; pydantic leaves that out, which says that it does."""
    if isinstance(node, dict):
        if "patternProperties" in node:
            node.setdefault("additionalProperties", False)
        node = [*node.values()]
    if isinstance(node, list):
        for inner in node:
            _close_tables(inner)


_IF_MATCH = {
    "name": "if-match",
    "in": "header",
    "required": False,
    "description": "The etag of what was read: a change made meanwhile by somebody else is not overwritten (412).",
    "schema": {"type": "string", "examples": ["*"]},
}
_ABOUT = (
    "The operators' API of GopherGate. Sign in at /api/auth/login or send an admin token. Lists answer `items` and "
    "`next_cursor`, in the order that `sort` names ('-' before it: descending). Money is decimal text in US dollars; "
    "times are RFC 3339 in UTC; ids are strings. Give the `etag` of what you read as `if-match` and a change made "
    "meanwhile by somebody else is not overwritten."
)


def _page(document: dict[str, Any]) -> str:
    """The API on one page, without scripts and without anything from elsewhere."""
    from html import escape

    rows = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            statuses = ", ".join(operation["responses"])
            rows.append(
                f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code></td>"
                f"<td>{escape(operation.get('description', ''))}</td><td>{escape(str(operation.get(NEEDS, '')))}</td>"
                f"<td>{statuses}</td></tr>"
            )
    style = (
        "body{font:15px/1.5 system-ui;margin:2rem auto;max-width:75rem;padding:0 1rem;color-scheme:light dark}"
        "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .6rem;vertical-align:top;"
        "border-bottom:1px solid #8884}code{font:13px ui-monospace,monospace}"
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>GopherGate API</title><style>{style}</style><h1>GopherGate API</h1><p>{escape(_ABOUT)}</p>"
        f"<p>The whole of it, for programs: <a href=openapi.json>openapi.json</a>.</p><table><thead><tr><th>Method<th>"
        f"Path"
        f"<th>What it does<th>Needs<th>Answers</thead><tbody>{''.join(rows)}</tbody></table></html>"
    )


class Hardened:
    """Security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        policy = _DOCS_POLICY if scope["path"] == PAGE else _API_POLICY

        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                known = {name for name, _ in headers}
                headers += [
                    field for field in (*HEADERS, policy, (b"cache-control", b"no-store")) if field[0] not in known
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, hardened)


class Bounded:
    """Bodies have a bound, whatever length they declare."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY:
                raise BodyTooLarge(f"A request to the operators' API may have at most {MAX_BODY} bytes.")
            return message

        await self._app(scope, bounded, send)
