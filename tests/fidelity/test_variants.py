"""Recordings that are not here will be played too: answers in the ways other vendors might send them, which carry no
other meaning, are read alike, pass untouched, and reach every vendor's SDK alike. Over the answers that come with the
tests; `python -m kit.variants_read` does the same over recordings, as many times as one likes."""

from __future__ import annotations

import random
import zlib
from functools import cache

import pytest

from kit import fidelity
from kit.fidelity_clients import Client, clients
from kit.variants import VARIANTS, Told, varied
from kit.variants_read import differs, misheard, not_verbatim, own

ANSWERS = dict(own())


def dice(*of: object) -> random.Random:
    """The same for the same case in every process."""
    return random.Random(zlib.crc32(repr(of).encode()))


@cache
def players() -> dict[str, Client]:
    return clients()


def of(dialect: str) -> list[tuple[str, Told]]:
    return [(where, told) for where, told in ANSWERS.items() if told.dialect == dialect]


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize("dialect", list(fidelity.DIALECTS))
def test_an_answer_told_another_way_is_read_alike(dialect: str, variant: str) -> None:
    """R-T1, R-T3, law 4."""
    for where, original in of(dialect):
        for number in range(3):
            drawn = dice(where, variant, number)
            made = VARIANTS[variant](original, drawn)
            assert differs(original, made, drawn) == "", (where, number)


@pytest.mark.parametrize("dialect", list(fidelity.DIALECTS))
def test_an_answer_told_another_way_passes_untouched_and_metered(dialect: str) -> None:
    """Law 5."""
    for where, original in of(dialect):
        for number in range(20):
            names, made = varied(original, dice(where, number))
            if made.framing != "body":
                assert not_verbatim(made, dice(where, number)) == "", (where, names)


@pytest.mark.parametrize("client", list(fidelity.DIALECTS))
@pytest.mark.parametrize("dialect", list(fidelity.DIALECTS))
def test_an_answer_told_another_way_reaches_every_sdk_alike(dialect: str, client: str) -> None:
    """R-T2, R-T4."""
    for where, original in of(dialect):
        names, made = varied(original, dice(where, client))
        for stream in (False, True):
            assert misheard(original, made, client, players()[client], stream=stream) == "", (where, names)
