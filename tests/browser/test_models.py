"""Models: the catalogue, and an operator's own price."""

from __future__ import annotations

from playwright.sync_api import expect

from kit.browser import Visit


def test_a_model_gets_a_price(at: Visit) -> None:
    page = at.go("models/lab/our-own-7b")
    page.fill("#field-input", "1.50")
    page.fill("#field-output", "4")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    at.go("models")
    expect(page.locator(".vrow", has_text="lab/our-own-7b")).to_contain_text("your price")
