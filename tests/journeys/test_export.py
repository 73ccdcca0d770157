"""Exports are written as they are read: memory does not feel their size, and no cell is a formula to a spreadsheet."""

from __future__ import annotations

import asyncio
import csv
import os
import tracemalloc
from pathlib import Path

import pytest

from gophergate.core.call import CallRecord
from gophergate.core.usage import Usage
from kit.gate import gate
from kit.operator import operator

ROWS = int(os.environ.get("GOPHERGATE_EXPORT_ROWS", "12000"))
"""200,000 for the whole proof."""


def record(number: int) -> CallRecord:
    return CallRecord(
        id=f"c{number:012d}",
        request_id=f"r{number}",
        started_at=1_767_603_600_000_000 + number * 1000,
        status="error" if number % 50 == 0 else "ok",
        http_status=200,
        door="openai_chat",
        operation="chat",
        end_user="=HYPERLINK(1)" if number == 7 else "ada",
        tags={"note": "x" * 100},
        model_requested="fast",
        model="m",
        provider="p",
        usage=Usage(input=number, output=1),
        usage_source="provider",
        cost=number,
        error_message='say "no",\r\nplease' if number == 9 else None,
    )


@pytest.mark.parametrize("kind", ["csv", "json"])
async def test_memory_does_not_feel_the_size_of_an_export(tmp_path: Path, kind: str) -> None:
    """The whole log crosses the wire within a few megabytes, held at no time."""
    async with gate(tmp_path / "gate") as gateway, operator(gateway) as admin:
        for at in range(0, ROWS, 4000):
            await gateway.calls.write([record(number) for number in range(at, min(at + 4000, ROWS))])
        path = f"/api/calls/export?format={kind}"
        size = lines = 0
        tracemalloc.start()
        async with admin.client.stream("GET", path, headers=admin.headers) as answer:
            assert answer.status_code == 200
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            async for piece in answer.aiter_bytes():
                size += len(piece)
                lines += piece.count(b"\n")
        grown = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        assert lines >= ROWS
        assert size > ROWS * 120
        assert grown < 12 << 20, f"{grown / 1e6:.1f} MB for {size / 1e6:.1f} MB"


async def test_no_cell_is_a_formula_and_the_sums_are_those_of_the_rows(tmp_path: Path) -> None:
    """R-A1."""
    async with gate(tmp_path / "gate") as gateway, operator(gateway) as admin:
        await gateway.calls.write([record(number) for number in range(20)])
        text = (await admin.raw("GET", "/api/calls/export")).text
        found = list(csv.DictReader(text.splitlines(keepends=True)))
        assert len(found) == 20
        by_id = {row["id"]: row for row in found}
        assert by_id["c000000000007"]["end_user"] == "'=HYPERLINK(1)"
        assert by_id["c000000000009"]["error_message"] == 'say "no",\r\nplease'
        assert round(sum(float(row["cost"]) for row in found) * 1e9) == sum(range(20))
        narrow = (await admin.raw("GET", "/api/calls/export?failed=true&format=json")).json()
        assert [row["id"] for row in narrow] == ["c000000000000"]


async def test_one_who_leaves_an_export_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    async with gate(tmp_path / "gate") as gateway, operator(gateway) as admin:
        await gateway.calls.write([record(number) for number in range(3000)])
        before = {task.get_name() for task in asyncio.all_tasks()}
        for _ in range(6):
            async with admin.client.stream("GET", "/api/calls/export", headers=admin.headers) as answer:
                async for _ in answer.aiter_bytes(100):
                    break
        for _ in range(200):
            left = [task for task in asyncio.all_tasks() if task.get_name() not in before]
            if not left:
                break
            await asyncio.sleep(0.02)
        assert left == []
        assert (await admin.get("/api/calls?limit=1"))["items"]
