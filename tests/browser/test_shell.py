"""The frame around every page: palette, keyboard, themes, addresses."""

from __future__ import annotations

from playwright.sync_api import expect

from kit.browser import Visit


def test_the_palette_goes_anywhere_by_keyboard(at: Visit) -> None:
    """As fast as keys can be sent: the first letter goes into the palette, and Enter waits for the list it needs."""
    page = at.go("overview")
    page.keyboard.press("Control+k")
    page.keyboard.type("provider groq")
    page.keyboard.press("Enter")
    at.until("location.hash === '#/providers/groq'")
    at.go("calls")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
