"""Models: the catalogue with what each can do, and an operator's own price."""

from __future__ import annotations

import httpx2
from playwright.sync_api import Browser, expect

from kit.browser import Visit, visit
from kit.serving import Serving


def test_a_model_gets_a_price_and_a_discount(at: Visit) -> None:
    page = at.go("models/lab/our-own-7b")
    expect(page.get_by_text("Unpriced.")).to_be_visible()
    page.fill("#field-input", "1.50")
    page.fill("#field-output", "4")
    page.get_by_role("button", name="Add a discount").click()
    page.fill("#discount-0-off", "25")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(page.get_by_text("−25 %")).to_be_visible()
    at.go("models")
    row = page.locator(".vrow", has_text="lab/our-own-7b")
    expect(row).to_contain_text("your price")
    at.go("models/lab/our-own-7b")
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Reset").last.click()
    expect(page.get_by_text("Back to what it is by itself")).to_be_visible()


def test_a_price_keeps_what_the_form_does_not_show(at: Visit, api: httpx2.Client) -> None:
    model = "/api/models/demo/see"
    whole = {"input": "1", "audio_input": "7", "tools": {"web_search": "0.01"}}
    long = [{"above": 200000, "input": "2"}]
    api.patch(model, json={"price": {**whole, "long_context": long}}).raise_for_status()
    before = api.get(model).json()["price_override"]
    page = at.go("models/demo/see")
    page.fill("#field-output", "4")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert api.get(model).json()["price_override"] == {**before, "output": "4"}
    api.delete(model)


def test_models_are_found_by_what_they_can_do(at: Visit) -> None:
    page = at.go("models?can=image")
    expect(page.locator(".vrow", has_text="openai/gpt-4.1-mini")).to_be_visible()
    expect(page.locator(".vrow", has_text="groq/llama")).to_have_count(0)
    page.locator(".vrow", has_text="openai/gpt-4.1-mini").click()
    drawer = page.get_by_label("openai/gpt-4.1-mini", exact=True)
    expect(drawer).to_contain_text("1,047,576 tokens")
    expect(drawer).to_contain_text("calls tools")


def test_a_model_is_switched_off_and_on(at: Visit) -> None:
    page = at.go("models/demo/lorem")
    for state in ("off", "on"):
        page.get_by_label("May be asked for").set_checked(state == "on")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".vrow", has_text="demo/lorem").locator(".pill").first).to_have_text(state)


def test_what_somebody_else_set_about_a_model_is_shown_and_not_undone(at: Visit, api: httpx2.Client) -> None:
    model = "/api/models/demo/think"
    page = at.go("models/demo/think")
    page.fill("#field-output", "4")
    discount = {"share": "0.5", "since": "2026-01-01T00:00:00Z"}
    theirs = {"mapped_name": "thinker", "price": {"input": "3", "output": "9"}, "discounts": [discount]}
    api.patch(model, json=theirs).raise_for_status()
    page.get_by_role("button", name="Save").click()
    notice = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    expect(notice.get_by_role("row", name="name upstream")).to_contain_text("thinker")
    expect(notice.get_by_role("row", name="price of output")).to_contain_text("$9 a million tokens")
    expect(notice.get_by_role("row", name="discount 1: share off")).to_contain_text("50 % off")
    assert at.flaws() == []
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    kept = api.get(model).json()
    assert (kept["mapped_name"], kept["price_override"]) == ("thinker", {"input": "3", "output": "4"})
    assert [one["share"] for one in kept["discounts"]] == ["0.5"]
    api.patch(model, json={"enabled": False}).raise_for_status()
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Reset").last.click()
    expect(notice.get_by_role("row", name="on or off")).to_contain_text("off")
    assert api.get(model).json()["mapped_name"] == "thinker"
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Reset").last.click()
    expect(page.get_by_text("Back to what it is by itself")).to_be_visible()
    assert api.get(model).json()["updated_at"] is None
    at.complaints.clear()  # the browser tells of the 412s


def test_arrows_walk_on_but_not_away_from_what_is_not_saved(at: Visit) -> None:
    """What somebody has typed is not lost by a key meant for the page; it says why it stays."""
    page = at.go("models/demo/see")
    drawer, output = page.get_by_role("complementary"), page.locator("#field-output")
    before = output.input_value()
    output.fill("4")
    drawer.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("What you changed is not saved")).to_be_visible()
    expect(output).to_have_value("4")
    assert page.url.endswith("#/models/demo/see")
    output.fill(before)
    drawer.focus()
    page.keyboard.press("ArrowUp")
    expect(page).not_to_have_url(page.url.split("#")[0] + "#/models/demo/see")


def test_a_long_name_is_read_in_full_on_a_phone(
    chrome: Browser, gateway: Serving, signed_in: dict[str, object]
) -> None:
    name = "demo/a-model-of-somebody-elses-with-a-name-that-goes-on-and-on-for-longer-than-a-phone-is-wide-2026-11-30"
    with visit(chrome, gateway.url, width=390, state=signed_in) as visiting:
        page = visiting.go(f"models/{name}")
        title = page.locator(".drawer > header h2")
        expect(title).to_have_text(name)
        assert title.evaluate("box => box.scrollWidth <= box.clientWidth && box.clientHeight > 40")
        visiting.complaints.clear()  # the browser tells of the 404
