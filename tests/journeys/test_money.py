"""Limits and budgets through the whole server: refused in each dialect, settled to the nano-dollar, and after kills."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.core.money import from_dollars
from kit.answers import provider, script
from kit.gate import KEY, gate, rows, url
from kit.operator import Operator, operator
from kit.upstream import Say, Upstream, sse

BEARER = {"authorization": f"Bearer {KEY}"}


async def chat(client: httpx2.AsyncClient, text: str = "one two three", **more: Any) -> httpx2.Response:
    """One chat call at the simulator."""
    headers = {**BEARER, **more.pop("headers", {})}
    body = {"model": "demo/echo", "messages": [{"role": "user", "content": text}], **more}
    return await client.post("/v1/chat/completions", json=body, headers=headers)


async def client_of(admin: Operator) -> str:
    """The id of the first client."""
    found: str = (await admin.get("/api/clients"))["items"][0]["id"]
    return found


HOUR = {"period": "rolling", "seconds": 3600}
"""A period that is over at no midnight."""


async def test_a_budget_refuses_names_itself_and_is_seen(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        async with httpx2.AsyncClient(base_url=url(gateway)) as client:
            cost = (await chat(client)).headers["x-gophergate-cost"]
            budget = await admin.make(
                "/api/budgets",
                {"scope": "client", "scope_id": await client_of(admin), "amount": cost, **HOUR},
            )
            await rows(gateway, 1)
            assert budget["spent"] == cost  # what was spent before the budget was set counts
            assert (budget["reserved"], budget["scope_name"]) == ("0.00", "default")
            refused = await chat(client)
            assert refused.status_code == 402
            error = refused.json()["error"]
            assert error["code"] == "budget_exceeded"
            assert f"${cost} spent" in error["message"]
            assert int(refused.headers["retry-after"]) > 0
            anthropic = await client.post(
                "/v1/messages",
                json={"model": "demo/echo", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
                headers={"x-api-key": KEY},
            )
            assert (anthropic.status_code, anthropic.json()["type"]) == (402, "error")
            google = await client.post(
                "/v1beta/models/demo/echo:generateContent",
                json={"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
                headers={"x-goog-api-key": KEY},
            )
            assert (google.status_code, google.json()["error"]["code"]) == (402, 402)
            ollama = await client.post(
                "/api/chat",
                json={"model": "demo/echo", "messages": [{"role": "user", "content": "hi"}]},
                headers=BEARER,
            )
            assert ollama.status_code == 402
            status, raised = await admin.ask("PATCH", f"/api/budgets/{budget['id']}", {"amount": "5"})
            assert (status, raised["amount"]) == (200, "5.00")
            assert (await chat(client)).status_code == 200
            assert (await admin.ask("DELETE", f"/api/budgets/{budget['id']}"))[0] == 204
            assert (await admin.get("/api/budgets"))["items"] == []
        found = await rows(gateway, 6)
        assert [row.status for row in found].count("refused") == 4
        assert {row.error_code for row in found if row.status == "refused"} == {"budget_exceeded"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "client", "scope_id": "nobody", "amount": "1"}, "scope_id"),
        ({"scope": "planet", "scope_id": "x", "amount": "1"}, "scope"),
        ({"scope": "model", "scope_id": "m", "amount": "-1"}, "amount"),
        ({"scope": "model", "scope_id": "m", "amount": "1", "period": "year"}, "period"),
        ({"scope": "model", "scope_id": "m", "amount": "1", "timezone": "Mars/Base"}, "timezone"),
    ],
)
async def test_wrong_budgets_say_what_is_wrong(tmp_path: Path, body: dict[str, Any], field: str) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        status, said = await admin.ask("POST", "/api/budgets", body)
        assert (status, said["error"]["param"]) == (400, field)


async def test_limits_hold_exactly_under_load_and_are_told(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        made = await admin.make("/api/clients", {"name": "limited", "limits": {"rpm": 20}})
        headers = {"authorization": f"Bearer {made['key']['key']}"}
        async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
            first = await chat(client, headers=headers)
            assert first.headers["x-ratelimit-limit-requests"] == "20"
            assert first.headers["x-ratelimit-remaining-requests"] == "19"
            answers = await asyncio.gather(*(chat(client, headers=headers) for _ in range(60)))
            assert [answer.status_code for answer in answers].count(200) == 19
            refused = next(answer for answer in answers if answer.status_code == 429)
            assert refused.json()["error"]["code"] == "rate_limit_exceeded"
            # One let in and one refused in the same sixteenth of a second: 60 s and a sixteenth, told in whole seconds.
            assert 1 <= int(refused.headers["retry-after"]) <= 61
            assert refused.headers["x-ratelimit-remaining-requests"] == "0"
            assert (await chat(client)).status_code == 200  # another client's business

            slow = await admin.make("/api/clients", {"name": "slow", "limits": {"concurrency": 1}})
            bearer = {"authorization": f"Bearer {slow['key']['key']}"}
            running = asyncio.create_task(chat(client, headers=bearer, model="demo/slow", stream=True))
            await asyncio.sleep(0.3)
            assert (await chat(client, headers=bearer)).status_code == 429
            status, _ = await admin.ask("PATCH", f"/api/clients/{slow['id']}", {"limits": {"concurrency": 2}})
            assert status == 200
            assert (await chat(client, headers=bearer)).status_code == 200  # R-X5: at once
            await running


async def test_an_unpriced_model_is_counted_or_blocked(tmp_path: Path) -> None:
    sections = '[pricing]\nunpriced = "block"\n'
    lab = {"name": "lab", "kind": "compatible", "base_url": "http://127.0.0.1:9/v1", "models": ["own"]}
    async with (
        gate(tmp_path, lab, sections=sections) as gateway,
        operator(gateway) as admin,
        httpx2.AsyncClient(base_url=url(gateway)) as client,
    ):
        refused = await chat(client, model="lab/own")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_unpriced")
        assert (await chat(client)).status_code == 200
        status, shown = await admin.ask("PATCH", "/api/models/lab/own", {"price": {"input": "1", "output": "2"}})
        assert (status, shown["price"]["version"].partition(" #")[0]) == (200, "yours")
        assert (await chat(client, model="lab/own")).status_code == 502  # let in now; nobody is there


async def test_a_price_of_ours_and_a_discount_are_charged(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        change = {
            "price": {"input": "1000", "output": "2000"},
            "discounts": [{"share": "0.5", "since": "2020-01-01T00:00:00Z"}],
        }
        assert (await admin.ask("PATCH", "/api/models/demo/echo", change))[0] == 200
        async with httpx2.AsyncClient(base_url=url(gateway)) as client:
            await chat(client)
        (row,) = await rows(gateway)
        usage = row.usage
        assert usage is not None
        assert row.cost == ((usage.input or 0) * 1_000_000 + (usage.output or 0) * 2_000_000) // 2
        assert row.price_version is not None
        assert "off" in row.price_version


def _piece(**choice: Any) -> bytes:
    return b"data: %s\n\n" % json.dumps({"id": "c", "model": "m", "choices": [{"index": 0, **choice}]}).encode()


@pytest.mark.parametrize(("wish", "is_whole"), [("finish", True), ("cut", False)])
async def test_a_running_call_is_cut_at_a_hard_cap_where_that_is_wanted(
    wish: str, is_whole: bool, tmp_path: Path
) -> None:
    """R-B7: with a terminal event of its dialect; by default it finishes."""
    pieces = (
        _piece(delta={"content": "word " * 800}),
        _piece(delta={"content": "more"}),
        _piece(delta={}, finish_reason="stop"),
        b"data: [DONE]\n\n",
    )
    sections = f'[admission]\nat_cap = "{wish}"\n[pricing]\noverrides = {{ "up/m" = {{ input = 0, output = 1000 }} }}\n'
    async with (
        Upstream(lambda _: sse(*pieces, pause=0.6)) as upstream,
        gate(tmp_path, provider("openai_chat", upstream.url), sections=sections) as gateway,
        operator(gateway) as admin,
        httpx2.AsyncClient(base_url=url(gateway), timeout=60) as client,
    ):
        given = {"scope": "client", "scope_id": await client_of(admin), "amount": "0.5", "period": "total"}
        budget = await admin.make("/api/budgets", given)
        answer = await chat(client, model="up/m", stream=True)
        assert answer.status_code == 200
        assert answer.text.rstrip().endswith("[DONE]") is is_whole
        (row,) = await rows(gateway)
        assert (row.status, row.error_code) == (("ok", None) if is_whole else ("refused", "budget_exceeded"))
        shown = await admin.get(f"/api/budgets/{budget['id']}")
        assert (from_dollars(shown["spent"]), shown["reserved"]) == (row.cost, "0.00")
        assert ("budget_exceeded" in answer.text) is not is_whole
        assert (row.cost or 0) > from_dollars("0.5")


async def test_each_session_has_its_own_brake_a_raise_and_a_rolling_period(tmp_path: Path) -> None:
    async with (
        gate(tmp_path) as gateway,
        operator(gateway) as admin,
        httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client,
    ):
        cost = (await chat(client)).headers["x-gophergate-cost"]
        brake = {"scope": "session", "scope_id": "*", "amount": cost, "period": "rolling", "seconds": 3600}
        budget = await admin.make("/api/budgets", brake)
        assert (budget["seconds"], budget["scope_id"], budget["resets_at"]) == (3600, "*", None)

        async def run(session: str) -> httpx2.Response:
            return await chat(client, headers={"x-gophergate-session": session})

        assert (await run("one")).status_code == 200
        stopped = await run("one")
        assert stopped.status_code == 402
        assert "session one's budget of" in stopped.json()["error"]["message"]
        assert stopped.headers["x-should-retry"] == "false"
        assert (await run("two")).status_code == 200  # another run's business
        until = {"amount": "1", "until": "2999-01-01T00:00:00Z"}
        status, raised = await admin.ask("POST", f"/api/budgets/{budget['id']}/raise", until)
        assert (status, raised["raised"]) == (200, "1.00")
        assert (await run("one")).status_code == 200
        past = {"amount": "1", "until": "2001-01-01T00:00:00Z"}
        assert (await admin.ask("POST", f"/api/budgets/{budget['id']}/raise", past))[0] == 400
        for wrong in (
            {"period": "rolling"},
            {"period": "day", "seconds": 60},
            {"period": "rolling", "seconds": 61},
        ):
            given = {"scope": "model", "scope_id": "m", "amount": "1", **wrong}
            assert (await admin.ask("POST", "/api/budgets", given))[0] == 400, wrong
    async with (
        gate(tmp_path) as gateway,
        operator(gateway) as admin,
        httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client,
    ):
        # Counted anew from the ledger, step by step: the session is still over what it had before the raise.
        lowered = {"raised": "0", "raised_until": None}
        assert (await admin.ask("PATCH", f"/api/budgets/{budget['id']}", lowered))[0] == 200
        assert (await chat(client, headers={"x-gophergate-session": "one"})).status_code == 402
        assert (await chat(client, headers={"x-gophergate-session": "three"})).status_code == 200


async def test_a_budget_for_one_model_of_one_client_leaves_its_other_models_alone(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        given = {"scope": "client", "scope_id": await client_of(admin), "amount": "0", "model": "demo/lorem"}
        await admin.make("/api/budgets", given)
        async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
            refused = await chat(client, model="demo/lorem")
            assert refused.status_code == 402
            assert "client's budget for demo/lorem of $0.00 for the month" in refused.json()["error"]["message"]
            assert (await chat(client)).status_code == 200


GROUP = """
[[groups]]
name = "pair"
targets = [{ model = "demo/echo" }, { model = "demo/lorem" }]
"""


async def test_a_group_goes_on_without_a_model_whose_budget_is_used_up(tmp_path: Path) -> None:
    """The other answers, and the record says why; with both used up it is a refusal in the caller's own dialect."""
    async with gate(tmp_path, sections=GROUP) as gateway, operator(gateway) as admin:
        async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
            answer = await chat(client, model="pair")
            assert answer.headers["x-gophergate-model"] == "demo/echo"
            spent = {"scope": "model", "scope_id": "demo/echo", **HOUR}
            await admin.make("/api/budgets", {**spent, "amount": answer.headers["x-gophergate-cost"]})
            other = await admin.make(
                "/api/budgets", {"scope": "model", "scope_id": "demo/lorem", **HOUR, "amount": "5"}
            )
            answer = await chat(client, model="pair")
            assert (answer.status_code, answer.headers["x-gophergate-model"]) == (200, "demo/lorem")
            assert (await chat(client)).status_code == 402
            shown = await admin.get(f"/api/budgets/{other['id']}")
            assert (shown["spent"], shown["reserved"]) == (answer.headers["x-gophergate-cost"], "0.00")
            assert (await admin.ask("PATCH", f"/api/budgets/{other['id']}", {"amount": "0"}))[0] == 200
            refused = await chat(client, model="pair")
            assert (refused.status_code, refused.json()["error"]["code"]) == (402, "budget_exceeded")
            assert "The model demo/" in refused.json()["error"]["message"]
            anthropic = await client.post(
                "/v1/messages",
                json={"model": "pair", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
                headers={"x-api-key": KEY},
            )
            assert (anthropic.status_code, anthropic.json()["type"]) == (402, "error")
            assert "The model demo/" in anthropic.json()["error"]["message"]
        found = await rows(gateway, 5)
        assert found[1].decision[0].startswith("demo/echo was left out: its budget of $")
        assert found[1].decision[0].endswith("for any 3600 seconds is used up")
        assert any("demo/lorem was left out" in step for step in found[3].decision)


async def test_a_group_goes_on_without_a_model_whose_limit_is_reached(tmp_path: Path) -> None:
    async with gate(tmp_path, sections=GROUP) as gateway, operator(gateway) as admin:
        for model in ("demo/echo", "demo/lorem"):
            await admin.make("/api/limits", {"scope": "model", "scope_id": model, "limits": {"rpm": 1}})
        async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
            for model in ("demo/echo", "demo/lorem"):
                assert (await chat(client, model="pair")).headers["x-gophergate-model"] == model
            refused = await chat(client, model="pair")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        found = await rows(gateway, 3)
        assert found[1].decision[0].startswith("demo/echo was left out: The model's limit of 1 requests a minute")


async def test_the_maker_of_an_open_tool_call_is_held_to_its_budget_in_every_plan(tmp_path: Path) -> None:
    """R-S4 and law 7: it alone can go on, though another was asked for; never past its model's hard budget."""
    question = {"role": "user", "content": "How is it in Ulm?"}
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    async with (
        Upstream(script("gemini")) as upstream,
        gate(
            tmp_path,
            provider("gemini", upstream.url),
            sections='[pricing]\noverrides = { "up/m" = { input = 1, output = 1000 } }\n',
        ) as gateway,
        operator(gateway) as admin,
        httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client,
    ):
        first = (await chat(client, model="up/m", messages=[question], tools=[tool])).json()
        said = first["choices"][0]["message"]
        [call] = said["tool_calls"]
        plain = {"id": call["id"], "type": "function", "function": call["function"]}
        turns = [
            question,
            {"role": "assistant", "content": said["content"], "tool_calls": [plain]},
            {"role": "tool", "tool_call_id": call["id"], "content": "22"},
        ]
        given = {"scope": "model", "scope_id": "up/m", "period": "total", "amount": "0"}
        budget = await admin.make("/api/budgets", given)
        refused = await chat(client, model="demo/echo", messages=turns, tools=[tool])
        assert refused.status_code == 402, refused.text
        assert "The model up/m's budget" in refused.json()["error"]["message"]
        assert len(upstream.asked) == 1
        assert (await admin.ask("PATCH", f"/api/budgets/{budget['id']}", {"amount": "50"}))[0] == 200
        assert (await chat(client, model="demo/echo", messages=turns, tools=[tool])).status_code == 200
        found = await rows(gateway, 3)
        shown = await admin.get(f"/api/budgets/{budget['id']}")
        assert (from_dollars(shown["spent"]), shown["reserved"]) == (sum(row.cost or 0 for row in found), "0.00")
        assert (found[2].cost or 0) > 0


async def test_limits_of_a_user_a_model_and_of_one_for_the_other(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
            for wrong in ({"scope": "client"}, {"scope": "model", "model": "m"}, {"scope": "user"}):
                given = {"scope_id": "x", "limits": {"rpm": 1}, **wrong}
                assert (await admin.ask("POST", "/api/limits", given))[0] == 400, wrong
            mine = {"scope": "client", "scope_id": await client_of(admin), "model": "demo/echo", "limits": {"rpm": 1}}
            made = await admin.make("/api/limits", mine)
            assert (made["scope_name"], made["limits"]["rpm"], made["model"]) == ("default", 1, "demo/echo")
            assert (await admin.ask("POST", "/api/limits", mine))[0] == 409
            assert (await chat(client)).status_code == 200
            refused = await chat(client)
            assert refused.status_code == 429
            assert "client's limit of 1 requests a minute for demo/echo" in refused.json()["error"]["message"]
            assert (await chat(client, model="demo/lorem")).status_code == 200
            change = {"limits": {"output_tpm": 1_000_000}}
            assert (await admin.ask("PATCH", f"/api/limits/{made['id']}", change))[0] == 200
            answer = await client.post(
                "/v1/messages",
                json={"model": "demo/echo", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
                headers={"x-api-key": KEY},
            )
            assert answer.status_code == 200
            assert answer.headers["anthropic-ratelimit-output-tokens-limit"] == "1000000"
            assert answer.headers["anthropic-ratelimit-output-tokens-remaining"] == "999991"
            assert answer.headers["anthropic-ratelimit-output-tokens-reset"].endswith("Z")
            assert (await admin.ask("DELETE", f"/api/limits/{made['id']}"))[0] == 204
            assert "x-ratelimit-limit-output-tokens" not in (await chat(client)).headers
        entries = (await admin.get("/api/audit?target_kind=limits"))["items"]
        assert [entry["action"] for entry in entries] == ["delete", "change", "create"]


async def test_a_refusal_by_a_budget_uses_no_limit_up(tmp_path: Path) -> None:
    """R-B6: requests, tokens and concurrency are as if the call had never come."""
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        made = await admin.make("/api/clients", {"name": "poor", "limits": {"rpm": 2, "tpm": 10_000, "concurrency": 1}})
        headers = {"authorization": f"Bearer {made['key']['key']}"}
        budget = await admin.make("/api/budgets", {"scope": "client", "scope_id": made["id"], "amount": "0"})
        async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
            for _ in range(5):
                assert (await chat(client, headers=headers)).status_code == 402
            assert (await admin.ask("PATCH", f"/api/budgets/{budget['id']}", {"amount": "5"}))[0] == 200
            for left in ("1", "0"):
                answer = await chat(client, headers=headers)
                assert (answer.status_code, answer.headers["x-ratelimit-remaining-requests"]) == (200, left)


async def test_thresholds_and_loops_are_told_live_and_to_webhooks_and_marked(tmp_path: Path) -> None:
    """The delivery log shows that an address of our own network is not asked (R-X3), and the secret is shown once."""
    sections = "[admission]\nloop_after = 3\n"
    async with gate(tmp_path, sections=sections) as gateway, operator(gateway) as admin:
        hook = await admin.make("/api/webhooks", {"name": "ops", "url": "http://127.0.0.1:9/", "events": ["*"]})
        assert hook["secret"].startswith("whsec_")
        assert "secret" not in await admin.get(f"/api/webhooks/{hook['id']}")
        renewed = await admin.ask("POST", f"/api/webhooks/{hook['id']}/secret")
        assert renewed[1]["secret"] != hook["secret"]
        given = {"scope": "client", "scope_id": await client_of(admin), "amount": "1", "thresholds": [0.000001]}
        await admin.make("/api/budgets", given)
        async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
            for _ in range(4):
                assert (await chat(client, headers={"x-gophergate-session": "s"})).status_code == 200
        kept = await rows(gateway, 4)
        marked = ["warning: the same request 3 times or more within a minute" in row.decision for row in kept]
        assert marked == [False, False, True, True]
        assert (await admin.ask("POST", f"/api/webhooks/{hook['id']}/test"))[0] == 200
        async with asyncio.timeout(10):
            while True:
                log = (await admin.get(f"/api/webhooks/{hook['id']}/deliveries"))["items"]
                by_event = {row["event"]: row for row in log if row["attempts"]}
                if {"budget", "loop", "test", "configuration"} <= set(by_event):
                    break
                await asyncio.sleep(0.05)
        assert by_event["budget"]["payload"]["data"]["share"] == 0.000001
        assert by_event["loop"]["payload"]["data"]["session"] == "s"
        assert "no public address" in by_event["test"]["error"]
        assert (await admin.ask("DELETE", f"/api/webhooks/{hook['id']}"))[0] == 204
        audited = (await admin.get("/api/audit?target_kind=webhook"))["items"]
        assert [entry["action"] for entry in audited] == ["delete", "test", "renew_secret", "create"]
        assert hook["secret"] not in str(audited)


async def test_usage_is_known_by_end_user_session_and_tag(tmp_path: Path) -> None:
    """The people and runs behind a client: their sums are those of all, and of the calls one finds by them."""
    async with gate(tmp_path) as gateway, operator(gateway) as admin:
        async with httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client:
            for user, session, tags in (("ann", "s1", "job=a,x=y"), ("ann", "s2", "job=b"), ("bob", "s2", "x=y")):
                headers = {"x-gophergate-session": session, "x-gophergate-tags": tags}
                assert (await chat(client, user=user, headers=headers)).status_code == 200
            assert (await chat(client)).status_code == 200
        kept = await rows(gateway, 4)
        for query, counts in (
            ("by=end_user", {"ann": 2, "bob": 1, "": 1}),
            ("by=session", {"s1": 1, "s2": 2, "": 1}),
            ("by=tag&tag=job", {"a": 1, "b": 1, "": 2}),
        ):
            answer = await admin.get(f"/api/usage?{query}")
            assert {item["name"]: item["calls"] for item in answer["items"]} == counts
            cost = sum(from_dollars(item["cost"]) for item in answer["items"])
            assert cost == from_dollars(answer["total"]["cost"]) == sum(row.cost or 0 for row in kept)
            for member in ("calls", "ok", "input", "output"):
                assert sum(item[member] for item in answer["items"]) == answer["total"][member]
        found = await admin.get("/api/calls?end_user=ann&tag=job%3Db")
        assert [call["session"] for call in found["items"]] == ["s2"]
        status, _ = await admin.ask("GET", "/api/usage?by=tag")
        assert status == 400


async def test_a_providers_own_limit_is_waited_for_where_that_is_wanted(tmp_path: Path) -> None:
    answer = {"id": "c", "model": "m", "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}
    told = (
        ("content-type", "application/json"),
        ("x-ratelimit-limit-requests", "1"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "300ms"),
    )
    for wait, is_noted in (("0", False), ("5", True)):
        async with (
            Upstream(lambda _: Say(headers=told, pieces=(json.dumps(answer).encode(),))) as upstream,
            gate(
                tmp_path / wait,
                provider("openai_chat", upstream.url),
                sections=f"[admission]\nprovider_wait = {wait}\n",
            ) as gateway,
            httpx2.AsyncClient(base_url=url(gateway), timeout=30) as client,
        ):
            for _ in range(2):
                assert (await chat(client, model="up/m")).status_code == 200
            first, second = await rows(gateway, 2)
        assert not any("waited" in step for step in first.decision)
        assert any("s for the limits that up#" in step for step in second.decision) is is_noted
