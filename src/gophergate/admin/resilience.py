"""How calls are tried, how long they may take, how they end: the members that providers and groups share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field as Member

from gophergate.admin.shapes import Given

Seconds = Annotated[float, Member(gt=0, le=86_400)]


class TimeoutsGiven(Given):
    """Seconds; what is left out is the default of the provider's kind."""

    connect: Seconds | None = None
    first_byte: Seconds | None = None
    idle: Seconds | None = None
    total: Seconds | None = None


class DisconnectGiven(Given):
    """What becomes of a provider's answer when the client has gone: the connection is closed, it is drained within
    bounds, or it is read to its end."""

    policy: Literal["cancel", "drain", "finish"] = "cancel"
    seconds: Seconds = 30.0
    tokens: Annotated[int, Member(ge=1, le=10_000_000)] | None = None
