"""Teams, budgets with their progress and raises, limits."""

from __future__ import annotations

import re

import httpx2
import pytest
from playwright.sync_api import expect

from gophergate.policy.windows import window
from kit.browser import Visit


def test_a_budget_is_set_raised_and_shows_its_progress(at: Visit) -> None:
    page = at.go("teams/budgets")
    page.get_by_role("button", name="Set a budget").first.click()
    page.select_option("#field-scope", "team")
    page.select_option("#field-scope_id", label="Support")
    page.fill("#field-amount", "200")
    page.get_by_role("button", name="Set the budget").click()
    row = page.locator("tr", has_text="Support").filter(has_text="$200.00")
    expect(row.get_by_role("img")).to_have_attribute("aria-label", re.compile(r"\d+(\.\d)? %"))
    row.click()
    page.get_by_role("button", name="Raise it for a while").click()
    page.locator("fieldset #field-amount").fill("50")
    page.get_by_role("button", name="Raise", exact=True).click()
    expect(row).to_contain_text("+$50.00")
    row.click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    expect(row).to_have_count(0)


def test_a_wrong_amount_is_said_at_its_field(at: Visit) -> None:
    page = at.go("teams/budgets")
    page.get_by_role("button", name="Set a budget").first.click()
    page.select_option("#field-scope_id", label="search")
    page.fill("#field-amount", "a lot")
    page.get_by_role("button", name="Set the budget").click()
    expect(page.locator("#field-amount-wrong")).to_be_visible()
    at.complaints[:] = [one for one in at.complaints if "status of 4" not in one]


def test_a_model_gets_limits(at: Visit) -> None:
    page = at.go("teams/limits")
    page.get_by_role("button", name="Set limits").first.click()
    page.fill("#field-scope_id", "openai/gpt-4.1")
    page.fill("#field-rpm", "60")
    page.get_by_role("button", name="Set the limits").click()
    row = page.locator("tr", has_text="openai/gpt-4.1")
    expect(row).to_contain_text("60 calls/min")
    row.click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    expect(page.get_by_text("No limits of this kind yet")).to_be_visible()


def test_limits_of_every_kind_are_set_and_stay(at: Visit, api: httpx2.Client) -> None:
    """Each kind of limit has a field: what one page does not show it must not take away."""
    client = api.post("/api/clients", json={"name": "limited", "limits": {"input_tpm": 5000, "rpm": 3}}).json()
    page = at.go(f"clients/{client['id']}")
    page.get_by_role("tab", name="Settings").click()
    page.fill("#field-output_tpm", "700")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    kept = api.get(f"/api/clients/{client['id']}").json()["limits"]
    assert kept == {"rpm": 3, "tpm": None, "input_tpm": 5000, "output_tpm": 700, "concurrency": None}
    api.delete(f"/api/clients/{client['id']}")


def test_a_rolling_budget_with_thresholds_of_its_own(at: Visit, api: httpx2.Client) -> None:
    page = at.go("teams/budgets")
    page.get_by_role("button", name="Set a budget").first.click()
    page.select_option("#field-scope_id", label="notebook")
    page.fill("#field-amount", "7")
    page.select_option("#field-period", "rolling")
    page.fill("#field-hours", "36")
    page.fill("#field-thresholds", "25, 90")
    page.get_by_role("button", name="Set the budget").click()
    row = page.locator("tr", has_text="notebook").filter(has_text="$7.00")
    expect(row).to_contain_text("the last 1 d 12 h")
    made = next(one for one in api.get("/api/budgets").json()["items"] if one["amount"] in ("7.00", "7"))
    assert (made["seconds"], made["thresholds"]) == (36 * 3600, [0.25, 0.9])
    row.click()
    page.fill("#field-amount", "9")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("tr", has_text="notebook").filter(has_text="$9.00")).to_be_visible()
    api.delete(f"/api/budgets/{made['id']}").raise_for_status()


def test_a_budgets_time_zone_is_changed_and_its_reset_follows(at: Visit, api: httpx2.Client) -> None:
    client = api.get("/api/clients", params={"q": "notebook"}).json()["items"][0]
    given = {"scope": "client", "scope_id": client["id"], "amount": "8.00", "period": "day", "timezone": "UTC"}
    made = api.post("/api/budgets", json=given).json()
    place = f"/api/budgets/{made['id']}"
    page = at.go(f"teams/budgets?budget={made['id']}")
    page.fill("#field-timezone", "Mars/Base")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#field-timezone-wrong")).to_contain_text("is no time zone")
    page.fill("#field-timezone", "Asia/Kolkata")
    expect(page.locator("#field-timezone-hint")).to_contain_text("12:00 AM, which is")
    expect(page.locator("#field-timezone-hint")).to_contain_text("What was spent since the running day began there")
    assert api.patch(place, json={"amount": "11.00"}).status_code == 200
    page.get_by_role("button", name="Save").click()
    notice = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    expect(notice.get_by_role("row", name="Amount")).to_contain_text("$11")
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_text("The budget is changed")).to_be_visible()
    shown = api.get(place).json()
    assert (shown["amount"], shown["timezone"], shown["resets_at"][11:16]) == ("11.00", "Asia/Kolkata", "18:30")
    at.complaints.clear()  # the browser tells of the 400 and the 412
    api.delete(place).raise_for_status()


