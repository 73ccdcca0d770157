"""Who is believed about the caller, and what is made of what they say."""

from __future__ import annotations

import pytest

from gophergate.front.forwarded import TrustedProxies, plain_address

OURS = TrustedProxies(["10.0.0.0/8", "192.168.1.1", "2001:db8::/32", "unix"])


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("192.168.1.1", True),
        ("192.168.1.2", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("::ffff:10.1.2.3", True),
        ("", True),
        ("nonsense", False),
    ],
)
def test_only_the_listed_networks_are_trusted(peer: str, trusted: bool) -> None:
    assert OURS.trusts(peer) is trusted


def test_nobody_is_trusted_by_default() -> None:
    assert not any(TrustedProxies().trusts(peer) for peer in ("127.0.0.1", "::1", ""))


def test_a_wrong_network_stops_the_start() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        TrustedProxies(["10.0.0.0/99"])


@pytest.mark.parametrize(
    ("chain", "caller"),
    [
        ([b"203.0.113.9"], "203.0.113.9"),
        ([b"198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        ([b"198.51.100.1, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        ([b"198.51.100.1", b"203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        ([b"10.0.0.8, 10.0.0.7"], "10.0.0.8"),
        ([b"nonsense, 10.0.0.7"], "10.0.0.7"),
        ([b"unknown"], "10.0.0.1"),
        ([b""], "10.0.0.1"),
        ([b"203.0.113.9:4711"], "203.0.113.9"),
        ([b"[2001:db9::5]:4711"], "2001:db9::5"),
        ([b"2001:db9::5"], "2001:db9::5"),
        ([b"::ffff:203.0.113.9"], "203.0.113.9"),
        ([b"203.0.113.9, " + b"10.0.0.7, " * 100 + b"10.0.0.7"], "10.0.0.7"),
        ([b"\xff\xfe, 10.0.0.7"], "10.0.0.7"),
    ],
)
def test_the_caller_is_the_nearest_hop_that_is_not_ours(chain: list[bytes], caller: str) -> None:
    """What stands further away was written by the caller, who could claim any address of an allow-list."""
    headers = [(b"x-forwarded-for", value) for value in chain]
    assert OURS.caller("10.0.0.1", dict(headers), headers) == caller


def test_without_the_field_the_peer_is_the_caller() -> None:
    assert OURS.caller("10.0.0.1", {}, []) == "10.0.0.1"


@pytest.mark.parametrize(
    ("said", "scheme"),
    [(None, "http"), (b"https", "https"), (b"HTTPS", "https"), (b"http, https", "https"), (b"javascript", "http")],
)
def test_the_scheme_is_one_of_two(said: bytes | None, scheme: str) -> None:
    assert OURS.scheme("http", {} if said is None else {b"x-forwarded-proto": said}) == scheme


@pytest.mark.parametrize(
    ("peer", "plain"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("", ""),
    ],
)
def test_an_address_is_written_as_people_write_it(peer: str, plain: str) -> None:
    assert plain_address(peer) == plain
