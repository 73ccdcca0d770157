"""Guards: made, tried on a text, changed beside others, taken away; what the record of a call tells of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from gophergate.secrets import make_webhook_secret
from kit.browser import PATIENCE, Visit, visit
from kit.gate import KEY
from kit.seeding import HOSTILE
from kit.serving import Serving
from kit.upstream import Upstream
from kit.verdicts import NAME, finding, saying

MAIL = "ann.lee@example.com"


def test_a_guard_is_made_tried_changed_and_taken_away(at: Visit, api: httpx2.Client) -> None:
    page = at.go("guards?open=new")
    page.fill("#field-name", "browsed")
    page.get_by_label("Phone numbers").uncheck()
    text = page.get_by_label("A text to try it on")
    text.fill(f"😀 Write to {MAIL} or call +15551234567.")
    page.get_by_role("button", name="Try it").click()
    marks = page.locator("mark")
    expect(marks).to_have_count(1)
    expect(marks).to_contain_text(MAIL)
    expect(page.get_by_label("As it would go on")).to_have_text("😀 Write to [EMAIL] or call +15551234567.")
    assert at.flaws() == []
    page.select_option("#field-action", "block")
    expect(marks).to_have_count(0)  # that was another guard
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("The call would be refused.")).to_be_visible()
    page.select_option("select[aria-label='Add a team']", label="Support")
    page.get_by_role("button", name="Create the guard").click()
    row = page.get_by_role("table", name="Guards").get_by_role("row", name="browsed")
    expect(row).to_contain_text("refuses")
    expect(row).to_contain_text("team Support")
    expect(row).to_contain_text("monitors")
    made = api.get("/api/guards/browsed").json()
    assert "phone" not in made["detect"]
    assert (len(made["detect"]), made["where"], made["mode"]) == (6, "both", "monitor")

    row.click()
    page.get_by_role("button", name="Take team Support away").click()
    page.fill("#field-models", "demo/echo")
    page.select_option("#field-mode", "enforce")
    page.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("everybody, demo/echo")
    expect(row).to_contain_text("in force")
    row.press("Enter")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    expect(row).to_have_count(0)
    assert api.get("/api/guards/browsed").status_code == 404


@pytest.fixture
def endpoint(gateway: Serving) -> Iterator[Upstream]:
    """One of the operator's own, that finds a name."""
    made = Upstream(finding())
    gateway.run(made.__aenter__())
    yield made
    gateway.run(made.__aexit__(None, None, None))


def test_a_guard_asks_an_endpoint(at: Visit, api: httpx2.Client, endpoint: Upstream) -> None:
    """N8: its address and secret are said, it is tried, and what it finds is marked; the secret is shown to nobody."""
    secret = make_webhook_secret()
    page = at.go("guards?open=new")
    page.fill("#field-name", "asking")
    page.select_option("#field-kind", "webhook")
    page.fill("#field-url", f"{endpoint.url}/verdict")
    page.fill("#field-secret", secret)
    page.select_option("#field-mode", "enforce")
    expect(page.get_by_text("Answers are held back until they are whole and judged")).to_be_visible()
    page.get_by_label("A text to try it on").fill(f"😀 It was {NAME}.")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("mark")).to_contain_text(NAME)
    expect(page.get_by_label("As it would go on")).to_have_text("😀 It was [NAME].")
    assert "webhook-signature" in endpoint.asked[-1].headers
    assert at.flaws() == []
    page.select_option("#field-where", "input")
    expect(page.get_by_text("Answers are held back until they are whole and judged")).to_have_count(0)
    page.get_by_role("button", name="Create the guard").click()
    row = page.get_by_role("table", name="Guards").get_by_role("row", name="asking")
    expect(row).to_contain_text(f"what {endpoint.url.removeprefix('http://')} finds")

    row.click()
    expect(page.locator("#field-secret")).to_have_value("")
    expect(page.locator("#field-secret")).to_have_attribute("placeholder", f"...{secret[-4:]}")
    page.fill("#field-timeout", "0")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#field-timeout-wrong")).to_be_visible()
    page.fill("#field-timeout", "2.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved; calls that begin from now on")).to_be_visible()
    kept = api.get("/api/guards/asking").json()
    assert (kept["timeout"], kept["secret_masked"], kept["where"]) == (2.5, f"...{secret[-4:]}", "input")

    row.click()
    page.get_by_label("Take the secret away").check()
    expect(page.locator("#field-secret")).to_be_disabled()
    page.get_by_label("A text to try it on").fill(NAME)
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("mark")).to_contain_text(NAME)
    assert "webhook-signature" not in endpoint.asked[-1].headers
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved; calls that begin from now on")).to_be_visible()
    assert api.get("/api/guards/asking").json()["secret_masked"] is None

    endpoint.script = saying(b"no verdict")
    row.click()
    expect(page.get_by_label("Take the secret away")).to_have_count(0)
    page.get_by_label("A text to try it on").fill("anything")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_text("its answer is no verdict", exact=False)).to_be_visible()
    api.delete("/api/guards/asking").raise_for_status()
    at.complaints.clear()  # the browser tells of the 400s


