"""docs/fidelity.md: measured tables that the tests write themselves, and hold themselves to.

Each measuring test owns rows of the page and nothing else, so any number of processes may measure at once. With
UPDATE_DOCS=1 a test puts its rows in (under a lock); otherwise it compares them with those that stand there. The page
names the recordings it was measured over by their fingerprint: over others, comparing would say nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from kit import exchanges

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"
UPDATING = os.environ.get("UPDATE_DOCS") == "1"

Rows = dict[str, str]
"""The rows of a table by their first cell, each the rest of the line."""


@cache
def fingerprint() -> str:
    """The recordings' names and bytes in one short word; "" without any."""
    digest, found = hashlib.sha256(), False
    for path in sorted(exchanges.FOLDER.glob("*.jsonl.gz")):
        digest.update(path.name.encode() + path.read_bytes())
        found = True
    return digest.hexdigest()[:16] if found else ""


def table(page: str, name: str) -> Rows:
    """The rows of one table of the page."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n(.*?)<!-- end -->", page, re.DOTALL)
    assert found, f"docs/fidelity.md has no table '{name}'"
    lines = [line for line in found[1].splitlines() if line.startswith("| ")][2:]
    return {cells[1].strip(): line for line in lines if (cells := line.split("|"))}


def _with_table(page: str, name: str, rows: Rows) -> str:
    body = "".join(f"{rows[key]}\n" for key in sorted(rows))
    pattern = rf"(<!-- {re.escape(name)} -->\n(?:[^\n]*\n){{2}})(?:\|[^\n]*\n)*(<!-- end -->)"
    return re.sub(pattern, lambda found: found[1] + body + found[2], page)


@contextmanager
def _locked() -> Iterator[None]:
    with PAGE.open("rb") as page:
        fcntl.flock(page, fcntl.LOCK_EX)
        yield


def row(*cells: object) -> str:
    """One line of a table."""
    return f"| {' | '.join(str(cell).replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"


def record(name: str, key: str, rows: list[str]) -> None:
    """Hold the rows of table `name` that belong to `key` (the first cell begins with it) against the page, or put them
    there when the page is being updated.

    Skips loudly when the page was measured over other recordings than these.
    """
    mine = {line.split("|")[1].strip(): line for line in rows}
    assert all(cell == key or cell.startswith(f"{key} ") for cell in mine)
    if UPDATING:
        with _locked():
            page = PAGE.read_text("utf-8")
            others = {cell: line for cell, line in table(page, name).items() if not _belongs(cell, key)}
            page = re.sub(r"(fingerprint `)[^`]*`", rf"\g<1>{fingerprint()}`", page)
            page = _with_table(page, name, others | mine)
            PAGE.write_text(with_sums(page, name) if f"<!-- {name} in all -->" in page else page, "utf-8")
        return
    page = PAGE.read_text("utf-8")
    if f"fingerprint `{fingerprint()}`" not in page:
        pytest.skip(f"docs/fidelity.md was measured over other recordings than {exchanges.FOLDER}: not compared")
    stands = {cell: line for cell, line in table(page, name).items() if _belongs(cell, key)}
    assert mine == stands, "docs/fidelity.md says otherwise: UPDATE_DOCS=1 writes what was measured"


def record_whole(path: Path, name: str, rows: list[str]) -> None:
    """The same for a table that one test measures alone, on any page that names its recordings."""
    page = path.read_text("utf-8")
    mine = {line.split("|")[1].strip(): line for line in rows}
    if UPDATING:
        page = re.sub(r"(fingerprint `)[^`]*`", rf"\g<1>{fingerprint()}`", page)
        path.write_text(_with_table(page, name, mine), "utf-8")
        return
    if f"fingerprint `{fingerprint()}`" not in page:
        pytest.skip(f"docs/{path.name} was measured over other recordings than {exchanges.FOLDER}: not compared")
    assert mine == table(page, name), f"docs/{path.name} says otherwise: UPDATE_DOCS=1 writes what was measured"


def with_sums(page: str, name: str) -> str:
    """The page with the table `name in all` made of the rows of table `name`: one for each dialect, the counts of its
    files added, with their rate."""
    sums: dict[str, list[tuple[int, int]]] = {}
    for cell, line in table(page, name).items():
        dialect = cell.partition(",")[0]
        found = [(int(passed), int(total)) for passed, total in re.findall(r"(\d+)/(\d+)", line)]
        old = sums.get(dialect, [(0, 0)] * len(found))
        sums[dialect] = [(a + c, b + d) for (a, b), (c, d) in zip(old, found, strict=True)]
    rows = {name: row(name, *(_rate(*count) for count in counts)) for name, counts in sums.items()}
    return _with_table(page, f"{name} in all", rows)


def _rate(passed: int, total: int) -> str:
    if not total:
        return "none"
    rate = 100 * passed / total
    return f"{int(rate * 100) / 100:g} % of {total}"


def _belongs(cell: str, key: str) -> bool:
    return cell == key or cell.startswith(f"{key} ")
