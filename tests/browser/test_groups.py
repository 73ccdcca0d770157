"""Groups: made, explained, published, rolled back."""

from __future__ import annotations

from playwright.sync_api import expect

from kit.browser import Visit


def test_a_group_is_made_explained_and_rolled_back(at: Visit) -> None:
    page = at.go("groups/new")
    page.fill("#group-name", "browsed")
    page.locator(".targets input").first.fill("demo/echo")
    page.get_by_role("button", name="Create the group").click()
    expect(page.get_by_text("In force")).to_be_visible()
    page.get_by_role("tab", name="Versions").click()
    expect(page.get_by_text("Version 1", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Model or group", exact=True).fill("browsed")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("status").get_by_text("demo/echo").first).to_be_visible()
