"""What the browser is sent: small, kept for ever, ours alone."""

from __future__ import annotations

import time

import httpx2
from playwright.sync_api import Browser

from kit.browser import visit
from kit.serving import Serving


def test_the_first_view_is_small_and_quick(gateway: Serving, chrome: Browser) -> None:
    with visit(chrome, gateway.url) as visiting:
        sizes: list[int] = []
        visiting.page.on(
            "response",
            lambda answer: "/api/" in answer.url or sizes.append(int(answer.headers.get("content-length", 0))),
        )
        visiting.sign_in()
        visiting.page.wait_for_selector(".figure .value")
        first = list(sizes)
        began = time.monotonic()
        visiting.page.reload()
        visiting.page.wait_for_selector(".figure .value")
        took = time.monotonic() - began
    assert sum(first) < 150_000
    assert took < 5  # speed is measured in docs/performance.md; this only notices a page that hangs


def test_assets_are_kept_for_ever_and_scripts_are_ours(gateway: Serving) -> None:
    page = httpx2.get(gateway.url)
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-cache"
    asset = page.text.split('<script src="')[1].split('"')[0]
    got = httpx2.get(gateway.url + asset)
    assert got.status_code == 200
    assert "immutable" in got.headers["cache-control"]
    assert httpx2.get(f"{gateway.url}/assets/000000000000/main.js").status_code == 404
    assert httpx2.post(gateway.url).status_code == 405
    assert httpx2.get(f"{gateway.url}/assets/../app.py").status_code == 404
