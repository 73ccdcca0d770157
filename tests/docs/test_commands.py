"""Every command that documentation, messages and pages tell people to type is one that there is."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from gophergate.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
PLACES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "src/gophergate/dashboard/pages").rglob("*.js")),
    *sorted((ROOT / "src/gophergate").rglob("*.py")),
]
_SAID = re.compile(r"(?:`|<code>|'|\$ )gophergate ([a-z-]+(?: [a-z][a-z-]*)*)")


def told() -> list[tuple[str, str]]:
    """`(place, words)` of each command, flags and arguments left out."""
    found = {
        (str(place.relative_to(ROOT)), said.strip()) for place in PLACES for said in _SAID.findall(place.read_text())
    }
    return sorted(found)


def test_commands_are_found_at_all() -> None:
    assert {place.split("/")[0] for place, _ in told()} >= {"docs", "src"}
    assert len(told()) > 10


@pytest.mark.parametrize(("place", "words"), told())
def test_what_people_are_told_to_type_is_a_command(place: str, words: str) -> None:
    at: click.Command = cli
    context = click.Context(cli)
    for word in words.split():
        if not isinstance(at, click.Group):
            return  # the rest are its arguments
        found = at.get_command(context, word)
        assert found is not None, f"{place}: gophergate {words}: there is no '{word}'"
        at = found
