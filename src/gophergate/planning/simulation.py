"""What would have been: past calls against a proposed configuration, each chosen by the same chooser that calls pass.

Nothing is asked of anybody. Every provider is taken to be well, the usage of a call to be what it was, and a model to
take as long as it was seen to take. What is not on a call's row (what the user said, whether tools were offered) is
read from its body where that was kept; where not, the choice is made without it, and counted as such.

The work is done in a thread of its own, so that no caller waits for it: fifty thousand calls take seconds.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gophergate.core.usage import Usage
from gophergate.dialects.base import Dialect
from gophergate.errors import GatewayError
from gophergate.ledger.pricing import PriceBook
from gophergate.routing.base import Plan
from gophergate.routing.catalog import Catalog
from gophergate.routing.choose import Chooser
from gophergate.routing.classifier import Unrated
from gophergate.routing.groups import Group
from gophergate.routing.health import Health
from gophergate.routing.strategies import Means
from gophergate.routing.traits import Traits
from gophergate.routing.warmth import Warmth
from gophergate.store.replays import PastCall, Replays, past

MOST = 100_000
"""Calls of one simulation."""
MOST_SHOWN = 5000
_SLICE = 200
"""Calls between two moments in which the thread lets others run."""
_BODIES = 5000
"""Bodies that are read, at most: each is a look-up and a decompression."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One call, then and now. `after` "" would have been refused (`why` says so). Costs are nano-dollars, None
    unpriced; latencies milliseconds, None where the model was never seen."""

    id: str
    started_at: int
    model_requested: str
    before: str
    after: str
    cost_before: int | None
    cost_after: int | None
    latency_ms_before: float
    latency_ms_after: float | None
    why: str


class Share(msgspec.Struct, kw_only=True):
    """What one model answers, then and now."""

    model: str
    before: int = 0
    after: int = 0
    cost_before: int = 0
    cost_after: int = 0


class Simulated(msgspec.Struct, kw_only=True):
    """What a simulation found. Costs are sums in nano-dollars over the `priced` calls, of which both sides are known;
    latencies means in milliseconds over the `timed` ones. `unknown` counts the calls that were chosen without knowing
    something a strategy asked for, by what that was. `moves` are the calls that change most in cost."""

    calls: int = 0
    replayed: int = 0
    moved: int = 0
    refused_before: int = 0
    refused_after: int = 0
    priced: int = 0
    unpriced_before: int = 0
    unpriced_after: int = 0
    cost_before: int = 0
    cost_after: int = 0
    timed: int = 0
    latency_ms_before: float | None = None
    latency_ms_after: float | None = None
    unknown: dict[str, int] = {}
    models: list[Share] = []
    moves: list[Moved] = []
    since: int | None = None
    until: int | None = None
    seconds: float = 0.0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls, newest first: the `last` so many, from `since` to `until` (Unix microseconds), of those that asked
    for one of `requested` (all where it is empty). `show` single calls are told of."""

    last: int = 5000
    since: int | None = None
    until: int | None = None
    requested: tuple[str, ...] = ()
    show: int = 100


async def simulate(
    catalog: Catalog, prices: PriceBook, replays: Replays, dialects: Mapping[str, Dialect], wanted: Wanted
) -> Simulated:
    """Replay calls against a catalogue. Raises DatabaseUnavailable."""
    began = time.perf_counter()
    rows = await replays.last(wanted.last, since=wanted.since, until=wanted.until, requested=wanted.requested)
    calls = await asyncio.to_thread(_read, rows)
    bodies = await _bodies(catalog, calls, replays)
    replay = _Replay(catalog, prices.apart(), dialects, bodies, wanted.show)
    found = await asyncio.to_thread(replay.run, calls)
    found.seconds = round(time.perf_counter() - began, 3)
    return found


def _read(rows: Sequence[Any]) -> list[PastCall]:
    calls: list[PastCall] = []
    for at in range(0, len(rows), _SLICE):
        calls += map(past, rows[at : at + _SLICE])
        time.sleep(0)
    return calls


async def _bodies(catalog: Catalog, calls: Sequence[PastCall], replays: Replays) -> dict[str, bytes]:
    """What was said in the newest of those calls for which a group would look at it."""
    reads: dict[str, bool] = {}
    found: dict[str, bytes] = {}
    looked = 0
    for call in calls:
        name = call.model_requested
        if name not in reads:
            reads[name] = _looks_inside(catalog, name, set())
        if reads[name] and looked < _BODIES:
            looked += 1
            body = await replays.request(call.id, call.started_at)
            if body:
                found[call.id] = body
            elif looked == 200 and not found:
                break  # Bodies are not kept here.
    return found


