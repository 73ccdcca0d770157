"""Making one connection: name look-up, TCP to the quickest address, TLS. Nothing here keeps a connection.

Foreign exceptions (resolver, socket, TLS) stop here and become UpstreamUnreachable: nothing of a request
has been sent yet, so trying again is always safe.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from gophergate.errors import UpstreamUnreachable

HEAD_START = 0.25
"""Seconds one address has to itself before the next is tried beside it (RFC 8305, section 5)."""

AddressInfo = tuple[
    socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
]
"""One row of getaddrinfo: family, type, protocol, canonical name, socket address."""

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)


class Connector:
    """Opens sockets. `ca_file` (PEM) is trusted besides the system's store; `tls` replaces the context whole.

    Certificates and host names are always verified. The TLS context is made at the first https connection:
    loading a trust store costs tens of milliseconds that a gateway to local models never needs to pay.
    """

    def __init__(self, *, ca_file: str | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._ca_file = ca_file
        self._tls = tls

    def tls(self) -> ssl.SSLContext:
        """The context all connections share."""
        if self._tls is None:
            self._tls = trusted(self._ca_file)
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls

    async def connect(
        self, make: Callable[[], ProtocolT], *, host: str, port: int, secure: bool, address: str | None = None
    ) -> ProtocolT:
        """A connected protocol made by `make`. TLS verifies `host` and sends it as SNI.

        `address` pins the peer's IP address and skips the look-up; the certificate must still be that of `host`.
        Raises UpstreamUnreachable. Sets no time limit of its own; when cancelled, every socket is closed.
        """
        loop = asyncio.get_running_loop()
        try:
            infos = await loop.getaddrinfo(address or host, port, type=socket.SOCK_STREAM)
            peer = await _race([_dialling(loop, info) for info in _interleaved(infos)])
            try:
                # Long silences are normal here; keep-alive probes tell a thinking model from a dead host.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _, protocol = await loop.create_connection(
                    make,
                    sock=peer,
                    ssl=self.tls() if secure else None,
                    server_hostname=host if secure else None,
                )
            except BaseException:
                peer.close()
                raise
        except ssl.SSLCertVerificationError as error:
            raise UpstreamUnreachable(f"The certificate of '{host}' is not trusted: {error.verify_message}.") from error
        except ssl.SSLError as error:
            raise UpstreamUnreachable(f"No TLS with '{host}': {error.reason or error}.") from error
        except socket.gaierror as error:
            raise UpstreamUnreachable(f"The name '{host}' cannot be resolved: {error.strerror}.") from error
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise UpstreamUnreachable(f"No connection to '{host}' port {port}: {reason}.") from error
        return protocol


def trusted(ca_file: str | None) -> ssl.SSLContext:
    """A new verifying context: the system's trust store, and `ca_file` (PEM) besides it."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def _interleaved(infos: Sequence[AddressInfo]) -> list[AddressInfo]:
    """Address families by turns, the resolver's favourite first (RFC 8305, section 4)."""
    first = [info for info in infos if info[0] == infos[0][0]]
    other = [info for info in infos if info[0] != infos[0][0]]
    mixed: list[AddressInfo] = []
    for index in range(max(len(first), len(other))):
        mixed += first[index : index + 1] + other[index : index + 1]
    return mixed


def _dialling(loop: asyncio.AbstractEventLoop, info: AddressInfo) -> Callable[[], Awaitable[socket.socket]]:
    async def dial() -> socket.socket:
        family, kind, protocol, _, address = info
        peer = socket.socket(family, kind, protocol)
        try:
            peer.setblocking(False)
            await loop.sock_connect(peer, address)
        except BaseException:
            peer.close()
            raise
        return peer

    return dial


async def _race(dials: Sequence[Callable[[], Awaitable[socket.socket]]]) -> socket.socket:
    """The first socket to connect, each dial starting `HEAD_START` after the one before, or when that fails.

    Raises the first dial's error when all fail. The losers' sockets are closed, also under cancellation.
    """
    if len(dials) == 1:
        return await dials[0]()
    waiting = list(dials)
    running: list[asyncio.Future[socket.socket]] = []
    failures: list[BaseException] = []
    winner: socket.socket | None = None
    try:
        while winner is None and (waiting or running):
            if waiting:
                running.append(asyncio.ensure_future(waiting.pop(0)()))
            done, _ = await asyncio.wait(
                running,
                timeout=HEAD_START if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for dial in done:
                error = dial.exception()
                if error is not None:
                    failures.append(error)
                    running.remove(dial)
                elif winner is None:
                    winner = dial.result()
                    running.remove(dial)
    finally:
        for dial in running:
            dial.cancel()
            dial.add_done_callback(_drop)
    if winner is None:
        raise failures[0]
    return winner


def _drop(dial: asyncio.Future[socket.socket]) -> None:
    """Close what a loser of the race opened all the same, and look at its error so that nobody reports it."""
    if not dial.cancelled() and dial.exception() is None:
        dial.result().close()
