"""Users, roles and the audit log; what a viewer does not see."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from kit.browser import Visit, visit
from kit.serving import Serving


def test_users_roles_and_the_audit_log(at: Visit, gateway: Serving, chrome: Browser) -> None:
    page = at.go("users/people/new")
    page.fill("#field-username", "browser-viewer")
    page.fill("#field-password", "a-long-password")
    page.get_by_role("button", name="Add the user").click()
    expect(page.get_by_role("cell", name="browser-viewer")).to_be_visible()
    at.go("audit?kind=user")
    page.locator("tr.opens").first.click()
    expect(page.get_by_role("complementary", name="Change")).to_contain_text("browser-viewer")
    with visit(chrome, gateway.url) as other:
        seen = other.sign_in("browser-viewer", "a-long-password")
        expect(seen.get_by_role("link", name="Users")).to_have_count(0)
        other.go("clients")
        expect(seen.get_by_role("button", name="Create a client")).to_have_count(0)
        other.go("calls")
        seen.locator(".vrow").first.click()
        expect(seen.get_by_text("Not for your role")).to_be_visible()
        assert other.complaints == []
