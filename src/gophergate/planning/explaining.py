"""Why a name leads where it does, for one request: every step in words, every candidate with why it is in or out, and
what it would cost. By the same chooser and the same state that calls pass; nothing is asked of anybody.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gophergate.core.usage import Usage
from gophergate.dialects.base import Dialect, encode
from gophergate.errors import BadRequest
from gophergate.routing.base import Deployment
from gophergate.routing.catalog import Catalog
from gophergate.routing.choose import Chooser, Rater
from gophergate.routing.classifier import Classifier, Unrated, bucket
from gophergate.routing.groups import Group, Rating
from gophergate.routing.strategies import ASSUMED_OUTPUT, Prices
from gophergate.routing.traits import Traits

State = Literal["running", "fresh"]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment that the name may lead to. `position` is its place among those to try, None for one that is out;
    `cost` nano-dollars, None unpriced; `context` tokens, None unknown."""

    model: str
    position: int | None
    why: str
    cost: int | None
    context: int | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """`decision` are the steps in order. `state` says whose health of providers it was chosen by: that of the running
    gateway, or a fresh one. `assumed` tells what of the request was not said and had to be supposed."""

    model: str
    decision: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    input_tokens: int
    output_tokens: int
    state: State
    assumed: tuple[str, ...] = ()


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What to explain: a name, and the request of a door's language that asks for it; its tags and session."""

    model: str
    request: Mapping[str, Any] | None = None
    door: str = "openai_chat"
    tags: Mapping[str, str] = {}
    session: str | None = None


async def explain(
    question: Question,
    catalog: Catalog,
    chooser: Chooser,
    dialects: Mapping[str, Dialect],
    prices: Prices,
    state: State = "running",
) -> Explanation:
    """Raises ModelNotFound, and BadRequest for a request that the door cannot read."""
    assumed = []
    if question.request is None:
        assumed.append("no request was given: it is taken to be a short one, without tools, media or reasoning")
    traits = _traits(question, dialects)
    plan = catalog.plan(question.model)
    listed = plan.deployments
    if plan.group:
        # A chooser of its own: the same health and prices, but nobody is rated, and no draw is taken from calls.
        draw = random.Random()  # noqa: S311 - shares, no secrets
        own = Chooser(chooser.health, chooser.means._replace(draw=draw), _Unasked(chooser.rater))
        plan = await own.choose(catalog, plan.group, traits)
    output = min(traits.output_tokens or ASSUMED_OUTPUT, ASSUMED_OUTPUT)
    if traits.output_tokens is None:
        assumed.append(f"the answer is taken to have {output} tokens")
    usage = Usage(input=traits.input_tokens, output=output)
    chosen = {deployment.label: at for at, deployment in enumerate(plan.deployments)}
    others = [deployment for deployment in listed if deployment.label not in chosen]

    def candidate(deployment: Deployment) -> Candidate:
        position = chosen.get(deployment.label)
        return Candidate(
            model=deployment.label,
            position=position,
            why=_why(deployment, position, catalog, chooser, traits),
            cost=prices.price(deployment, usage)[0],
            context=catalog.facts(deployment.label).context,
        )

    return Explanation(
        model=question.model,
        decision=plan.decision,
        candidates=tuple(candidate(deployment) for deployment in (*plan.deployments, *others)),
        input_tokens=usage.input or 0,
        output_tokens=output,
        state=state,
        assumed=tuple(assumed),
    )


def _traits(question: Question, dialects: Mapping[str, Dialect]) -> Traits:
    door = dialects.get(question.door)
    if door is None:
        raise BadRequest(f"There is no door '{question.door}'; there are {', '.join(dialects)}.", param="door")
    request = question.request
    if request is None:
        door = dialects["openai_chat"]
        request = {"model": question.model, "messages": [{"role": "user", "content": "Hello."}]}
    # A request stands for the question: the name need not be said twice, but where the door has it in the path.
    body = encode(dict(request) if door.name == "gemini" else {"model": question.model, **request})
    peek = door.peek(body, model=question.model)
    traits = Traits(
        door,
        body,
        peek,
        path_model=question.model,
        tags=question.tags,
        session=question.session,
        owner="explained",
    )
    assert traits.request  # noqa: S101 - reads it, or raises what the door says of it
    return traits


def _why(deployment: Deployment, position: int | None, catalog: Catalog, chooser: Chooser, traits: Traits) -> str:
    """Why it is in or out, and what speaks against it."""
    health = chooser.health
    _, rests = health.rest(deployment, health.clock())
    if position is None:
        return f"left out: {rests}" if rests else "left out: the group's choice does not lead to it"
    parts = ["is asked first" if position == 0 else "is asked when those before it fail"]
    if rests:
        parts.append(rests)
    facts = catalog.facts(deployment.label)
    if facts.fits(traits.input_tokens) is False:
        parts.append(f"the prompt has about {traits.input_tokens} tokens and does not fit")
    if traits.has_media and facts.can_read("image") is False:
        parts.append("it is not known to read images")
    if traits.has_tools and facts.tool_call is False:
        parts.append("it is not known to call tools")
    return "; ".join(parts)


class _Unasked:
    """A rater that asks nobody: it goes by what the running gateway remembers of this very prompt."""

    def __init__(self, rater: Rater) -> None:
        self._rater = rater

    async def rate(self, group: Group, traits: Traits) -> tuple[tuple[str, ...], str]:
        rating = group.classifier
        if rating is None:
            raise Unrated("the group names no model that rates.")
        if isinstance(self._rater, Classifier) and self._rater.known(group, traits) is not None:
            return await self._rater.rate(group, traits)
        raise Unrated(f"{rating.model} would be asked to rate it ({_shares(group, rating)}), and is not for this.")


def _shares(group: Group, rating: Rating) -> str:
    names = [target.model for target in group.targets]
    ranges: dict[str, list[int]] = {}
    for number in range(rating.threshold + 1):
        ranges.setdefault(names[bucket(number, len(names), rating.threshold)], []).append(number)
    return ", ".join(f"{found[0]} to {found[-1]}: {name}" for name, found in ranges.items())
