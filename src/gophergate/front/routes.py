"""Every public path, on one page. The dialect is told by the path, never by which key header was sent.

What is not here goes to the ASGI application (dashboard, admin API). A door without a handler does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from gophergate.front.base import Handler, Header

GEMINI_VERBS = frozenset(
    {"generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"}
)
_GEMINI_ROOTS = ("/v1beta/", "/v1/", "/v1alpha/")


class Doors(msgspec.Struct, frozen=True):
    """The handlers, as `app` built them. `chat(name)` serves that dialect's chat door ("ollama_generate" and
    "openai_completions" the older ones of Ollama and OpenAI), `count(name)` its token counting, `gemini(model, verb)`
    one verb of Gemini's, `operation(name)` the door of a dialect that is not of chat. `model` and `gemini_model` take a
    model id. `response(method, id, below)` is what is done to one stored response."""

    chat: Callable[[str], Handler]
    count: Callable[[str], Handler]
    gemini: Callable[[str, str], Handler]
    responses: Handler
    operation: Callable[[str], Handler]
    compact: Handler
    response: Callable[[str, str, str], Handler | None]
    models: Handler
    model: Callable[[str], Handler]
    gemini_models: Handler
    gemini_model: Callable[[str], Handler]
    ollama_tags: Handler
    ollama_show: Handler
    ollama_ps: Handler
    ollama_version: Handler
    usage: Handler
    live: Handler
    ready: Handler


class Routes:
    """Finds the handler of a request by method and exact path. Built once; a look-up is one dict access."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._exact: dict[tuple[str, str], Handler] = {
            **_openai("POST", "/chat/completions", doors.chat("openai_chat")),
            **_openai("POST", "/completions", doors.chat("openai_completions")),
            **_openai("POST", "/responses", doors.responses),
            **_openai("POST", "/responses/compact", doors.compact),
            **_openai("POST", "/messages", doors.chat("anthropic_messages")),
            **_openai("POST", "/responses/input_tokens", doors.count("openai_responses")),
            **_openai("POST", "/messages/count_tokens", doors.count("anthropic_messages")),
            **_openai("POST", "/embeddings", doors.operation("openai_embeddings")),
            **_openai("POST", "/images/generations", doors.operation("openai_images")),
            **_openai("POST", "/images/edits", doors.operation("openai_image_edits")),
            **_openai("POST", "/moderations", doors.operation("openai_moderations")),
            **_openai("POST", "/rerank", doors.operation("rerank")),
            **_openai("POST", "/audio/speech", doors.operation("openai_speech")),
            **_openai("POST", "/audio/transcriptions", doors.operation("openai_transcriptions")),
            **_openai("POST", "/audio/translations", doors.operation("openai_translations")),
            **_openai("GET", "/models", doors.models),
            **_openai("GET", "/usage", doors.usage),
            ("GET", "/v1beta/models"): doors.gemini_models,
            ("GET", "/v1alpha/models"): doors.gemini_models,
            ("POST", "/api/chat"): doors.chat("ollama"),
            ("POST", "/api/generate"): doors.chat("ollama_generate"),
            ("POST", "/api/embed"): doors.operation("ollama_embeddings"),
            ("POST", "/api/embeddings"): doors.operation("ollama_older_embeddings"),
            ("POST", "/v2/embed"): doors.operation("cohere_embed"),
            ("GET", "/api/tags"): doors.ollama_tags,
            ("POST", "/api/show"): doors.ollama_show,
            ("GET", "/api/ps"): doors.ollama_ps,
            ("GET", "/api/version"): doors.ollama_version,
            ("GET", "/health/live"): doors.live,
            ("GET", "/health/ready"): doors.ready,
        }
        # Balancers and Ollama's clients ask so; the edge leaves the body of what is answered out (RFC 9110, 9.3.2).
        self._exact.update([(("HEAD", path), door) for (method, path), door in self._exact.items() if method == "GET"])
        self._methods: dict[str, set[str]] = {}
        for method, path in self._exact:
            self._methods.setdefault(path, set()).add(method)

    def route(self, method: str, path: str) -> Handler | None:
        """The handler of that method at that path; None when the path is not one of ours."""
        handler = self._exact.get((method, path))
        if handler is not None:
            return handler
        asked = gemini_verb(path)
        if asked is not None:
            return self._doors.gemini(asked.model, asked.verb) if method == "POST" else None
        stored = stored_response(path)
        if method == "HEAD":
            method = "GET"
        if stored is not None:
            return self._doors.response(method, stored.id, stored.below)
        if method == "GET":
            for prefix in ("/v1/models/", "/models/"):
                if path.startswith(prefix) and len(path) > len(prefix):
                    return self._doors.model(path.removeprefix(prefix))
            for prefix in ("/v1beta/models/", "/v1alpha/models/"):
                if path.startswith(prefix) and len(path) > len(prefix):
                    return self._doors.gemini_model(path.removeprefix(prefix))
        return None

    def allowed(self, path: str) -> frozenset[str]:
        """The methods that a known path answers to, for a 405."""
        if gemini_verb(path) is not None:
            return frozenset({"POST"})
        if path not in self._methods:
            stored = stored_response(path)
            return _STORED_METHODS.get(stored.below, frozenset()) if stored is not None else frozenset()
        return frozenset(self._methods[path])

    def every(self) -> tuple[tuple[str, str], ...]:
        """Every exact route, for tests that walk them all (R-X1, R-B4)."""
        return tuple(self._exact)


