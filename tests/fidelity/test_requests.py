"""Every recorded request, read by its own dialect and written into every other: the same system text, turns, calls with
their results, media, tools, choice, format and settings, or a disclosed loss; valid by the vendors' own types (issue 3,
"Must show" 1). And into its own dialect: the same meaning, nothing dropped; verbatim, the same bytes."""

from __future__ import annotations

import json

import pytest

from kit import exchanges, fidelity, fidelity_page
from kit.fidelity_page import row
from kit.fidelity_requests import Crossed, cross_requests

pytestmark = exchanges.wanted

PROMISED = 0.995


@pytest.mark.parametrize(("file", "dialect"), fidelity.cases())
def test_every_request_means_the_same_elsewhere(file: str, dialect: str) -> None:
    """R-C1, R-C2, R-S1: at least 99.5 % of aspects for every pair, and the page says which were lost or disclosed."""
    crossed = cross_requests(file, dialect)
    failed = [f"{target}: {why}" for target, result in crossed.items() for why in result.score.failed]
    assert all(result.score.rate >= PROMISED for result in crossed.values()), "\n".join(failed)
    assert not crossed[dialect].score.failed, "\n".join(failed)
    key = f"{dialect}, {file}"
    asked = sum(map(fidelity.asked, fidelity.records(file, dialect)))
    cells = [f"{result.score.passed}/{result.score.total}" for result in crossed.values()]
    fidelity_page.record("requests", key, [row(key, asked, *cells)])
    fidelity_page.record("requests that differ", key, _failures(key, crossed))
    fidelity_page.record("requests disclosed", key, _disclosed(key, crossed))


def _failures(key: str, crossed: dict[str, Crossed]) -> list[str]:
    return [
        row(f"{key} -> {target} ({number})", why)
        for target, result in crossed.items()
        for number, why in enumerate(result.score.failed, 1)
    ]


def _disclosed(key: str, crossed: dict[str, Crossed]) -> list[str]:
    rows = []
    for target, result in crossed.items():
        names = ", ".join(f"{name} {count}" for name, count in sorted(result.score.untold.items()))
        if names or result.refused:
            rows.append(row(f"{key} -> {target}", names, sum(result.refused.values())))
    return rows


@pytest.mark.parametrize(("file", "dialect"), fidelity.cases())
def test_a_verbatim_request_keeps_its_bytes_but_for_the_model(file: str, dialect: str) -> None:
    """Law 5, R-S1: with the model's own name the bytes are identical; with another one, only that member differs."""
    speaker = fidelity.DIALECTS[dialect]
    for record in filter(fidelity.asked, fidelity.records(file, dialect)):
        body = exchanges.request_bytes(record)
        if dialect == "gemini":  # the model stands in the path
            assert speaker.edit(body, model="other", ask_usage=False) == body
            continue
        model = record["request_body"].get("model")
        if model is None:  # Vertex's form of Messages: there the model stands in the path too
            continue
        assert speaker.edit(body, model=model, ask_usage=False) == body
        edited = speaker.edit(body, model="other", ask_usage=False)
        at = body.index(json.dumps(model, ensure_ascii=False).encode(), body.index(b'"model"'))
        assert edited == body[:at] + b'"other"' + body[at + len(json.dumps(model, ensure_ascii=False).encode()) :]
