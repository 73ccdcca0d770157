"""Explain, simulate, seeds, drafts and roll-back, as an operator uses them on a running gateway (O29, N10, N11)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.app import Gateway
from kit.gate import KEY, gate, rows, url
from kit.operator import Operator, operator

GROUPS = """
[[groups]]
name = "filed"
strategy = "heuristic"
targets = [{ model = "demo/echo" }]
rules = [{ model = "demo/think", fallback = "demo/lorem", requires_reasoning = true }]
"""
OPENAI = {"name": "openai", "kind": "openai", "api_key": "sk-1", "base_url": "http://127.0.0.1:9"}
MODELS = ["gpt-4.1", "gpt-4.1-mini", "gpt-3.5-turbo", "o3", "text-embedding-3-small"]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gate(tmp_path, {**OPENAI, "models": MODELS}, sections=GROUPS) as gateway:
        for _ in range(500):
            if gateway.configuration.facts.book.size:
                break
            await asyncio.sleep(0.01)
        yield gateway


async def chat(gateway: Gateway, model: str, text: str = "hello", **more: Any) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=url(gateway)) as client:
        body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        return await client.post("/v1/chat/completions", json=body, headers={"authorization": f"Bearer {KEY}"})


async def test_why_a_name_leads_where_it_does_for_one_request(admin: Operator) -> None:
    request = {"model": "filed", "messages": [{"role": "user", "content": "hi"}], "reasoning_effort": "high"}
    _, found = await admin.ask("POST", "/api/groups/explain", {"model": "filed", "request": request})
    assert found["deployments"] == ["demo/think", "demo/lorem"]
    assert any("rule 1 fits (it asks for reasoning)" in step for step in found["decision"])
    by_model = {one["model"]: one for one in found["candidates"]}
    assert by_model["demo/think"]["why"] == "is asked first"
    assert by_model["demo/think"]["position"] == 0
    assert float(by_model["demo/think"]["cost"]) > 0
    assert by_model["demo/echo"]["position"] is None
    assert "left out" in by_model["demo/echo"]["why"]
    assert (found["state"], found["assumed"]) == ("running", ["the answer is taken to have 512 tokens"])


async def test_without_a_request_it_says_what_it_supposed_and_unknown_names_are_told(admin: Operator) -> None:
    _, found = await admin.ask("POST", "/api/groups/explain", {"model": "openai/gpt-4.1"})
    assert found["candidates"][0]["context"] == 1_047_576
    assert "no request was given" in found["assumed"][0]
    status, problem = await admin.ask("POST", "/api/groups/explain", {"model": "GPT-4.1"})
    assert (status, problem["error"]["code"]) == (404, "model_not_found")
    assert "Did you mean 'gpt-4.1'" in problem["error"]["message"]
    status, problem = await admin.ask("POST", "/api/groups/explain", {"model": "filed", "request": {"messages": 3}})
    assert status == 400
    said = {"contents": [{"role": "user", "parts": [{"text": "hi " * 40_000}]}]}
    question = {"model": "openai/gpt-3.5-turbo", "request": said, "door": "gemini"}
    _, found = await admin.ask("POST", "/api/groups/explain", question)
    assert "does not fit" in found["candidates"][0]["why"]


async def test_a_group_is_explained_as_it_would_be_before_it_is_saved(gateway: Gateway, admin: Operator) -> None:
    as_it_would_be = {"name": "filed", "targets": [{"model": "demo/see"}, {"model": "demo/echo"}]}
    _, found = await admin.ask("POST", "/api/groups/explain", {"model": "filed", "groups": [as_it_would_be]})
    assert found["deployments"] == ["demo/see", "demo/echo"]
    new = {"name": "brand-new", "targets": [{"model": "filed"}]}
    _, found = await admin.ask("POST", "/api/groups/explain", {"model": "brand-new", "groups": [new]})
    assert found["deployments"] == ["demo/echo"]
    circle = {"name": "brand-new", "targets": [{"model": "brand-new"}]}
    status, problem = await admin.ask("POST", "/api/groups/explain", {"model": "brand-new", "groups": [circle]})
    assert status == 400
    assert "brand-new" in problem["error"]["message"]
    assert (await chat(gateway, "brand-new")).status_code == 404  # nothing was stored
    assert (await chat(gateway, "filed")).headers["x-gophergate-model"] != "demo/see"


async def test_explaining_asks_no_model_to_rate(gateway: Gateway, admin: Operator) -> None:
    await admin.make(
        "/api/groups",
        {
            "name": "rated",
            "strategy": "classifier",
            "targets": [{"model": "demo/echo"}, {"model": "demo/think"}],
            "classifier": {"model": "demo/echo"},
        },
    )
    _, found = await admin.ask("POST", "/api/groups/explain", {"model": "rated"})
    assert any("0 to 4: demo/echo, 5 to 9: demo/think" in step for step in found["decision"])
    assert (await chat(gateway, "rated", "8")).headers["x-gophergate-model"] == "demo/think"
    request = {"messages": [{"role": "user", "content": "8"}]}
    _, found = await admin.ask("POST", "/api/groups/explain", {"model": "rated", "request": request})
    assert any("rated 8 of 9 (remembered" in step for step in found["decision"])
    assert len(await rows(gateway, 2)) == 2


async def test_past_calls_are_tried_on_a_group_as_it_would_be(gateway: Gateway, admin: Operator) -> None:
    """N11: cost and latency differences, per call and in sum; what is unpriced and what is not known are counted."""
    for _ in range(3):
        await chat(gateway, "filed")
    await chat(gateway, "demo/lorem")
    await chat(gateway, "no-such-model")
    before = await rows(gateway, 5)
    proposal = {
        "groups": [
            {
                "name": "filed",
                "strategy": "heuristic",
                "targets": [{"model": "demo/lorem"}],
                "rules": [{"model": "openai/gpt-4.1", "requires_tool_calling": True}],
            },
            {"name": "no-such-model", "targets": [{"model": "openai/not-priced"}]},
        ]
    }
    status, found = await admin.ask("POST", "/api/groups/simulate", proposal)
    assert status == 200, found
    assert (found["calls"], found["replayed"], found["moved"]) == (5, 5, 4)
    assert (found["refused_before"], found["refused_after"]) == (1, 0)
    paid = sum(row.cost or 0 for row in before)
    assert float(found["cost_before"]) == pytest.approx(paid / 1e9)
    assert found["priced"] == 4
    assert found["unknown"] == {"whether it offers tools": 3}
    moved = next(one for one in found["moves"] if one["model_requested"] == "filed")
    assert (moved["before"], moved["after"]) == ("demo/echo", "demo/lorem")
    assert moved["latency_ms_after"] is not None
    by_model = {one["model"]: (one["before"], one["after"]) for one in found["models"]}
    assert by_model == {"demo/lorem": (1, 4), "demo/echo": (3, 0), "openai/not-priced": (0, 1)}
    assert (await chat(gateway, "filed")).headers["x-gophergate-model"] == "demo/echo"
    narrowed = {**proposal, "requested": ["filed"], "last": 2, "show": 0}
    _, found = await admin.ask("POST", "/api/groups/simulate", narrowed)
    assert (found["calls"], found["moves"]) == (2, [])


async def test_what_was_said_is_read_where_it_was_kept(tmp_path: Path) -> None:
    async with gate(tmp_path, sections=f'[logging]\nbodies = "all"\n{GROUPS}') as gateway, operator(gateway) as admin:
        await chat(gateway, "filed", "tell a story")
        await chat(gateway, "filed", "hello")
        await rows(gateway, 2)
        await asyncio.sleep(0.5)
        rules = [{"model": "demo/lorem", "pattern": "STORY"}]
        group = {"name": "filed", "strategy": "heuristic", "targets": [{"model": "demo/echo"}], "rules": rules}
        _, found = await admin.ask("POST", "/api/groups/simulate", {"groups": [group]})
        assert (found["moved"], found["unknown"]) == (1, {})


WRONG_PROPOSALS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": "filed", "targets": [{"model": "filed"}]}, "targets[0].model"),
    ({"name": "x", "targets": []}, "targets"),
    ({"name": "x", "targets": [{"model": "demo/echo"}], "rules": [{"model": "demo/echo"}]}, "rules[0]"),
)


async def test_a_proposal_that_cannot_be_is_refused_by_its_member(admin: Operator) -> None:
    for group, param in WRONG_PROPOSALS:
        status, problem = await admin.ask("POST", "/api/groups/simulate", {"groups": [group]})
        assert (status, problem["error"]["param"]) == (400, param)


async def test_seeded_groups_are_offered_and_made_of_what_is_there(gateway: Gateway, admin: Operator) -> None:
    """O29: offered, not imposed."""
    offered = {one["name"]: one for one in (await admin.get("/api/groups/seeds"))["items"]}
    assert offered["openai-auto"]["state"] == "would be made"
    assert offered["deepseek-auto"]["why"] == "no provider of deepseek is configured"
    assert [one["name"] for one in (await admin.get("/api/groups"))["items"]] == ["filed"]
    status, dry = await admin.ask("POST", "/api/groups/seed?dry_run=true")
    assert status == 200
    assert "made" not in {one["state"] for one in dry["items"]}
    _, made = await admin.ask("POST", "/api/groups/seed")
    states = {one["name"]: one["state"] for one in made["items"]}
    assert states == {
        "deepseek-auto": "missing",
        "openai-auto": "made",
        "gemini-auto": "missing",
        "fast-flow": "made",
        "standard-pro": "made",
        "heavy-logic": "missing",
        "dispatcher": "made",
    }
    groups = {one["name"]: one for one in (await admin.get("/api/groups"))["items"]}
    used = {name for group in groups.values() for target in group["targets"] for name in [target["model"]]}
    assert used <= {f"openai/{name}" for name in MODELS} | {"demo/echo", "fast-flow", "standard-pro"}
    assert groups["dispatcher"]["classifier"] == {"model": "openai/gpt-4.1-mini"}
    assert "openai/text-embedding-3-small" not in used
    _, again = await admin.ask("POST", "/api/groups/seed", {"names": ["fast-flow"]})
    assert [(one["name"], one["state"]) for one in again["items"]] == [("fast-flow", "there")]
    listed = {one["id"] for one in (await models(gateway))["data"]}
    assert {"openai-auto", "dispatcher"} <= listed


async def models(gateway: Gateway) -> Any:
    async with httpx2.AsyncClient(base_url=url(gateway)) as client:
        return (await client.get("/v1/models", headers={"authorization": f"Bearer {KEY}"})).json()


async def test_versions_tell_what_each_changed_and_any_can_be_gone_back_to(gateway: Gateway, admin: Operator) -> None:
    """N10: draft, publish, roll back."""
    await admin.make("/api/groups", {"name": "g", "targets": [{"model": "demo/echo", "weight": 1}]})
    change = {"targets": [{"model": "demo/lorem", "weight": 3}], "fallbacks": ["demo/echo"], "draft": True}
    assert (await admin.ask("PUT", "/api/groups/g", change))[0] == 200
    assert (await chat(gateway, "g")).headers["x-gophergate-model"] == "demo/echo"
    newest, first = (await admin.get("/api/groups/g/versions"))["items"]
    assert (newest["state"], first["state"], first["changes"]) == ("draft", "published", [])
    assert newest["changes"] == [
        {"member": "targets[0].model", "before": "demo/echo", "after": "demo/lorem"},
        {"member": "targets[0].weight", "before": 1.0, "after": 3.0},
        {"member": "fallbacks", "before": None, "after": ["demo/echo"]},
    ]
    assert (await admin.ask("POST", "/api/groups/g/publish", {"version": 2}))[0] == 200
    assert (await chat(gateway, "g")).headers["x-gophergate-model"] == "demo/lorem"
    assert (await admin.ask("POST", "/api/groups/g/publish", {"version": 1}))[0] == 200
    assert (await chat(gateway, "g")).headers["x-gophergate-model"] == "demo/echo"


_ECHO = {"targets": [{"model": "demo/echo"}]}
WRONG_GROUPS: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"targets": [{"model": "demo/echo"}, {"model": "opnai/o3"}]}, "targets[1].model", "Did you mean 'openai/o3'"),
    ({**_ECHO, "fallbacks": ["nowhere/*"]}, "fallbacks[0]", "no model there is fits"),
    ({"targets": [{"model": "g"}], "draft": True}, "targets[0].model", "g -> g"),
    ({**_ECHO, "rules": [{"model": "gone", "pattern": "x"}]}, "rules[0].model", "is not there"),
    ({**_ECHO, "strategy": "classifier", "classifier": {"model": "nobody/x"}}, "classifier.model", "is not there"),
    ({**_ECHO, "rules": [{"model": "demo/echo", "pattern": "(", "regex": True}]}, "rules[0].pattern", "unclosed"),
)


async def test_a_group_that_leads_nowhere_is_refused_when_it_is_saved(admin: Operator) -> None:
    """A draft too: the member that is wrong is named, and nothing is stored."""
    for members, param, says in WRONG_GROUPS:
        status, problem = await admin.ask("POST", "/api/groups", {"name": "g", **members})
        assert (status, problem["error"]["param"]) == (400, param)
        assert says in problem["error"]["message"]
        assert (await admin.ask("GET", "/api/groups/g"))[0] == 404


async def test_an_alias_with_a_slash_and_a_star_is_an_object_like_any_other(gateway: Gateway, admin: Operator) -> None:
    made = await admin.make("/api/groups", {"name": "sim/*", "targets": [{"model": "demo/*"}]})
    assert made["name"] == "sim/*"
    assert (await chat(gateway, "sim/lorem")).headers["x-gophergate-model"] == "demo/lorem"
    assert (await chat(gateway, "sim/none")).status_code == 404
    assert (await admin.get("/api/groups/sim/*"))["version"] == 1
    assert (await admin.get("/api/groups/sim%2F*"))["version"] == 1
    assert (await admin.ask("PUT", "/api/groups/sim/*", {"targets": [{"model": "demo/echo"}]}))[0] == 200
    assert len((await admin.get("/api/groups/sim/*/versions"))["items"]) == 2
    assert (await admin.ask("POST", "/api/groups/sim/*/publish", {"version": 1}))[0] == 200
    assert (await admin.ask("DELETE", "/api/groups/sim/*"))[0] == 204
    assert (await chat(gateway, "sim/lorem")).status_code == 404
