"""Every knob, with its default, its bounds and one line of meaning. Frozen structs and nothing else.

The file's sections are the fields of `Knobs`; the descriptions feed `config explain`, the template that
`gophergate init` writes and the configuration page of the documentation. To add a knob, add a field here.
Durations are seconds. Nothing here reads a file or an environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gophergate.settings.guards import GuardSettings
from gophergate.settings.masking import Secret

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"
MODEL_PATTERN = r"^[^\s/][^\s]{0,254}\Z"

Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Price = Decimal
Name = Annotated[str, Meta(pattern=NAME_PATTERN)]
Text = Annotated[str, Meta(min_length=1)]
ModelName = Annotated[str, Meta(pattern=MODEL_PATTERN)]
Dialect = Literal["openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama", "bedrock_converse"]
Strategy = Literal[
    "ordered", "weighted", "least_latency", "least_busy", "cheapest", "sticky", "heuristic", "classifier"
]

At = tuple[str | int, ...]
"""Where a value stands: section, key, then indexes and keys inside it."""


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    host: Annotated[Text, Meta(description="Address to listen on; 0.0.0.0 for every interface.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")] = 8080
    workers: Annotated[int, Meta(ge=1, le=256, description="Processes; this version serves with one.")] = 1
    drain_timeout: Annotated[
        float, Meta(ge=0, le=86_400, description="Seconds running streams may take to finish after SIGTERM.")
    ] = 30.0
    max_body_bytes: Annotated[
        int, Meta(ge=1024, le=2**31, description="Largest request body, in bytes; larger ones get 413.")
    ] = 64 * 1024 * 1024
    keepalive_interval: Annotated[
        float,
        Meta(gt=0, le=3600, description="Seconds of silence on a stream before a heartbeat is sent."),
    ] = 15.0
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Addresses or networks whose X-Forwarded-For is believed."),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...],
        Meta(
            description='Origins of pages that may call the doors from a browser, such as "https://app.example"; '
            '"*" for every one. Never the operators\' API.'
        ),
    ] = ()
    public_url: Annotated[str, Meta(description="Where users reach this gateway, when a proxy stands before it.")] = ""


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True):
    url: Annotated[
        Secret,
        Meta(
            description='"sqlite+aiosqlite:///FILE" or "postgresql+asyncpg://user@host/db"; '
            "by default a SQLite file in the data directory."
        ),
    ] = Secret("")


class RedisSettings(msgspec.Struct, frozen=True, kw_only=True):
    url: Annotated[
        Secret | None,
        Meta(description='"redis://host:6379/0"; this version shares nothing through it.'),
    ] = None


class SecuritySettings(msgspec.Struct, frozen=True, kw_only=True):
    encryption_key: Annotated[
        Secret | None,
        Meta(description="32 bytes as 64 hexadecimal characters or base64; encrypts the stored secrets."),
    ] = None
    session_ttl: Annotated[
        float,
        Meta(ge=60, le=365 * 86_400, description="Seconds a dashboard session lasts without use."),
    ] = 86_400.0
    login_attempts: Annotated[
        int,
        Meta(ge=1, le=1000, description="Failed log-ins in a row before a user name and address must wait."),
    ] = 5


class LoggingSettings(msgspec.Struct, frozen=True, kw_only=True):
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least serious log line written.")
    ] = "info"
    format: Annotated[Literal["text", "json"], Meta(description="Shape of log lines.")] = "text"
    bodies: Annotated[Literal["none", "errors", "all"], Meta(description="Which calls keep what was said.")] = "none"
    redact: Annotated[
        tuple[Text, ...], Meta(description="Members of bodies, by name, whose values are never kept.")
    ] = ()
    retention_days: Annotated[
        int, Meta(ge=0, le=36_500, description="Days a call's record is kept; 0 keeps it for ever.")
    ] = 90
    body_retention_days: Annotated[
        int, Meta(ge=0, le=36_500, description="Days a call's bodies are kept; 0 keeps them as long as the call.")
    ] = 14


class TokenPrices(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars per million tokens of each class. What is left out keeps its known price."""

    input: Price | None = None
    output: Price | None = None
    cache_read: Price | None = None
    cache_write: Price | None = None
    cache_write_1h: Price | None = None
    reasoning: Price | None = None
    audio_input: Price | None = None
    audio_output: Price | None = None
    image_input: Price | None = None
    image_output: Price | None = None


class LongContextPrice(TokenPrices, frozen=True, kw_only=True):
    """The prices of a call whose prompt has more than `above` tokens."""

    above: Annotated[int, Meta(ge=1, le=1_000_000_000)]


