"""Edge case 71: what comes from outside is text wherever it is shown, never HTML."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from playwright.sync_api import expect

from kit.browser import Visit
from kit.pictures import PLACES
from kit.seeding import HOSTILE


@pytest.fixture
def planted(api: httpx2.Client) -> Any:
    """The hostile name in every field that takes one."""
    made = [
        (f"/api/{kind}/{api.post(f'/api/{kind}', json=body).raise_for_status().json()['id']}")
        for kind, body in (
            ("organisations", {"name": HOSTILE}),
            ("teams", {"name": HOSTILE}),
            (
                "users",
                {"username": "hostile", "password": "a-long-password", "role": "viewer", "display_name": HOSTILE},
            ),
        )
    ]
    client = api.get("/api/clients").json()["items"][0]["id"]
    key = api.post("/api/keys", json={"client_id": client, "name": HOSTILE}).raise_for_status().json()
    yield {"client": client}
    api.delete(f"/api/keys/{key['id']}")
    for path in made:
        api.delete(path)


def test_hostile_names_stay_text(at: Visit, planted: dict[str, str], ask: Any) -> None:
    ask(HOSTILE)
    seen = 0
    for place in (*PLACES, f"clients/{planted['client']}", "teams/organisations", "calls?range=1h"):
        page = at.go(place)
        assert page.evaluate("document.querySelectorAll('img[src=x], main script').length") == 0, place
        seen += HOSTILE in page.inner_text("body")
    assert seen > 8


def test_a_hostile_conversation_stays_text(at: Visit, ask: Any) -> None:
    ask(f"{HOSTILE}<script>document.title='taken'</script>")
    page = at.go("calls?range=1h")
    page.get_by_role("button", name="Refresh").click()
    at.settled()
    page.locator(".vrow").first.click()
    expect(page.get_by_label("Call", exact=True).locator(".said").first).to_contain_text("<script>")
    assert page.title() != "taken"
