"""Who the caller is when a proxy stands in front: x-forwarded-for and x-forwarded-proto.

Believed only from peers in the operator's list of networks; anybody else's are just headers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

_MAX_HOPS = 32
"""Longer chains are read only this far from their trusted end."""


class TrustedProxies:
    """The networks whose word on the caller is believed. Each is a CIDR network or address; "unix" trusts peers on
    a Unix socket. Raises ValueError on anything else."""

    def __init__(self, networks: Sequence[str] = ()) -> None:
        self._unix = "unix" in networks
        self._networks = tuple(ipaddress.ip_network(name, strict=False) for name in networks if name != "unix")

    def trusts(self, peer: str) -> bool:
        """Whether `peer` (an IP address, "" on a Unix socket) is one of ours."""
        if not peer:
            return self._unix
        address = _address(peer)
        return address is not None and any(address in network for network in self._networks)

    def caller(self, peer: str, index: Mapping[bytes, bytes], headers: Sequence[tuple[bytes, bytes]]) -> str:
        """The address of the caller as a trusted `peer` tells it: the nearest hop that is not a proxy of ours.

        The chain is read from its near end, because its far end is whatever the caller wrote. A hop that is
        not an address ends the reading."""
        if b"x-forwarded-for" not in index:
            return peer
        chain = b",".join(value for name, value in headers if name == b"x-forwarded-for")
        caller = peer
        for hop in reversed(chain.decode("latin-1").split(",")[-_MAX_HOPS:]):
            address = _address(_without_port(hop.strip()))
            if address is None:
                break
            caller = str(address)
            if not self.trusts(caller):
                break
        return caller

    @staticmethod
    def scheme(default: str, index: Mapping[bytes, bytes]) -> str:
        """`http` or `https` as a trusted peer tells it, else `default`."""
        said = index.get(b"x-forwarded-proto")
        if said is None:
            return default
        nearest = said.rsplit(b",", 1)[-1].strip().lower()
        return nearest.decode("ascii") if nearest in (b"http", b"https") else default


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A dual-stack listener sees IPv4 peers as ::ffff:a.b.c.d; networks are written the short way.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _without_port(hop: str) -> str:
    """Some proxies (Azure's among them) write `1.2.3.4:5678` or `[::1]:5678`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    if hop.count(":") == 1:
        return hop.partition(":")[0]
    return hop


def plain_address(peer: str) -> str:
    """`peer` as people write it: an IPv4 caller of a dual-stack listener without its ::ffff: prefix."""
    return str(_address(peer) or peer) if ":" in peer else peer
