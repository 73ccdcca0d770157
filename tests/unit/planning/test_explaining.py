"""Why a name leads where it does: by the state there is, without changing it."""

from __future__ import annotations

from typing import Any

import pytest

from gophergate.doors.chat import dialects
from gophergate.errors import BadRequest, ModelNotFound
from gophergate.planning.explaining import Explanation, Question, explain
from gophergate.routing.catalog import Catalog
from gophergate.routing.classifier import Classifier
from gophergate.routing.facts import FactBook, Facts
from gophergate.routing.groups import Group, Rating, Target
from kit.routing import Floor, provider

IMAGE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def group(*names: str, **more: Any) -> Group:
    return Group(name="g", targets=tuple(Target(model=name) for name in names), **more)


async def asked(floor: Floor, catalog: Catalog, model: str = "g", **request: Any) -> Explanation:
    body = {"messages": [{"role": "user", "content": "hi"}], **request}
    question = Question(model=model, request=body)
    return await explain(question, catalog, floor.chooser, dialects(), floor.prices)


async def test_who_is_in_with_their_cost_and_who_is_out_and_why() -> None:
    floor = Floor()
    floor.prices.table["b/m"] = (1000, 0, 2000)
    catalog = floor.catalog(group("a/m", "b/m"))
    floor.break_down(catalog, "a/m")
    found = await asked(floor, catalog, max_tokens=10)
    first, out = found.candidates
    assert (first.model, first.position, first.why) == ("b/m", 0, "is asked first")
    assert first.cost == found.input_tokens * 1000 + 10 * 2000
    assert (out.model, out.position, out.cost) == ("a/m", None, None)
    assert out.why == "left out: breaker open until 00:05:00 (down)"
    assert found.output_tokens == 10
    assert found.assumed == ()
    assert any("'a/m' is left out" in step for step in found.decision)


async def test_what_speaks_against_a_candidate_is_told() -> None:
    known = [Facts(id="m", said_by="a", context=5, reads=("text",), tool_call=False)]
    floor = Floor()
    catalog = Catalog([provider("a")], {}, book=FactBook({"compatible": known}))
    said = [{"role": "user", "content": [*IMAGE, {"type": "text", "text": "what is this? " * 20}]}]
    found = await asked(floor, catalog, "a/m", messages=said, tools=[TOOL])
    why = found.candidates[0].why
    assert "does not fit" in why
    assert "not known to read images" in why
    assert "not known to call tools" in why
    assert found.candidates[0].context == 5


async def test_nothing_is_drawn_from_the_calls_and_nobody_is_asked_to_rate() -> None:
    floor = Floor()
    catalog = floor.catalog(group("a/m", "b/m", strategy="weighted"))
    before = floor.means.draw.getstate()
    await asked(floor, catalog)
    assert floor.means.draw.getstate() == before

    async def never(*_: object) -> str:
        raise AssertionError("a model was asked")

    floor.chooser.rater = Classifier(never, floor.clock)
    rated = floor.catalog(group("a/m", "b/m", strategy="classifier", classifier=Rating(model="c/m")))
    found = await asked(floor, rated)
    assert any("c/m would be asked to rate it (0 to 4: a/m, 5 to 9: b/m)" in step for step in found.decision)


async def test_what_cannot_be_asked_is_refused() -> None:
    floor = Floor()
    catalog = floor.catalog(group("a/m", "b/m"))
    with pytest.raises(ModelNotFound):
        await asked(floor, catalog, "nothing")
    with pytest.raises(BadRequest):
        await asked(floor, catalog, messages=7)
    with pytest.raises(BadRequest, match="no door 'x'"):
        await explain(Question(model="g", door="x"), catalog, floor.chooser, dialects(), floor.prices)