def test_what_somebody_else_changed_is_shown_and_not_undone(at: Visit, api: httpx2.Client) -> None:
    place = "/api/guards/shared"
    api.post("/api/guards", json={"name": "shared", "kind": "keywords", "keywords": ["one"]}).raise_for_status()
    team = api.get("/api/teams", params={"q": "Support"}).json()["items"][0]["id"]
    page = at.go("guards/shared")
    page.fill("#field-keywords", "one\ntwo, with a comma")
    api.patch(place, json={"teams": [team], "action": "warn"}).raise_for_status()
    page.get_by_role("button", name="Save").click()
    notice = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    expect(notice.get_by_role("row", name="teams")).to_contain_text("Support")
    expect(notice.get_by_role("row", name="teams")).to_contain_text("everybody")
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_text("Saved; calls that begin from now on")).to_be_visible()
    kept = api.get(place).json()
    assert (kept["keywords"], kept["teams"], kept["action"]) == (["one", "two, with a comma"], [team], "warn")
    page.get_by_role("row", name="shared").click()
    page.locator("#field-mode").wait_for()
    api.patch(place, json={"mode": "monitor"}).raise_for_status()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    expect(notice.get_by_role("row", name="mode")).to_contain_text("monitor")
    assert api.get(place).status_code == 200
    api.delete(place).raise_for_status()
    at.complaints.clear()  # the browser tells of the 412s


def test_what_is_wrong_is_said_where_it_is(at: Visit) -> None:
    page = at.go("guards?open=new")
    page.fill("#field-name", "wrong")
    for one in page.get_by_role("group", name="Of these").get_by_role("checkbox").all():
        one.uncheck()
    page.get_by_role("button", name="Create the guard").click()
    expect(page.get_by_text("Choose one at least.").first).to_be_visible()
    page.select_option("#field-kind", "regex")
    page.fill("#field-patterns", "fine{1,3}\n(?=ahead)")
    page.get_by_role("button", name="Create the guard").click()
    expect(page.locator("#field-patterns-wrong")).to_contain_text("pattern 2")
    at.complaints.clear()  # the browser tells of the 400


def test_hostile_words_stay_text(at: Visit) -> None:
    page = at.go("guards/project-names")
    page.get_by_label("A text to try it on").fill(f"Zephyr {HOSTILE} <b>bold</b>")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("mark")).to_have_count(2)
    expect(page.get_by_label("What was found")).to_contain_text("<b>bold</b>")
    assert page.evaluate("document.querySelectorAll('img[src=x], .looked b').length") == 0


@pytest.fixture
def watched(api: httpx2.Client) -> Any:
    """A guard that blocks and one that masks, for one model each."""
    kinds = {"no-mail": ("block", "demo/think"), "mask-mail": ("mask", "demo/see")}
    for name, (action, model) in kinds.items():
        given = {
            "name": name,
            "kind": "pii",
            "detect": ["email"],
            "action": action,
            "where": "input",
            "models": [model],
        }
        api.post("/api/guards", json=given).raise_for_status()
    yield
    for name in kinds:
        api.delete(f"/api/guards/{name}")


