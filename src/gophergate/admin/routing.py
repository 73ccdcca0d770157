"""Routing looked at and tried out: why a name leads where it does, what past calls would have done, seeded groups."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field as Member

from gophergate.admin.desk import AtDesk, Desk
from gophergate.admin.groups import GroupName, Members, saved
from gophergate.admin.shapes import Given, Listing, Moment, Money, Shown, Time, microseconds
from gophergate.configured import read_group
from gophergate.doors.chat import dialects
from gophergate.planning import simulation as simulation
from gophergate.planning.explaining import Question, explain
from gophergate.routing.catalog import Catalog
from gophergate.routing.seeds import Seed, seeds
from gophergate.store.replays import Replays

Door = Literal["openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama"]


class ProposedGroup(Members):
    """A group as it would be, in place of one of that name."""

    name: GroupName


class QuestionGiven(Given):
    """What to explain: a model or group, as a caller would ask, and if you like the request that asks for it: the body
    as it would be sent to the door of that language, its tags and its session; with `groups` as they would be."""

    model: Annotated[str, Member(min_length=1, max_length=320, examples=["fast"])]
    request: dict[str, Any] | None = None
    door: Door = "openai_chat"
    tags: Annotated[dict[str, str], Member(max_length=32, default_factory=dict)]
    session: Annotated[str, Member(max_length=256)] | None = None
    groups: Annotated[list[ProposedGroup], Member(max_length=200, default_factory=list)]


class CandidateShown(Shown):
    """A deployment that the name may lead to. `position` is its place among those to try, null for one that is out;
    `cost` what the request is expected to cost there, null unpriced; `context` in tokens, null unknown."""

    model: str
    position: int | None
    why: str
    cost: Money | None
    context: int | None


class Explained(Shown):
    """Every step in words, and every candidate. `deployments` are those to try, in order. `assumed` says what of the
    request was not given and had to be supposed."""

    model: str
    deployments: list[str]
    decision: list[str]
    candidates: list[CandidateShown]
    input_tokens: int
    output_tokens: int
    state: Literal["running", "fresh"]
    assumed: list[str]


class SimulationGiven(Given):
    """Groups as they would be, and which past calls to try them on: the `last` so many, between two times if you like,
    of those that asked for one of `requested` (by default all). `show` single calls are told of."""

    groups: Annotated[list[ProposedGroup], Member(max_length=200, default_factory=list)]
    last: Annotated[int, Member(ge=1, le=simulation.MOST)] = 5000
    since: Time | None = None
    until: Time | None = None
    requested: Annotated[list[GroupName], Member(max_length=100, default_factory=list)]
    show: Annotated[int, Member(ge=0, le=simulation.MOST_SHOWN)] = 100


class ShareShown(Shown):
    """What one model answers, then and now."""

    model: str
    before: int
    after: int
    cost_before: Money
    cost_after: Money


class MovedShown(Shown):
    """One call, then and now. `after` "" would have been refused; null costs are unpriced, null latencies unknown."""

    id: str
    started_at: Moment
    model_requested: str
    before: str
    after: str
    cost_before: Money | None
    cost_after: Money | None
    latency_ms_before: float
    latency_ms_after: float | None
    why: str


class Simulated(Shown):
    """What the calls would have done. Costs add up the `priced` calls, whose price is known on both sides; latencies
    are means of the `timed`. `unknown` counts calls that were chosen without knowing something, by what that was.
    `moves` are those that change most in cost. Usage is taken to be what it was, every provider to be well."""

    calls: int
    replayed: int
    moved: int
    refused_before: int
    refused_after: int
    priced: int
    unpriced_before: int
    unpriced_after: int
    cost_before: Money
    cost_after: Money
    timed: int
    latency_ms_before: float | None
    latency_ms_after: float | None
    unknown: dict[str, int]
    models: list[ShareShown]
    moves: list[MovedShown]
    since: Moment | None
    until: Moment | None
    seconds: float


class SeedShown(Shown):
    """A group that is offered. `state`: it was "made" now, "would be made", is "there" already, or is "missing" what it
    would be made of, which `why` tells."""

    name: str
    about: str
    state: Literal["made", "would be made", "there", "missing"]
    why: str
    definition: dict[str, Any]


class SeedsGiven(Given):
    """Which seeded groups to make: all that can be, unless some are named."""

    names: Annotated[list[GroupName], Member(max_length=100)] | None = None


async def explained(given: QuestionGiven, desk: AtDesk) -> Explained:
    """Why a name leads where it does: each step in words, every candidate with why it is in or out, the expected cost.
    By the state of this running gateway; no model is asked."""
    question = Question(
        model=given.model, request=given.request, door=given.door, tags=given.tags, session=given.session
    )
    rooms = desk.rooms
    catalog = await _proposed(desk, given.groups) if given.groups else rooms.configuration.current
    found = await explain(question, catalog, rooms.chooser, dialects(), rooms.prices.book)
    return Explained(
        model=found.model,
        deployments=[one.model for one in found.candidates if one.position is not None],
        decision=list(found.decision),
        candidates=[CandidateShown.model_validate(one) for one in found.candidates],
        input_tokens=found.input_tokens,
        output_tokens=found.output_tokens,
        state=found.state,
        assumed=list(found.assumed),
    )


async def simulated(given: SimulationGiven, desk: AtDesk) -> Simulated:
    """Replay past calls against groups as they would be: who would have answered, and what that changes in cost and
    latency. Nothing is stored and no provider is asked."""
    rooms = desk.rooms
    catalog = await _proposed(desk, given.groups)
    wanted = simulation.Wanted(
        last=given.last,
        since=microseconds(given.since),
        until=microseconds(given.until),
        requested=tuple(given.requested),
        show=given.show,
    )
    replays = Replays(rooms.database, rooms.calls.body_store)
    found = await simulation.simulate(catalog, rooms.prices.book, replays, dialects(), wanted)
    return Simulated.model_validate(found)


async def _proposed(desk: Desk, groups: list[ProposedGroup]) -> Catalog:
    return await desk.rooms.configuration.proposed({one.name: read_group(one.name, one.definition()) for one in groups})


async def offered(desk: AtDesk) -> Listing[SeedShown]:
    """The seeded groups, and whether they can be made of the models that are there."""
    return Listing[SeedShown](items=[_shown(seed, await _standing(desk, seed)) for seed in _seeds(desk)])


async def seed(
    desk: AtDesk,
    given: SeedsGiven | None = None,
    dry_run: Annotated[bool, Query(description="Only say what would be made.")] = False,
) -> Listing[SeedShown]:
    """Make the seeded groups that can be made and are not there. None is changed that is."""
    names = given.names if given is not None else None
    items = []
    for one in _seeds(desk):
        if names is not None and one.name not in names:
            continue
        state = await _standing(desk, one)
        if state == "would be made" and not dry_run:
            await saved(desk, one.name, one.definition, draft=False, expected_version=0)
            items.append(_shown(one, "made"))
        else:
            items.append(_shown(one, state))
    return Listing[SeedShown](items=items)


def _seeds(desk: Desk) -> list[Seed]:
    return seeds(desk.rooms.configuration.current, desk.rooms.prices.book)


async def _standing(desk: Desk, one: Seed) -> Literal["would be made", "there", "missing"]:
    configuration = desk.rooms.configuration
    if configuration.is_from_file(one.name) or await configuration.groups.is_there(one.name):
        return "there"
    return "missing" if one.missing else "would be made"


def _shown(one: Seed, state: Literal["made", "would be made", "there", "missing"]) -> SeedShown:
    return SeedShown(name=one.name, about=one.about, state=state, why=one.missing, definition=one.definition)