def test_the_page_foretells_the_reset_that_the_gateway_makes(at: Visit) -> None:
    """In zones that are whole hours off, or not, and where clocks change at midnight."""
    zones = (
        "UTC",
        "Europe/Berlin",
        "Asia/Kolkata",
        "America/Havana",
        "Asia/Beirut",
        "America/Santiago",
        "Pacific/Apia",
    )
    cases = [
        (period, zone, 1_767_225_600_000 + day * 86_400_000 + 77 * 60_000 * (day % 19))
        for zone in zones
        for day in range(0, 366, 1)
        for period in ("day", "week", "month", "hour")
    ]
    at.go("teams/budgets")
    found = at.module("widgets/zones.js", "given.map(([period, zone, now]) => m.nextReset(period, zone, now))", cases)
    wrong = [
        (case, each)
        for case, each in zip(cases, found, strict=True)
        if each * 1000 != window(case[0], case[1], case[2] * 1000).end
    ]
    assert wrong == []


@pytest.mark.parametrize("scope", ["organisation", "team", "user", "key"])
def test_limits_are_set_changed_and_taken_away_in_the_page(at: Visit, api: httpx2.Client, scope: str) -> None:
    """Of whomever: the API has them each time, and no other limit than those."""
    name = {"organisation": "Burrow Ltd", "team": "Support", "user": "grace", "key": "expiring"}[scope]
    found = api.get(f"/api/{scope}s").json()["items"]
    whose = next(one["id"] for one in found if name in (one.get("name"), one.get("username")))
    page = at.go("teams/limits/new")
    page.select_option("#field-scope", scope)
    page.locator("#field-scope_id option", has_text=name).wait_for(state="attached")
    page.select_option("#field-scope_id", whose)
    if scope in ("team", "key"):  # their limits for all models stand on themselves
        page.fill("#field-model", "openai/gpt-4.1")
    page.fill("#field-rpm", "90")
    page.fill("#field-output_tpm", "4000")
    page.get_by_role("button", name="Set the limits").click()
    row = page.get_by_role("row").filter(has_text=scope)
    expect(row).to_contain_text("90 calls/min, 4,000 tokens out/min")

    def held() -> list[dict[str, int]]:
        rows = [one for one in api.get("/api/limits").json()["items"] if one["scope_id"] == whose]
        return [{name: most for name, most in one["limits"].items() if most is not None} for one in rows]

    assert held() == [{"rpm": 90, "output_tpm": 4000}]
    row.press("Enter")
    page.fill("#field-rpm", "")
    page.fill("#field-concurrency", "3")
    page.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("4,000 tokens out/min, 3 at a time")
    assert held() == [{"output_tpm": 4000, "concurrency": 3}]
    row.press("Enter")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    expect(row).to_have_count(0)
    assert held() == []


def test_a_teams_own_limits_are_set_changed_and_taken_away(at: Visit, api: httpx2.Client) -> None:
    made = api.post("/api/teams", json={"name": "night watch"}).json()
    page = at.go("teams/teams")
    row = page.get_by_role("row", name="night watch")

    def held() -> dict[str, int]:
        limits = api.get(f"/api/teams/{made['id']}").json()["limits"]
        return {name: most for name, most in limits.items() if most is not None}

    for fields, said, limits in (
        ({"rpm": "12", "tpm": "9000"}, "12 calls/min, 9,000 tokens/min", {"rpm": 12, "tpm": 9000}),
        ({"rpm": "", "concurrency": "2"}, "9,000 tokens/min, 2 at a time", {"tpm": 9000, "concurrency": 2}),
        ({"tpm": "", "concurrency": ""}, "none", {}),
    ):
        row.press("Enter")
        for name, value in fields.items():
            page.fill(f"#field-{name}", value)
        page.get_by_role("button", name="Save").click()
        expect(row).to_contain_text(said)
        assert held() == limits
    row.press("Enter")
    assert api.patch(f"/api/teams/{made['id']}", json={"limits": {"rpm": 5}}).status_code == 200
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    notice = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    expect(notice.get_by_role("row", name="Calls a minute")).to_contain_text("5")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    expect(row).to_have_count(0)
    at.complaints.clear()  # the browser tells of the 412
