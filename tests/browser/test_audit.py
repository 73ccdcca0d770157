"""The audit log in plain words: every action is a sentence, a change is shown member by member, and no secret is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import expect

import gophergate
from gophergate.auditing import entry
from gophergate.store.audit import Audit
from kit.browser import Visit
from kit.serving import Serving

_SOURCE = Path(gophergate.__file__).parent
_KEY = "sk-planted-audit-key-7777"


def written() -> set[tuple[str, str]]:
    """Every kind and action that the server notes, read from its code: `note(action, kind, ...)` of the operators' API
    and the command line, `audit(kind, ...)` of an import."""
    found: set[tuple[str, str]] = set()
    for room in ("admin", "cli", "original"):
        for file in sorted((_SOURCE / room).glob("*.py")):
            for call in ast.walk(ast.parse(file.read_text())):
                if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                    continue
                if call.func.attr == "note" and len(call.args) >= 3 and room != "original":
                    found |= {
                        (kind, action) for kind in _said(call.args[1], file) for action in _said(call.args[0], file)
                    }
                elif call.func.attr == "audit" and room == "original":
                    found |= {(kind, "import") for kind in _said(call.args[0], file)}
    return found


def _said(node: ast.expr, file: Path) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from _said(one, file)
            yield from _said(other, file)
        case _:
            raise AssertionError(f"{file.name}:{node.lineno}: name the action and the kind by a literal")


def test_every_action_that_is_noted_has_a_sentence(at: Visit, gateway: Serving) -> None:
    """Also where nothing is known of the thing but its id, or not even that."""
    pairs = sorted(written())
    assert {("budget", "raise"), ("session", "sign_in"), ("group", "publish"), ("import", "import")} <= set(pairs)
    audit = Audit(gateway.gateway.parts.database)
    for number, (kind, action) in enumerate(pairs):
        bare = entry(f"bare{number:04d}", at=number, actor="enumerator", action=action, kind=kind, target_id=None)
        gateway.run(audit.add(bare))
    page = at.go("audit?actor=enumerator")
    rows = page.get_by_role("table", name="Audit log").locator("tbody tr")
    expect(rows).to_have_count(len(pairs))
    unknown = [row.inner_text() for row in rows.all() if row.locator("[data-known=true]").count() != 1]
    assert unknown == []
    text = page.locator("main").inner_text()
    for odd in ("undefined", "null", "NaN", "[object", "Invalid"):
        assert odd not in text
    options = page.get_by_label("What was changed").locator("option").evaluate_all("all => all.map(one => one.value)")
    assert {kind for kind, _ in pairs} == set(options) - {""}
    for kind in sorted({kind for kind, _ in pairs}):
        page.get_by_label("What was changed").select_option(kind)
        options = page.get_by_label("What was done").locator("option").evaluate_all("all => all.map(one => one.value)")
        assert {action for one, action in pairs if one == kind} <= set(options), kind


@pytest.fixture(scope="module")
def changed(api: httpx2.Client) -> dict[str, str]:
    """What an administrator did; the ids by name."""

    def ok(answer: httpx2.Response) -> Any:
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def make(path: str, **given: Any) -> Any:
        return ok(api.post(path, json=given))

    team = make("/api/teams", name="Audited", limits={"rpm": 60})
    ok(api.patch(f"/api/teams/{team['id']}", json={"limits": {"rpm": 90}}))
    budget = make("/api/budgets", scope="team", scope_id=team["id"], amount="500")
    ok(api.patch(f"/api/budgets/{budget['id']}", json={"amount": "800"}))
    ok(api.patch(f"/api/budgets/{budget['id']}", json={"hard": False, "thresholds": [0.5]}))
    limits = make("/api/limits", scope="team", scope_id=team["id"], model="demo/echo", limits={"rpm": 10})
    ok(api.delete(f"/api/limits/{limits['id']}"))
    user = make("/api/users", username="noted", password="long enough", role="viewer")
    ok(api.patch(f"/api/users/{user['id']}", json={"role": "editor"}))
    ok(api.post(f"/api/users/{user['id']}/password", json={"password": "another long one"}))
    given = {"kind": "openai", "base_url": "http://127.0.0.1:9", "api_key": _KEY, "models": ["a", "b", "c", "d"]}
    make("/api/providers", name="audited", **given)
    ok(api.patch("/api/providers/audited", json={"api_key": f"{_KEY}-next"}))
    ok(api.patch("/api/providers/audited", json={"enabled": False}))
    spare = {"label": "spare", "api_key": f"{_KEY}-spare", "weight": 3}
    change = {"credentials": [spare], "breaker": {"failures": 2}, "models": ["a", "b", "c", "e"]}
    ok(api.patch("/api/providers/audited", json=change))
    ok(api.put("/api/providers/audited/credits", json={"balance": "50"}))
    client = make("/api/clients", name="<b>audited</b>")
    ok(api.patch(f"/api/clients/{client['id']}", json={"team_id": team["id"]}))
    ok(api.post(f"/api/keys/{client['key']['id']}/revoke"))
    ok(api.delete(f"/api/clients/{client['id']}"))
    return {"team": team["id"], "budget": budget["id"], "client": client["id"]}


def test_changes_are_told_in_sentences(at: Visit, changed: dict[str, str]) -> None:
    page = at.go("audit?actor=admin&range=1h")
    told = page.get_by_role("table", name="Audit log")
    for said in (
        "admin raised the calls a minute of the team Audited from 60 to 90",
        "admin set the monthly budget of team Audited to $500",
        "admin raised the monthly budget of team Audited from $500 to $800",
        "admin changed the monthly budget of team Audited: calls beyond it and warning thresholds",
        "admin limited team Audited for demo/echo to 10 calls a minute",
        "admin deleted the limits of team Audited for demo/echo",
        "admin added the user noted as viewer",
        "admin changed the role of the user noted from viewer to editor",
        "admin set the password of the user noted",
        "admin added the provider audited",
        "admin replaced the key of the provider audited",
        "admin switched off the provider audited",
        "admin changed the provider audited: models, breaker's failures in a row and keys",
        "admin entered a credit of $50 for the provider audited",
        "admin made the client <b>audited</b>",
        "admin set the team of the client <b>audited</b> to Audited",
        "admin deleted the client <b>audited</b>",
        "admin signed in",
    ):
        expect(told.get_by_text(said, exact=True).first).to_be_visible()


def test_a_change_is_shown_member_by_member_without_a_secret(at: Visit, changed: dict[str, str]) -> None:
    page = at.go("audit?kind=provider&id=audited&action=change")
    page.get_by_role("row", name="breaker's failures").click()
    differs = page.get_by_role("table", name="What was changed")
    said = {
        row[0]: row[1:]
        for row in (line.locator("th, td").all_inner_texts() for line in differs.locator("tbody tr").all())
    }
    assert said == {
        "Models": ["d\nand 3 that are in both", "e\nand 3 that are in both"],
        "Breaker's failures in a row": ["5", "2"],
        "Key spare": ["none", "sk-...pare"],
        "Weight of the key spare": ["none", "3"],
    }
    page.keyboard.press("Escape")
    page.get_by_role("row", name="replaced the key").click()
    expect(differs.locator("tbody tr")).to_have_text("keysk-...7777sk-...next")
    assert _KEY not in page.content()
    page.get_by_role("link", name="Show the provider").click()
    expect(page.get_by_label("audited", exact=True)).to_be_visible()


def test_what_is_deleted_leads_nowhere_and_the_rest_to_all_its_changes(at: Visit, changed: dict[str, str]) -> None:
    page = at.go(f"audit?kind=client&id={changed['client']}")
    page.get_by_role("row", name="made the client").click()
    drawer = page.get_by_label("Change", exact=True)
    expect(drawer.get_by_text("As it was made").first).to_be_visible()
    expect(drawer.get_by_role("link", name="Show the client")).to_have_count(0)
    page.keyboard.press("ArrowUp")
    expect(drawer.locator(".sentence")).to_contain_text("set the team of the client")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    page.get_by_label("Who did it").fill("")
    at.go("audit?kind=team")
    page.get_by_role("row", name="raised the calls a minute").first.click()
    drawer.get_by_role("link", name="All its changes").click()
    expect(page.get_by_role("table", name="Audit log").locator("tbody tr")).to_have_count(2)
    assert changed["team"] in page.url


def test_filters_stand_in_the_address_and_in_the_files(at: Visit, api: httpx2.Client, changed: dict[str, str]) -> None:
    where = {"target_kind": "budget", "action": "change", "actor": "adm", "limit": 200}
    wanted = len(api.get("/api/audit", params=where).json()["items"])  # those of other tests too
    assert wanted >= 2
    page = at.go("audit")
    page.get_by_label("What was changed").select_option("budget")
    page.get_by_label("What was done").select_option("change")
    page.get_by_label("When").select_option("24h")
    page.get_by_label("Who did it").fill("adm")
    at.until("location.hash.includes('actor=adm')")
    at.settled()
    rows = page.get_by_role("table", name="Audit log").locator("tbody tr")
    expect(rows).to_have_count(wanted)
    expect(rows.filter(has_text="budget")).to_have_count(wanted)
    assert page.url.partition("#")[2] == "/audit?kind=budget&action=change&range=24h&actor=adm"
    with page.expect_download() as saving:
        page.get_by_role("link", name="CSV").click()
    assert len(saving.value.path().read_text().splitlines()) == wanted + 1
    page.get_by_label("When").select_option("between")
    page.get_by_label("Last day").fill("2001-01-01")
    expect(page.get_by_text("Nothing fits the filters")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").click()
    expect(rows.first).to_be_visible()
    assert page.get_by_label("Who did it").input_value() == ""


def test_one_entry_has_an_address_of_its_own(at: Visit, api: httpx2.Client, changed: dict[str, str]) -> None:
    """Also one that is on no page that was loaded, and one that never was."""
    one = api.get("/api/audit", params={"target_kind": "limits", "action": "delete"}).json()["items"][0]
    page = at.go(f"audit/{one['id']}?kind=session")
    expect(page.locator(".sentence")).to_have_text("admin deleted the limits of team Audited for demo/echo")
    at.go("audit/none?kind=session")
    expect(page.get_by_text("There is no entry 'none' in the audit log.")).to_be_visible()
    at.complaints.clear()  # the browser tells of the 404


def test_what_is_done_now_appears_by_itself(at: Visit, api: httpx2.Client) -> None:
    page = at.go("audit?kind=organisation")
    made = api.post("/api/organisations", json={"name": "Just now"}).json()
    expect(page.get_by_role("row", name="made the organisation Just now")).to_be_visible()
    api.delete(f"/api/organisations/{made['id']}")
    expect(page.get_by_role("row", name="deleted the organisation Just now")).to_be_visible()
