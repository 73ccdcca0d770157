"""Which IP addresses are the public internet's. Everything else is somebody's inside, and is not fetched from (R-X3).

Pure. Built on IANA's special-purpose registries (RFC 6890 and successors), stricter than `ipaddress.is_global`, which
lets multicast, relays and addresses that carry another one inside pass.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_INSIDE_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and every cloud's metadata service
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's host agent, public only by its number
    )
)

_GLOBAL_6 = IPv6Network("2000::/3")
"""The only part of IPv6 that is routed at large today."""

_INSIDE_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether `address` (IPv4 or IPv6 text) is globally routable unicast. Text that is no address is not.

    An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64) is judged by what it carries.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        carried = _carried(parsed)
        if carried is None:
            return parsed in _GLOBAL_6 and not any(parsed in network for network in _INSIDE_6)
        parsed = carried
    return parsed.is_global and not any(parsed in network for network in _INSIDE_4)


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
