"""Operators through the real server: create, use, change, delete, and see it in the audit log; wrong input by name."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.app import Gateway
from kit.gate import KEY, PASSWORD, gate, rows, url
from kit.operator import Operator, operator
from kit.upstream import Upstream, body


async def chat(admin: Operator, key: str, model: str = "demo/echo", **more: Any) -> httpx2.Response:
    asked = {"model": model, "messages": [{"role": "user", "content": "hello there"}], **more}
    return await admin.client.post("/v1/chat/completions", json=asked, headers={"authorization": f"Bearer {key}"})


def chat_answer(words: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": words}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}


async def noted(admin: Operator, kind: str) -> list[str]:
    """What the audit log says was done to things of a kind, oldest first."""
    page = await admin.get(f"/api/audit?target_kind={kind}&limit=500")
    return [entry["action"] for entry in reversed(page["items"])]


async def test_a_client_gets_a_working_key_which_is_shown_once(admin: Operator) -> None:
    """Edge case 74."""
    made = await admin.make("/api/clients", {"name": "shop"})
    assert (await chat(admin, made["key"]["key"])).status_code == 200
    assert made["key"]["key"].startswith("sk-gg-")
    read = await admin.get(f"/api/keys/{made['key']['id']}")
    assert "key" not in read
    assert made["key"]["key"] not in json.dumps(await admin.get("/api/audit?limit=500"))
    status, changed = await admin.ask("PATCH", f"/api/clients/{made['id']}", {"disabled": True})
    assert (status, changed["disabled"]) == (200, True)
    assert (await chat(admin, made["key"]["key"])).status_code == 401
    assert (await admin.ask("DELETE", f"/api/clients/{made['id']}"))[0] == 204
    assert (await admin.ask("GET", f"/api/clients/{made['id']}"))[0] == 404
    assert await noted(admin, "client") == ["create", "change", "delete"]


async def test_keys_are_narrowed_rotated_with_grace_and_revoked(admin: Operator) -> None:
    client = await admin.make("/api/clients", {"name": "agent"})
    made = await admin.make(
        "/api/keys",
        {"client_id": client["id"], "name": "ci", "models": ["demo/lorem"], "ip_allow": ["127.0.0.0/8"]},
    )
    assert (await chat(admin, made["key"])).status_code == 403
    assert (await admin.ask("PATCH", f"/api/keys/{made['id']}", {"models": None}))[0] == 200
    assert (await chat(admin, made["key"])).status_code == 200
    assert (await admin.ask("PATCH", f"/api/keys/{made['id']}", {"ip_allow": ["10.0.0.1"]}))[0] == 200
    assert (await chat(admin, made["key"])).status_code == 403
    assert (await admin.ask("PATCH", f"/api/keys/{made['id']}", {"ip_allow": []}))[0] == 200
    status, successor = await admin.ask("POST", f"/api/keys/{made['id']}/rotate", {"grace_seconds": 600})
    assert status == 200
    assert (await chat(admin, made["key"])).status_code == 200
    assert (await chat(admin, successor["key"])).status_code == 200
    assert (await admin.ask("POST", f"/api/keys/{made['id']}/rotate"))[0] == 409
    assert (await admin.ask("POST", f"/api/keys/{successor['id']}/revoke"))[0] == 200
    assert (await chat(admin, successor["key"])).status_code == 401
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()  # ahead still when it is made on a busy machine
    expired = await admin.make("/api/keys", {"client_id": client["id"], "expires_at": soon})
    while (await chat(admin, expired["key"])).status_code != 401:
        pass
    status, problem = await admin.ask("POST", f"/api/keys/{expired['id']}/rotate")
    assert (status, problem["error"]["message"]) == (
        409,
        "The key has expired, and so would its successor: give it a new end first.",
    )
    assert (await admin.ask("DELETE", f"/api/keys/{expired['id']}"))[0] == 204
    assert await noted(admin, "key") == [
        "create", "create", "change", "change", "change", "rotate", "revoke", "create", "delete",
    ]  # fmt: skip


async def test_an_end_that_is_past_is_refused_by_name(admin: Operator) -> None:
    client = await admin.make("/api/clients", {"name": "agent"})
    key = await admin.make("/api/keys", {"client_id": client["id"]})
    past = {"expires_at": "2001-01-01T00:00:00Z"}
    for method, path, given in (
        ("POST", "/api/keys", {"client_id": client["id"], **past}),
        ("PATCH", f"/api/keys/{key['id']}", past),
    ):
        status, problem = await admin.ask(method, path, given)
        assert (status, problem["error"]["param"]) == (400, "expires_at")
        assert problem["error"]["message"] == "expires_at: 2001-01-01T00:00:00.000Z is past: an end must lie ahead"
    assert (await admin.get(f"/api/keys/{key['id']}"))["expires_at"] is None
    assert len((await admin.get(f"/api/keys?client_id={client['id']}"))["items"]) == 2


async def test_revoking_a_key_ends_its_running_stream_within_a_second(gateway: Gateway, admin: Operator) -> None:
    """R-X5, law 1, law 2."""
    made = await admin.make("/api/clients", {"name": "slow"})
    asked = {"model": "demo/slow", "stream": True, "messages": [{"role": "user", "content": "x " * 500}]}
    headers = {"authorization": f"Bearer {made['key']['key']}"}
    loop = asyncio.get_running_loop()
    async with admin.client.stream("POST", "/v1/chat/completions", json=asked, headers=headers) as stream:
        lines = stream.aiter_lines()
        async for line in lines:
            if "content" in line:
                break
        assert (await admin.ask("POST", f"/api/keys/{made['key']['id']}/revoke"))[0] == 200
        revoked_at = loop.time()
        rest = [line async for line in lines if line]
        assert loop.time() - revoked_at < 1.0
    assert "key_revoked" in rest[-1] or "revoked" in rest[-1]
    assert not any("[DONE]" in line for line in rest)
    (row,) = await rows(gateway)
    assert (row.status, row.error_code) == ("refused", "key_revoked")


async def test_a_provider_added_at_run_time_serves_at_once_and_its_key_is_never_shown(
    tmp_path: Path, admin: Operator
) -> None:
    """R-G2, O24."""
    async with Upstream(lambda _: body(chat_answer("pong"))) as upstream:
        provider = {
            "name": "mine",
            "kind": "compatible",
            "base_url": f"{upstream.url}/v1",
            "api_key": "sk-planted-secret-key",
            "models": ["m1"],
        }
        made = await admin.make("/api/providers", provider)
        assert made["api_key_masked"]
        assert "planted-secret" not in json.dumps(made)
        assert (await chat(admin, KEY, "mine/m1")).json()["choices"][0]["message"]["content"] == "pong"
        assert upstream.asked[-1].headers["authorization"] == "Bearer sk-planted-secret-key"
        status, went = await admin.ask("POST", "/api/providers/mine/test")
        assert (status, went["ok"], went["asked"]) == (200, True, "m1")
        status, _ = await admin.ask("PATCH", "/api/providers/mine", {"api_key": "sk-second-secret-key"})
        assert status == 200
        await chat(admin, KEY, "mine/m1")
        assert upstream.asked[-1].headers["authorization"] == "Bearer sk-second-secret-key"
        assert (await admin.ask("PATCH", "/api/providers/mine", {"enabled": False}))[0] == 200
        assert (await chat(admin, KEY, "mine/m1")).status_code == 404
        assert (await admin.ask("DELETE", "/api/providers/mine"))[0] == 204
    text = (await admin.raw("GET", "/api/audit/export?format=json")).text
    assert await noted(admin, "provider") == ["create", "change", "change", "delete"]
    assert "planted-secret" not in text
    assert "second-secret" not in text


async def test_a_failing_provider_is_tested_in_its_own_words(admin: Operator) -> None:
    async with Upstream(lambda _: body({"error": {"message": "Incorrect API key provided: bad."}}, 401)) as upstream:
        provider = {"name": "bad", "kind": "compatible", "base_url": f"{upstream.url}/v1", "models": ["m"]}
        await admin.make("/api/providers", provider)
        _, went = await admin.ask("POST", "/api/providers/bad/test", {"model": "m"})
    assert (went["ok"], went["status"]) == (False, 401)
    assert "Incorrect API key" in went["message"]


async def test_what_the_file_owns_is_read_only_and_says_so(admin: Operator) -> None:
    """R-G1."""
    shown = await admin.get("/api/providers/demo")
    assert shown["source"] == "file"
    for method, change in (("PATCH", {"enabled": False}), ("DELETE", None)):
        status, problem = await admin.ask(method, "/api/providers/demo", change)
        assert (status, problem["error"]["code"]) == (403, "owned_by_file")
    status, problem = await admin.ask("POST", "/api/providers", {"name": "demo", "kind": "ollama"})
    assert (status, problem["error"]["param"]) == (400, "name")


async def test_a_model_is_switched_off_and_priced_and_set_back(admin: Operator) -> None:
    status, shown = await admin.ask("PATCH", "/api/models/demo/echo", {"enabled": False})
    assert (status, shown["enabled"]) == (200, False)
    assert (await chat(admin, KEY)).status_code == 404
    assert (await admin.ask("DELETE", "/api/models/demo/echo"))[0] == 204
    assert (await chat(admin, KEY)).status_code == 200
    listed = await admin.get("/api/models?q=echo")
    assert [item["name"] for item in listed["items"]] == ["demo/echo"]
    assert await noted(admin, "model") == ["change", "reset"]


async def test_a_group_is_drafted_published_and_rolled_back(admin: Operator) -> None:
    group = {"name": "fast", "targets": [{"model": "demo/echo"}], "draft": True}
    made = await admin.make("/api/groups", group)
    assert (made["state"], made["published"]) == ("draft", None)
    assert (await chat(admin, KEY, "fast")).status_code == 404
    assert (await admin.ask("POST", "/api/groups/fast/publish"))[0] == 200
    assert (await chat(admin, KEY, "fast")).headers["x-gophergate-model"] == "demo/echo"
    _, changed = await admin.ask("PUT", "/api/groups/fast", {"targets": [{"model": "demo/lorem"}]})
    assert (changed["version"], changed["published"]) == (2, 2)
    assert (await chat(admin, KEY, "fast")).headers["x-gophergate-model"] == "demo/lorem"
    assert (await admin.ask("POST", "/api/groups/fast/publish", {"version": 1}))[0] == 200
    assert (await chat(admin, KEY, "fast")).headers["x-gophergate-model"] == "demo/echo"
    _, explained = await admin.ask("POST", "/api/groups/explain", {"model": "fast"})
    assert explained["deployments"] == ["demo/echo"]
    status, problem = await admin.ask("PUT", "/api/groups/fast", {"targets": [{"model": "fast"}]})
    assert (status, problem["error"]["param"]) == (400, "targets[0].model")
    assert "fast -> fast" in problem["error"]["message"]
    assert (await admin.ask("DELETE", "/api/groups/fast"))[0] == 204
    assert await noted(admin, "group") == ["create", "publish", "change", "publish", "delete"]


async def test_calls_are_listed_found_and_taken_away_and_add_up(gateway: Gateway, admin: Operator) -> None:
    """R-A1: page totals = sum of rows = CSV = API."""
    for _ in range(5):
        await chat(admin, KEY, user="ada")
    await chat(admin, KEY, "demo/none")
    await rows(gateway, at_least=6)
    first = await admin.get("/api/calls?limit=4")
    second = await admin.get(f"/api/calls?limit=4&cursor={first['next_cursor']}")
    everything = first["items"] + second["items"]
    assert len({call["id"] for call in everything}) == 6
    assert second["next_cursor"] is None
    found = await admin.get("/api/calls?failed=true")
    assert [call["http_status"] for call in found["items"]] == [404]
    assert len((await admin.get("/api/calls?end_user=ada&min_latency_ms=0&q=echo"))["items"]) == 5
    assert (await admin.get("/api/calls?min_cost=5"))["items"] == []
    usage = await admin.get("/api/usage?by=model&compare=true")
    total = sum(float(call["cost"] or 0) for call in everything)
    assert float(usage["total"]["cost"]) == pytest.approx(total)
    assert total > 0
    assert usage["total"]["calls"] == 6 == sum(item["calls"] for item in usage["items"])
    lines = (await admin.raw("GET", "/api/calls/export?format=csv")).text.splitlines()
    assert len(lines) == 7
    exported = (await admin.raw("GET", "/api/calls/export?format=json")).json()
    assert {call["id"] for call in exported} == {call["id"] for call in everything}
    one = await admin.get(f"/api/calls/{everything[-1]['id']}")
    assert one["bodies"] is None
    assert one["decision"]


async def test_what_was_said_is_for_those_who_may_see_it(tmp_path: Path) -> None:
    async with gate(tmp_path / "gate", sections='[logging]\nbodies = "all"\n') as gateway, operator(gateway) as admin:
        await admin.make("/api/users", {"username": "view", "password": "long enough", "role": "viewer"})
        await chat(admin, KEY)
        (row,) = await rows(gateway)
        for _ in range(100):
            whole = await admin.get(f"/api/calls/{row.id}")
            if whole["bodies"] is not None:
                break
            await asyncio.sleep(0.02)
        assert "hello there" in whole["bodies"]["request"]
        async with operator(gateway, "view", "long enough") as viewer:
            hidden = await viewer.get(f"/api/calls/{row.id}")
        assert (hidden["bodies"], hidden["bodies_hidden"]) == (None, True)


async def test_teams_see_their_own(gateway: Gateway, admin: Operator) -> None:
    red, blue = [await admin.make("/api/teams", {"name": name}) for name in ("red", "blue")]
    mine, other = [
        await admin.make("/api/clients", {"name": f"of {team['name']}", "team_id": team["id"]}) for team in (red, blue)
    ]
    user = {"username": "rita", "password": "long enough", "role": "editor", "team_id": red["id"]}
    await admin.make("/api/users", user)
    await chat(admin, mine["key"]["key"])
    await chat(admin, other["key"]["key"])
    await rows(gateway, at_least=2)
    async with operator(gateway, "rita", "long enough") as rita:
        assert [team["name"] for team in (await rita.get("/api/teams"))["items"]] == ["red"]
        assert [client["id"] for client in (await rita.get("/api/clients"))["items"]] == [mine["id"]]
        assert [key["client_id"] for key in (await rita.get("/api/keys"))["items"]] == [mine["id"]]
        assert [call["client_id"] for call in (await rita.get("/api/calls"))["items"]] == [mine["id"]]
        assert (await rita.get("/api/usage"))["total"]["calls"] == 1
        assert (await rita.ask("GET", f"/api/clients/{other['id']}"))[0] == 403
        assert (await rita.ask("GET", f"/api/keys/{other['key']['id']}"))[0] == 404
        assert (await rita.ask("POST", "/api/clients", {"name": "x", "team_id": blue["id"]}))[0] == 403
        assert (await rita.make("/api/clients", {"name": "ours"}))["team_id"] == red["id"]
    assert (await admin.ask("DELETE", f"/api/teams/{blue['id']}"))[0] == 204
    assert await noted(admin, "team") == ["create", "create", "delete"]


async def test_a_change_of_role_holds_at_the_next_request(gateway: Gateway, admin: Operator) -> None:
    made = await admin.make("/api/users", {"username": "eva", "password": "long enough", "role": "editor"})
    async with operator(gateway, "eva", "long enough") as eva:
        assert (await eva.ask("POST", "/api/clients", {"name": "one"}))[0] == 201
        assert (await admin.ask("PATCH", f"/api/users/{made['id']}", {"role": "viewer"}))[0] == 200
        status, problem = await eva.ask("POST", "/api/clients", {"name": "two"})
        assert (status, problem["error"]["code"]) == (403, "permission_denied")
        assert (await admin.ask("PATCH", f"/api/users/{made['id']}", {"disabled": True}))[0] == 200
        assert (await eva.ask("GET", "/api/clients"))[0] == 401


async def test_the_last_owner_stays_and_only_owners_make_owners(gateway: Gateway, admin: Operator) -> None:
    me = (await admin.get("/api/auth/me"))["user"]
    status, problem = await admin.ask("PATCH", f"/api/users/{me['id']}", {"role": "viewer"})
    assert (status, problem["error"]["code"]) == (403, "last_owner")
    assert (await admin.ask("DELETE", f"/api/users/{me['id']}"))[0] == 400
    await admin.make("/api/users", {"username": "adam", "password": "long enough", "role": "admin"})
    async with operator(gateway, "adam", "long enough") as adam:
        owner = {"username": "oscar", "password": "long enough", "role": "owner"}
        assert (await adam.ask("POST", "/api/users", owner))[0] == 403
        assert (await adam.ask("DELETE", f"/api/users/{me['id']}"))[0] == 403


async def test_admin_tokens_hold_what_they_were_given_and_no_more(gateway: Gateway, admin: Operator) -> None:
    made = await admin.make("/api/tokens", {"name": "grafana", "scopes": ["view"]})
    async with operator(gateway, "") as program:
        program.headers = {"authorization": f"Bearer {made['token']}"}
        assert (await program.get("/api/auth/me"))["permissions"] == ["view"]
        assert (await program.ask("POST", "/api/clients", {"name": "no"}))[0] == 403
        assert (await admin.ask("POST", f"/api/tokens/{made['id']}/revoke"))[0] == 200
        assert (await program.ask("GET", "/api/usage"))[0] == 401
    await admin.make("/api/users", {"username": "adam", "password": "long enough", "role": "admin"})
    async with operator(gateway, "adam", "long enough") as adam:
        assert (await adam.ask("POST", "/api/tokens", {"name": "x", "scopes": ["own"]}))[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "given", "field"),
    [
        ("POST", "/api/users", {"username": "a", "password": "short"}, "password"),
        ("POST", "/api/users", {"username": "a", "password": "x" * 73}, "password"),
        ("POST", "/api/users", {"username": "", "password": "long enough"}, "username"),
        ("POST", "/api/users", {"username": "a", "password": "long enough", "role": "king"}, "role"),
        ("POST", "/api/clients", {"name": "a\x00b"}, "name"),
        ("POST", "/api/clients", {"name": "a", "colour": "red"}, "colour"),
        ("POST", "/api/keys", {"client_id": "x", "ip_allow": ["nowhere"]}, "ip_allow.0"),
        ("POST", "/api/keys", {"client_id": "x", "expires_at": "tomorrow"}, "expires_at"),
        ("POST", "/api/tokens", {"name": "t", "scopes": ["view"], "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ("POST", "/api/teams", {"name": "t", "limits": {"rpm": 0}}, "limits.rpm"),
        ("POST", "/api/providers", {"name": "a b", "kind": "openai"}, "name"),
        ("POST", "/api/providers", {"name": "a", "kind": "openai", "base_url": "ftp://x"}, "base_url"),
        ("POST", "/api/providers", {"name": "a", "kind": "nonsense"}, "kind"),
        ("POST", "/api/groups", {"name": "g", "strategy": "luck"}, "strategy"),
        ("POST", "/api/groups", {"name": "g", "targets": [{"model": ""}]}, "targets.0.model"),
        ("PATCH", "/api/models/demo/echo", {"price": {"input": "-1"}}, "price.input"),
        ("PATCH", "/api/models/demo/echo", {"discounts": [{"share": "2", "since": "2026-01-01T00:00:00Z"}]}, None),
        ("POST", "/api/tokens", {"name": "t", "scopes": []}, "scopes"),
        ("GET", "/api/calls?limit=0", None, "limit"),
        ("GET", "/api/calls?since=yesterday", None, "since"),
        ("GET", "/api/calls?cursor=nonsense", None, "cursor"),
        ("GET", "/api/usage?by=mood", None, "by"),
        ("GET", "/api/usage?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", None, "since"),
    ],
)
async def test_what_is_wrong_is_named(admin: Operator, method: str, path: str, given: Any, field: str | None) -> None:
    status, problem = await admin.ask(method, path, given)
    assert status == 400, problem
    if field is not None:
        assert problem["error"]["param"] == field, problem
    assert problem["error"]["message"]


async def test_a_change_made_meanwhile_is_not_overwritten(admin: Operator) -> None:
    made = await admin.make("/api/clients", {"name": "one"})
    path = f"/api/clients/{made['id']}"
    tag = (await admin.raw("GET", path)).headers["etag"]
    assert (await admin.ask("PATCH", path, {"name": "two"}, **{"if-match": tag}))[0] == 200
    status, problem = await admin.ask("PATCH", path, {"name": "three"}, **{"if-match": tag})
    assert (status, problem["error"]["code"]) == (412, "precondition_failed")
    assert (await admin.get(path))["name"] == "two"


async def test_nothing_is_removed_that_was_changed_meanwhile(admin: Operator) -> None:
    made = {
        "/api/clients": {"name": "c"},
        "/api/teams": {"name": "t"},
        "/api/organisations": {"name": "o"},
        "/api/users": {"username": "u", "password": "long enough"},
        "/api/providers": {"name": "p", "kind": "compatible", "base_url": "http://127.0.0.1:9/v1", "models": ["m"]},
        "/api/groups": {"name": "g", "targets": [{"model": "demo/echo"}]},
        "/api/guards": {"name": "g", "kind": "pii", "action": "mask", "detect": ["iban"], "clients": ["nobody"]},
        "/api/budgets": {"scope": "model", "scope_id": "demo/echo", "amount": "5"},
        "/api/limits": {"scope": "model", "scope_id": "demo/echo", "limits": {"rpm": 100}},
        "/api/models": {},
    }
    changes = {
        "/api/users": {"display_name": "x"},
        "/api/providers": {"enabled": False},
        "/api/groups": {"targets": [{"model": "demo/echo", "weight": 2}]},
        "/api/guards": {"action": "warn"},
        "/api/budgets": {"amount": "6"},
        "/api/limits": {"limits": {"rpm": 200}},
        "/api/models": {"mapped_name": "parrot"},
    }
    for path, given in made.items():
        created = await admin.make(path, given) if given else {"id": "demo/echo"}
        one = f"{path}/{created.get('id') or created['name']}"
        tag = (await admin.raw("GET", one)).headers["etag"]
        change, method = changes.get(path, {"name": "x"}), "PUT" if "groups" in path else "PATCH"
        assert (await admin.ask(method, one, change, **{"if-match": tag}))[0] == 200
        assert (await admin.ask("DELETE", one, **{"if-match": tag}))[0] == 412, path
        tag = (await admin.raw("GET", one)).headers["etag"]
        assert (await admin.ask("DELETE", one, **{"if-match": tag}))[0] == 204, path


async def test_what_a_budget_spends_is_no_change_of_it(gateway: Gateway, admin: Operator) -> None:
    """A budget in use may be removed by who read it a while ago."""
    client = await admin.make("/api/clients", {"name": "spender"})
    given = {"scope": "client", "scope_id": client["id"], "amount": "5", "period": "total"}
    one = f"/api/budgets/{(await admin.make('/api/budgets', given))['id']}"
    tag = (await admin.raw("GET", one)).headers["etag"]
    asked = {"model": "demo/echo", "messages": [{"role": "user", "content": "hi"}]}
    bearer = {"authorization": f"Bearer {client['key']['key']}"}
    answer = await admin.client.post("/v1/chat/completions", json=asked, headers=bearer)
    assert answer.status_code == 200, answer.text
    await rows(gateway, at_least=1)
    assert (await admin.get(one))["spent"] != "0"
    assert (await admin.ask("DELETE", one, **{"if-match": tag}))[0] == 204


async def test_a_body_that_is_not_said_to_be_json_is_told_so(admin: Operator) -> None:
    for kind in ({}, {"content-type": "text/plain"}, {"content-type": "application/x-www-form-urlencoded"}):
        answer = await admin.client.post("/api/teams", content=b'{"name": "t"}', headers={**admin.headers, **kind})
        assert answer.status_code == 400
        assert "content-type: application/json" in answer.json()["error"]["message"], answer.text


async def test_names_are_taken_once(admin: Operator) -> None:
    await admin.make("/api/clients", {"name": "one"})
    assert (await admin.ask("POST", "/api/clients", {"name": "one"}))[0] == 409
    assert (await admin.ask("POST", "/api/clients", {"name": "two", "team_id": "nobody"}))[0] == 409


async def test_credit_goes_down_with_every_call_and_says_when_it_is_low(gateway: Gateway, admin: Operator) -> None:
    """O31."""
    async with Upstream(lambda _: body(chat_answer("hello"))) as upstream:
        provider = {"name": "paid", "kind": "openai", "base_url": f"{upstream.url}/v1", "api_key": "sk-x-123456"}
        await admin.make("/api/providers", provider | {"models": ["gpt-4.1"]})
        status, credit = await admin.ask("PUT", "/api/providers/paid/credits", {"balance": "10.00", "low": "9.9999999"})
        assert (status, credit["left"], credit["is_low"]) == (200, "10.00", False)
        await chat(admin, KEY, "paid/gpt-4.1")
        (row,) = await rows(gateway)
        assert row.cost
    credit = await admin.get("/api/providers/paid/credits")
    assert float(credit["left"]) == pytest.approx(10 - row.cost / 1e9)
    assert credit["is_low"]


async def test_the_system_page_and_the_settings_hide_every_secret(gateway: Gateway, admin: Operator) -> None:
    """R-X4."""
    system = await admin.get("/api/system")
    assert system["configuration_version"] >= 1
    assert system["host"]["memory_total"] > 0
    text = json.dumps(await admin.get("/api/settings"))
    assert "server.port" in text
    assert KEY not in text
    assert PASSWORD not in text
    assert url(gateway)