def _looks_inside(catalog: Catalog, name: str, seen: set[str]) -> bool:
    """Whether choosing for that name may depend on what was said."""
    group = catalog.group(name)
    if group is None or name in seen:
        return False
    seen.add(name)
    if group.strategy in ("heuristic", "classifier", "sticky"):
        return True
    return any(_looks_inside(catalog, member, seen) for member in group.members)


class _Replay:
    """One run, in a thread: it shares nothing that changes with the gateway."""

    def __init__(
        self,
        catalog: Catalog,
        prices: PriceBook,
        dialects: Mapping[str, Dialect],
        bodies: Mapping[str, bytes],
        show: int,
    ) -> None:
        self._catalog = catalog
        self._prices = prices
        self._dialects = dialects
        self._bodies = bodies
        self._show = show
        self._health = Health(float, float)
        means = Means(random.Random(1), prices, _Cold(float), float)  # noqa: S311 - shares, no secrets
        self._chooser = Chooser(self._health, means, _NoRatings())
        self._seen: dict[str, list[float]] = {}
        self._unknown: Counter[str] = Counter()
        self._shares: dict[str, Share] = {}
        self._moves: list[tuple[int, int, Moved]] = []
        self.out = Simulated()

    def run(self, calls: Sequence[PastCall]) -> Simulated:
        """The whole."""
        self._observe(calls)
        latencies = [0.0, 0.0]
        for number, call in enumerate(calls):
            if number % _SLICE == 0:
                time.sleep(0)
            self._one(number, call, latencies)
        out = self.out
        out.calls = len(calls)
        out.since = calls[-1].started_at if calls else None
        out.until = calls[0].started_at if calls else None
        if out.timed:
            out.latency_ms_before = round(latencies[0] / out.timed, 3)
            out.latency_ms_after = round(latencies[1] / out.timed, 3)
        out.unknown = dict(self._unknown)
        out.models = sorted(self._shares.values(), key=lambda share: (-share.after, -share.before, share.model))
        out.moves = [moved for _, _, moved in sorted(self._moves, reverse=True)]
        return out

    def _observe(self, calls: Sequence[PastCall]) -> None:
        """How long each model took, and what a latency strategy would know of it."""
        for call in calls:
            if call.status == "ok" and call.label:
                self._seen.setdefault(call.label, []).append(call.latency_ms)
        for label, seen in self._seen.items():
            seen.sort()
            try:
                deployments = self._catalog.plan(label).deployments
            except GatewayError:
                continue  # a model that is no longer there
            for stream in (True, False):
                self._health.of(deployments[0]).took(seen[len(seen) // 2] / 1000, 0.0, stream=stream)

    def _one(self, number: int, call: PastCall, latencies: list[float]) -> None:
        out = self.out
        if not call.label:
            out.refused_before += 1
        try:
            plan = self._plan(call)
        except GatewayError as error:
            out.refused_after += 1
            self._told(number, call, "", None, None, error.message)
            return
        out.replayed += 1
        deployment = plan.deployments[0]
        # As the ledger names it: by what the provider calls it.
        label = f"{deployment.provider_name}/{deployment.model}"
        same = label == call.label
        cost = call.cost if same else self._prices.price(deployment, call.usage)[0] if call.usage else None
        latency = call.latency_ms if same else self._latency(call, label)
        if call.usage is not None:
            out.unpriced_before += call.cost is None
            out.unpriced_after += cost is None
        share = self._share(label)
        share.after += 1
        share.cost_after += cost or 0
        if call.label:
            before = self._share(call.label)
            before.before += 1
            before.cost_before += call.cost or 0
        if call.cost is not None and cost is not None:
            out.priced += 1
            out.cost_before += call.cost
            out.cost_after += cost
        if latency is not None and call.label:
            out.timed += 1
            latencies[0] += call.latency_ms
            latencies[1] += latency
        if not same:
            out.moved += 1
            self._told(number, call, label, cost, latency, plan.decision[-1] if plan.decision else "")

    def _plan(self, call: PastCall) -> Plan:
        plan = self._catalog.plan(call.model_requested)
        if not plan.group:
            return plan
        traits = ReplayedTraits(call, self._dialects.get(call.door), self._bodies.get(call.id, b""))
        chosen = _finished(self._chooser.choose(self._catalog, plan.group, traits))
        self._unknown.update(traits.unknown)
        return chosen

    def _latency(self, call: PastCall, label: str) -> float | None:
        """A call that was among the slowest of its model is taken to be among the slowest of the other."""
        target = self._seen.get(label)
        if not target:
            return None
        own = self._seen.get(call.label)
        rank = bisect_left(own, call.latency_ms) / len(own) if own else 0.5
        return target[min(int(rank * len(target)), len(target) - 1)]

    def _share(self, label: str) -> Share:
        found = self._shares.get(label)
        if found is None:
            found = self._shares[label] = Share(model=label)
        return found

    def _told(self, number: int, call: PastCall, after: str, cost: int | None, latency: float | None, why: str) -> None:
        weight = abs((cost or 0) - (call.cost or 0))
        if self._show == 0 or (len(self._moves) >= self._show and self._moves[0][:2] >= (weight, -number)):
            return
        moved = Moved(
            id=call.id,
            started_at=call.started_at,
            model_requested=call.model_requested,
            before=call.label,
            after=after,
            cost_before=call.cost,
            cost_after=cost,
            latency_ms_before=call.latency_ms,
            latency_ms_after=latency,
            why=why,
        )
        if len(self._moves) < self._show:
            heapq.heappush(self._moves, (weight, -number, moved))
        else:
            heapq.heapreplace(self._moves, (weight, -number, moved))


class _Cold(Warmth):
    """What a provider's cache would have held of calls that never were is not known: nothing is noted."""

    def key(self, traits: Traits) -> None:
        return None


class _NoRatings:
    """A simulation asks no model: its classifiers go by their rules and order."""

    async def rate(self, group: Group, traits: Traits) -> tuple[tuple[str, ...], str]:
        if isinstance(traits, ReplayedTraits):
            traits.unknown.add("how hard it is")
        raise Unrated("a simulation asks no model to rate.")


class ReplayedTraits(Traits):
    """The traits of a past call: from its row, and from its body where that is there. `unknown` names what was asked
    for and could not be known."""

    def __init__(self, call: PastCall, door: Dialect | None, body: bytes) -> None:
        self.call = call
        self.unknown: set[str] = set()
        self._read: Traits | None = None
        if door is not None and body:
            try:
                peek = door.peek(body, model=call.model_requested, stream=call.stream)
                self._read = Traits(door, body, peek, path_model=call.model_requested, owner=call.client_id or "")
                assert self._read.request  # noqa: S101 - reads it, or raises
            except GatewayError:
                self._read = None  # a body that was redacted until it is none
        self.tags = call.tags
        self.session = call.session
        self.owner = call.client_id or ""
        self.user = call.end_user
        self.stream = call.stream
        self.output_tokens = None
        self.call_id = ""
        self._usage = call.usage or Usage()

    @property
    def input_tokens(self) -> int:
        """As was counted, not estimated."""
        if self.call.usage is None:
            self.unknown.add("how long its prompt is")
        return self._usage.total_input

    @property
    def has_tools(self) -> bool:
        return self._read.has_tools if self._read is not None else self._missing("whether it offers tools")

    @property
    def has_media(self) -> bool:
        """Tokens of images and sound tell it without a body, where the provider counts them."""
        if self._read is not None:
            return self._read.has_media
        counted = bool(self._usage.image_input or self._usage.audio_input)
        return counted or self._missing("whether it holds media")

    @property
    def wants_reasoning(self) -> bool:
        """Who got reasoning is taken to have wanted it."""
        if self._read is not None:
            return self._read.wants_reasoning
        return bool(self._usage.reasoning) or self._missing("whether it asks for reasoning")

    @property
    def last_user_text(self) -> str:
        if self._read is not None:
            return self._read.last_user_text
        self.unknown.add("what the user said")
        return ""

    @property
    def prefix(self) -> str:
        if self._read is not None:
            return self._read.prefix
        self.unknown.add("how its prompt begins")
        return self.call.id

    def _missing(self, what: str) -> bool:
        self.unknown.add(what)
        return False


def _finished(choosing: Any) -> Plan:
    """The plan of a choice that waits for nobody: no rater is asked here, so it never does."""
    try:
        choosing.send(None)
    except StopIteration as done:
        plan: Plan = done.value
        return plan
    choosing.close()
    raise AssertionError("A choice in a simulation waited for something.")
