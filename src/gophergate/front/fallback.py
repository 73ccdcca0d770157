"""The ASGI application behind the doors: what is not a door, and WebSockets. It refuses clearly, in the dialect of the
path asked for.

The dashboard and the operators' API are mounted here by `app`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from gophergate.errors import BadRequest, GatewayError, NotHere
from gophergate.front.assets import Assets
from gophergate.front.base import ErrorTeller, Header, RawHeaders, Refusal, unread
from gophergate.front.framing import index_of
from gophergate.front.routes import Routes, doubled, is_ollamas
from gophergate.front.websocket import refuse

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class MethodNotAllowed(BadRequest):
    """The path is a door, but not for this method."""

    status, code = 405, "method_not_allowed"


class Fallback:
    """Answers 405 for a door asked by another method, 426 for an upgrade where there is no socket, 404 for everything
    else. `sockets` are the applications that serve WebSockets, by path; `operators` serves what is below `/api/` and no
    door; `assets` the dashboard."""

    def __init__(
        self,
        routes: Routes,
        tell_error: ErrorTeller,
        sockets: Mapping[str, Application] | None = None,
        operators: Application | None = None,
        assets: Assets | None = None,
    ) -> None:
        self._routes = routes
        self._sockets = sockets or {}
        self._operators = operators
        self._assets = assets
        self._tell_error = tell_error

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Plain ASGI 3."""
        if scope["type"] == "websocket":
            await self._sockets.get(scope["path"], self._refuse_socket)(scope, receive, send)
        elif scope["type"] == "http":
            if self._operators is not None and self._is_operators(scope["path"]):
                await self._operators(scope, receive, send)
                return
            if self._assets is not None and self._assets.serves(scope["path"]):
                await self._assets(scope, receive, send)
                return
            status, headers, body = self._answer(scope["method"], scope["path"], index_of(scope["headers"]).get)
            await send({"type": "http.response.start", "status": status, "headers": _sized(headers, body)})
            await send({"type": "http.response.body", "body": body})

    def _is_operators(self, path: str) -> bool:
        is_theirs = path.startswith("/api/") and path != "/api/hello" and not is_ollamas(path)
        return is_theirs and not self._routes.allowed(path)

    def _answer(self, method: str, path: str, header: Header) -> Refusal:
        allowed = self._routes.allowed(path)
        if method == "HEAD" and path == "/api/hello":
            # Claude Code asks this first, without a key, to learn whether somebody is there.
            return 200, [(b"content-type", b"text/plain")], b""
        error: GatewayError
        if allowed:
            names = ", ".join(sorted(allowed))
            error = MethodNotAllowed(f"{path} answers to {names}, not to {method}.", headers={"allow": names})
        else:
            error = NotHere(f"There is nothing at {path}. {self._advice(path)}")
        return self._tell_error(path, error, header)

    def _advice(self, path: str) -> str:
        twice = doubled(path)
        if twice and self._routes.allowed(path.removeprefix(twice)):
            return f"The client adds the version itself: give it the address without '{twice}'."
        return "The doors are listed in the README; the first is /v1/models."

    async def _refuse_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        # 426 makes Codex and the OpenAI SDKs fall back to plain HTTP at once (R-C3).
        error = NotHere(f"{scope['path']} is not served over WebSocket; ask by POST.")
        _, headers, body = self._tell_error(scope["path"], error, unread)
        await refuse(scope, send, 426, headers, body)


def _sized(headers: RawHeaders, body: bytes) -> list[tuple[bytes, bytes]]:
    return [*headers, (b"content-length", str(len(body)).encode())]
