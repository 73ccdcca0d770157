"""Costs: prices and whose they are, calls without one, past calls priced again, a bill held against the ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import httpx2
import pytest
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


@pytest.fixture
def mint(api: httpx2.Client, ask: Callable[..., str]) -> Iterator[None]:
    """A provider of its own with two calls of next to no cost."""
    assert api.post("/api/providers", json={"name": "mint", "kind": "simulator"}).status_code == 201
    for text in ("one", "two"):
        ask(text, "mint/echo")
    yield
    api.delete("/api/models/mint/echo")
    api.delete("/api/providers/mint")


def test_past_calls_are_priced_again_to_the_end(at: Visit, api: httpx2.Client, mint: None) -> None:
    """First what would change, which changes nothing; then the change, which every page shows."""

    def costs() -> list[float]:
        calls = api.get("/api/calls", params={"provider": "mint", "status": "ok"}).json()["items"]
        return [float(one["cost"]) for one in calls]

    while len(before := costs()) < 2:  # the ledger is written behind the calls
        at.page.wait_for_timeout(20)
    assert 0 < sum(before) < 0.01
    api.patch("/api/models/mint/echo", json={"price": {"input": "1000000", "output": "2000000"}}).raise_for_status()
    page = at.go("costs?tab=unpriced")
    page.fill("#field-provider", "mint")
    page.get_by_label("By today's prices").check()
    page.get_by_role("button", name="See what would change").click()
    status = page.get_by_role("status").filter(has_text="This would change")
    expect(status.get_by_role("row", name="mint/echo")).to_contain_text("$0.000")
    assert costs() == before
    page.get_by_role("button", name="Price 2 calls again").click()
    expect(page.get_by_text("Costs in the ledger change.")).to_be_visible()
    page.get_by_role("button", name="Price 2 calls again").last.click()
    done = page.get_by_role("status").filter(has_text="Done:")
    expect(done.get_by_role("row", name=re.compile("^All"))).to_be_visible()
    after = costs()
    assert sum(after) > 4
    expect(done.get_by_role("row", name=re.compile("^All"))).to_contain_text(f"${sum(after):.2f}")
    at.go("costs?range=1h")
    spend = page.get_by_role("table", name="Spend by provider").get_by_role("row", name="mint")
    expect(spend).to_contain_text(f"${sum(after):.2f}")
    at.go("calls?range=1h&provider=mint")
    expect(page.locator(".vrow").first).to_contain_text(f"${after[0]:.2f}")


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
