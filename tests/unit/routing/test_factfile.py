"""What models.dev answers becomes a small file and comes back from it; what is broken is refused."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

import gophergate.routing
from gophergate.routing.factfile import BadFacts, read_api, read_file

SHIPPED = Path(gophergate.routing.__file__).parent / "models.json.gz"


def api(count: int = 120, **first: Any) -> bytes:
    """An answer of models.dev's with so many models, one of them given."""
    models: dict[str, Any] = {f"model-{n}": {"id": f"model-{n}", "limit": {"context": 1000 + n}} for n in range(count)}
    models["given"] = {"id": "given", **first}
    return msgspec.json.encode({"openai": {"id": "openai", "env": ["X"], "models": models}})


def test_what_is_said_comes_back() -> None:
    body = api(
        name="Given",
        limit={"context": 200_000, "input": 150_000.0, "output": 0},
        modalities={"input": ["text", "image", "smell"], "output": ["text"]},
        reasoning=True,
        tool_call=False,
        knowledge="2025-01",
        release_date="2025-02-03",
        status="deprecated",
        cost={"input": 1},
    )
    book = read_file(read_api(body, "2026-01-02"), "here")
    facts = book.find(["openai"], "given")
    assert (book.date, book.origin, book.size) == ("2026-01-02", "here", 121)
    assert (facts.context, facts.max_input, facts.max_output) == (200_000, 150_000, None)
    assert (facts.reads, facts.writes) == (("text", "image"), ("text",))
    assert (facts.reasoning, facts.tool_call, facts.structured_output) == (True, False, None)
    assert (facts.knowledge, facts.released, facts.status, facts.name) == (
        "2025-01",
        "2025-02-03",
        "deprecated",
        "Given",
    )


def test_one_odd_model_costs_no_other() -> None:
    book = read_file(read_api(api(id=17), "2026-01-02"))
    assert book.size == 120


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"openai":3}', b"\xff\xfe", api(3)])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(BadFacts):
        read_api(body, "2026-01-02")


def test_a_damaged_file_is_refused_wherever_it_was_cut() -> None:
    whole = read_api(api(), "2026-01-02")
    for end in range(0, len(whole) - 8, 97):
        with pytest.raises(BadFacts):
            read_file(whole[:end])
    with pytest.raises(BadFacts):
        read_file(gzip.compress(b"{}"))
    with pytest.raises(BadFacts):
        read_file(gzip.compress(gzip.decompress(whole).replace(b"1007", b'"many"', 1)))


def test_the_shipped_list_is_small_and_says_where_it_is_from() -> None:
    data = SHIPPED.read_bytes()
    head = gzip.decompress(data)[:200].decode()
    assert len(data) < 300_000
    assert "https://models.dev" in head
    assert "MIT" in head
    assert read_file(data).size > 5000
    assert "Copyright (c) 2025 models.dev" in SHIPPED.with_name("models.LICENSE").read_text()
