"""One gateway with a month behind it and one Chromium for all the dashboard's tests of a worker.

The browser ends with the package: Playwright holds an event loop, beside which no asynchronous test could run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser

from kit.browser import Visit, browser, visit
from kit.gate import KEY, PASSWORD
from kit.seeding import providers, seed
from kit.serving import Serving, serving
from kit.verdicts import loopback_reached

Ask = Callable[..., str]


def pytest_itemcollected(item: pytest.Item) -> None:
    """The first test of a worker waits for the month to be written."""
    item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Fifty thousand calls of thirty days. It may deliver to this machine too."""
    folder, kept = tmp_path_factory.mktemp("seeded"), '[logging]\nbodies = "all"\n'
    with ExitStack() as stack:
        with loopback_reached():  # while it starts: other tests of this process must find the address refused
            running = stack.enter_context(serving(folder, *providers(), sections=kept))
        running.run(seed(running.gateway, calls=50_000))
        yield running


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    with browser() as launched:
        yield launched


@pytest.fixture(scope="session")
def signed_in(gateway: Serving) -> dict[str, Any]:
    """What a browser keeps once the administrator has signed in."""
    with httpx2.Client(base_url=gateway.url, timeout=60) as client:
        client.post("/api/auth/login", json={"username": "admin", "password": PASSWORD}).raise_for_status()
        cookies = [
            {"name": one.name, "value": one.value, "url": gateway.url, "httpOnly": True, "sameSite": "Strict"}
            for one in client.cookies.jar
        ]
    kept = {"origin": gateway.url, "localStorage": [{"name": "gophergate.signed-in", "value": "yes"}]}
    return {"cookies": cookies, "origins": [kept]}


@pytest.fixture
def at(gateway: Serving, chrome: Browser, signed_in: dict[str, Any]) -> Iterator[Visit]:
    """The administrator at a desk. The console must have stayed silent."""
    with visit(chrome, gateway.url, state=signed_in) as visiting:
        yield visiting
        assert visiting.complaints == []


@pytest.fixture(scope="session")
def api(gateway: Serving) -> Iterator[httpx2.Client]:
    """The administrator as a program."""
    with httpx2.Client(base_url=gateway.url, timeout=60) as client:
        answer = client.post("/api/auth/login", json={"username": "admin", "password": PASSWORD})
        client.cookies.clear()
        client.headers["authorization"] = f"Bearer {answer.json()['token']}"
        yield client


@pytest.fixture
def ask(gateway: Serving) -> Ask:
    """One streamed call of a client; its answer as it came. `status` 0 is any."""

    def asking(text: str, model: str = "demo/echo", status: int = 200) -> str:
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": text}]}
        headers = {"authorization": f"Bearer {KEY}"}
        answer = httpx2.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers, timeout=60)
        assert status in (0, answer.status_code)
        return answer.text

    return asking
