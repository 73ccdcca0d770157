"""Providers: added in three clicks with a live test, re-keyed, watched."""

from __future__ import annotations

from playwright.sync_api import expect

from kit.browser import Visit


def test_a_provider_is_added_and_tested(at: Visit) -> None:
    page = at.go("providers/new")
    page.select_option("#field-kind", "simulator")
    page.fill("#field-name", "pretend")
    page.get_by_role("button", name="Add and test").click()
    expect(page.get_by_text("It answers")).to_be_visible()
    page.get_by_role("button", name="Show it").click()
    page.get_by_role("tab", name="Settings").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    expect(page.get_by_text("The provider is deleted")).to_be_visible()
