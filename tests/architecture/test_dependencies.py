from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DIRECT = [re.split(r"[\[<>=~! ]", line)[0] for line in PROJECT["project"]["dependencies"]]


def test_there_are_fewer_than_twenty_direct_dependencies() -> None:
    """R-X6."""
    assert len(DIRECT) < 20


def test_each_is_documented_with_its_reason_and_nothing_else_is() -> None:
    rows = re.findall(r"^\| ([a-z][a-z0-9-]*) \|", (ROOT / "docs/dependencies.md").read_text(), re.M)
    assert sorted(set(rows) - {"package"}) == sorted(DIRECT)


def test_the_lock_holds_hashes_for_every_artifact() -> None:
    """R-X6: hash-locked."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    for package in lock["package"]:
        for artifact in [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]:
            assert artifact["hash"].startswith("sha256:"), package["name"]
