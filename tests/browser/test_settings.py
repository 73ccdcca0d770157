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
        page.fill("#field-name", f"{name} still")
        with page.expect_response(lambda answer: answer.request.method == "PATCH"):
            page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("button", name="Save")).to_have_count(0)
        shown = api.get(f"/api/webhooks/{hook['id']}").json()
        assert (shown["name"], sorted(shown["events"])) == (f"{name} still", hook["events"])
    at.go("overview")
    for hook in made.values():
        api.delete(f"/api/webhooks/{hook['id']}").raise_for_status()


def test_a_webhook_that_somebody_else_changed_keeps_both_changes(at: Visit, api: httpx2.Client) -> None:
    given = {"name": "shared", "url": "https://hooks.example.com/in", "events": ["budget"]}
    place = f"/api/webhooks/{api.post('/api/webhooks', json=given).raise_for_status().json()['id']}"
    page = at.go(f"settings/webhooks/{place.rpartition('/')[2]}")
    page.get_by_label("A provider's credit is low").check()
    api.patch(place, json={"url": "https://hooks.example.com/out"}).raise_for_status()
    page.get_by_role("button", name="Save").click()
    notice = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    expect(notice.get_by_role("row", name="Address")).to_contain_text("hooks.example.com/out")
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    shown = api.get(place).json()
    assert (shown["url"], sorted(shown["events"])) == ("https://hooks.example.com/out", ["budget", "credit"])
    at.complaints.clear()  # the browser tells of the 412
    api.delete(place).raise_for_status()
