"""Clients and keys: a secret is shown once and works, what a key may do is changed, a revoked key does not work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from kit.browser import Visit, visit
from kit.serving import Serving


@pytest.fixture
def owner(api: httpx2.Client) -> Iterator[dict[str, Any]]:
    """A client with the one key that it was made with."""
    made = api.post("/api/clients", json={"name": "keyring"})
    assert made.status_code == 201, made.text
    yield made.json()
    api.delete(f"/api/clients/{made.json()['id']}")


def test_a_client_gets_a_working_key_once(at: Visit, gateway: Serving) -> None:
    page = at.go("clients/new")
    page.fill("#field-name", "made in the browser")
    page.get_by_role("button", name="Create the client").click()
    secret = page.locator(".secret code").inner_text()
    answer = httpx2.get(f"{gateway.url}/v1/models", headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    page.get_by_role("button", name="Show the client").click()
    expect(page.get_by_text("…" + secret[-4:])).to_be_visible()
    expect(page.get_by_text(secret)).to_have_count(0)
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke").last.click()
    expect(page.get_by_text("revoked", exact=True)).to_be_visible()
    assert httpx2.get(f"{gateway.url}/v1/models", headers={"authorization": f"Bearer {secret}"}).status_code == 401


def test_a_wrong_field_says_so_where_it_is(at: Visit) -> None:
    page = at.go("clients/new")
    page.get_by_role("button", name="Create the client").click()
    expect(page.locator("#field-name-wrong")).to_be_visible()
    expect(page.locator("#field-name")).to_be_focused()
    at.complaints[:] = [one for one in at.complaints if "status of 400" not in one]


def test_a_key_that_would_end_at_once_is_refused_at_its_field(at: Visit) -> None:
    page = at.go("clients/new")
    page.fill("#field-name", "for a day")
    page.get_by_role("button", name="Create the client").click()
    page.get_by_role("button", name="Show the client").click()
    page.get_by_role("button", name="Create a key").click()
    page.fill("#field-expires_at", "2001-01-01T00:00")
    page.get_by_role("button", name="Create the key").click()
    expect(page.locator("#field-expires_at-wrong")).to_contain_text("is past")
    page.fill("#field-expires_at", "2099-01-02T00:00")
    page.get_by_role("button", name="Create the key").click()
    expect(page.locator("time", has_text="2099")).to_be_visible()
    at.complaints[:] = [one for one in at.complaints if "status of 400" not in one]


def test_what_a_key_may_do_is_changed(at: Visit, api: httpx2.Client, gateway: Serving, owner: Any) -> None:
    """By the keyboard into the form and back to where it began; what is wrong is said at its field."""
    page = at.go(f"clients/{owner['id']}")
    key = owner["key"]
    link = page.get_by_role("link", name=f"Change {key['name']}")
    link.press("Enter")
    page.fill("#field-name", "night shift")
    page.get_by_label("It may use every model").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#field-models-wrong")).to_contain_text("Name one at least")
    page.fill("#field-models", "demo/*")
    page.fill("#field-ip_allow", "127.0.0.0/8\nthe office")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#field-ip_allow-wrong")).to_contain_text("'the office' is no address")
    at.complaints.clear()  # the browser tells of the 400
    page.fill("#field-ip_allow", "127.0.0.0/8")
    page.fill("#field-expires_at", "2099-01-02T03:04")
    page.fill("#field-rpm", "30")
    page.locator("summary", has_text="When its client leaves").click()
    page.locator('[id="field-disconnect.policy"]').select_option("drain")
    page.locator('[id="field-disconnect.tokens"]').fill("500")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved; the next call sees it")).to_be_visible()
    expect(page.get_by_role("link", name="Change night shift")).to_be_focused()
    expect(page.get_by_role("list", name="Keys")).to_contain_text("30 calls/min")
    shown = api.get(f"/api/keys/{key['id']}").json()
    assert (shown["name"], shown["models"], shown["ip_allow"]) == ("night shift", ["demo/*"], ["127.0.0.0/8"])
    assert shown["disconnect"] == {"policy": "drain", "seconds": 30.0, "tokens": 500}
    assert (shown["limits"]["rpm"], shown["expires_at"][:7]) == (30, "2099-01")
    seen = httpx2.get(f"{gateway.url}/v1/models", headers={"authorization": f"Bearer {key['key']}"}).json()["data"]
    assert {one["id"].partition("/")[0] for one in seen} == {"demo"}


def test_a_key_that_somebody_else_changed_is_not_overwritten(at: Visit, api: httpx2.Client, owner: Any) -> None:
    place = f"/api/keys/{owner['key']['id']}"
    page = at.go(f"clients/{owner['id']}/{owner['key']['id']}")
    page.fill("#field-rpm", "9")
    assert api.patch(place, json={"models": ["openai/*"], "limits": {"concurrency": 2}}).status_code == 200
    page.get_by_role("button", name="Save").click()
    notice = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    expect(notice.get_by_role("row", name="Models")).to_contain_text("openai/*")
    expect(notice.get_by_role("row", name="Calls at a time")).to_contain_text("2")
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_role("list", name="Keys")).to_contain_text("9 calls/min, 2 at a time")
    shown = api.get(place).json()
    assert (shown["models"], shown["limits"]["rpm"], shown["limits"]["concurrency"]) == (["openai/*"], 9, 2)
    at.complaints.clear()  # the browser tells of the 412


def test_a_key_is_deleted_and_escape_goes_back_before_it_closes(at: Visit, api: httpx2.Client, owner: Any) -> None:
    page = at.go(f"clients/{owner['id']}/{owner['key']['id']}")
    page.fill("#field-name", "half a name")
    page.keyboard.press("Escape")  # what was typed is not lost to one key
    expect(page.locator("#field-name")).to_have_value("half a name")
    page.keyboard.press("Escape")
    expect(page.get_by_role("list", name="Keys").get_by_role("listitem")).to_have_count(1)
    page.get_by_role("link", name="Change first key").click()
    delete = page.get_by_role("button", name="Delete")
    delete.press("Enter")
    expect(page.get_by_role("button", name="Keep")).to_be_focused()  # twice the same key deletes nothing
    page.keyboard.press("Escape")
    expect(delete).to_be_focused()
    delete.press("Enter")
    expect(page.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Keys")).to_contain_text("It has no key")
    assert api.get(f"/api/keys/{owner['key']['id']}").status_code == 404
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)


def test_on_a_phone_the_focus_stays_in_what_covers_the_page(
    chrome: Browser, gateway: Serving, signed_in: Any, owner: Any
) -> None:
    with visit(chrome, gateway.url, width=390, state=signed_in) as visiting:
        page = visiting.go(f"clients/{owner['id']}")
        inside = "document.activeElement.closest('.drawer') !== null"
        assert all((page.keyboard.press("Tab"), page.evaluate(inside))[1] for _ in range(25))
        assert all((page.keyboard.press("Shift+Tab"), page.evaluate(inside))[1] for _ in range(25))
        assert visiting.complaints == []


def test_a_viewer_reads_keys_and_finds_nothing_to_press(chrome: Browser, gateway: Serving, owner: Any) -> None:
    with visit(chrome, gateway.url) as visiting:
        visiting.sign_in("vera", "a-long-password")
        page = visiting.go(f"clients/{owner['id']}/{owner['key']['id']}")
        expect(page.get_by_role("list", name="Keys")).to_contain_text("active")
        drawer = page.get_by_role("complementary", name="keyring")
        assert [one.get_attribute("aria-label") for one in drawer.get_by_role("button").all()] == ["Close"]
        assert [one.inner_text() for one in drawer.get_by_role("tab").all()] == ["Keys"]
        expect(drawer.get_by_role("link", name="Change first key")).to_have_count(0)
        assert visiting.flaws() == []
        assert visiting.complaints == []
