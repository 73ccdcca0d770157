"""What commands print: JSON for programs, plain columns for pipes, a table where a person looks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import click
import msgspec

Row = Sequence[str]


def print_json(value: object) -> None:
    """One JSON text, indented."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_json_line(value: object) -> None:
    """One JSON text on one line, sent at once."""
    click.echo(msgspec.json.encode(value).decode())
    sys.stdout.flush()


def print_table(headings: Sequence[str], rows: Iterable[Row], *, numbers: Iterable[str] = ()) -> None:
    """A table with these headings; the columns in `numbers` are set to the right.

    By rich on a terminal; elsewhere tab-separated, nothing cut or coloured, for `cut` and `awk`.
    """
    right = set(numbers)
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            click.echo("\t".join(one_line(cell) for cell in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    Console().print(table)


def print_line(cells: Row, widths: Sequence[int]) -> None:
    """One row of an endless table, sent at once: columns of these widths on a terminal, tabs elsewhere."""
    clean = [one_line(cell) for cell in cells]
    if sys.stdout.isatty():
        clean = [cell.ljust(width) for cell, width in zip(clean, widths, strict=True)]
    click.echo(("  " if sys.stdout.isatty() else "\t").join(clean).rstrip())
    sys.stdout.flush()


def warn(line: str) -> None:
    """One line on standard error."""
    click.echo(line, err=True)


def local_time(microseconds: int | None) -> str:
    """A time for people, in the zone of this machine; "" for none."""
    if microseconds is None:
        return ""
    return datetime.fromtimestamp(microseconds / 1_000_000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def one_line(text: str) -> str:
    """The text without what would move a terminal's cursor or break a table: names come from outside."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
