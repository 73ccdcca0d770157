"""Clients and keys: a secret is shown once and works, a revoked key does not."""

from __future__ import annotations

import httpx2
from playwright.sync_api import expect

from kit.browser import Visit
from kit.serving import Serving


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
    page.fill("#field-expires_at", "2001-01-01")
    page.get_by_role("button", name="Create the key").click()
    expect(page.locator("#field-expires_at-wrong")).to_contain_text("is past")
    page.fill("#field-expires_at", "2099-01-02")
    page.get_by_role("button", name="Create the key").click()
    expect(page.locator("time", has_text="2099")).to_be_visible()
    at.complaints[:] = [one for one in at.complaints if "status of 400" not in one]
