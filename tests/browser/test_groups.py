"""Groups: made, explained, published, rolled back; rules as sentences; past calls replayed before anything changes."""

from __future__ import annotations

import httpx2
from playwright.sync_api import expect

from kit.browser import Visit


def test_a_group_is_made_explained_and_rolled_back(at: Visit) -> None:
    page = at.go("groups?open=new")
    page.fill("#field-name", "browsed")
    page.locator(".targets input").first.fill("demo/echo")
    page.get_by_role("button", name="Create the group").click()
    expect(page.get_by_text("In force", exact=True)).to_be_visible()
    drawer = page.get_by_label("browsed", exact=True)
    page.locator(".targets input").first.fill("demo/lorem")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_text("Saved as a draft")).to_be_visible()
    drawer.get_by_role("tab", name="Versions").click()
    expect(drawer.get_by_text("Version 2", exact=True)).to_be_visible()
    expect(drawer.locator(".changed").first).to_contain_text("demo/lorem")
    drawer.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 2 is in force")).to_be_visible()
    drawer.get_by_role("button", name="Go back to it").click()
    expect(page.get_by_text("Version 1 is in force")).to_be_visible()
    drawer.get_by_role("tab", name="Targets").click()
    expect(drawer).to_contain_text("This is version 2, as it was saved last. Version 1 is in force.")
    expect(page.get_by_role("table", name="Groups").get_by_role("row", name="browsed")).to_contain_text("back to v1")
    drawer.get_by_label("A sample prompt or request").fill("How deep is it?")
    drawer.get_by_role("button", name="Explain").click()
    expect(drawer.get_by_role("table", name="Candidates")).to_contain_text("demo/lorem")
    page.locator(".targets input").first.fill("demo/think")
    expect(drawer.get_by_role("table", name="Candidates")).to_have_count(0)  # that was another group
    drawer.get_by_role("button", name="Explain").click()
    expect(drawer.get_by_role("row", name="first")).to_contain_text("demo/think")
    assert drawer.locator(".table").evaluate("one => one.scrollWidth <= one.clientWidth")  # no column is cut off


def test_rules_read_as_sentences(at: Visit) -> None:
    page = at.go("groups?open=new")
    page.fill("#field-name", "ruled")
    page.select_option("#field-strategy", "heuristic")
    page.get_by_role("button", name="Add a rule").click()
    page.select_option("select[aria-label='Add a condition']", "requires_tool_calling")
    page.select_option("select[aria-label='Add a condition']", "max_input_tokens_lt")
    page.get_by_label("Asked then").fill("demo/tools")
    expect(page.locator(".rule")).to_contain_text(
        "When the input has fewer tokens than 8,000 and tools are offered → demo/tools"
    )
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_label("where no rule fits").nth(1).check()
    page.get_by_label("Asked then").nth(1).fill("demo/echo")
    page.get_by_role("button", name="Create the group").click()
    expect(page.get_by_text("In force", exact=True)).to_be_visible()
    page.reload()
    expect(page.locator(".rule").first).to_contain_text("demo/tools")
    expect(page.locator(".rule").nth(1)).to_contain_text("Where no rule fits → demo/echo")


def test_targets_are_moved_by_the_keyboard(at: Visit) -> None:
    page = at.go("groups/fast")
    first = page.locator(".targets input[list]").first
    before = first.input_value()
    page.locator(".targets .drag").first.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(first).not_to_have_value(before)
    expect(page.get_by_text("real shares of the last hour")).to_be_visible()


def test_past_calls_are_replayed_before_anything_changes(at: Visit) -> None:
    page = at.go("groups/smart")
    page.locator(".targets input").first.fill("openai/gpt-4.1-mini")
    page.get_by_role("button", name="Replay the last").click()
    expect(page.get_by_text("Answered by another")).to_be_visible()
    expect(page.get_by_role("table", name="By model")).to_contain_text("gpt-4.1-mini")


