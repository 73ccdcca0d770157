"""R-A1: every number on screen comes from the ledger. What a page totals is what its rows sum to, what the file holds
that it saves, and what the API says.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
from playwright.sync_api import Page, expect

from kit.browser import Visit

MONTH = 30 * 86_400


def exact(page: Page, column: int) -> list[int]:
    """The exact numbers of a column, as its cells tell them on hover; the total is the last."""
    cells = page.locator(f"table[aria-label=Usage] tr td:nth-child({column}) [title]")
    return [int(re.sub(r"\D", "", title)) for title in cells.evaluate_all("all => all.map(one => one.title)")]


def test_page_rows_file_and_api_agree(at: Visit, api: httpx2.Client) -> None:
    page = at.go("analytics?range=30d&by=client&provider=anthropic")
    with page.expect_response(lambda answer: "by=client" in answer.url) as asked:
        page.reload()
    said: dict[str, Any] = asked.value.json()
    at.settled()
    *calls, all_calls = exact(page, 2)
    *tokens, all_tokens = exact(page, 4)
    assert len(calls) == 6
    assert (sum(calls), sum(tokens)) == (all_calls, all_tokens)
    with page.expect_download() as saving:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(saving.value.path().read_text())))
    assert sorted(int(row["calls"]) for row in rows) == sorted(calls)
    by_api = api.get(
        "/api/usage", params={"by": "total", "since": said["since"], "until": said["until"], "provider": "anthropic"}
    ).json()["total"]
    assert by_api["calls"] == all_calls
    assert sum(Decimal(row["cost"]) for row in rows) == Decimal(by_api["cost"])
    assert sum(int(row["input"]) + int(row["cache_read"]) for row in rows) == all_tokens
    spend = page.locator("table[aria-label=Usage] tfoot td").last.locator("[title]").get_attribute("title")
    assert Decimal(str(spend).lstrip("$")) == Decimal(by_api["cost"])


def test_the_exported_calls_sum_to_the_same(api: httpx2.Client) -> None:
    """The file of calls, the roll-ups and the list are three ways to the same ledger."""
    newest = api.get("/api/calls", params={"limit": 1}).json()["items"][0]["started_at"]
    until = datetime.fromisoformat(newest).replace(minute=0, second=0, microsecond=0)
    since = until - timedelta(days=7, hours=5)  # whole days and hours of two, whatever day of the month it is
    where = {"since": since.isoformat(), "until": until.isoformat(), "provider": "groq"}
    rows = list(csv.DictReader(io.StringIO(api.get("/api/calls/export", params={**where, "format": "csv"}).text)))
    total = api.get("/api/usage", params={**where, "by": "total"}).json()["total"]
    assert len(rows) == total["calls"] > 0
    assert sum(Decimal(row["cost"] or 0) for row in rows) == Decimal(total["cost"])
    assert sum(int(row["output"] or 0) for row in rows) == total["output"]
    as_json = api.get("/api/calls/export", params={**where, "format": "json"}).json()
    assert [one["id"] for one in as_json] == [row["id"] for row in rows]


def test_overview_shows_the_ledgers_numbers(at: Visit, api: httpx2.Client) -> None:
    page = at.go("overview")
    day = page.get_by_label("Calls", exact=True).locator(".value").inner_text()
    with page.expect_response(lambda answer: "compare=true" in answer.url) as asked:
        page.select_option("select[aria-label='Time range']", "30d")
    said = asked.value.json()["total"]
    at.settled()
    figure = page.get_by_label("Calls", exact=True).locator(".value")
    assert figure.inner_text() == f"{said['calls']:,}" != day
    assert said["calls"] >= 50_000
    tokens = page.get_by_label("Calls", exact=True).get_by_text("tokens").get_attribute("title")
    came = sum(said[name] for name in ("input", "cache_read", "cache_write", "cache_write_1h"))
    assert tokens == f"{came:,} in, {said['output']:,} out"
    assert page.get_by_label("Spend", exact=True).locator(".value").get_attribute("title") == f"${said['cost']}"
    expect(page.get_by_text("calls have no price")).to_be_visible()
    expect(page.get_by_text("The key expiring expires in")).to_be_visible()


def test_an_answer_to_an_older_question_is_seen_to_be_old(at: Visit) -> None:
    """The day's numbers never stand under the month's name as if they were its own."""
    page = at.go("overview")
    page.route("**/api/usage?*since*", lambda route: None)  # the answer never comes
    page.select_option("select[aria-label='Time range']", "30d")
    expect(page.locator(".grid[aria-busy=true] .figure").first).to_be_visible()
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    page.unroute_all(behavior="ignoreErrors")


def test_costs_break_down_to_their_total(at: Visit) -> None:
    page = at.go("costs?range=30d")
    with page.expect_response(lambda answer: "by=provider" in answer.url) as asked:
        page.reload()
    said = asked.value.json()
    at.settled()
    assert sum(Decimal(row["cost"]) for row in said["items"]) == Decimal(said["total"]["cost"])
    dollars = f"${Decimal(said['total']['cost']):,.2f}"
    expect(page.get_by_role("heading", name="in this range")).to_contain_text(dollars)
