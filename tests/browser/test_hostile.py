"""Edge case 71: what comes from outside is text wherever it is shown, never HTML."""

from __future__ import annotations

from playwright.sync_api import Page

from kit.browser import Visit
from kit.seeding import HOSTILE


def test_hostile_names_stay_text(at: Visit) -> None:
    page: Page
    for place in ("clients", "calls?range=30d", "costs", "audit", "analytics?by=client"):
        page = at.go(place)
        assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    assert HOSTILE in page.locator("main").inner_text() or place == "analytics?by=client"