def test_suggested_groups_are_offered(at: Visit) -> None:
    page = at.go("groups")
    page.get_by_role("button", name="Suggested groups").click()
    seed = page.locator("li", has_text="openai-auto")
    seed.get_by_role("button", name="Make it").click()
    expect(seed).to_contain_text("is there")


def test_what_somebody_else_changed_of_a_group_is_shown_and_not_undone(at: Visit, api: httpx2.Client) -> None:
    """Mine is put upon theirs; in another order is another group; whoever deletes sees what they delete."""
    place = "/api/groups/shared"
    targets = [{"model": "demo/echo"}, {"model": "demo/lorem"}]
    api.post("/api/groups", json={"name": "shared", "targets": targets}).raise_for_status()
    page = at.go("groups/shared")
    page.get_by_text("Retries, time-outs, hedging").click()
    page.fill("#field-wait", "4")
    theirs = {"targets": targets[::-1], "fallbacks": ["demo/think"], "timeouts": {"idle": 9}}
    api.put(place, json=theirs).raise_for_status()
    page.get_by_role("button", name="Put in force").click()
    notice = page.get_by_role("alert").filter(has_text="Somebody changed it meanwhile")
    order = notice.get_by_role("row", name="order of the targets")
    expect(order.locator(".was")).to_have_text("demo/echo, demo/lorem")
    expect(order.locator(".now")).to_have_text("demo/lorem, demo/echo")
    expect(notice.get_by_role("row", name="fallbacks")).to_contain_text("demo/think")
    assert at.flaws() == []
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_text("In force", exact=True)).to_be_visible()
    kept = api.get(place).json()
    assert [one["model"] for one in kept["targets"]] == ["demo/lorem", "demo/echo"]
    assert (kept["fallbacks"], kept["timeouts"]["idle"], kept["wait"]) == (["demo/think"], 9, 4)
    expect(page.locator(".targets input[list]").first).to_have_value("demo/lorem")
    api.put(place, json={**theirs, "hedge_after": 800}).raise_for_status()
    drawer = page.get_by_label("shared", exact=True)
    drawer.get_by_role("button", name="Delete").click()
    drawer.get_by_role("button", name="Delete").last.click()
    expect(notice.get_by_role("row", name="time before hedging")).to_contain_text("800 ms")
    assert api.get(place).status_code == 200
    page.get_by_role("button", name="Take theirs").click()
    expect(page.locator("#field-hedge_after")).to_have_value("800")
    drawer.get_by_role("button", name="Delete").click()
    drawer.get_by_role("button", name="Delete").last.click()
    expect(page.get_by_text("The group is deleted")).to_be_visible()
    assert api.get(place).status_code == 404
    at.complaints.clear()  # the browser tells of the 412s


def test_what_is_wrong_with_a_group_is_said_where_it_is(at: Visit) -> None:
    page = at.go("groups?open=new")
    page.fill("#field-name", "wrong")
    page.locator(".targets input").first.fill("nobody/knows")
    page.get_by_text("Retries, time-outs, hedging").click()
    page.fill("#field-retries", "99")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.locator("#field-retries-wrong")).to_be_visible()
    page.fill("#field-retries", "")
    page.get_by_role("button", name="Save as a draft").click()
    expect(page.get_by_role("alert").filter(has_text="nobody")).to_be_visible()
    at.complaints.clear()  # the browser tells of the 400s


def test_groups_called_as_forms_are_open_by_their_addresses(at: Visit, api: httpx2.Client) -> None:
    """No name is the address of a form, nor of a tool."""
    for name in ("new", "suggested", "explain"):
        given = {"name": name, "targets": [{"model": "demo/echo"}]}
        api.post("/api/groups", json=given).raise_for_status()
        page = at.go(f"groups/{name}")
        expect(page.get_by_role("complementary", name=name, exact=True)).to_be_visible()
        expect(page.locator(".targets input[list]").first).to_have_value("demo/echo")
        api.delete(f"/api/groups/{name}").raise_for_status()
    page = at.go("groups?open=suggested")
    expect(page.get_by_role("complementary")).to_be_visible()
