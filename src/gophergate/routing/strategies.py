"""How one of a group's targets is chosen: one small function a strategy, in a table.

Each is given the group as it stands (`Standing`: only what may be asked now, at least one target), what the request is
like, and the means; it names the positions to ask first and says why in one sentence. None of them walks all targets
where there are many: a choice costs microseconds (`python -m gatebench.choices`).
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple, Protocol

from gophergate.core.usage import Usage
from gophergate.routing import rules
from gophergate.routing.base import Deployment
from gophergate.routing.groups import Group
from gophergate.routing.health import Vitals
from gophergate.routing.traits import Traits
from gophergate.routing.warmth import Warmth

_ALTERNATES = 3
"""How many more targets are drawn by the strategy's own rule, should the first fail; the others follow as listed."""
_SLOTS = 8192
_MASK = (1 << 64) - 1
ASSUMED_OUTPUT = 512
"""Output tokens of an answer while nothing has been learned of its length."""


class Prices(Protocol):
    """What a usage would cost at a deployment (`ledger.pricing.PriceBook` fits): nano-dollars, None when unpriced."""

    def price(self, deployment: Deployment, usage: Usage | None) -> tuple[int | None, str | None]: ...


class Pick(NamedTuple):
    """Positions to ask first, in order, and why. `only`: the other targets are not meant to follow them."""

    heads: Sequence[int]
    because: str
    only: bool = False


class Means(NamedTuple):
    """What strategies choose with. `draw` is seeded in tests."""

    draw: Random
    prices: Prices
    warmth: Warmth
    clock: Callable[[], float]


class Standing:
    """A group narrowed to the targets that may be asked now. Good until the health of something changes, or `until`.

    `names`, `vitals`, `weights` go by position; a nested group has the vitals of its first deployment.
    """

    def __init__(
        self,
        group: Group,
        names: Sequence[str],
        deployments: Sequence[Deployment],
        vitals: Sequence[Vitals],
        weights: Sequence[float],
    ) -> None:
        self.group = group
        self.names = names
        self.deployments = deployments
        self.vitals = vitals
        self.cumulative = list(accumulate(weights))
        self.weights = weights
        self.rotation = 0
        self._slots: dict[int, tuple[int, ...]] = {}
        self._ranks: dict[tuple[int, int], tuple[float, tuple[int, ...], tuple[int | None, ...]]] = {}
        self._seeds: list[int] | None = None

    def slot(self, number: int) -> tuple[int, ...]:
        """The first few positions for a slot, by weighted rendezvous: every process finds the same, and a change of
        targets moves only the slots that the changed target wins."""
        found = self._slots.get(number)
        if found is None:
            if self._seeds is None:
                self._seeds = [_number(name.encode()) for name in self.names]
            scores = [
                (math.log(_mixed(seed ^ number) or 1e-18) / weight if weight else -math.inf, at)
                for at, (seed, weight) in enumerate(zip(self._seeds, self.weights, strict=True))
            ]
            scores.sort(reverse=True)
            found = self._slots[number] = tuple(at for _, at in scores[: _ALTERNATES + 1])
        return found

    def ranked(
        self, usage: Usage, means: Means, scale: tuple[int, int]
    ) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
        """Positions from cheap to dear for a usage of that scale, the unpriced last; and what each costs."""
        now = means.clock()
        found = self._ranks.get(scale)
        if found is None or now >= found[0]:
            if len(self._ranks) > 256:
                self._ranks.clear()
            costs = tuple(means.prices.price(deployment, usage)[0] for deployment in self.deployments)
            order = sorted(range(len(costs)), key=lambda at: (costs[at] is None, costs[at] or 0))
            found = self._ranks[scale] = (now + 60.0, tuple(order), costs)
        return found[1], found[2]


def ordered(standing: Standing, traits: Traits, means: Means) -> Pick:
    """As listed."""
    return Pick((), f"ordered: {standing.names[0]} is the first")


def weighted(standing: Standing, traits: Traits, means: Means) -> Pick:
    """By share. The alternates are drawn the same way, so that a failing target's calls spread by share too."""
    cumulative, draw = standing.cumulative, means.draw.random
    total = cumulative[-1]
    if not total:
        return Pick((), f"weighted: no weight is left, {standing.names[0]} is the first")
    first = bisect_right(cumulative, draw() * total)
    heads = [first]
    for _ in range(_ALTERNATES if len(cumulative) > 2 else 0):
        other = bisect_right(cumulative, draw() * total)
        if other not in heads:
            heads.append(other)
    share = f"{standing.weights[first]:g} of {total:g}"
    return Pick(heads, f"weighted: {standing.names[first]} drew {share}")