class GeminiAsked(NamedTuple):
    """What a Gemini path asks for. `model` is without its collection, but for tuned models."""

    model: str
    verb: str


def gemini_verb(path: str) -> GeminiAsked | None:
    """`/v1beta/models/{model}:{verb}` taken apart; None for any other path.

    A model's name may hold slashes and colons ("openai/gpt-4.1", "ollama/llama3:8b"): the verb is what follows the last
    colon. Vercel's SDK takes a name with a slash for a whole path and leaves the collection out.
    """
    for root in _GEMINI_ROOTS:
        if path.startswith(root):
            name, colon, verb = path.removeprefix(root).rpartition(":")
            model = name.removeprefix("models/")
            if colon and model and verb in GEMINI_VERBS:
                return GeminiAsked(model, verb)
    return None


class StoredResponse(NamedTuple):
    """What a path below `/responses/` names: a response, and what is `below` it ("" for itself)."""

    id: str
    below: str


_RESPONSE = re.compile(r"(?:/v1)?/responses/([A-Za-z0-9_.:-]{1,256})(?:/(cancel|input_items))?")
_STORED_METHODS = {
    "": frozenset({"GET", "HEAD", "DELETE"}),
    "cancel": frozenset({"POST"}),
    "input_items": frozenset({"GET", "HEAD"}),
}


def stored_response(path: str) -> StoredResponse | None:
    """`/v1/responses/{id}[/cancel|/input_items]` taken apart; None for any other path."""
    found = _RESPONSE.fullmatch(path)
    return StoredResponse(found[1], found[2] or "") if found is not None else None


def dialect_of(path: str, header: Header) -> str:
    """Whose error envelope a path answers in, also where there is no door. Paths that several vendors' clients ask
    for (lists of models or files) are told apart by the header that each sends of itself, never by that of its key."""
    if path.startswith(("/v1/messages", "/messages")):
        return "anthropic_messages"
    if path.startswith(("/v1beta/", "/v1alpha/")) or gemini_verb(path) is not None:
        return "gemini"
    if is_ollamas(path):
        return "ollama"
    if path.startswith(("/v1/responses", "/responses")):
        return "openai_responses"
    if path.startswith(("/v1/chat/", "/chat/")):
        return "openai_chat"
    if path.startswith("/v2/"):
        return "cohere_embed"
    if header(b"anthropic-version") is not None:
        return "anthropic_messages"
    return "gemini" if header(b"x-goog-api-client") is not None else "openai_chat"


_OLLAMA = re.compile(
    "/api/(?:chat|generate|embed|embeddings|tags|show|ps|version|pull|push|create|delete|copy|blobs/.*)"
)


def is_ollamas(path: str) -> bool:
    """Whether a path is of Ollama's API, be it served here or not: below `/api/` stands the operators' too."""
    return _OLLAMA.fullmatch(path) is not None


def doubled(path: str) -> str:
    """The version that stands before another one, as of a client that adds it to an address that ends with it; "" for
    other paths."""
    found = re.match(r"(/v1(?:alpha|beta)?)(?=/v1(?:alpha|beta)?/)", path)
    return found[1] if found is not None else ""


def _openai(method: str, path: str, handler: Handler) -> dict[tuple[str, str], Handler]:
    """A door with and without the /v1 prefix, for base URLs of either habit."""
    return {(method, f"/v1{path}"): handler, (method, path): handler}
