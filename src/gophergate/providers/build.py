"""From configuration to providers: a row, an address, credentials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from gophergate.providers.base import Credential, Provider, Row, root_url
from gophergate.providers.simulator import CHAT_MODELS, Simulator

Sleep = Callable[[float], Awaitable[None]]


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


def build(
    row: Row,
    name: str,
    *,
    secrets: Sequence[tuple[str, str]] = (),
    base_url: str = "",
    models: Sequence[str] = (),
    speaks: Sequence[str] = (),
    timeouts: Timeouts | None = None,
    sleep: Sleep,
) -> Provider:
    """A provider called `name`. `secrets` are (label, secret) pairs; `speaks` narrows or reorders the row's dialects.

    Raises ValueError, in words for an operator, when something it needs is missing.
    """
    if row.kind == "simulator":
        return Provider(name=name, row=row, roots={}, speaks=(), models=CHAT_MODELS, simulator=Simulator(name, sleep))
    address = base_url or row.base_url
    if not address:
        raise ValueError(f"provider '{name}' of kind '{row.kind}' needs a base_url")
    if not secrets and not row.keyless:
        raise ValueError(f"provider '{name}' needs an api_key")
    for dialect in speaks:
        if dialect not in row.speaks and row.kind != "compatible":
            raise ValueError(f"provider '{name}' does not speak {dialect}; it speaks {', '.join(row.speaks)}")
    chosen = tuple(speaks) or row.speaks
    roots = {dialect: root_url(dialect, address, row.prefix.get(dialect, "/v1")) for dialect in chosen}
    default = Provider(name=name, row=row, roots=roots, speaks=chosen)
    return Provider(
        name=name,
        row=row,
        roots=roots,
        speaks=chosen,
        credentials=tuple(Credential(label, secret) for label, secret in secrets),
        models=tuple(models),
        connect=(timeouts and timeouts.connect) or default.connect,
        first_byte=(timeouts and timeouts.first_byte) or default.first_byte,
        idle=(timeouts and timeouts.idle) or default.idle,
        total=(timeouts and timeouts.total) or row.total_timeout or default.total,
    )
