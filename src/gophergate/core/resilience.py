"""How hard a call is tried, how long it may take, and what becomes of it when its client leaves: settings as nouns."""

from __future__ import annotations

from typing import Literal

import msgspec


class Disconnect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of the provider's answer when the client has gone. `cancel`: the socket closes at once. `drain`: it
    is read on for at most `seconds` and `tokens` of output (None: any number), so that its usage is known.
    `finish`: it is read to its end, within the provider's own time-outs."""

    policy: Literal["cancel", "drain", "finish"] = "cancel"
    seconds: float = 30.0
    tokens: int | None = None


CANCEL = Disconnect()


class Breaker(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """After `failures` in a row a deployment is left alone for `recovery` seconds; then one call tries it. With `probe`
    above 0 its model list is asked every so many seconds meanwhile, which costs nothing, and ends the wait early."""

    failures: int = 5
    recovery: float = 300.0
    probe: float = 0.0


class Retry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`retries`: how many more times a deployment may be asked that failed in a way that passes. No attempt begins
    later than `deadline` seconds after the first."""

    retries: int = 1
    deadline: float = 180.0


class Waits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Time-outs in seconds; None leaves one as the provider has it."""

    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None
    total: float | None = None


NO_WAITS = Waits()


class Resilience(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the group that a caller named says of its calls; None leaves it to the provider.

    `hedge_after`: milliseconds without content after which the second candidate is asked as well. `wait`: seconds to
    wait for a candidate when none can be asked, instead of failing. `continue_streams`: after a cut in the middle of an
    answer go on elsewhere, marked.
    """

    retries: int | None = None
    retry_deadline: float | None = None
    timeouts: Waits = NO_WAITS
    hedge_after: float | None = None
    wait: float | None = None
    disconnect: Disconnect | None = None
    continue_streams: bool = False


AS_PROVIDED = Resilience()
