"""The rules of the house that a linter does not know, as checks over the source's own syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "gophergate"
FILES = sorted(path for path in SOURCE.rglob("*.py") if "migrations/versions" not in path.as_posix())
TREES = {path: ast.parse(path.read_text()) for path in FILES}


def named(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def walk(*kinds: type[ast.AST]) -> Iterator[tuple[Path, ast.AST]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, kinds):
                yield path, node


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(TREES[path]), "a module opens with what the room is for"


def test_the_page_stays_a_page() -> None:
    """DESIGN 1: exchange.py is under a hundred lines."""
    assert len((SOURCE / "exchange.py").read_text().splitlines()) < 100


def test_no_provider_is_named_outside_its_room() -> None:
    """DESIGN 2: there is no test on a provider's name outside providers/."""
    found = []
    for path, node in walk(ast.Compare):
        assert isinstance(node, ast.Compare)
        source = ast.unparse(node)
        if named(path).startswith(("providers/", "settings/")):
            continue
        if any(word in source for word in ("provider.name ==", "provider.kind ==", "row.kind ==", ".provider_name ==")):
            found.append(f"{named(path)}:{node.lineno} {source}")
    assert found == []


def test_exceptions_are_not_swallowed_whole() -> None:
    found = []
    for path, node in walk(ast.ExceptHandler):
        assert isinstance(node, ast.ExceptHandler)
        caught = ast.unparse(node.type) if node.type else "everything"
        if caught in ("everything", "Exception", "BaseException") and all(isinstance(x, ast.Pass) for x in node.body):
            found.append(f"{named(path)}:{node.lineno}")
    assert found == []


def test_sql_text_is_written_in_the_store_only() -> None:
    """R-X2: the only SQL is in store/, and none of it is put together from strings with values."""
    found = []
    for path, node in walk(ast.Call):
        assert isinstance(node, ast.Call)
        if ast.unparse(node.func) in ("text", "sqlalchemy.text", "exec_driver_sql"):
            inside = named(path).startswith("store/")
            built = node.args and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
            if not inside or built:
                found.append(f"{named(path)}:{node.lineno}")
    assert found == []


def test_nothing_waits_or_draws_lots_behind_a_dialects_back() -> None:
    """DESIGN 2: dialects are pure."""
    impure = {"asyncio", "time", "random", "os", "socket", "datetime", "uuid", "secrets", "logging"}
    found = []
    for path, node in walk(ast.Import, ast.ImportFrom):
        if not named(path).startswith(("dialects/", "core/")):
            continue
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]  # type: ignore[attr-defined]
        found += [f"{named(path)}: {name}" for name in names if name.split(".")[0] in impure]
    assert found == []


def test_no_module_grows_a_second_subject() -> None:
    """STYLE: well above 400 lines (a dialect: 600) ask what the second subject is."""
    long = {
        named(path): lines
        for path in FILES
        if (lines := len(path.read_text().splitlines())) > (600 if named(path).startswith("dialects/") else 450)
    }
    assert long == {}
