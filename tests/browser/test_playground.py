"""The playground: models beside each other, pictures, what is kept over a reload, the code to take along."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import httpx2
from playwright.sync_api import expect

from kit.browser import Visit
from kit.gate import KEY
from kit.seeding import HOSTILE
from kit.serving import Serving


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
    page.reload()
    expect(page.locator("#play-message-1")).to_have_value(re.compile("Think of"))
    expect(page.get_by_label("demo/echo", exact=True)).to_be_visible()


def test_what_is_typed_goes_with_whoever_signs_out(at: Visit) -> None:
    page = at.go("playground")
    page.fill("#play-prompt", "not for the next one")
    page.reload()
    expect(page.locator("#play-prompt")).to_have_value("not for the next one")
    # The session of a visit is every test's: only what the page does about it is tried.
    page.route("**/api/auth/logout", lambda route: route.fulfill(status=200, body="{}"))
    page.get_by_role("button", name="account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#field-username")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_code_runs_elsewhere(at: Visit, gateway: Serving) -> None:
    """What the page gives to take along is asked as it stands, with the vendor's own library."""
    at.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = at.go("playground?model=demo/tools")
    page.get_by_label("Add from an example").select_option("get_weather")
    page.get_by_label("Tool choice").select_option("Only get_weather")
    page.get_by_role("button", name="Python").click()
    codes = []
    for is_streamed in (True, False):
        page.get_by_label("Stream").set_checked(is_streamed)
        page.get_by_role("button", name="Copy the code").click()
        codes.append(page.evaluate("navigator.clipboard.readText()"))
        assert ("stream=True" in codes[-1]) is is_streamed
    ended = subprocess.run(
        [sys.executable, "-c", "\nprint()\n".join(codes)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "GOPHERGATE_KEY": KEY},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("get_weather") == 2
    assert ended.stdout.count('{"city":"sample"}') == 2, ended.stdout
    for language in ("curl", "TypeScript"):
        page.get_by_role("button", name=language).click()
        expect(page.locator("pre.code").last).to_contain_text('"tool_choice"')


def test_a_call_of_another_dialect_comes_with_its_tools(at: Visit, gateway: Serving, api: httpx2.Client) -> None:
    body: dict[str, Any] = {
        "model": "demo/tools",
        "max_tokens": 50,
        "system": "You keep the gate.",
        "tools": [{"name": "look_up", "description": "Looks it up", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "any"},
        "messages": [
            {"role": "user", "content": "Who keeps it?"},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {"what": "gate"}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "a gopher"}]},
        ],
    }
    answer = httpx2.post(f"{gateway.url}/v1/messages", json=body, headers={"x-api-key": KEY}, timeout=60)
    asked = answer.raise_for_status().headers["x-request-id"]
    page = at.go("calls")
    at.until(f"fetch('/api/calls?request_id={asked}').then((all) => all.json()).then((all) => all.items.length > 0)")
    call = api.get("/api/calls", params={"request_id": asked}).json()["items"][0]["id"]
    at.go(f"calls/{call}")
    page.get_by_role("button", name="Open in playground").click()
    expect(page.locator("#play-system")).to_have_value("You keep the gate.")
    expect(page.get_by_label("Result of look_up")).to_have_value("a gopher")
    expect(page.get_by_label("Tool choice")).to_have_value("required")
    page.get_by_role("button", name="look_up Looks it up").click()
    expect(page.get_by_label("Arguments, as a JSON schema")).to_have_value(re.compile('"type": "object"'))
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_label("demo/tools", exact=True)).to_contain_text("The tool answered: a gopher")
