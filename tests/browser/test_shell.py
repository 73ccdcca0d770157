"""The frame around every page: palette, keyboard, themes, addresses, signing out."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, Route, expect

from kit.browser import Visit, visit
from kit.serving import Serving


def test_the_palette_goes_anywhere_by_keyboard(at: Visit) -> None:
    """As fast as keys can be sent: the first letter goes into the palette, and Enter waits for the list it needs."""
    page = at.go("overview")
    page.keyboard.press("Control+k")
    page.keyboard.type("provider groq")
    page.keyboard.press("Enter")
    at.until("location.hash === '#/providers/groq'")
    page.keyboard.press("Control+k")
    page.keyboard.type("guard personal")
    page.keyboard.press("Enter")
    at.until("location.hash === '#/guards/personal-data'")
    page.keyboard.press("Control+k")
    page.keyboard.type("4.1-mini")
    page.keyboard.press("Enter")
    at.until("location.hash === '#/models/openai/gpt-4.1-mini'")
    at.go("calls")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()


def test_the_palette_heeds_no_answer_to_what_is_no_longer_asked(at: Visit) -> None:
    """An older question's answer that comes late takes the place of no newer one."""
    page = at.go("overview")
    late: list[Route] = []
    page.route("**/api/models?q=gpt-4.1&*", lambda route: late.append(route))
    page.keyboard.press("Control+k")
    where = page.get_by_role("combobox", name="Where to")
    with page.expect_request("**/api/models?q=gpt-4.1&*"):
        where.fill("gpt-4.1")
    where.fill("our-own")
    option = page.get_by_role("option", name="Model lab/our-own-7b")
    expect(option).to_be_visible()
    with page.expect_response("**/api/models?q=gpt-4.1&*") as answer:
        late[0].continue_()
    answer.value.finished()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")  # it was drawn, if ever
    expect(option).to_be_visible()
    expect(page.get_by_role("option", name="gpt-4.1")).to_have_count(0)


def test_the_palette_gives_focus_back_and_finds_nothing_politely(at: Visit) -> None:
    page = at.go("overview")
    button = page.get_by_role("button", name="Go anywhere")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Where to").fill("nowhere at all")
    expect(page.get_by_text("Nothing is called that.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_the_palette_keeps_its_focus_when_a_drawer_comes_or_goes_behind_it(at: Visit) -> None:
    """What is late with its page, there or gone, takes no letters from whoever types already."""
    page = at.go("overview")
    where = page.get_by_role("combobox", name="Where to")
    for place, drawers in (("providers/groq", 1), ("guards", 0)):
        page.keyboard.press("Control+k")
        expect(where).to_be_focused()
        page.evaluate("(place) => { location.hash = `#/${place}`; }", place)
        at.settled()
        expect(page.get_by_role("complementary", name="groq")).to_have_count(drawers)
        expect(where).to_be_focused()
        page.keyboard.press("Escape")
        expect(where).to_have_count(0)


def test_keys_are_listed(at: Visit) -> None:
    page = at.go("overview")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Ctrl K")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)


def test_the_theme_is_kept(at: Visit) -> None:
    page = at.go("overview")
    page.get_by_role("button", name="Use the dark theme").click()
    page.reload()
    at.until("document.documentElement.dataset.theme === 'dark'")


def test_a_page_that_is_not_there_says_so(at: Visit) -> None:
    page = at.go("nowhere")
    expect(page.get_by_text('There is no page "nowhere"')).to_be_visible()


def test_a_page_that_comes_late_takes_no_other_pages_place(at: Visit) -> None:
    """Whoever goes on before a page is loaded sees the one that was asked for last, whichever is loaded first."""
    page = at.page
    late: list[Route] = []
    page.route("**/pages/analytics.js", lambda route: late.append(route))
    at.go("guards")  # loaded once: the way back to it needs nothing
    with page.expect_request("**/pages/analytics.js"):
        page.goto(f"{at.base}/#/analytics")
    at.go("guards")
    with page.expect_response("**/pages/analytics.js") as answer:
        late[0].continue_()
    answer.value.finished()
    at.module("./pages/analytics.js", "true")  # it is loaded, with all that it imports
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")  # it was drawn, if ever
    at.settled()
    expect(page.get_by_role("table", name="Guards")).to_be_visible()


def test_one_failed_widget_leaves_the_page(at: Visit) -> None:
    """Edge case 70."""
    page = at.page
    page.route("**/api/usage?*by=client*", lambda route: route.fulfill(status=500, body="{}"))
    at.go("overview")
    expect(page.get_by_role("alert")).to_contain_text("The server answered 500.")
    expect(page.get_by_label("Calls", exact=True).locator(".value")).to_be_visible()
    at.complaints[:] = [one for one in at.complaints if "status of 500" not in one]


def test_signing_out_ends_the_session_on_the_server(gateway: Serving, chrome: Browser) -> None:
    """Edge case 73."""
    with visit(chrome, gateway.url) as visiting:
        page = visiting.sign_in()
        cookies: Any = visiting.context.cookies()
        page.get_by_role("button", name="account").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator("#field-username")).to_be_visible()
        visiting.context.add_cookies(cookies)
        assert visiting.context.request.get(f"{gateway.url}/api/auth/me").status == 401


def test_what_was_closed_stays_closed_whatever_is_filtered_next(at: Visit) -> None:
    """The browser tells of a new address a moment after it is there: what is done in between goes on from it."""
    at.go("providers/groq")
    router = "(m.setDetail(''), m.setQuery({ q: 'lab' }), [location.hash, m.route.value.detail])"
    assert at.module("router.js", router) == ["#/providers?q=lab", ""]
