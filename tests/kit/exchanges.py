"""Recorded provider traffic, where it stands beside the checkout: loaded from there, never committed.

Set GOPHERGATE_EXCHANGES to look elsewhere. Without it the tests that want it skip loudly, each counted.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("GOPHERGATE_EXCHANGES") or Path(__file__).parents[3] / "shared" / "exchanges")

wanted = pytest.mark.skipif(not any(FOLDER.glob("*.jsonl.gz")), reason=f"no recorded exchanges at {FOLDER}")
"""Put on every test that plays recordings."""

Record = dict[str, Any]


@cache
def records(provider_file: str) -> tuple[Record, ...]:
    """Every record of one file ("openai", "anthropic", ...), in order; none when the folder is missing."""
    path = FOLDER / f"{provider_file}.jsonl.gz"
    if not path.is_file():
        return ()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


def files() -> list[str]:
    """The names that `records` takes."""
    return sorted(path.name.removesuffix(".jsonl.gz") for path in FOLDER.glob("*.jsonl.gz"))


def every(*endpoints: str) -> Iterator[Record]:
    """Every record of those endpoints ("chat.completions", "messages", ...), over all files."""
    for name in files():
        for record in records(name):
            if record["endpoint"] in endpoints:
                yield record


def something(seen: object) -> None:
    """Skips, loudly, a test that found nothing of its kind among these recordings: others may be put in their place."""
    if not seen:
        pytest.skip(f"nothing of the kind is recorded at {FOLDER}")


def response_bytes(record: Record) -> bytes:
    """The answer's body as bytes."""
    body = record["response_body"]
    if record["response_encoding"] == "base64":
        return base64.b64decode(body)
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def request_bytes(record: Record) -> bytes:
    """The request's body as bytes (JSON dumped again: recordings keep its meaning, not its spacing)."""
    return json.dumps(record["request_body"], ensure_ascii=False).encode()
