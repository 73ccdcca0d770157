"""Chromium for tests: found, else installed with the platform's own package manager, else with Playwright's."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from axe_core_python.base import AXE_SCRIPT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from kit.gate import PASSWORD

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 20.0
"""Seconds until a wait gives up: far above what is needed, so that a busy machine makes no test fail."""
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--process-per-site",  # a page finds the process that the page before it had, and what that had compiled
)  # fmt: skip


def chromium() -> str | None:
    """The path of a Chromium; "" for Playwright's own; None where none can be had. One process installs at a time."""
    with (Path(tempfile.gettempdir()) / "gophergate-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _found()
        if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
            for command in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", "chromium"]):
                subprocess.run(["apt-get", *command], capture_output=True, timeout=600)
            found = _found()
        if found is None:
            ended = subprocess.run(
                [sys.executable, "-m", "playwright", "install", "chromium"], capture_output=True, timeout=600
            )
            found = "" if ended.returncode == 0 else None
        return found


def _found() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A running Chromium; the test is skipped, loudly, where there is none."""
    path = chromium()
    if path is None:
        warnings.warn("no Chromium can be had here: the browser tests are skipped", UserWarning, stacklevel=2)
        pytest.skip("no Chromium can be had here")
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path or None, args=list(_FLAGS))
        try:
            yield launched
        finally:
            launched.close()


class Visit:
    """One person at the dashboard. What the console complains of is kept in `complaints`."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.context = context
        self.base = base
        self.complaints: list[str] = []
        self.page = self._page()

    def _page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def sign_in(self, username: str = "admin", password: str = PASSWORD) -> Page:
        """Sign in by the form; the page after it."""
        self.page.goto(self.base)
        self.page.fill("#field-username", username)
        self.page.fill("#field-password", password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".shell")
        return self.page

    def go(self, place: str) -> Page:
        """Open a view by its address, and wait until it is that view and every widget in it has its answer."""
        self.page.goto(f"{self.base}/#/{place}")
        self.settled()
        return self.page

    def settled(self) -> None:
        """Wait until the page shows what the address names, and nothing in it is loading or stale."""
        self.until(
            "document.querySelector('main')?.dataset.address === location.hash"
            " && !document.querySelector('main[aria-busy=true], main .skeleton, main [aria-busy=true]')"
        )

    def module(self, path: str, expression: str, given: Any = None) -> Any:
        """The value of an expression over the page's own module `m` at that path and over what is `given`."""
        found = f"document.querySelector('script[src*=\"/assets/\"]').src.replace(/[^/]*$/, {json.dumps(path)})"
        return self.page.evaluate(
            f"async (given) => {{ const m = await import({found}); return {expression}; }}", given
        )

    def middle(self, locator: Locator) -> tuple[float, float]:
        """Where to click it with the mouse: nothing then runs in the page but what the page does."""
        box = locator.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def flaws(self, *rules: str) -> list[str]:
        """What axe-core calls serious on the page as it stands: of these rules, or of all."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        how: dict[str, Any] = {"reporter": "no-passes", "resultTypes": ["violations"]}
        if rules:
            how["runOnly"] = {"type": "rule", "values": list(rules)}
        found = self.page.evaluate(f"axe.run(document, {json.dumps(how)}).then((found) => found.violations)")
        return [
            f"{self.page.url.partition('#')[2]}: {one['id']} {[node['target'] for node in one['nodes'][:3]]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]

    def until(self, expression: str, patience: float = PATIENCE) -> None:
        """Wait until an expression is true. Playwright's own way needs `eval` in the page, which its policy forbids."""
        end = time.monotonic() + patience
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, expression
            self.page.wait_for_timeout(30)


@contextmanager
def visit(
    launched: Browser,
    base: str,
    *,
    width: int = 1440,
    theme: str = "light",
    state: Mapping[str, Any] | None = None,
    fresh: bool = False,
) -> Iterator[Visit]:
    """A profile in which nothing is kept; with the `state` that another one ended in, whoever was signed in there is
    here too. Its cache may be warm and a page of its process open, unless it must be `fresh`: a page that has to fetch
    and compile all its modules takes twice as long."""
    how = (base, width, theme)
    idle = _IDLE.setdefault(launched, {}).setdefault(how, [])
    profile = _Profile(launched, *how) if fresh or not idle else idle.pop()
    try:
        profile.put(state)
        yield Visit(profile.context, base)
    finally:
        if fresh:
            profile.context.close()
        else:
            profile.forget()
            idle.append(profile)


class _Profile:
    """A browser profile for one visit after another. One page of it stays open, where its storage can be reached."""

    def __init__(self, launched: Browser, base: str, width: int, theme: str) -> None:
        size = {"width": width, "height": 900 if width > 500 else 844}
        self.context = launched.new_context(viewport=size, color_scheme=theme)  # type: ignore[arg-type]
        self._kept = self.context.new_page()
        self._kept.goto(f"{base}/health/live")

    def put(self, state: Mapping[str, Any] | None) -> None:
        """Nothing of an earlier visit, and this."""
        cookies = (state or {}).get("cookies", [])
        items = [item for origin in (state or {}).get("origins", []) for item in origin["localStorage"]]
        self.context.clear_cookies()
        self.context.add_cookies(cookies)
        put = "(items) => { localStorage.clear(); for (const { name, value } of items) localStorage[name] = value; }"
        self._kept.evaluate(put, items)

    def forget(self) -> None:
        """Close the visit's pages and take back what they were allowed."""
        for page in self.context.pages:
            if page is not self._kept:
                page.close()
        self.context.clear_permissions()


_IDLE: WeakKeyDictionary[Browser, dict[tuple[str, int, str], list[_Profile]]] = WeakKeyDictionary()
