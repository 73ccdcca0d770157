"""Every page in every form: both themes, on a desk and on a phone; nothing wider than the window, no table cut off,
nothing on the console, nothing that axe-core calls serious.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser

from kit.browser import visit
from kit.pictures import PLACES
from kit.serving import Serving

_CUT = "[...document.querySelectorAll('.table, .virtual')].some((one) => one.scrollWidth > one.clientWidth + 1)"


@pytest.mark.parametrize(
    ("width", "theme", "rules"),
    [
        (1440, "light", ()),
        (390, "dark", ()),
        # Names, roles and order are the same in the other theme; colours are not.
        (1440, "dark", ("color-contrast",)),
        (390, "light", ("color-contrast",)),
    ],
)
def test_every_page_stands_in_every_form(
    gateway: Serving,
    chrome: Browser,
    signed_in: dict[str, Any],
    api: httpx2.Client,
    width: int,
    theme: str,
    rules: tuple[str, ...],
) -> None:
    key = api.get("/api/keys", params={"q": "expiring"}).json()["items"][0]
    budget = api.get("/api/budgets").json()["items"][0]["id"]
    opened = (f"clients/{key['client_id']}/{key['id']}", f"teams/budgets?budget={budget}")
    with visit(chrome, gateway.url, width=width, theme=theme, state=signed_in) as visiting:
        wide, flaws = [], []
        for place in (*PLACES, *opened):
            page = visiting.go(place)
            if page.evaluate("document.documentElement.scrollWidth") > width or page.evaluate(_CUT):
                wide.append(place)
            flaws += visiting.flaws(*rules)
            assert page.locator("main").inner_text().strip(), place
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert wide == []
        assert flaws == []
        assert visiting.complaints == []


def test_signing_in_is_readable(gateway: Serving, chrome: Browser) -> None:
    with visit(chrome, gateway.url, width=390, theme="dark") as visiting:
        visiting.page.goto(gateway.url)
        visiting.page.wait_for_selector("#field-username")
        assert visiting.flaws() == []
        visiting.page.fill("#field-username", "admin")
        visiting.page.fill("#field-password", "wrong")
        visiting.page.keyboard.press("Enter")
        visiting.page.wait_for_selector("[role=alert]")
        assert visiting.flaws() == []
