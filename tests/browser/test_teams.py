"""Teams, budgets with their progress, limits."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from kit.browser import Visit


def test_a_budget_is_set_and_shows_its_progress(at: Visit) -> None:
    page = at.go("teams/budgets")
    page.get_by_role("button", name="Set a budget").first.click()
    page.select_option("#field-scope", "team")
    page.select_option("#field-scope_id", label="Checkout")
    page.fill("#field-amount", "200")
    page.get_by_role("button", name="Set the budget").click()
    row = page.locator("tr", has_text="Checkout")
    expect(row).to_contain_text("$200.00")
    expect(row.get_by_role("img")).to_have_attribute("aria-label", re.compile(r"\d+(\.\d)? %"))
    row.click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    expect(page.get_by_text("No budget yet")).to_be_visible()