class PriceOverride(TokenPrices, frozen=True, kw_only=True):
    """Your own price of one model: by class of tokens, `request` for each call, `tools` for each use, `units` for each
    piece (images, characters, pages, ...), `tiers` as factors on token prices ("flex" = 0.5). `like` names the
    "provider/model" whose price it has."""

    request: Price | None = None
    tools: dict[Name, Price] = {}
    units: dict[Name, Price] = {}
    tiers: dict[Name, Price] = {}
    long_context: tuple[LongContextPrice, ...] = ()
    like: ModelName | None = None

    def rates(self) -> dict[str, Decimal]:
        """All of it but `like`, as `ledger.cards.overridden` takes it."""
        classes = TokenPrices.__struct_fields__
        found = {name: getattr(self, name) for name in (*classes, "request")}
        for kind, amounts in (("tool", self.tools), ("unit", self.units), ("tier", self.tiers)):
            found |= {f"{kind}.{name}": amount for name, amount in amounts.items()}
        for long in self.long_context:
            found |= {f"above.{long.above}.{name}": getattr(long, name) for name in classes}
        return {name: amount for name, amount in found.items() if amount is not None}


class PricingSettings(msgspec.Struct, frozen=True, kw_only=True):
    unpriced: Annotated[
        Literal["allow", "block", "default"],
        Meta(description="What happens to a call whose model has no known price; default charges pricing.default."),
    ] = "allow"
    default: Annotated[PriceOverride, Meta(description='The price of what has none, where unpriced = "default".')] = (
        PriceOverride()
    )
    refresh: Annotated[
        float,
        Meta(ge=0, le=365 * 86_400, description="Seconds between looks for new prices and models; 0 never looks."),
    ] = 86_400.0
    source: Annotated[
        str,
        Meta(pattern=r"^https?://[^\s]+\Z", description="Where new prices are fetched from; a mirror of genai-prices."),
    ] = "https://raw.githubusercontent.com/pydantic/genai-prices/refs/heads/main/prices/new_data/v2/data.json"
    overrides: Annotated[
        dict[ModelName, PriceOverride],
        Meta(description="Your own prices by model, in US dollars per million tokens."),
    ] = {}


class DisconnectSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a provider's answer when the client has gone."""

    policy: Annotated[
        Literal["cancel", "drain", "finish"],
        Meta(description="Close the connection at once, read on within bounds, or read to the end."),
    ] = "cancel"
    seconds: Annotated[Seconds, Meta(description="How long to drain, at most.")] = 30.0
    tokens: Annotated[
        Annotated[int, Meta(ge=1, le=10_000_000)] | None, Meta(description="How many more tokens to drain, at most.")
    ] = None


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a deployment that fails is left alone."""

    failures: Annotated[
        int, Meta(ge=1, le=10_000, description="Failures in a row before a model of it is left alone.")
    ] = 5
    recovery: Annotated[Seconds, Meta(description="Seconds until it is tried again.")] = 300.0
    probe: Annotated[
        float,
        Meta(ge=0, le=86_400, description="Seconds between free looks at whether it is back; 0 never looks."),
    ] = 0.0


class CredentialSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One of several keys for a provider."""

    label: Annotated[Name, Meta(description="How people tell it from the others.")]
    api_key: Annotated[Secret, Meta(description='The key, best as "env:NAME" or "file:PATH".')]
    weight: Annotated[float, Meta(ge=0, le=1_000_000, description="Its share of the calls.")] = 1.0


class AdmissionSettings(msgspec.Struct, frozen=True, kw_only=True):
    wait: Annotated[
        float,
        Meta(
            ge=0, le=600, description="Seconds a call waits while others' reservations hold what is left of a budget."
        ),
    ] = 10.0
    max_waiting: Annotated[int, Meta(ge=0, le=100_000, description="Calls that may wait so at one time.")] = 1000
    unknown_output: Annotated[
        int,
        Meta(ge=1, le=10_000_000, description="Output tokens reserved at most for a call that names no limit."),
    ] = 8192
    at_cap: Annotated[
        Literal["finish", "cut"],
        Meta(description="What happens to a running call when its hard budget is used up."),
    ] = "finish"
    provider_wait: Annotated[
        float,
        Meta(ge=0, le=600, description="Seconds a call waits at most for a provider's own limits; 0: it is refused."),
    ] = 0.0
    loop_after: Annotated[
        int,
        Meta(ge=0, le=100_000, description="Equal requests in a session and minute that are called a loop; 0: never."),
    ] = 20


class TimeoutSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds; what is left out is the default of the provider's kind."""

    connect: Annotated[Seconds | None, Meta(description="To reach the provider.")] = None
    first_byte: Annotated[Seconds | None, Meta(description="From the request to the first byte back.")] = None
    idle: Annotated[Seconds | None, Meta(description="Between two pieces of an answer.")] = None
    total: Annotated[Seconds | None, Meta(description="For the whole answer.")] = None


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True):
    name: Annotated[Name, Meta(description='The prefix in "openai/gpt-4.1".')]
    kind: Annotated[Name, Meta(description="Which sort of provider: openai, anthropic, compatible, ...")]
    api_key: Annotated[Secret | None, Meta(description='Its key, best as "env:NAME" or "file:PATH".')] = None
    api_key_weight: Annotated[
        float, Meta(ge=0, le=1_000_000, description="The share of the calls that go on it beside other credentials.")
    ] = 1.0
    base_url: Annotated[str, Meta(description="Its address; known kinds have one of their own.")] = ""
    models: Annotated[tuple[Text, ...], Meta(description="The models to list; by default the provider is asked.")] = ()
    timeouts: Annotated[TimeoutSettings, Meta(description="Seconds to wait for it.")] = TimeoutSettings()
    speaks: Annotated[
        tuple[Dialect, ...], Meta(description="Which of its dialects to use, in order of preference.")
    ] = ()
    enabled: Annotated[bool, Meta(description="Whether calls may go to it.")] = True
    credentials: Annotated[
        tuple[CredentialSettings, ...],
        Meta(description="Several keys, each with label, api_key and weight; calls are spread over them."),
    ] = ()
    concurrency: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None, Meta(description="Calls it may have at a time.")
    ] = None
    retries: Annotated[
        Annotated[int, Meta(ge=0, le=10)] | None,
        Meta(description="How many more times a model of it is asked after a failure that passes; by default once."),
    ] = None
    retry_deadline: Annotated[
        Seconds, Meta(description="Seconds after the first attempt of a call in which others may begin.")
    ] = 180.0
    breaker: Annotated[
        BreakerSettings, Meta(description="When a model of it that fails is left alone: failures, recovery, probe.")
    ] = BreakerSettings()
    disconnect: Annotated[
        DisconnectSettings,
        Meta(description="What becomes of its answer when the client goes: policy, seconds, tokens."),
    ] = DisconnectSettings()


class TargetSettings(msgspec.Struct, frozen=True, kw_only=True):
    model: Annotated[ModelName, Meta(description='"provider/model", or another group.')]
    weight: Annotated[float, Meta(ge=0, le=1_000_000, description="Its share under weighted.")] = 1.0


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of a group's ordered rules; it fits when all that it says is so."""

    model: Annotated[ModelName, Meta(description="What is asked where the rule fits.")]
    fallback: Annotated[ModelName | None, Meta(description="What is asked should that fail.")] = None
    pattern: Annotated[str, Meta(description="Looked for in what the user said last.")] = ""
    regex: Annotated[bool, Meta(description="Whether the pattern is a regular expression.")] = False
    case: Annotated[bool, Meta(description="Whether capitals matter.")] = False
    any_of_tags: Annotated[
        tuple[Text, ...], Meta(description='Tags of which one must be there: "name", "name=value".')
    ] = ()
    max_input_tokens_lt: Annotated[
        Annotated[int, Meta(ge=1, le=2**31)] | None,
        Meta(description="The prompt has fewer tokens than that, as estimated."),
    ] = None
    requires_reasoning: Annotated[bool | None, Meta(description="The caller asks for reasoning, or does not.")] = None
    requires_tool_calling: Annotated[bool | None, Meta(description="The caller offers tools, or does not.")] = None
    has_multimodal_input: Annotated[bool | None, Meta(description="The prompt holds media, or does not.")] = None
    is_default_fallback: Annotated[bool, Meta(description="Fits always; for the last rule.")] = False


class ClassifierSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who rates requests for a classifier group, and how."""

    model: Annotated[ModelName, Meta(description="The cheap model that rates.")]
    threshold: Annotated[int, Meta(ge=1, le=1000, description="The highest rating; the lowest is 0.")] = 9
    timeout: Annotated[float, Meta(gt=0, le=60, description="Seconds it has to answer.")] = 5.0
    remember: Annotated[
        float, Meta(ge=0, le=86_400, description="Seconds a rating is good for the same prompt; 0 rates each time.")
    ] = 3600.0
    instruction: Annotated[str, Meta(description="What it is told, in place of the built-in words.")] = ""


class GroupSettings(msgspec.Struct, frozen=True, kw_only=True):
    name: Annotated[ModelName, Meta(description="The model name callers ask for.")]
    strategy: Annotated[Strategy, Meta(description="How one of the targets is chosen.")] = "ordered"
    targets: Annotated[tuple[TargetSettings, ...], Meta(description="What it may resolve to.")] = ()
    fallbacks: Annotated[
        tuple[ModelName, ...], Meta(description="Models tried in order when every target failed.")
    ] = ()
    rules: Annotated[
        tuple[RuleSettings, ...],
        Meta(description="Ordered rules of the heuristic strategy, also what a classifier falls back on."),
    ] = ()
    classifier: Annotated[ClassifierSettings | None, Meta(description="Who rates, for the classifier strategy.")] = None
    sticky_by: Annotated[
        Literal["auto", "session", "user", "prompt"],
        Meta(description="What sticky goes by; auto takes the first of session, user and prompt that is known."),
    ] = "auto"
    retries: Annotated[
        Annotated[int, Meta(ge=0, le=10)] | None, Meta(description="As the provider's, for calls to this group.")
    ] = None
    retry_deadline: Annotated[Seconds | None, Meta(description="As the provider's, for calls to this group.")] = None
    timeouts: Annotated[TimeoutSettings, Meta(description="Seconds to wait, in place of the provider's.")] = (
        TimeoutSettings()
    )
    hedge_after: Annotated[
        Annotated[float, Meta(ge=1, le=600_000)] | None,
        Meta(description="Milliseconds without content after which a second target is asked as well."),
    ] = None
    wait: Annotated[
        Seconds | None, Meta(description="Seconds to wait for a target when none can be asked, instead of failing.")
    ] = None
    disconnect: Annotated[
        DisconnectSettings | None, Meta(description="As the provider's, for calls to this group.")
    ] = None
    continue_streams: Annotated[
        bool, Meta(description="Whether an answer that is cut goes on elsewhere, marked, after its text so far.")
    ] = False


class Knobs(msgspec.Struct, frozen=True, kw_only=True):
    """All that a configuration file may say."""

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    security: SecuritySettings = SecuritySettings()
    logging: LoggingSettings = LoggingSettings()
    pricing: PricingSettings = PricingSettings()
    admission: AdmissionSettings = AdmissionSettings()
    providers: tuple[ProviderSettings, ...] = ()
    groups: tuple[GroupSettings, ...] = ()
    guards: tuple[GuardSettings, ...] = ()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a value came from. `name` is the file, variable or flag; `line` and `column` count from 1, 0 unknown.

    `via` is the "env:NAME" or "file:PATH" the value was read through, "" when it stood there itself.
    """

    kind: Literal["default", "file", "environment", "flag"]
    name: str = ""
    line: int = 0
    column: int = 0
    via: str = ""

    def __str__(self) -> str:
        place = f"{self.name}:{self.line}" if self.line else self.name or "default"
        return f"{place} ({self.via})" if self.via else place


BUILT_IN = Source(kind="default")


class FirstRun(msgspec.Struct, frozen=True, kw_only=True):
    """What an empty database is begun with instead of generated secrets. Environment only, never a file."""

    admin_password: Secret | None = None
    client_key: Secret | None = None


class Settings(Knobs, frozen=True, kw_only=True):
    """The knobs as they apply: defaults filled in, every `env:` and `file:` read, all checked.

    An immutable snapshot; a changed configuration is a new one. `database.url` is never empty here.
    `sources` holds where each value that is not a default came from, by its place; `passed_over` are sentences about
    variables that look like settings and are none.
    """

    data_dir: Path
    config_file: Path | None = None
    first_run: FirstRun = FirstRun()
    sources: Mapping[At, Source] = {}
    passed_over: tuple[str, ...] = ()

    def source(self, *at: str | int) -> Source:
        """Where the value at `at` came from, or the entry that holds it; the built-in default otherwise."""
        for length in range(len(at), 0, -1):
            if (source := self.sources.get(at[:length])) is not None:
                return source
        return BUILT_IN

    @property
    def uses_postgresql(self) -> bool:
        """True when the database is PostgreSQL, so that many nodes may share it."""
        return self.database.url.reveal().startswith("postgres")

    @property
    def database_file(self) -> Path | None:
        """The file of a SQLite database; None for PostgreSQL and for one in memory."""
        scheme, _, path = self.database.url.reveal().partition("://")
        path = path.partition("?")[0].removeprefix("/")
        return Path(path) if scheme.startswith("sqlite") and path not in ("", ":memory:") else None
