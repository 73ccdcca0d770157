"""Times as typed, tables as printed, and which exceptions speak."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click
import pytest

from gophergate.cli.failures import is_for_people
from gophergate.cli.printing import local_time, one_line, print_line, print_table
from gophergate.cli.times import Moment, Span, microseconds
from gophergate.errors import Unavailable
from gophergate.keyfile import SetupError
from gophergate.times import rfc3339

NOW = 1_767_225_600_000_000


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("24h", 86_400), ("30d", 2_592_000), ("2w", 1_209_600)]
)
def test_spans(text: str, seconds: int) -> None:
    assert Span().convert(text, None, None) == seconds
    assert microseconds(Moment().convert(text, None, None), now=NOW, ahead=False) == NOW - seconds * 1_000_000
    assert microseconds(Moment().convert(text, None, None), now=NOW, ahead=True) == NOW + seconds * 1_000_000


@pytest.mark.parametrize("text", ["", "1y", "-5m", "1.5h", "m", "٣d", "2026-13-01", "2026-01-01 nonsense"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="such as"):
        Moment().convert(text, None, None)


def test_dates() -> None:
    for text in ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"):
        assert microseconds(Moment().convert(text, None, None), now=0, ahead=True) == NOW
    local = Moment().convert("2026-01-01", None, None)
    assert isinstance(local, datetime)
    assert (local.year, local.hour) == (2026, 0)


def test_times_for_programs_and_for_people() -> None:
    assert rfc3339(NOW + 1_500) == "2026-01-01T00:00:00.001Z"
    assert local_time(None) == ""
    shown = datetime.strptime(local_time(NOW), "%Y-%m-%d %H:%M:%S").astimezone()
    assert shown == datetime(2026, 1, 1, tzinfo=UTC)


def test_text_from_outside_stays_on_its_line() -> None:
    """Edge case 71: a model name must not clear the operator's screen."""
    assert one_line("a\x1b[2J\nb\u202e") == "a\ufffd[2J\ufffdb\ufffd"


def test_a_table_in_a_pipe_is_tab_separated_and_on_a_terminal_is_aligned(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [("a", "1"), ("long name [red]", "22")]
    print_table(("NAME", "N"), rows, numbers=["N"])
    print_line(("a", "b"), (5, 5))
    assert capsys.readouterr().out == "NAME\tN\na\t1\nlong name [red]\t22\na\tb\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    print_table(("NAME", "N"), rows, numbers=["N"])
    print_line(("a", "b"), (5, 5))
    shown = capsys.readouterr().out
    assert "long name [red]" in shown, "names are no markup"
    assert "\t" not in shown
    assert shown.splitlines()[-1] == "a      b"


def test_which_exceptions_speak_for_themselves() -> None:
    assert is_for_people(SetupError("x"))
    assert is_for_people(Unavailable("x"))
    assert not is_for_people(ValueError("x"))
