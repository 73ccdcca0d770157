"""Every page in every form: both themes, on a desk and on a phone; nothing wider than the window, nothing on the
console, nothing that axe-core calls serious.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from kit.browser import visit
from kit.pictures import PLACES
from kit.serving import Serving


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
    gateway: Serving, chrome: Browser, signed_in: dict[str, Any], width: int, theme: str, rules: tuple[str, ...]
) -> None:
    with visit(chrome, gateway.url, width=width, theme=theme, state=signed_in) as visiting:
        wide, flaws = [], []
        for place in PLACES:
            page = visiting.go(place)
            if page.evaluate("document.documentElement.scrollWidth") > width:
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
