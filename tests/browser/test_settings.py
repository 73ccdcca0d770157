"""Settings: every knob with its source, webhooks, backup, one's own password, what runs here."""

from __future__ import annotations

import httpx2
from playwright.sync_api import expect

from kit.browser import Visit


def test_every_knob_has_its_source(at: Visit) -> None:
    page = at.go("settings/configuration")
    expect(page.locator("tr", has_text="logging.bodies")).to_contain_text("gophergate.toml")
    assert "never-shown" not in page.content()


def test_a_webhook_is_made_and_its_secret_shown_once(at: Visit) -> None:
    page = at.go("settings/webhooks")
    page.get_by_role("button", name="Add a webhook").first.click()
    page.fill("#field-name", "bell")
    page.fill("#field-url", "https://hooks.example.com/bell")
    page.get_by_role("button", name="Add the webhook").click()
    secret = page.locator(".secret code").inner_text()
    page.get_by_role("button", name="Done").click()
    page.locator("tr", has_text="bell").click()
    expect(page.get_by_text("Nothing was sent yet.")).to_be_visible()
    assert secret not in page.content()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").last.click()
    expect(page.get_by_text("No webhook yet")).to_be_visible()


def test_a_backup_can_be_had(at: Visit) -> None:
    page = at.go("settings/backup")
    with page.expect_download() as saving:
        page.get_by_role("link", name="Download a backup").click()
    assert saving.value.path().read_bytes()[:15] == b"SQLite format 3"


def test_about_says_what_runs(at: Visit) -> None:
    page = at.go("settings/about")
    for word in ("Version", "Catalogue version", "Bodies dropped", "Journal, appended"):
        expect(page.get_by_text(word, exact=True)).to_be_visible()
    expect(page.get_by_text("[object Object]")).to_have_count(0)


def test_two_passwords_that_differ_are_refused(at: Visit) -> None:
    page = at.go("settings/sessions")
    page.fill("#field-current", "journey-password")
    page.fill("#field-password", "another-password")
    page.fill("#field-again", "a-third-password")
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("#field-again-wrong")).to_have_text("The two are not the same.")


def test_a_webhook_keeps_what_it_is_told_of(at: Visit, api: httpx2.Client) -> None:
    """Every event has its box, and "everything" stays everything."""
    made = {}
    for name, events in (("kept whole", ["*"]), ("kept in part", ["breaker", "credit"])):
        hook = {"name": name, "url": "https://hooks.example.com/in", "events": events}
        made[name] = api.post("/api/webhooks", json=hook).raise_for_status().json()
    page = at.go("settings/webhooks")
    for name, hook in made.items():
        page.locator("tr", has_text=name).click()
        with page.expect_response(lambda answer: answer.request.method == "PATCH"):
            page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("button", name="Save")).to_have_count(0)
        assert sorted(api.get(f"/api/webhooks/{hook['id']}").json()["events"]) == hook["events"]
    at.go("overview")
    for hook in made.values():
        api.delete(f"/api/webhooks/{hook['id']}").raise_for_status()
