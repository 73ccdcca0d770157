"""Every recorded answer, read by its own dialect and written for the clients of every other, whose vendors' real SDKs
read it back: the same words, thoughts, calls, ending, counts, refusal and sources (issue 3, "Must show" 1)."""

from __future__ import annotations

from functools import cache

import pytest

from kit import exchanges, fidelity, fidelity_page
from kit.fidelity_answers import play_answers
from kit.fidelity_clients import Client, clients
from kit.fidelity_compare import Score
from kit.fidelity_page import row

pytestmark = exchanges.wanted

PROMISED = 0.995


@cache
def players() -> dict[str, Client]:
    """One SDK client of each dialect a process: they are slow to make."""
    return clients()


@pytest.mark.parametrize(("file", "dialect"), fidelity.cases())
def test_every_client_reads_what_the_provider_said(file: str, dialect: str) -> None:
    """R-T1, R-T3, R-T4, R-C1: at least 99.5 % of aspects for every pair, and the page says which failed."""
    played = play_answers(file, dialect, players())
    scores = played.scores
    failed = [f"{client}: {why}" for client, score in scores.items() for why in score.failed]
    assert all(score.rate >= PROMISED for score in scores.values()), "\n".join(failed)
    key = f"{dialect}, {file}"
    cells = [f"{score.passed}/{score.total}" for score in scores.values()]
    agreed = f"{played.agreed} of {played.read_twice}"
    fidelity_page.record("answers", key, [row(key, played.originals, agreed, *cells)])
    fidelity_page.record("answers that differ", key, _failures(key, scores))
    fidelity_page.record("answers untold", key, _untold(key, scores))


def _failures(key: str, scores: dict[str, Score]) -> list[str]:
    return [
        row(f"{key} -> {client} ({number})", why)
        for client, score in scores.items()
        for number, why in enumerate(score.failed, 1)
    ]


def _untold(key: str, scores: dict[str, Score]) -> list[str]:
    return [
        row(f"{key} -> {client}", ", ".join(f"{name} {count}" for name, count in sorted(score.untold.items())))
        for client, score in scores.items()
        if score.untold
    ]
