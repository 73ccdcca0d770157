"""The operators' lists: sorted as asked and page by page, narrowed by filters, and what is unknown refused by name."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from gophergate.app import Gateway
from kit.call_records import call
from kit.gate import rows
from kit.operator import Operator

NAMES = ("delta", "Alpha", "charlie", "bravo", "echo")


async def everything(admin: Operator, path: str, size: int = 2) -> list[Any]:
    """All items, in pages of that size."""
    items: list[Any] = []
    cursor = ""
    while True:
        page = await admin.get(f"{path}&limit={size}{cursor}")
        assert len(page["items"]) <= size
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={quote(page['next_cursor'])}"


async def seeded(admin: Operator) -> None:
    for name in NAMES:
        team = await admin.make("/api/teams", {"name": name})
        await admin.make("/api/clients", {"name": name, "team_id": team["id"]})
        await admin.make("/api/users", {"username": name, "password": "long enough", "role": "editor"})
        given = {"name": name, "kind": "compatible", "base_url": "http://127.0.0.1:9/v1", "models": ["m"]}
        await admin.make("/api/providers", given)
        await admin.make("/api/groups", {"name": f"{name}-group", "targets": [{"model": "demo/echo"}]})
        await admin.make("/api/guards", {"name": f"{name}-guard", "kind": "pii", "clients": ["nobody"]})
        await admin.make("/api/budgets", {"scope": "team", "scope_id": team["id"], "amount": "1"})
        limits = {"scope": "team", "scope_id": team["id"], "model": "demo/echo", "limits": {"rpm": 9}}
        await admin.make("/api/limits", limits)
        await admin.make("/api/webhooks", {"name": name, "url": "https://example.com/hook"})


@pytest.mark.parametrize(
    ("path", "sorts"),
    [
        ("/api/users", ("username", "role", "created_at")),
        ("/api/teams", ("name", "created_at")),
        ("/api/clients", ("name", "created_at")),
        ("/api/keys", ("name", "created_at", "last_used_at")),
        ("/api/models", ("name", "updated_at")),
        ("/api/providers", ("name", "kind", "created_at")),
        ("/api/groups", ("name", "strategy", "created_at")),
        ("/api/guards", ("name", "kind", "action", "created_at")),
        ("/api/budgets", ("scope_name", "created_at")),
    ],
)
async def test_pages_follow_the_order_both_ways(admin: Operator, path: str, sorts: tuple[str, ...]) -> None:
    """In pages of two or all at once, the same rows in the same order; many are alike in what they are sorted by."""
    await seeded(admin)
    for name in ("b", "a"):
        await admin.ask("PATCH", f"/api/models/demo/{name}", {"mapped_name": name})
    for sort in sorts:
        whole = (await admin.get(f"{path}?sort={sort}&limit=500"))["items"]
        assert len(whole) >= 2
        values = [item[sort] or "" for item in whole]
        assert values == sorted(values)
        assert await everything(admin, f"{path}?sort={sort}") == whole
        assert await everything(admin, f"{path}?sort=-{sort}") == whole[::-1]


async def test_a_row_made_or_removed_between_pages_disturbs_no_other(admin: Operator) -> None:
    await seeded(admin)
    first = await admin.get("/api/teams?sort=-name&limit=2")
    assert [item["name"] for item in first["items"]] == ["echo", "delta"]
    assert (await admin.ask("DELETE", f"/api/teams/{first['items'][1]['id']}"))[0] == 204
    await admin.make("/api/teams", {"name": "zulu"})
    rest = await admin.get(f"/api/teams?sort=-name&cursor={quote(first['next_cursor'])}")
    assert [item["name"] for item in rest["items"]] == ["charlie", "bravo", "Alpha"]


@pytest.mark.parametrize("name", ["providers", "groups", "guards", "budgets", "limits", "webhooks"])
async def test_lists_nobody_sorts_come_in_pages_too(admin: Operator, name: str) -> None:
    """Those of the file stand first; one that goes between two pages takes no other with it."""
    await seeded(admin)
    whole = (await admin.get(f"/api/{name}?limit=500"))["items"]
    assert len(whole) >= len(NAMES)
    assert await everything(admin, f"/api/{name}?") == whole
    assert [item["source"] for item in whole[:1] if name == "providers"] in ([], ["file"])
    first = await admin.get(f"/api/{name}?limit=3")
    last = first["items"][-1]
    assert (await admin.ask("DELETE", f"/api/{name}/{last.get('id', last.get('name'))}"))[0] == 204
    rest = await admin.get(f"/api/{name}?cursor={quote(first['next_cursor'])}")
    assert first["items"] + rest["items"] == whole
    status, problem = await admin.ask("GET", f"/api/{name}?cursor=nonsense")
    assert (status, problem["error"]["param"]) == (400, "cursor")


async def test_short_lists_are_sorted_too(admin: Operator) -> None:
    for name in ("b", "c", "a"):
        given = {"name": name, "kind": "compatible", "base_url": "http://127.0.0.1:9/v1", "models": ["m"]}
        await admin.make("/api/providers", {**given, "enabled": name != "c"})
        await admin.make("/api/groups", {"name": name, "targets": [{"model": "demo/echo"}], "draft": name == "c"})
        amount = {"b": "2", "c": "10", "a": "1"}[name]
        await admin.make(
            "/api/budgets", {"scope": "model", "scope_id": f"m/{name}", "amount": amount, "hard": name != "c"}
        )

    async def names(path: str, member: str = "name") -> list[str]:
        return [item[member] for item in (await admin.get(path))["items"] if item[member] != "demo"]

    assert (await names("/api/providers?sort=name&kind=compatible"))[-3:] == ["a", "b", "c"]
    assert (await names("/api/providers?sort=-name&kind=compatible"))[:3] == ["c", "b", "a"]
    assert await names("/api/providers?enabled=false") == ["c"]
    assert await names("/api/providers?q=B&kind=compatible") == ["b"]
    assert [name for name in await names("/api/groups?sort=-name") if len(name) == 1] == ["c", "b", "a"]
    assert await names("/api/groups?state=draft") == ["c"]
    assert await names("/api/budgets?sort=-amount", "scope_id") == ["m/c", "m/b", "m/a"]
    assert await names("/api/budgets?hard=false", "scope_id") == ["m/c"]
    assert await names("/api/budgets?scope=model&scope_id=m/a", "scope_id") == ["m/a"]
    assert await names("/api/budgets?scope=team", "scope_id") == []


async def test_filters_narrow_a_list(admin: Operator) -> None:
    await seeded(admin)
    clients = await everything(admin, "/api/clients?q=LPH")
    assert [client["name"] for client in clients] == ["Alpha"]
    one = clients[0]
    assert await everything(admin, f"/api/clients?team_id={one['team_id']}") == [one]
    assert [user["username"] for user in await everything(admin, "/api/users?role=editor&q=rav")] == ["bravo"]
    assert (await admin.ask("PATCH", f"/api/clients/{one['id']}", {"disabled": True}))[0] == 200
    assert [client["name"] for client in await everything(admin, "/api/clients?disabled=true")] == ["Alpha"]
    (key,) = await everything(admin, f"/api/keys?client_id={one['id']}")
    assert await everything(admin, f"/api/keys?team_id={one['team_id']}") == [key]
    assert (await admin.ask("POST", f"/api/keys/{key['id']}/revoke"))[0] == 200
    assert [each["id"] for each in await everything(admin, "/api/keys?revoked=true")] == [key["id"]]
    assert key["id"] not in {each["id"] for each in await everything(admin, "/api/keys?revoked=false")}
    odd = quote("%' OR 1=1 --")
    for path in ("users", "clients", "keys", "teams"):
        assert (await admin.get(f"/api/{path}?q={odd}"))["items"] == [], "text is a value, never SQL or a pattern"


async def test_the_audit_log_is_read_both_ways(admin: Operator) -> None:
    await seeded(admin)
    newest = await everything(admin, "/api/audit?sort=-at", 4)
    assert await everything(admin, "/api/audit?sort=at", 4) == newest[::-1]
    assert (await admin.get("/api/audit?limit=500"))["items"] == newest


@pytest.mark.parametrize(
    "name", ["users", "teams", "clients", "keys", "providers", "models", "groups", "budgets", "audit"]
)
async def test_an_unknown_order_is_refused_with_those_there_are(admin: Operator, name: str) -> None:
    status, problem = await admin.ask("GET", f"/api/{name}?sort=password_hash")
    assert (status, problem["error"]["param"]) == (400, "sort")
    assert "'-" in problem["error"]["message"]


async def test_a_cursor_belongs_to_its_order(admin: Operator) -> None:
    await seeded(admin)
    cursor = quote((await admin.get("/api/clients?sort=name&limit=1"))["next_cursor"])
    for path in (
        f"/api/clients?sort=-name&cursor={cursor}",
        f"/api/users?cursor={cursor}",
        "/api/keys?cursor=nonsense",
    ):
        status, problem = await admin.ask("GET", path)
        assert (status, problem["error"]["param"]) == (400, "cursor"), path


async def test_every_filter_of_the_call_log_finds_its_call_and_no_other(gateway: Gateway, admin: Operator) -> None:
    """Time, client, key, model, provider, status, cost, latency, tag, session, text, and the lesser ones."""
    begun = 1_767_225_600_000_000  # 2026-01-01
    other = {"client_id": "c2", "key_id": "k2", "model": "m2", "provider": "p2", "tags": {}, "session": "s2"}
    gateway.writer.put(call(1, started_at=begun, cost=1, latency_ms=1.0, end_user="u2", door="d2", **other))
    sought = {"client_id": "c1", "key_id": "k1", "model": "m1", "provider": "p1", "tags": {"job": "a"}, "session": "s1"}
    later = begun + 60_000_000
    failed = {"status": "error", "error_message": "The gopher dug too deep.", "end_user": "u1", "door": "d1"}
    gateway.writer.put(call(2, started_at=later, cost=5_000_000_000, latency_ms=900.0, **sought, **failed))
    await rows(gateway, 2)
    wanted = [item["id"] for item in (await admin.get("/api/calls"))["items"]][:1]
    for query in (
        "since=2026-01-01T00:00:30Z", "client_id=c1", "key_id=k1", "model=m1", "provider=p1", "status=error",
        "failed=true", "min_cost=4.5", "min_latency_ms=500", "tag=job", "tag=job%3Da", "session=s1", "end_user=u1",
        "door=d1", "q=DUG%20too", "client_id=c1&provider=p1&min_cost=1&q=gopher",
    ):  # fmt: skip
        found = [item["id"] for item in (await admin.get(f"/api/calls?{query}"))["items"]]
        assert found == wanted, query
    for query in (
        "until=2026-01-01T00:00:30Z", "client_id=c2", "status=ok", "failed=false", "max_cost=1", "max_latency_ms=2",
    ):  # fmt: skip
        (item,) = (await admin.get(f"/api/calls?{query}"))["items"]
        assert item["id"] not in wanted, query
    for query in ("tag=jo", "session=s", "q=%25", "client_id=c1&model=m2"):
        assert (await admin.get(f"/api/calls?{query}"))["items"] == [], query


@pytest.mark.parametrize(
    ("path", "name", "said"),
    [
        ("/api/usage?group_by=model", "group_by", "takes by, client_id, compare"),
        ("/api/calls?modell=demo/echo&limit=5", "modell", "model"),
        ("/api/groups/none?x=", "x", "takes none"),
    ],
)
async def test_a_parameter_that_is_none_is_named_with_those_there_are(
    admin: Operator, path: str, name: str, said: str
) -> None:
    """Passed over, a misspelt filter would show what was not asked for."""
    status, problem = await admin.ask("GET", path)
    assert (status, problem["error"]["param"]) == (400, name)
    assert said in problem["error"]["message"]
    answer = await admin.client.get(path, headers={})
    assert answer.status_code == 401, "who may not ask is told nothing of the address"
