"""Providers: added in three clicks with a live test, changed, watched; what ails them is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from kit.browser import Visit, visit
from kit.serving import Serving

_FIRST, _SECOND = "sk-planted-first-1111", "sk-planted-second-2222"


@pytest.fixture
def spare(api: httpx2.Client) -> Iterator[dict[str, Any]]:
    """A provider of the database with one key; nothing answers at its address."""
    given = {"name": "spare", "kind": "openai", "base_url": "http://127.0.0.1:9", "models": ["gpt-4.1"]}
    made = api.post("/api/providers", json={**given, "api_key": _FIRST})
    assert made.status_code == 201, made.text
    yield made.json()
    api.delete("/api/providers/spare")


def test_a_provider_is_added_and_tested(at: Visit) -> None:
    """Three clicks: add, which, add and test."""
    page = at.go("providers")
    page.get_by_role("button", name="Add a provider").click()
    page.get_by_role("button", name="Simulator").click()
    page.fill("#field-name", "pretend")
    page.get_by_role("button", name="Add and test").click()
    expect(page.get_by_text("It answers")).to_be_visible()
    page.get_by_role("button", name="Show it").click()
    page.get_by_role("tab", name="Credit").click()
    page.fill("#field-balance", "50")
    page.get_by_role("button", name="Set the credit").click()
    expect(page.get_by_text("$50.00 left")).to_be_visible()
    page.get_by_role("tab", name="Settings").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    expect(page.get_by_text("The provider is deleted")).to_be_visible()


def test_the_search_finds_a_kind(at: Visit) -> None:
    page = at.go("providers?open=new")
    page.get_by_role("searchbox", name="Search providers").fill("anthro")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Add Anthropic")).to_be_visible()
    expect(page.locator("#field-api_key")).to_have_attribute("type", "password")


def test_an_open_breaker_is_shown_with_its_reason(at: Visit, ask: Any) -> None:
    for _ in range(12):
        ask("hello", "demo/down", 0)
    page = at.go("providers")
    row = page.get_by_role("row", name="demo")
    expect(row).to_contain_text("breaker open")
    row.click()
    expect(page.get_by_label("demo", exact=True).get_by_text("demo/down")).to_be_visible()
    at.go("overview")
    expect(page.locator(".attention")).to_contain_text("Calls are kept from demo/down")


def test_a_model_that_answers_a_test_is_used_again_at_once(at: Visit, gateway: Serving, api: httpx2.Client) -> None:
    """Nobody reloads the page: the breaker that closes says so by itself."""

    async def failed() -> None:
        (deployment,) = gateway.gateway.configuration.current.plan("demo/lorem").deployments
        health = gateway.gateway.router.health
        for _ in range(deployment.provider.breaker.failures):
            health.failed(health.of(deployment), "503 overloaded")

    page = at.go("providers/demo")
    gateway.run(failed())
    ailing = page.get_by_role("list", name="What ails").get_by_role("listitem").filter(has_text="demo/lorem")
    expect(ailing).to_contain_text("breaker open: 503 overloaded")
    ailing.get_by_role("button", name="Test it now").click()
    expect(ailing).to_have_count(0)
    assert "demo/lorem" not in [one["what"] for one in api.get("/api/providers/demo").json()["ailments"]]


def test_a_key_is_never_shown_whole(at: Visit) -> None:
    page = at.go("providers/openai")
    expect(page.get_by_label("openai", exact=True).get_by_text("sk-...enai")).to_be_visible()
    assert "never-shown" not in page.content()


def test_keys_are_added_weighed_tried_replaced_and_removed(at: Visit, api: httpx2.Client, spare: Any) -> None:
    page = at.go("providers/spare?tab=keys")
    keys = page.get_by_role("list", name="Keys").get_by_role("listitem")
    expect(keys).to_have_count(1)
    expect(keys.get_by_role("button", name="Remove")).to_have_count(0)  # it needs one
    page.get_by_role("button", name="Add another key").click()
    page.fill("#field-api_key", _SECOND)
    page.fill("#field-label", "a b")
    page.get_by_role("button", name="Add the key").click()
    expect(page.locator("#field-label-wrong")).to_be_visible()
    at.complaints.clear()  # the browser tells of the 400
    page.fill("#field-label", "night")
    page.fill("#field-weight", "3")
    page.get_by_role("button", name="Add the key").click()
    expect(keys.nth(1)).to_contain_text("weight 3, 75 % of the calls")
    expect(keys.nth(1)).to_contain_text("ready")
    page.fill("#field-default", "-1")
    page.get_by_role("button", name="Save the weights").click()
    expect(page.locator("#field-default-wrong")).to_have_text("A number, 0 or more.")
    page.fill("#field-default", "0")
    page.get_by_role("button", name="Save the weights").click()
    expect(keys.nth(0)).to_contain_text("only where no other is left")
    keys.nth(1).get_by_role("button", name="Test").click()
    expect(keys.nth(1).get_by_role("status")).to_contain_text("It does not answer")
    keys.nth(0).get_by_role("button", name="Replace").click()
    page.fill("#field-api_key", f"{_FIRST}-next")
    page.get_by_role("button", name="Replace it").click()
    expect(keys.nth(0)).to_contain_text("sk-...next")
    keys.nth(1).get_by_role("button", name="Remove").click()
    keys.nth(1).get_by_role("button", name="Remove").last.click()
    expect(keys).to_have_count(1)
    shown = api.get("/api/providers/spare").json()
    assert (shown["credentials"], shown["api_key_weight"]) == ([], 0)
    assert "planted" not in page.content()


def test_a_key_that_cools_down_says_so_by_itself(at: Visit, gateway: Serving, spare: Any) -> None:
    page = at.go("providers/spare?tab=keys")
    key = page.get_by_role("list", name="Keys").get_by_role("listitem")
    expect(key).to_contain_text("ready")

    async def refused() -> None:
        gateway.gateway.router.health.cool("spare", "default", 300, "429 Too Many Requests")

    gateway.run(refused())
    expect(key).to_contain_text("cools down")
    expect(key).to_contain_text("429 Too Many Requests. Used again in 5 min.")


def test_settings_are_changed_and_what_is_wrong_stands_beside_its_field(
    at: Visit, api: httpx2.Client, spare: Any
) -> None:
    """What is folded opens where it is wrong; only what was changed is sent."""
    page = at.go("providers/spare?tab=settings")
    expect(page.locator("summary", has_text="Time-outs")).to_contain_text("to connect 5 s, first byte 2 min")
    page.locator("summary", has_text="Time-outs").click()
    page.locator('[id="field-timeouts.idle"]').fill("-3")
    page.locator("summary", has_text="Time-outs").click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator('[id="field-timeouts.idle-wrong"]')).to_contain_text("greater than 0")
    expect(page.locator('[id="field-timeouts.idle"]')).to_be_focused()
    at.complaints.clear()  # the browser tells of the 400
    page.locator('[id="field-timeouts.idle"]').fill("30")
    page.locator("summary", has_text="Circuit breaker").click()
    page.locator('[id="field-breaker.failures"]').fill("2")
    page.locator('[id="field-breaker.probe"]').fill("15")
    page.locator("summary", has_text="When a client leaves").click()
    page.locator('[id="field-disconnect.policy"]').select_option("drain")
    page.locator('[id="field-disconnect.tokens"]').fill("2000")
    page.locator("summary", has_text="Retries").click()
    page.fill("#field-retries", "3")
    page.fill("#field-concurrency", "8")
    page.locator("summary", has_text="Kind and dialects").click()
    page.get_by_role("button", name="Prefer OpenAI Responses").click()
    page.fill("#field-models", "gpt-4.1\ngpt-5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved; new calls use it at once")).to_be_visible()
    shown = api.get("/api/providers/spare").json()
    assert shown["timeouts"] == {"idle": 30}
    assert shown["breaker"] == {"failures": 2, "recovery": 300, "probe": 15}
    assert shown["disconnect"] == {"policy": "drain", "seconds": 30, "tokens": 2000}
    assert (shown["retries"], shown["concurrency"], shown["models"]) == (3, 8, ["gpt-4.1", "gpt-5"])
    assert shown["speaks"] == ["openai_responses", "openai_chat"]
    assert shown["api_key_masked"] == spare["api_key_masked"]


def test_what_somebody_else_changed_meanwhile_is_shown_and_not_undone(
    at: Visit, api: httpx2.Client, spare: Any
) -> None:
    page = at.go("providers/spare?tab=settings")
    assert api.patch("/api/providers/spare", json={"retries": 7, "timeouts": {"total": 90}}).status_code == 200
    page.locator("summary", has_text="Time-outs").click()
    page.locator('[id="field-timeouts.idle"]').fill("30")
    page.get_by_role("button", name="Save").click()
    notice = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    expect(notice.get_by_role("row", name="Retries")).to_contain_text("7")
    expect(notice.get_by_role("row", name="Time in all")).to_contain_text("90 s")
    page.get_by_role("button", name="Save mine over it").click()
    expect(notice).to_have_count(0)
    shown = api.get("/api/providers/spare").json()
    assert (shown["retries"], shown["timeouts"]) == (7, {"idle": 30, "total": 90})
    assert api.patch("/api/providers/spare", json={"retries": 1}).status_code == 200
    page.locator("summary", has_text="Retries").click()
    page.fill("#field-retries", "5")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Take theirs").click()
    expect(page.locator("#field-retries")).to_have_value("1")
    assert api.get("/api/providers/spare").json()["retries"] == 1
    at.complaints.clear()  # the browser tells of the 412


def test_a_viewer_sees_how_it_is_and_no_dead_button(chrome: Browser, gateway: Serving, spare: Any) -> None:
    with visit(chrome, gateway.url) as visiting:
        visiting.sign_in("vera", "a-long-password")
        page = visiting.go("providers/spare")
        expect(page.get_by_text("after 5 failures in a row")).to_be_visible()
        assert page.get_by_role("tab").all_inner_texts() == ["About", "Keys", "Credit"]
        page.get_by_role("tab", name="Keys").click()
        expect(page.get_by_role("list", name="Keys")).to_contain_text("ready")
        drawer = page.get_by_label("spare", exact=True)
        buttons = drawer.get_by_role("button").all()
        assert [one.get_attribute("aria-label") for one in buttons] == ["Close"]
        assert visiting.flaws() == []
        assert visiting.complaints == []
