"""Every public path, on one page. The dialect is told by the path, never by which key header was sent.

What is not here goes to the ASGI application (dashboard, admin API). A door without a handler does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import unquote

import msgspec

from gophergate.front.base import Handler


class Doors(msgspec.Struct, frozen=True):
    """The handlers, as `app` built them. `chat(dialect)` serves that dialect's chat door; `model` takes a model id."""

    chat: Callable[[str], Handler]
    models: Handler
    model: Callable[[str], Handler]
    live: Handler
    ready: Handler


class Routes:
    """Finds the handler of a request by method and exact path. Built once; a look-up is one dict access."""

    def __init__(self, doors: Doors) -> None:
        self._model = doors.model
        self._exact: Mapping[tuple[str, str], Handler] = {
            **_openai("POST", "/chat/completions", doors.chat("openai_chat")),
            **_openai("GET", "/models", doors.models),
            ("GET", "/health/live"): doors.live,
            ("HEAD", "/health/live"): doors.live,
            ("GET", "/health/ready"): doors.ready,
            ("HEAD", "/health/ready"): doors.ready,
        }
        self._methods: dict[str, set[str]] = {}
        for method, path in self._exact:
            self._methods.setdefault(path, set()).add(method)

    def route(self, method: str, path: str) -> Handler | None:
        """The handler of that method at that path; None when the path is not one of ours."""
        handler = self._exact.get((method, path))
        if handler is None and method == "GET":
            for prefix in ("/v1/models/", "/models/"):
                if path.startswith(prefix) and len(path) > len(prefix):
                    return self._model(unquote(path.removeprefix(prefix)))
        return handler

    def allowed(self, path: str) -> frozenset[str]:
        """The methods that a known path answers to, for a 405."""
        return frozenset(self._methods.get(path, ()))

    def every(self) -> tuple[tuple[str, str], ...]:
        """Every exact route, for tests that walk them all (R-X1, R-B4)."""
        return tuple(self._exact)


def dialect_of(path: str) -> str:
    """Whose error envelope a path answers in, also where there is no door."""
    if path.startswith(("/v1/messages", "/messages")):
        return "anthropic_messages"
    if path.startswith("/v1beta/") or (path.startswith("/v1/models/") and ":" in path):
        return "gemini"
    if path.startswith(("/api/chat", "/api/generate", "/api/embed", "/api/tags", "/api/show", "/api/version")):
        return "ollama"
    if path.startswith(("/v1/responses", "/responses")):
        return "openai_responses"
    return "openai_chat"


def _openai(method: str, path: str, handler: Handler) -> dict[tuple[str, str], Handler]:
    """An OpenAI door, with and without the /v1 prefix."""
    return {(method, f"/v1{path}"): handler, (method, path): handler}
