"""What operators set about a provider: several keys with their shares, each tried by itself; what is noted of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from kit.gate import KEY
from kit.operator import Operator
from kit.upstream import Upstream, body

_GOOD, _OTHER = "sk-planted-first-0001", "sk-planted-second-0002"


def said(status: int = 200) -> Any:
    choice = {"index": 0, "message": {"role": "assistant", "content": "pong"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return body(answer if status == 200 else {"error": {"message": "Incorrect API key provided."}}, status)


async def chat(admin: Operator) -> int:
    asked = {"model": "two/m", "messages": [{"role": "user", "content": "ping"}]}
    answer = await admin.client.post("/v1/chat/completions", json=asked, headers={"authorization": f"Bearer {KEY}"})
    return answer.status_code


async def test_several_keys_have_shares_and_each_is_tried_by_itself(admin: Operator) -> None:
    """N4. A share of nothing is asked for only where no other key is left."""
    refused = _OTHER

    def answers(ask: Any) -> Any:
        return said(401 if ask.headers["authorization"].endswith(refused) else 200)

    async with Upstream(answers) as upstream:
        given = {"name": "two", "kind": "compatible", "base_url": f"{upstream.url}/v1", "models": ["m"]}
        made = await admin.make("/api/providers", {**given, "api_key": _GOOD, "api_key_weight": 0})
        assert (made["api_key_weight"], made["credentials"]) == (0, [])
        more = {"credentials": [{"label": "second", "api_key": _OTHER, "weight": 3}]}
        status, shown = await admin.ask("PATCH", "/api/providers/two", more)
        assert status == 200
        assert [(one["label"], one["weight"]) for one in shown["credentials"]] == [("second", 3)]
        for label, right in (("default", True), ("second", False)):
            status, went = await admin.ask("POST", "/api/providers/two/test", {"credential": label})
            assert (status, went["ok"]) == (200, right), label
        status, problem = await admin.ask("POST", "/api/providers/two/test", {"credential": "third"})
        assert (status, problem["error"]["param"]) == (400, "credential")
        assert "'default', 'second'" in problem["error"]["message"]

        refused = "nobody"
        before = len(upstream.asked)
        assert [await chat(admin) for _ in range(5)] == [200] * 5
        assert {ask.headers["authorization"] for ask in upstream.asked[before:]} == {f"Bearer {_OTHER}"}

        kept = {"api_key_weight": 1, "credentials": [{"label": "second", "weight": 0}]}
        assert (await admin.ask("PATCH", "/api/providers/two", kept))[0] == 200
        before = len(upstream.asked)
        assert [await chat(admin) for _ in range(5)] == [200] * 5
        assert {ask.headers["authorization"] for ask in upstream.asked[before:]} == {f"Bearer {_GOOD}"}


async def test_what_is_noted_of_a_provider_has_the_names_of_the_api_and_no_key(admin: Operator) -> None:
    given = {"name": "two", "kind": "compatible", "base_url": "http://127.0.0.1:9/v1", "models": ["m"]}
    await admin.make("/api/providers", {**given, "api_key": _GOOD})
    change = {
        "api_key": _OTHER,
        "credentials": [{"label": "second", "api_key": _GOOD}],
        "breaker": {"failures": 2},
        "retries": 0,
    }
    assert (await admin.ask("PATCH", "/api/providers/two", change))[0] == 200
    assert (await admin.ask("PUT", "/api/providers/two/credits", {"balance": "10.00"}))[0] == 200
    read = await admin.raw("GET", "/api/providers/two")
    assert (await admin.ask("PUT", "/api/providers/two/credits", {"balance": "25.50", "low": "5"}))[0] == 200
    assert (await admin.raw("GET", "/api/providers/two")).headers["etag"] == read.headers["etag"]
    credit, _, changed, _ = (await admin.get("/api/audit?target_kind=provider&target_id=two"))["items"]
    assert (changed["before"]["retries"], changed["after"]["retries"]) == (None, 0)
    assert (changed["before"]["breaker"]["failures"], changed["after"]["breaker"]["failures"]) == (5, 2)
    assert changed["before"]["api_key_masked"] != changed["after"]["api_key_masked"]
    assert (changed["after"]["api_key"], changed["after"]["credentials"][0]["api_key"]) == ("***", "***")
    assert (credit["before"], credit["after"]) == (
        {"balance": "10.00", "low": None},
        {"balance": "25.50", "low": "5.00"},
    )
    text = json.dumps((await admin.get("/api/audit?limit=500"))["items"])
    assert _GOOD not in text
    assert _OTHER not in text


async def test_what_a_provider_lists_makes_no_new_version_of_it(admin: Operator) -> None:
    """Its models are asked for after it was added: whoever reads it in between may still change it."""
    released = asyncio.Event()

    async def lists(_: Any) -> Any:
        await released.wait()
        return body({"data": [{"id": "m1"}, {"id": "m2"}]})

    async with Upstream(lists) as upstream:
        await admin.make("/api/providers", {"name": "two", "kind": "compatible", "base_url": f"{upstream.url}/v1"})
        read = await admin.raw("GET", "/api/providers/two")
        assert read.json()["known_models"] == 0
        released.set()
        while (await admin.get("/api/providers/two"))["known_models"] != 2:
            await asyncio.sleep(0.01)
        as_read = {"if-match": read.headers["etag"]}
        assert (await admin.ask("PATCH", "/api/providers/two", {"retries": 3}, **as_read))[0] == 200
        assert (await admin.ask("PATCH", "/api/providers/two", {"retries": 4}, **as_read))[0] == 412


async def test_a_kind_says_what_holds_where_nothing_is_set(admin: Operator) -> None:
    kinds = {one["kind"]: one for one in (await admin.get("/api/providers/kinds"))["items"]}
    assert kinds["openai"]["timeouts"] == {"connect": 5, "first_byte": 120, "idle": 60, "total": 600}
    assert kinds["ollama"]["timeouts"]["total"] > kinds["openai"]["timeouts"]["total"]
    assert kinds["openai"]["retries"] == 1