def least_latency(standing: Standing, traits: Traits, means: Means) -> Pick:
    """Two at random, and the one with less expected waiting (latency times the calls it would then have)."""
    first, second = _two(len(standing.vitals), means.draw)
    if first == second:
        return Pick((first,), f"least_latency: {standing.names[first]} is alone")
    a, b = standing.vitals[first], standing.vitals[second]
    stream = traits.stream
    mine, other = _waiting(a, stream=stream), _waiting(b, stream=stream)
    if other < mine:
        first, second, mine, other = second, first, other, mine
    names = standing.names
    return Pick(
        (first, second),
        f"least_latency: {names[first]} {mine * 1000:.0f} ms against {names[second]} {other * 1000:.0f} ms",
    )


def least_busy(standing: Standing, traits: Traits, means: Means) -> Pick:
    """The fewest calls under way; those that are equal take turns."""
    running = [vitals.running for vitals in standing.vitals]
    least = min(running)
    standing.rotation = start = (standing.rotation + 1) % len(running)
    at = start if running[start] == least else _next(running, least, start)
    return Pick((at,), f"least_busy: {standing.names[at]} has {least} calls under way")


def cheapest(standing: Standing, traits: Traits, means: Means) -> Pick:
    """What this request is expected to cost: its prompt with the part that a provider's cache still holds, and an
    answer of the usual length within its bound."""
    prompt = traits.input_tokens
    answer = min(traits.output_tokens or ASSUMED_OUTPUT, ASSUMED_OUTPUT)
    scale = (_octave(prompt), _octave(answer))
    order, costs = standing.ranked(Usage(input=prompt, output=answer), means, scale)
    best, cost, why = order[0], costs[order[0]], ""
    for label, cached in means.warmth.of(traits).items():
        at = next((at for at, vitals in enumerate(standing.vitals) if vitals.label == label), None)
        if at is None:
            continue
        held = min(cached, prompt)
        usage = Usage(input=prompt - held, cache_read=held, output=answer)
        warm, _ = means.prices.price(standing.deployments[at], usage)
        if warm is not None and (cost is None or warm < cost):
            best, cost, why = at, warm, f", {held} tokens of it cached there"
    heads = tuple(dict.fromkeys((best, *order[: _ALTERNATES + 1])))
    if cost is None:
        return Pick(heads, f"cheapest: no target has a price, {standing.names[best]} is the first")
    return Pick(heads, f"cheapest: {standing.names[best]} for about ${cost / 1e9:.6f}{why}")


def sticky(standing: Standing, traits: Traits, means: Means) -> Pick:
    """The same target for the same conversation, so that its provider's prompt cache stays warm."""
    by, key = _stuck_by(standing.group.sticky_by, traits)
    heads = standing.slot(_number(key.encode("utf-8", "replace")) % _SLOTS)
    return Pick(heads, f"sticky: {standing.names[heads[0]]} for this {by}")


def heuristic(standing: Standing, traits: Traits, means: Means) -> Pick:
    """The first rule that the request matches."""
    names, because = rules.match(standing.group, traits)
    return named(standing, names, because)


def named(standing: Standing, names: Sequence[str], because: str) -> Pick:
    """The positions of names that may be asked now; all as listed where none of them may."""
    where = {name: at for at, name in enumerate(standing.names)}
    heads = [where[name] for name in names if name in where]
    return Pick(heads, because, only=bool(heads))


Strategy = Callable[[Standing, Traits, Means], Pick]

STRATEGIES: Mapping[str, Strategy] = {
    "ordered": ordered,
    "weighted": weighted,
    "least_latency": least_latency,
    "least_busy": least_busy,
    "cheapest": cheapest,
    "sticky": sticky,
    "heuristic": heuristic,
}
"""Those that choose at once. A classifier asks a model first (`choose.Chooser`)."""


def _two(count: int, draw: Random) -> tuple[int, int]:
    if count == 1:
        return 0, 0
    first = int(draw.random() * count)
    second = int(draw.random() * (count - 1))
    return first, second + (second >= first)


_UNKNOWN = 10.0
"""Seconds that a target of unknown latency is taken to need for each call it has: the first one finds out."""


def _waiting(vitals: Vitals, *, stream: bool) -> float:
    latency = vitals.first if stream else vitals.whole
    if not latency:
        return vitals.running * _UNKNOWN
    return latency * (vitals.running + 1)


def _next(running: list[int], least: int, start: int) -> int:
    try:
        return running.index(least, start)
    except ValueError:
        return running.index(least)


def _octave(count: int) -> int:
    """Sixteen steps to a doubling."""
    return round(math.log2(count + 1) * 16)


def _stuck_by(how: str, traits: Traits) -> tuple[str, str]:
    if how in ("auto", "session") and traits.session:
        return "session", traits.session
    if how in ("auto", "user") and traits.user:
        return "user", traits.user
    return "prompt", traits.prefix


def _number(name: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")


def _mixed(value: int) -> float:
    """A number between 0 and 1 that looks random (the finaliser of splitmix64)."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & _MASK
    return (value ^ (value >> 31)) / (_MASK + 1)
