"""The slow transport: httpx2, for what our own client does not speak, forward proxies and HTTP/2.

Costs some fifty times the CPU of `http1.py` per call, and megabytes to import, so it is built only when an address
needs it. Only its connection pools are used (no cookies, no redirects, no default header), and its exceptions
stop here. It never tries a call again by itself.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gophergate.errors import GatewayError, UpstreamBroken, UpstreamUnreachable
from gophergate.transport.base import Ask
from gophergate.transport.choose import ProxyRules
from gophergate.transport.connect import trusted
from gophergate.transport.head import check, split
from gophergate.transport.pulled import PulledAnswer, timed_out

if TYPE_CHECKING:
    import httpx2


class ProxyTransport:
    """`Transport` through the forward proxies that `rules` name; direct where they name none.

    `http2` offers HTTP/2 in the TLS handshake; the server decides. `ca_file` as in `Http1Transport`.
    """

    def __init__(self, rules: ProxyRules, *, http2: bool = True, ca_file: str | None = None) -> None:
        import httpx2

        self._httpx = httpx2
        self._rules = rules
        self._http2 = http2
        self._ca_file = ca_file
        self._wires: dict[str | None, httpx2.AsyncHTTPTransport] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[PulledAnswer] = set()
        self._closed = False

    async def send(self, ask: Ask) -> PulledAnswer:
        check(ask)
        if self._closed:
            raise UpstreamUnreachable("The gateway has closed its connections.")
        prefix, target = split(ask.url)
        wire = self._wire(self._rules.proxy_for(prefix))
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + ask.timeouts.total
        phase = "total"
        try:
            async with asyncio.timeout_at(ends_at) as scope:

                async def watch(event: str, info: object) -> None:
                    nonlocal phase
                    due = loop.time() + ask.timeouts.first_byte
                    if event.endswith("send_request_body.complete") and due < ends_at:
                        phase = "first_byte"
                        scope.reschedule(due)

                with self._translated():
                    response = await wire.handle_async_request(self._request(ask, prefix, target, watch))
        except TimeoutError:
            if not scope.expired():
                raise
            raise timed_out(phase) from None
        return self._answer(ask, response, ends_at)

    async def aclose(self) -> None:
        self._closed = True
        for answer in list(self._open):
            answer.close()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for wire in self._wires.values():
            await wire.aclose()
        self._wires.clear()

    def statistics(self) -> dict[str, int]:
        """`open` answers (httpx2 does not tell how many sockets it keeps)."""
        return {"open": len(self._open), "idle": 0, "waiting": 0}

    def _wire(self, proxy: str | None) -> httpx2.AsyncHTTPTransport:
        wire = self._wires.get(proxy)
        if wire is None:
            # A context each: httpx2 writes its own ALPN list into the one it is given.
            secured = proxy is not None and proxy.lower().startswith("https:")
            through = self._httpx.Proxy(proxy, ssl_context=self._context() if secured else None) if proxy else None
            wire = self._wires[proxy] = self._httpx.AsyncHTTPTransport(
                verify=self._context(),
                proxy=through,
                http2=self._http2,
                trust_env=False,
                limits=self._httpx.Limits(max_connections=1000, max_keepalive_connections=200, keepalive_expiry=30),
            )
        return wire

    def _context(self) -> ssl.SSLContext:
        return trusted(self._ca_file)

    def _request(self, ask: Ask, prefix: str, target: str, watch: Any) -> httpx2.Request:
        headers = list(ask.headers)
        if not any(name == b"accept-encoding" for name, _ in headers):
            headers.append((b"accept-encoding", b"identity"))
        times = ask.timeouts
        return self._httpx.Request(
            ask.method,
            prefix,
            headers=headers,
            content=ask.body,
            extensions={
                # `target` goes out as it is; httpx2 would re-encode a path of its own.
                "target": target.partition("#")[0].encode("ascii"),
                "timeout": {
                    "connect": times.connect,
                    "pool": times.connect,
                    "write": times.first_byte,
                    "read": None,
                },
                "trace": watch,
            },
        )

    def _answer(self, ask: Ask, response: httpx2.Response, ends_at: float) -> PulledAnswer:
        stream = response.stream
        assert isinstance(stream, self._httpx.AsyncByteStream)  # noqa: S101 - narrows httpx2's union type

        async def source() -> AsyncGenerator[bytes, None]:
            with self._translated():
                async for piece in stream:
                    yield piece

        async def release() -> None:
            self._open.discard(answer)
            with self._translated():
                await stream.aclose()

        headers = [(name.lower(), value) for name, value in response.headers.raw]
        bodyless = ask.method == "HEAD" or response.status_code in (204, 304)
        answer = PulledAnswer(
            response.status_code,
            headers,
            source(),
            release=release,
            tasks=self._tasks,
            timeouts=ask.timeouts,
            ends_at=ends_at,
            bodyless=bodyless,
        )
        self._open.add(answer)
        return answer

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """httpx2's exceptions as ours. Their texts may quote the proxy's address with its password: not passed on."""
        try:
            yield
        except self._httpx.HTTPError as error:
            raise self._meaning(error) from error

    def _meaning(self, error: httpx2.HTTPError) -> GatewayError:
        x = self._httpx
        if isinstance(error, x.ConnectTimeout):
            return timed_out("connect")
        if isinstance(error, x.PoolTimeout):
            return timed_out("pool")
        if isinstance(error, x.TimeoutException):
            return timed_out("first_byte")
        if isinstance(error, x.ProxyError):
            return UpstreamUnreachable("The forward proxy refused to connect to the provider.")
        if isinstance(error, x.ConnectError | x.UnsupportedProtocol):
            return UpstreamUnreachable("No connection to the provider, or to the forward proxy before it.")
        return UpstreamBroken("The provider broke off, or broke its protocol.")
