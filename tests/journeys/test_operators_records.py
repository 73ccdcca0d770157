"""What is made, changed and removed, and stands in the audit log with who did it, from where, before and after."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gophergate.admin.routes import ROUTES
from gophergate.app import Gateway
from kit.operator import Operator, operator

QUIET = {
    ("POST", "/api/groups/explain"),
    ("POST", "/api/groups/simulate"),
    ("POST", "/api/guards/try"),
    ("POST", "/api/providers/{name}/test"),
    ("POST", "/api/webhooks/{webhook_id}/test"),
}
"""What asks by POST and changes nothing."""


async def entries(admin: Operator, kind: str) -> list[Any]:
    page = await admin.get(f"/api/audit?target_kind={kind}&limit=500")
    return list(reversed(page["items"]))


@pytest.mark.parametrize(
    ("kind", "path", "given", "change", "member"),
    [
        ("organisation", "/api/organisations", {"name": "one"}, {"name": "two"}, "name"),
        ("team", "/api/teams", {"name": "one"}, {"name": "two", "limits": {"rpm": 5}}, "name"),
        ("client", "/api/clients", {"name": "one"}, {"name": "two"}, "name"),
        ("user", "/api/users", {"username": "one", "password": "long enough"}, {"role": "editor"}, "role"),
    ],
)
async def test_each_is_made_changed_removed_and_on_record(
    admin: Operator, kind: str, path: str, given: Any, change: Any, member: str
) -> None:
    made = await admin.make(path, given)
    one = f"{path}/{made['id']}"
    assert (await admin.get(one))["id"] == made["id"]
    assert made["id"] in [item["id"] for item in (await admin.get(path))["items"]]
    assert (await admin.ask("PATCH", one, change))[0] == 200
    assert (await admin.get(one))[member] == change[member]
    assert (await admin.ask("DELETE", one))[0] == 204
    assert (await admin.ask("GET", one))[0] == 404
    assert (await admin.ask("PATCH", one, change))[0] == 404
    assert (await admin.ask("DELETE", one))[0] == 404
    found = [entry for entry in await entries(admin, kind) if entry["target_id"] == made["id"]]
    assert [entry["action"] for entry in found] == ["create", "change", "delete"]
    assert {(entry["actor"], entry["address"]) for entry in found} == {("admin", "127.0.0.1")}
    assert found[1]["before"][member] != found[1]["after"][member] == change[member]
    assert (found[0]["before"], found[2]["after"]) == (None, None)
    assert "long enough" not in json.dumps(found)


async def test_signing_in_and_out_and_tokens_are_on_record(gateway: Gateway, admin: Operator) -> None:
    made = await admin.make("/api/tokens", {"name": "ci", "scopes": ["view"]})
    assert [item["id"] for item in (await admin.get("/api/tokens"))["items"]] == [made["id"]]
    assert (await admin.ask("POST", f"/api/tokens/{made['id']}/revoke"))[0] == 200
    assert (await admin.ask("POST", f"/api/tokens/{made['id']}/revoke"))[0] == 200
    async with operator(gateway) as again:
        await again.ask("POST", "/api/auth/logout")
        assert (await again.ask("GET", "/api/auth/me"))[0] == 401
    assert [entry["action"] for entry in await entries(admin, "token")] == ["create", "revoke"]
    assert [entry["action"] for entry in await entries(admin, "session")] == ["sign_in", "sign_in", "sign_out"]
    assert made["token"] not in json.dumps(await admin.get("/api/audit?limit=500"))


async def test_a_refused_change_is_not_on_record(admin: Operator) -> None:
    before = len((await admin.get("/api/audit?limit=500"))["items"])
    await admin.make("/api/clients", {"name": "one"})
    assert (await admin.ask("POST", "/api/clients", {"name": "one"}))[0] == 409
    assert (await admin.ask("POST", "/api/clients", {"name": ""}))[0] == 400
    assert (await admin.ask("PATCH", "/api/clients/none", {"name": "x"}))[0] == 404
    noted = (await admin.get("/api/audit?limit=500"))["items"]
    assert len(noted) == before + 2  # the client and its key


def test_every_change_there_is_notes_it() -> None:
    """A handler of a changing route writes an entry, or what it calls in its module does."""
    import inspect

    silent = []
    for route in ROUTES:
        if route.method == "GET" or (route.method, route.path) in QUIET:
            continue
        source = inspect.getsource(route.handler)
        called = {name for name in vars(inspect.getmodule(route.handler)) if f"{name}(" in source}
        module = inspect.getmodule(route.handler)
        bodies = [source] + [
            inspect.getsource(getattr(module, name)) for name in called if inspect.isfunction(getattr(module, name))
        ]
        if not any(".note(" in body or ".signed_in(" in body for body in bodies):
            silent.append((route.method, route.path))
    assert silent == []


async def test_before_and_after_tell_what_was_changed_and_nothing_else(admin: Operator) -> None:
    """Both have the same members, without those that change by themselves: a reader is shown what differs."""
    team = await admin.make("/api/teams", {"name": "Search"})
    client = await admin.make("/api/clients", {"name": "shop"})
    scope = {"scope": "team", "scope_id": team["id"]}
    budget = await admin.make("/api/budgets", {**scope, "amount": "500"})
    limits = await admin.make("/api/limits", {**scope, "model": "demo/echo", "limits": {"rpm": 5}})
    hook = await admin.make("/api/webhooks", {"name": "bell", "url": "https://hooks.example.com/a"})
    group = await admin.make("/api/groups", {"name": "fast", "targets": [{"model": "demo/echo"}]})
    for path, change in (
        (f"/api/budgets/{budget['id']}", {"amount": "800.00"}),
        (f"/api/limits/{limits['id']}", {"limits": {"rpm": 9}}),
        (f"/api/webhooks/{hook['id']}", {"enabled": False}),
        ("/api/models/demo/echo", {"mapped_name": "other"}),
        (f"/api/keys/{client['key']['id']}", {"name": "ci"}),
    ):
        assert (await admin.ask("PATCH", path, change))[0] == 200, path
    assert (await admin.ask("PUT", f"/api/groups/{group['name']}", {"targets": [{"model": "demo/lorem"}]}))[0] == 200
    changed = {}
    for entry in (await admin.get("/api/audit?action=change&limit=500"))["items"]:
        before, after = entry["before"], entry["after"]
        assert before.keys() == after.keys(), entry["target_kind"]
        differs = {name for name in before if before[name] != after[name]} - {"updated_at", "created_at"}
        changed[entry["target_kind"]] = differs
    assert changed == {
        "budget": {"amount"},
        "limits": {"limits"},
        "webhook": {"enabled"},
        "model": {"mapped_name"},
        "key": {"name"},
        "group": {"targets", "version", "published"},
    }
    until = "2100-01-01T00:00:00Z"
    assert (await admin.ask("POST", f"/api/budgets/{budget['id']}/raise", {"amount": "50", "until": until}))[0] == 200
    raised = (await admin.get("/api/audit?action=raise"))["items"][0]
    assert raised["before"]["scope_name"] == "Search"
    assert (raised["before"]["raised"], raised["after"]["raised"]) == ("0.00", "50.00")


async def test_the_log_is_narrowed_read_one_by_one_and_taken_away_as_narrowed(
    gateway: Gateway, admin: Operator
) -> None:
    await admin.make("/api/users", {"username": "Mara", "password": "long enough", "role": "admin"})
    async with operator(gateway, "Mara", "long enough") as mara:
        await mara.make("/api/clients", {"name": "hers"})
    assert (await admin.ask("PATCH", "/api/models/demo/echo", {"enabled": False}))[0] == 200
    hers = (await admin.get("/api/audit?actor=mar&target_kind=client"))["items"]
    assert [(one["actor"], one["after"]["name"]) for one in hers] == [("Mara", "hers")]
    assert await admin.get(f"/api/audit/{hers[0]['id']}") == hers[0]
    assert (await admin.ask("GET", "/api/audit/none"))[0] == 404
    (model,) = (await admin.get("/api/audit?target_kind=model&target_id=demo/echo"))["items"]
    assert model["after"]["enabled"] is False
    text = (await admin.raw("GET", "/api/audit/export?format=csv&actor=mar&target_kind=client")).text
    assert [line.split(",")[1:4] for line in text.splitlines()[1:]] == [["Mara", "create", "client"]]
    later = (await admin.raw("GET", "/api/audit/export?format=json&since=2100-01-01T00:00:00Z")).json()
    assert later == []
