"""Conversations of two turns: every recorded signature through every door and back, to its maker byte for byte, and to
nobody else (R-S2, R-S3; issue 3: "no signature lost to its maker or shown to another")."""

from __future__ import annotations

from functools import cache

import pytest

from kit import exchanges, fidelity, fidelity_page
from kit.fidelity_clients import Client, clients
from kit.fidelity_page import row
from kit.fidelity_signatures import play_signatures

pytestmark = exchanges.wanted


@cache
def players() -> dict[str, Client]:
    return clients()


@pytest.mark.parametrize(("file", "dialect"), fidelity.cases())
async def test_a_signature_comes_back_to_its_maker_and_to_nobody_else(file: str, dialect: str) -> None:
    """Edge cases 19, 20, 21, 36: signed thoughts, redacted ones, encrypted reasoning, Google's on calls and texts."""
    returned = await play_signatures(file, dialect, players())
    shown = [f"{client}: {why}" for client, result in returned.items() for why in result.hidden.failed]
    assert not shown, "\n".join(shown)
    lost = [f"{client}: {why}" for client, result in returned.items() for why in result.kept.failed]
    assert not lost, "\n".join(lost)
    if any(result.hidden.total for result in returned.values()):
        key = f"{dialect}, {file}"
        cells = [f"{result.kept.passed}/{result.kept.total}" for result in returned.values()]
        shows = sum(result.hidden.total for result in returned.values())
        fidelity_page.record("signatures", key, [row(key, *cells, f"0 of {shows}")])
