"""What a provider is: a `Row` of facts, and a `Provider`, that row with an address and credentials of somebody's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from functools import lru_cache
from typing import Literal, Protocol
from urllib.parse import urlsplit

import msgspec

from gophergate.core.blocks import Json
from gophergate.core.events import Event
from gophergate.core.request import Request
from gophergate.core.resilience import CANCEL, Breaker, Disconnect, Retry
from gophergate.dialects.base import PLAIN, Traits

Auth = Literal["bearer", "x-api-key", "x-goog-api-key", "api-key", "none"]


class Gone:
    """The type of `GONE`, which a quirk gives for a member that must be left out."""


GONE = Gone()
Edits = Mapping[str, Json | Gone]


class Quirk(msgspec.Struct, frozen=True, kw_only=True):
    """A small difference of one provider's reading of a dialect, and the failure that taught it.

    `marks`: the quirk can only matter when one of these byte strings is in the body (empty: look always), so that
    a verbatim body is decoded for it as rarely as possible. `mend` gives the top-level members to replace, {} for
    none; it is pure and never touches its input. `names` of dropped settings are disclosed.
    """

    name: str
    taught_by: str
    dialect: str
    mend: Callable[[Mapping[str, Json], str], Edits]
    marks: tuple[bytes, ...] = ()
    drops: bool = False

    def may_apply(self, body: bytes) -> bool:
        """False when the body cannot need it."""
        return not self.marks or any(mark in body for mark in self.marks)


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """A row's own price for one of its models, in nano-dollars a token."""

    input: int
    output: int
    cache_read: int = 0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of provider. `speaks` is in order of preference; `prefix` is the path below the host, by dialect.

    `label` is its name for people; `key_variables` and `base_variable` the environment variables that enable and
    move it; `price_id` its id in genai-prices, "*" in it for what a model's suffix names; `forwards` the
    caller's headers that pass to this vendor;
    `traits` what a model of it can do; `keyless` when it works without a credential; `retries` how many more times it
    is asked after a failure that passes. `operations` are the dialects of what is not chat, by operation, in order of
    preference; each stands beside one of chat's (`BESIDE`), unless `prefix` names a path of its own. `completions`
    finds the names of models that it has the legacy completions door for, None when it has none.
    """

    kind: str
    label: str
    speaks: tuple[str, ...] = ("openai_chat",)
    operations: Mapping[str, tuple[str, ...]] = {}
    base_url: str = ""
    prefix: Mapping[str, str] = {}
    auth: Auth = "bearer"
    key_variables: tuple[str, ...] = ()
    base_variable: str = ""
    price_id: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    forwards: frozenset[str] = frozenset()
    quirks: tuple[Quirk, ...] = ()
    traits: Callable[[str], Traits] = lambda _model: PLAIN
    completions: str | None = None
    keyless: bool = False
    asks_usage: bool = True
    total_timeout: float | None = None
    retries: int = 1
    prices: Mapping[str, Price] = {}


BESIDE: Mapping[str, tuple[str, ...]] = {
    "openai_embeddings": ("openai_chat", "openai_responses"),
    "gemini_embeddings": ("gemini",),
    "ollama_embeddings": ("ollama",),
    "cohere_embed": ("openai_chat",),
    **dict.fromkeys(
        ("openai_images", "openai_image_edits", "openai_moderations", "openai_speech"),
        ("openai_chat", "openai_responses"),
    ),
    **dict.fromkeys(("openai_transcriptions", "openai_translations"), ("openai_chat", "openai_responses")),
    "rerank": ("openai_chat",),
}
"""The dialects of what is not chat, each with those of chat below whose root it is found: who is not asked in one of
these (a narrowed `speaks`) is not asked in it either."""


class Credential(msgspec.Struct, frozen=True):
    """A secret for one provider. `label` is how people tell them apart; `weight` its share of the calls; the secret
    never leaves by `repr`."""

    label: str
    secret: str
    weight: float = 1.0

    def __repr__(self) -> str:
        return f"Credential({self.label!r}, ...)"


@lru_cache(maxsize=256)
def auth_headers(auth: Auth, secret: str) -> tuple[tuple[bytes, bytes], ...]:
    """The header that carries the secret; none for an empty one. Keys travel in headers only (R-X4)."""
    if not secret or auth == "none":
        return ()
    if auth == "bearer":
        return ((b"authorization", b"Bearer " + secret.encode()),)
    return ((auth.encode(), secret.encode()),)


def root_url(dialect: str, base_url: str, prefix: str) -> str:
    """Where a dialect's paths start below a base URL.

    A bare host gets the row's own prefix. A base URL with a path follows the habit of that dialect's SDKs: OpenAI's
    holds the version ("https://host/v1"), Anthropic's and Ollama's do not, Gemini's may.
    """
    parts = urlsplit(base_url)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    if not path:
        return origin + prefix
    match dialect:
        case "anthropic_messages":
            return f"{origin}{path.removesuffix('/v1')}/v1"
        case "cohere_embed" | "rerank" | "openai_transcriptions":  # where they have a prefix of their own
            own = path.removesuffix("/compatibility/v1").removesuffix("/v1").removesuffix("/v2")
            return f"{origin}{own}{prefix}"
        case "ollama":
            return origin + path.removesuffix("/v1").removesuffix("/api")
        case "gemini":
            versioned = path.endswith(("/v1", "/v1beta", "/v1alpha"))
            return origin + path + ("" if versioned else "/v1beta")
        case _:
            return origin + path


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A configured provider: where it is, who pays, what it lists. Immutable; a change makes a new snapshot.

    `concurrency` is how many calls it may have at a time, None for any number. `roots` are of every dialect it is asked
    in, those of its `operations` too.
    """

    name: str
    row: Row
    roots: Mapping[str, str]
    speaks: tuple[str, ...]
    operations: Mapping[str, tuple[str, ...]] = {}
    credentials: tuple[Credential, ...] = ()
    models: tuple[str, ...] = ()
    connect: float = 5.0
    first_byte: float = 120.0
    idle: float = 60.0
    total: float = 600.0
    retry: Retry = Retry()
    breaker: Breaker = Breaker()
    disconnect: Disconnect = CANCEL
    concurrency: int | None = None
    simulator: Simulates | None = None


class Simulates(Protocol):
    """A provider that answers in process, in canonical events (O7's interface: name, completion, streamed
    completion are `name` and `stream`, folded or not)."""

    name: str
    offers: Mapping[str, tuple[str, ...]]
    """Its models by operation ("chat" among them)."""

    def stream(self, request: Request, model: str) -> AsyncIterator[Event]:
        """The reply as events; raises GatewayError before the first one when it will not answer."""
