"""Which calls need the slow transport: what the environment's proxy variables say of an address.

Reads no environment by itself: `ProxyRules.read` is given one. The rules are those of curl and most tools:
HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, lower case first.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import urlsplit

from gophergate.transport.base import Answer, Ask, Transport
from gophergate.transport.head import split
from gophergate.transport.pool import parse_prefix

MAX_REMEMBERED = 1024


class ProxyRules:
    """Proxy addresses by scheme, and the hosts that are reached without. Immutable."""

    def __init__(self, proxies: Mapping[str, str], exempt: str = "") -> None:
        """`proxies` maps http and https to a proxy's address; `exempt` is a NO_PROXY list.

        Raises ValueError for a proxy that is neither http nor https; the message holds no address (it may
        hold a password).
        """
        self._proxies = dict(proxies)
        for scheme, proxy in self._proxies.items():
            if urlsplit(proxy).scheme not in ("http", "https") or not urlsplit(proxy).hostname:
                raise ValueError(f"the proxy for {scheme} addresses must itself be an http or https URL")
        self._exempt = [entry.strip().lower() for entry in exempt.split(",") if entry.strip()]

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> ProxyRules:
        """The rules of an environment. Raises ValueError as above."""

        def variable(name: str) -> str:
            return environ.get(name.lower()) or environ.get(name) or ""

        proxies = {}
        for scheme in ("http", "https"):
            proxy = variable(f"{scheme.upper()}_PROXY") or variable("ALL_PROXY")
            if proxy:
                proxies[scheme] = proxy if "://" in proxy else f"http://{proxy}"
        return cls(proxies, variable("NO_PROXY"))

    def __bool__(self) -> bool:
        """Whether any address goes through a proxy."""
        return bool(self._proxies) and "*" not in self._exempt

    def proxy_for(self, url: str) -> str | None:
        """The proxy's address for `url` (a whole one, or scheme and authority), None for the direct way."""
        secure, host, port = parse_prefix(split(url)[0])
        proxy = self._proxies.get("https" if secure else "http")
        if proxy is None or any(_covers(entry, host, port) for entry in self._exempt):
            return None
        return proxy


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether a NO_PROXY entry means this host: `*`, a domain and all below it, an address, a network; with a port
    it means that port only."""
    if entry == "*":
        return True
    name, separator, number = entry.rpartition(":")
    if separator and number.isdigit() and (":" not in name or name.endswith("]")):
        if int(number) != port:
            return False
        entry = name
    entry = entry.strip("[]")
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        domain = entry.removeprefix("*").removeprefix(".")
        return host == domain or host.endswith(f".{domain}")


class RoutedTransport:
    """Sends each Ask over `fast`, or, where the rules or `http2` say so, over a slow transport made at need.

    `http2` names origins (`https://host[:port]`) that are to be spoken to in HTTP/2.
    """

    def __init__(
        self,
        fast: Transport,
        slow: Callable[[], Transport],
        rules: ProxyRules,
        *,
        http2: frozenset[str] = frozenset(),
    ) -> None:
        self._fast = fast
        self._make_slow = slow
        self._slow: Transport | None = None
        self._rules = rules
        self._http2 = http2
        self._is_slow: dict[str, bool] = {}

    def send(self, ask: Ask) -> Coroutine[Any, Any, Answer]:
        # No coroutine of its own: this is on the path of every call, and each one more is walked through at each step.
        url = ask.url
        cut = url.find("/", 8)  # 8: past the slashes of http:// and https://
        slow = self._is_slow.get(url[:cut]) if cut > 0 else None
        if slow is None:
            slow = self._decide(split(url)[0])
        if not slow:
            return self._fast.send(ask)
        if self._slow is None:
            self._slow = self._make_slow()
        return self._slow.send(ask)

    def _decide(self, prefix: str) -> bool:
        slow = prefix in self._http2 or self._rules.proxy_for(prefix) is not None
        if len(self._is_slow) < MAX_REMEMBERED:
            self._is_slow[prefix] = slow
        return slow

    async def aclose(self) -> None:
        await self._fast.aclose()
        if self._slow is not None:
            await self._slow.aclose()

    def statistics(self) -> dict[str, int]:
        """Those of the fast transport; the slow one's names begin with `slow_`."""
        slow = self._slow.statistics() if self._slow is not None else {}
        return self._fast.statistics() | {f"slow_{name}": count for name, count in slow.items()}


def over_proxies(rules: ProxyRules, fast: Transport) -> Transport:
    """`fast`, but for what the rules send through a forward proxy, whose client is imported when it is needed."""
    if not rules:
        return fast

    def slow() -> Transport:
        from gophergate.transport.proxy import ProxyTransport

        return ProxyTransport(rules)

    return RoutedTransport(fast, slow, rules)
