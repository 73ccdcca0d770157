"""Models: the catalogue with what each can do, and an operator's own price."""

from __future__ import annotations

import httpx2
from playwright.sync_api import expect

from kit.browser import Visit


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
