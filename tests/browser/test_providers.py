"""Providers: added in three clicks with a live test, changed, watched; what ails them is said."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from kit.browser import Visit


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
    page = at.go("providers/new")
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


def test_a_key_is_never_shown_whole(at: Visit) -> None:
    page = at.go("providers/openai")
    expect(page.get_by_label("openai", exact=True).get_by_text("sk-...enai")).to_be_visible()
    assert "never-shown" not in page.content()
