"""From configuration to providers: a row, an address, credentials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec
from msgspec.structs import replace

from gophergate.core.resilience import CANCEL, Breaker, Disconnect, Retry
from gophergate.providers.base import BESIDE, Credential, Provider, Row, root_url
from gophergate.providers.simulator import OFFERS, Simulator

Sleep = Callable[[float], Awaitable[None]]


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider's calls are tried and ended, as its settings say; `retries` None is as its row has it."""

    retries: int | None = None
    retry_deadline: float = Retry().deadline
    breaker: Breaker = Breaker()
    disconnect: Disconnect = CANCEL
    concurrency: int | None = None


class Timeouts(Protocol):
    """Seconds, None for the row's own default (`settings.schema.TimeoutSettings` fits)."""

    @property
    def connect(self) -> float | None: ...

    @property
    def first_byte(self) -> float | None: ...

    @property
    def idle(self) -> float | None: ...

    @property
    def total(self) -> float | None: ...


def unset(row: Row) -> Provider:
    """A provider of that kind of which nothing is set: what it holds are the kind's defaults."""
    plain = Provider(name=row.kind, row=row, roots={}, speaks=row.speaks, retry=Retry(retries=row.retries))
    return plain if row.total_timeout is None else replace(plain, total=row.total_timeout)


def build(
    row: Row,
    name: str,
    *,
    secrets: Sequence[Credential] = (),
    base_url: str = "",
    models: Sequence[str] = (),
    speaks: Sequence[str] = (),
    timeouts: Timeouts | None = None,
    manner: Manner = Manner(),  # noqa: B008 - frozen
    sleep: Sleep,
) -> Provider:
    """A provider called `name`. `secrets` are its credentials; `speaks` narrows or reorders the row's dialects.

    Raises ValueError, in words for an operator, when something it needs is missing.
    """
    retries = row.retries if manner.retries is None else manner.retries
    retry = Retry(retries=retries, deadline=manner.retry_deadline)
    if row.kind == "simulator":
        return Provider(
            name=name,
            row=row,
            roots={},
            speaks=(),
            operations=row.operations,
            models=tuple(dict.fromkeys(model for models in OFFERS.values() for model in models)),
            simulator=Simulator(name, sleep),
            retry=retry,
            breaker=manner.breaker,
            disconnect=manner.disconnect,
            concurrency=manner.concurrency,
        )
    address = base_url or row.base_url
    if not address:
        raise ValueError(f"provider '{name}' of kind '{row.kind}' needs a base_url")
    if not secrets and not row.keyless:
        raise ValueError(f"provider '{name}' needs an api_key")
    if len({one.label for one in secrets}) < len(secrets):
        raise ValueError(f"provider '{name}' has two credentials of the same label")
    for dialect in speaks:
        if dialect not in row.speaks and row.kind != "compatible":
            raise ValueError(f"provider '{name}' does not speak {dialect}; it speaks {', '.join(row.speaks)}")
    chosen = tuple(speaks) or row.speaks
    roots = {dialect: root_url(dialect, address, row.prefix.get(dialect, "/v1")) for dialect in chosen}
    operations = _operations(row, address, roots)
    if row.completions is not None and "openai_chat" in chosen:
        roots["openai_completions"] = roots["openai_chat"]
    default = unset(row)
    return Provider(
        name=name,
        row=row,
        roots=roots,
        speaks=chosen,
        operations=operations,
        credentials=tuple(secrets),
        models=tuple(models),
        connect=(timeouts and timeouts.connect) or default.connect,
        first_byte=(timeouts and timeouts.first_byte) or default.first_byte,
        idle=(timeouts and timeouts.idle) or default.idle,
        total=(timeouts and timeouts.total) or default.total,
        retry=retry,
        breaker=manner.breaker,
        disconnect=manner.disconnect,
        concurrency=manner.concurrency,
    )


def _operations(row: Row, address: str, roots: dict[str, str]) -> Mapping[str, tuple[str, ...]]:
    """The dialects of operations that stand beside one of those with a root; their own roots are put to the others."""
    found: dict[str, tuple[str, ...]] = {}
    for operation, dialects in row.operations.items():
        near = {dialect: next((one for one in BESIDE[dialect] if one in roots), "") for dialect in dialects}
        found[operation] = tuple(dialect for dialect in dialects if near[dialect])
        for dialect in found[operation]:
            prefix = row.prefix.get(dialect)
            roots[dialect] = roots[near[dialect]] if prefix is None else root_url(dialect, address, prefix)
    return found
