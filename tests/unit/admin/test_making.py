"""R-P3: routes of the operators' API are made when they are first asked, and then are what they would have been."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

import httpx2
import pytest
from fastapi import Body, FastAPI
from fastapi.routing import APIRoute

from gophergate.admin.making import MadeWhenAsked
from gophergate.admin.shapes import Given, Listing, Shown


class Inner(Given):
    number: int


class Outer(Given):
    inner: list[Inner]


class Answer(Shown):
    numbers: list[int]


async def handler(given: Annotated[Outer, Body()]) -> Listing[Answer]:
    return Listing[Answer](items=[Answer(numbers=[each.number for each in given.inner])])


Served = Callable[[Callable[[], APIRoute]], httpx2.AsyncClient]


@pytest.fixture
def served() -> Served:
    def serve(make: Callable[[], APIRoute]) -> httpx2.AsyncClient:
        app = FastAPI()
        app.router.routes.append(MadeWhenAsked("/here", "POST", handler, make, asyncio.Lock()))
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://gate")

    return serve


async def test_a_route_is_made_once_by_the_first_who_ask(served: Served) -> None:
    made: list[APIRoute] = []

    def make() -> APIRoute:
        made.append(APIRoute("/here", handler, methods=["POST"]))
        return made[-1]

    async with served(make) as client:
        assert not made
        assert not Outer.__pydantic_complete__
        answers = await asyncio.gather(
            *(client.post("/here", json={"inner": [{"number": each}]}) for each in range(5)),
            client.post("/here", json={"inner": [{"number": "many"}]}),
        )
    assert [answer.status_code for answer in answers] == [200] * 5 + [422]
    assert answers[3].json() == {"items": [{"numbers": [3]}], "next_cursor": None}
    assert len(made) == 1
    assert Inner.__pydantic_complete__
    assert Answer.__pydantic_complete__


async def test_another_method_is_refused_as_by_the_route_itself(served: Served) -> None:
    async with served(lambda: APIRoute("/here", handler, methods=["POST"])) as client:
        for method in ("GET", "HEAD", "PUT"):
            answer = await client.request(method, "/here")
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_who_comes_after_one_for_whom_it_could_not_be_made_is_served(served: Served) -> None:
    tries = iter([False, True])

    def make() -> APIRoute:
        if not next(tries):
            raise ZeroDivisionError
        return APIRoute("/here", handler, methods=["POST"])

    async with served(make) as client:
        with pytest.raises(ZeroDivisionError):
            await client.post("/here", json={"inner": []})
        assert (await client.post("/here", json={"inner": []})).status_code == 200
