"""The tests there are, found without running them: by what their docstrings cite."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
NEEDS_MORE = re.compile(r"agents/|.*/test_recorded\w*\.py|fidelity/test_(answers|requests|signatures)\.py")
"""Tests that pass over nothing where there are no recordings, or that run only where an agent was installed."""


@cache
def functions_in(path: Path) -> dict[str, str]:
    """The test functions of a file with their docstrings, each on one line."""
    return {
        node.name: " ".join((ast.get_docstring(node) or "").split())
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


@cache
def every_test() -> dict[str, str]:
    """All of them with their docstrings, as `folder/test_file.py::test_name` below the tests' folder."""
    return {
        f"{path.relative_to(TESTS).as_posix()}::{name}": said
        for path in sorted(TESTS.rglob("test_*.py"))
        for name, said in functions_in(path).items()
    }
