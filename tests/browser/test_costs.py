"""Costs: prices and whose they are, calls without one, past calls priced again, a bill held against the ledger."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from kit.browser import Visit


def test_prices_say_whose_they_are(at: Visit) -> None:
    page = at.go("costs?tab=prices")
    expect(page.locator("tr", has_text="openai/gpt-4.1-mini")).to_contain_text("price list")
    expect(page.locator("tr", has_text="lab/our-own-7b")).to_contain_text("unpriced")


def test_unpriced_calls_lead_to_a_price_and_can_be_priced_again(at: Visit) -> None:
    page = at.go("costs?tab=unpriced")
    expect(page.locator("tr", has_text="our-own-7b")).to_contain_text("Set a price")
    page.fill("#field-provider", "lab")
    page.get_by_role("button", name="See what would change").click()
    expect(page.get_by_role("status").get_by_text("Nothing would change")).to_be_visible()


def test_a_bill_is_held_against_the_ledger(at: Visit) -> None:
    page = at.go("costs?tab=reconcile")
    page.select_option("select[aria-label='Whose bill']", "openai")
    bucket = {
        "object": "bucket",
        "start_time": 1_795_737_600,
        "end_time": 1_795_824_000,
        "results": [{"object": "organization.costs.result", "amount": {"value": 1.5, "currency": "usd"}}],
    }
    export = json.dumps({"object": "page", "data": [bucket], "has_more": False, "next_page": None})
    page.get_by_label("The export").set_input_files(
        {"name": "costs.json", "mimeType": "application/json", "buffer": export.encode()}
    )
    expect(page.get_by_role("table", name="Differences")).to_be_visible()
    expect(page.get_by_text("$1.50").first).to_be_visible()
