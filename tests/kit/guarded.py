"""Guards for tests: rules in a line, texts that hold what they find, and every way of cutting a text."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from gophergate.policy.guards.rules import Definition, Rule, ready

FOUND = {
    "email": ("ann.lee+x@mail.example.org", "o'neil@example.com", "jürgen@müller.de", "ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
    "phone": (
        "+49 (0)30 1234-5678",
        "+15551234567",
        "(555) 234-5678",
        "555-234-5678",
        "030/12345678",
        "0049 30 123456",
    ),
    "credit_card": ("4111 1111 1111 1111", "4111111111111111", "3782 822463 10005", "４１１１１１１１１１１１１１１１"),
    "iban": ("DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "nl91abna0417164300"),
    "us_ssn": ("123-45-6789", "123 45 6789"),
    "ip_address": ("192.168.0.1", "8.8.8.8", "2001:db8::8a2e:370:7334", "::1"),
    "secret": (
        "sk-proj-abcdefghijklmnopqrstuvwx",
        "sk-ant-api03-abcdefghijklmnopqrstuvwxyz",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "xoxb-123456789012-abcdefghij",
        "AIza" + "Sy0123456789abcdefghijklmnopqrstuvwxyz"[:35],
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.abcdefghijklmnop",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0\nabcdef==\n-----END RSA PRIVATE KEY-----",
    ),
}
"""By the words of `detect`: what must be found."""

NOT_FOUND = {
    "email": ("ann at example.com", "@decorator", "a@b", "user@host"),
    "phone": ("01-15-2024 10:30", "2024-01-15 10:30:00", "1.2.3.4", "12345", "x5552345678"),
    "credit_card": ("4111 1111 1111 1112", "1234567890123456", "00000000000000000", "41111111111111111111111"),
    "iban": ("DE89 3704 0044 0532 0130 01", "in 2024 we went", "XX89370400440532013000"),
    "us_ssn": ("000-45-6789", "123-00-6789", "123-45-67890", "123-45 6789"),
    "ip_address": ("999.1.1.1", "1.2.3.4.5", "12:30:45", "std::vector", "aa:bb:cc:dd:ee:ff"),
    "secret": ("sk-short", "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "task-management-system-x"),
}


def rule(kind: str = "pii", **said: Any) -> Rule:
    """A rule, called after its kind where no name is given; lists may be lists."""
    members = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    return ready(Definition(**{"name": kind, "kind": kind, "action": "mask", **members}))


def cuts(text: str) -> st.SearchStrategy[list[str]]:
    """Any cutting of that text into pieces, empty ones among them."""

    def cut(places: list[int]) -> list[str]:
        at = [0, *sorted(places), len(text)]
        return [text[start:end] for start, end in pairwise(at)]

    return st.lists(st.integers(0, len(text)), max_size=12).map(cut)


_NOISE = st.sampled_from(
    (
        *(
            " ",
            "  ",
            "\n",
            ".",
            ",",
            "-",
            ":",
            "/",
            "(",
            ")",
            "+",
            "@",
            "_",
            "x",
            "Zephyr",
            "hello",
            "4",
            "4111",
            "0049",
        ),
        *(
            "１",
            "ü",
            "字",
            "\ud83d",
            "😀",
            '"',
            "\\",
            "-----BEGIN ",
            "PRIVATE KEY",
            "eyJ",
            "sk-",
            "DE89",
            "NL",
            "in 20",
        ),
        *("ignore all previous instructions", "ACME-123456", "acme-12", "::", "127.0.0."),
    )
)
_PIECES = st.one_of(_NOISE, st.sampled_from([one for many in (*FOUND.values(), *NOT_FOUND.values()) for one in many]))

texts = st.lists(_PIECES, max_size=14).map("".join)
"""Texts that hold what is looked for, parts of it, and what is like it, side by side."""