def acted_on(api: httpx2.Client, guard: str) -> str:
    """The newest call that this guard acted on; rows are written behind the calls."""
    end = time.monotonic() + PATIENCE
    while True:
        for call in api.get("/api/calls", params={"limit": 20}).json()["items"]:
            if guard in [one["guard"] for one in call["guards"]]:
                return str(call["id"])
        assert time.monotonic() < end, guard


def test_a_call_tells_which_guard_acted(at: Visit, gateway: Serving, api: httpx2.Client, watched: None) -> None:
    for model, guard, said in (
        ("demo/think", "no-mail", "The guard no-mail blocked 1 × EMAIL in the request."),
        ("demo/see", "mask-mail", "The guard mask-mail masked 1 × EMAIL in the request."),
    ):
        body = {"model": model, "messages": [{"role": "user", "content": f"I am {MAIL}"}]}
        headers = {"authorization": f"Bearer {KEY}"}
        httpx2.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=60)
        call = acted_on(api, guard)
        page = at.go(f"calls/{call}")
        drawer = page.get_by_label("Call", exact=True)
        expect(drawer).to_contain_text(said)
        assert at.flaws() == []
        drawer.get_by_role("link", name=guard).click()
        expect(page.get_by_role("complementary", name=guard)).to_be_visible()
        page = at.go("guards")
        hits = api.get("/api/guard-hits").json()["items"]
        calls, finds = next((one["calls"], one["finds"]) for one in hits if one["guard"] == guard)
        row = page.get_by_role("table", name="Guards").get_by_role("row", name=guard)
        expect(row.get_by_title(f"{finds} find")).to_have_text(str(calls))


def test_without_a_guard_it_says_what_one_does(at: Visit) -> None:
    empty = json.dumps({"items": [], "next_cursor": None})
    at.page.route("**/api/guards?*", lambda route: route.fulfill(body=empty, content_type="application/json"))
    page = at.go("guards")
    expect(page.get_by_role("heading", name="No guard yet")).to_be_visible()
    expect(page.get_by_text("Let it monitor first")).to_be_visible()
    assert at.flaws() == []
    page.get_by_role("button", name="Create a guard").last.click()
    expect(page.locator("#field-name")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")


def test_a_viewer_reads_guards_and_finds_nothing_to_press(chrome: Browser, gateway: Serving) -> None:
    with visit(chrome, gateway.url, width=390, theme="dark") as visiting:
        visiting.sign_in("vera", "a-long-password")
        page = visiting.go("guards/personal-data")
        drawer = page.get_by_role("complementary", name="personal-data")
        expect(drawer.get_by_label("Mode", exact=True)).to_have_value("monitor")
        expect(drawer).to_contain_text("team Support")
        assert [one.get_attribute("aria-label") for one in drawer.get_by_role("button").all()] == ["Close"]
        assert drawer.locator("input:enabled, select:enabled, textarea:enabled").count() == 0
        visiting.go("guards")
        expect(page.get_by_role("button", name="Create a guard")).to_have_count(0)
        assert visiting.flaws() == []
        assert visiting.complaints == []


def test_a_guard_that_is_called_new_opens_by_its_address(at: Visit, api: httpx2.Client) -> None:
    """No name is the address of a form."""
    api.post("/api/guards", json={"name": "new", "kind": "injection", "mode": "monitor"}).raise_for_status()
    page = at.go("guards/new")
    expect(page.get_by_role("complementary", name="new", exact=True)).to_contain_text("The common ways, in English")
    expect(page.locator("#field-name")).to_have_count(0)
    page = at.go("guards?open=new")
    expect(page.locator("#field-name")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#field-name")).to_have_count(0)
    page.get_by_role("row", name="new", exact=False).first.click()
    expect(page).to_have_url(f"{page.url.split('#')[0]}#/guards/new")
    api.delete("/api/guards/new").raise_for_status()
