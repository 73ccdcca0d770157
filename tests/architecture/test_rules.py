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


RUNS_SQL = {"text", "exec_driver_sql", "execute", "executemany", "executescript"}


def is_built(node: ast.AST) -> bool:
    """Whether a text is put together where it is used: f-string, +, %, format, join."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("format", "join", "replace", "format_map")
    return isinstance(node, ast.JoinedStr | ast.BinOp)


PRAGMAS = "store/database.py: cursor.execute(f'PRAGMA {pragma}')"
"""The one exception: constants of ours, which SQLite takes as no parameters."""


def test_no_sql_is_put_together_from_strings() -> None:
    """R-X2: bound parameters only, wherever something runs SQL; literal SQL text stands in store/ only."""
    found, seen = [], 0
    for path, node in walk(ast.Call):
        assert isinstance(node, ast.Call)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in RUNS_SQL or not node.args:
            continue
        if name == "text" and ast.unparse(node.func) not in ("text", "sqlalchemy.text"):
            continue  # a dialect's verb
        seen += 1
        built = is_built(node.args[0])
        literal = isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
        outside = not named(path).startswith(("store/", "original/source.py", "cli/checks.py"))
        if (built or ((literal or name in ("text", "exec_driver_sql")) and outside)) and (
            f"{named(path)}: {ast.unparse(node)}" != PRAGMAS
        ):
            found.append(f"{named(path)}:{node.lineno} {ast.unparse(node)}")
    assert found == []
    assert seen > 100


def test_a_name_that_holds_sql_is_never_added_to() -> None:
    """R-X2: nor is it built elsewhere and run by its name."""
    found = []
    for path, node in walk(ast.Assign, ast.AugAssign, ast.Return):
        value = node.value  # type: ignore[attr-defined]
        if value is None or not is_built(value):
            continue
        words = ast.unparse(value).lower()
        if any(word in words for word in ("'select ", "'insert into", "'update ", "'delete from", "'alter table")):
            found.append(f"{named(path)}:{node.lineno} {ast.unparse(node)}")  # type: ignore[attr-defined]
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


def test_whoever_opens_an_entry_passes_admission() -> None:
    """R-B4: a call that leaves a row in the ledger is let in, or charged, at the one point; nothing goes round it."""
    found, opened = [], 0
    for path, node in walk(ast.FunctionDef, ast.AsyncFunctionDef):
        source = ast.unparse(node)
        if ".book.entry(" in source:
            opened += 1
            if "admission.admitted(" not in source and "admission.charge(" not in source:
                found.append(f"{named(path)}:{node.lineno}")  # type: ignore[attr-defined]
    assert found == []
    assert opened >= 2
