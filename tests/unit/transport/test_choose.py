"""Which way a call goes: the environment's proxy variables, and HTTP/2 by name."""

from __future__ import annotations

import pytest

from gophergate.transport.base import Ask, RawHeaders
from gophergate.transport.choose import ProxyRules, RoutedTransport
from gophergate.transport.memory import MemoryTransport

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, "https://api.example/", None),
        ({"HTTPS_PROXY": PROXY}, "https://api.example/", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://api.example/", None),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, "https://api.example/", PROXY),
        ({"http_proxy": "proxy.example:3128"}, "http://api.example/", PROXY),
        ({"ALL_PROXY": PROXY}, "http://api.example/", PROXY),
        ({"ALL_PROXY": "http://other:1", "HTTPS_PROXY": PROXY}, "https://api.example/", PROXY),
        ({"HTTPS_PROXY": ""}, "https://api.example/", None),
    ],
)
def test_variables(environ: dict[str, str], url: str, proxy: str | None) -> None:
    assert ProxyRules.read(environ).proxy_for(url) == proxy


@pytest.mark.parametrize(
    ("exempt", "url", "direct"),
    [
        ("*", "http://api.example/", True),
        ("api.example", "http://api.example/v1", True),
        ("example", "http://api.example/", True),
        (".example", "http://api.example/", True),
        ("*.example", "http://api.example/", True),
        ("ample", "http://api.example/", False),
        ("API.Example , x", "http://api.example", True),
        ("api.example:8080", "http://api.example:8080/", True),
        ("api.example:8080", "http://api.example/", False),
        ("api.example:80", "http://api.example/", True),
        ("10.0.0.0/8", "http://10.1.2.3:11434/", True),
        ("10.0.0.0/8", "http://11.1.2.3/", False),
        ("127.0.0.1,localhost", "http://localhost:8000/", True),
        ("::1", "http://[::1]:8000/", True),
        ("[::1]:8000", "http://[::1]:8000/", True),
        ("[::1]:8001", "http://[::1]:8000/", False),
        ("fd00::/8", "http://[fd00::1]/", True),
        ("", "http://api.example/", False),
    ],
)
def test_exemptions(exempt: str, url: str, direct: bool) -> None:
    rules = ProxyRules.read({"HTTP_PROXY": PROXY, "NO_PROXY": exempt})
    assert (rules.proxy_for(url) is None) is direct


def test_truth() -> None:
    assert not ProxyRules.read({})
    assert not ProxyRules.read({"HTTP_PROXY": PROXY, "NO_PROXY": "*"})
    assert ProxyRules.read({"HTTP_PROXY": PROXY})


@pytest.mark.parametrize("proxy", ["socks5://user:canary@proxy:1080", "http://", "ftp://canary"])
def test_proxies_that_cannot_be_used_are_refused_without_telling_their_password(proxy: str) -> None:
    with pytest.raises(ValueError) as caught:
        ProxyRules.read({"HTTPS_PROXY": proxy})
    assert "canary" not in str(caught.value)


async def test_each_call_takes_its_way_and_the_slow_one_is_made_at_need() -> None:
    made: list[MemoryTransport] = []

    async def handler(ask: Ask) -> tuple[int, RawHeaders, bytes]:
        return 200, (), b""

    def slow() -> MemoryTransport:
        made.append(MemoryTransport(handler))
        return made[-1]

    fast = MemoryTransport(handler)
    rules = ProxyRules({"http": PROXY}, "inside.example")
    routed = RoutedTransport(fast, slow, rules, http2=frozenset({"https://two.example"}))
    for url in ("http://inside.example/", "https://api.example/"):
        (await routed.send(Ask(method="GET", url=url))).close()
    assert (len(fast.asks), made) == (2, [])
    for url in ("http://api.example/", "https://two.example/x", "http://api.example/"):
        (await routed.send(Ask(method="GET", url=url))).close()
    assert (len(fast.asks), len(made), len(made[0].asks)) == (2, 1, 3)
    assert routed.statistics()["slow_asks"] == 3
    await routed.aclose()
