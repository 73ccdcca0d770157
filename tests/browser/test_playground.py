"""The playground: models beside each other, tools and pictures, the code to take along."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from kit.browser import Visit
from kit.seeding import HOSTILE


def test_the_playground_asks_and_shows_the_code(at: Visit) -> None:
    page = at.go("playground?model=demo/think")
    page.fill("#play-prompt", f"Think of {HOSTILE}")
    page.get_by_role("button", name="Add a column").click()
    page.locator(".picked").nth(1).click()
    page.get_by_role("combobox", name="Search models").fill("demo echo")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Ask 2 models").click()
    echoed = page.get_by_label("demo/echo", exact=True)
    expect(echoed).to_contain_text(f"Think of {HOSTILE}")
    expect(page.get_by_label("demo/think", exact=True)).to_contain_text("Thinking")
    expect(echoed.get_by_text("Cost")).to_be_visible()
    echoed.get_by_role("button", name="Go on from here").click()
    expect(page.locator("#play-message-1")).to_have_value(re.compile("Think of"))
    page.get_by_role("button", name="Python").click()
    expect(page.locator("pre.code").last).to_contain_text("from openai import OpenAI")
    page.fill("#play-tools", "{not json")
    expect(page.get_by_text("Not JSON")).to_be_visible()
