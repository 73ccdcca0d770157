from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gophergate.core.call import CallRecord
from gophergate.ledger.frames import frame
from gophergate.ledger.journal import NOT_WRITTEN, Journal, open_journal
from kit.call_records import call, records


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(tmp_path)
    yield opened
    opened.close()


def left(directory: Path) -> tuple[list[CallRecord], list[CallRecord]]:
    """What the next process finds: finished records in order, and those whose calls never ended."""
    opened = open_journal(directory)
    finished: list[CallRecord] = []
    unfinished: dict[str, CallRecord] = {}
    for segment in opened.leftover:
        found = opened.read(segment)
        unfinished |= {record.id: record for record in found.unfinished}
        finished += found.finished
    opened.close()
    ended = {record.id for record in finished}
    return finished, [record for record in unfinished.values() if record.id not in ended]


def files(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*.segment"))


def tidy(journal: Journal) -> None:
    while (work := journal.chores()) is not None:
        work()


# -- what was appended is there -----------------------------------------------------------------------------------


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(records(st.text(max_size=5)), max_size=8), segment_bytes=st.sampled_from([1, 700, 1 << 20]))
def test_every_record_comes_back_from_the_next_start(
    tmp_path_factory: pytest.TempPathFactory, made: list[CallRecord], segment_bytes: int
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    journal = open_journal(directory, segment_bytes=segment_bytes)
    assert all(journal.append(record) != NOT_WRITTEN for record in made)
    journal.close()
    assert left(directory) == (made, [])


def test_a_torn_tail_costs_the_record_that_was_torn_and_no_other(tmp_path: Path) -> None:
    """Cut at every byte: all whole records before the cut, none invented, and the next start goes on from there."""
    journal = open_journal(tmp_path / "a")
    made = [call(number) for number in range(4)]
    for record in made:
        journal.append(record)
    journal.close()
    (path,) = files(tmp_path / "a")
    data = path.read_bytes()
    sizes = [len(frame(b"F" + msgspec.msgpack.encode(record))) for record in made]
    ends = [sum(sizes[:number]) for number in range(len(sizes) + 1)]
    assert ends[-1] == len(data)
    for cut in range(0, len(data), 7):
        path.write_bytes(data[:cut])
        again = open_journal(tmp_path / "a")
        found = again.read(again.leftover[0])
        assert found.finished == made[: sum(end <= cut for end in ends) - 1]
        assert again.statistics().damaged == (cut not in ends)
        again.append(call(99))
        again.close()
        for other in files(tmp_path / "a"):
            if other != path:
                assert open_and_read(other) == [call(99)]
                other.unlink()


def open_and_read(path: Path) -> list[CallRecord]:
    from gophergate.ledger.frames import Frames

    return [msgspec.msgpack.decode(body[1:], type=CallRecord) for body in Frames(path.read_bytes())]


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Law 1, R-D4: kill -9 in the middle of appending. What the process said was written is there."""
    program = """
import pathlib, sys
sys.path.insert(0, sys.argv[2])
from gophergate.ledger.journal import open_journal
from kit.call_records import call
journal = open_journal(pathlib.Path(sys.argv[1]), segment_bytes=20_000)
number = 0
while True:
    assert journal.append(call(number))
    print(number, flush=True)
    number += 1
"""
    kit = Path(__file__).parents[2]
    command = [sys.executable, "-c", program, str(tmp_path), str(kit)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 200:
            pass
        process.kill()
        rest = process.stdout.read().split()
    acknowledged = int(rest[-1]) if rest else 200
    finished, _ = left(tmp_path)
    assert finished[: acknowledged + 1] == [call(number) for number in range(acknowledged + 1)]
    assert len(finished) <= acknowledged + 2, "at most the one that was under way"


def test_a_call_that_never_ended_stands_as_noted_at_its_beginning(tmp_path: Path) -> None:
    """Law 1: a killed process leaves an entry for every call it was at."""
    journal = open_journal(tmp_path, segment_bytes=1)
    for number in range(3):
        journal.append(call(number, status="error", error_code="process_died"), provisional=True)
    journal.append(call(1))
    journal._slot.release()
    finished, unfinished = left(tmp_path)
    assert finished == [call(1)]
    assert [(record.id, record.error_code) for record in unfinished] == [
        (call(0).id, "process_died"),
        (call(2).id, "process_died"),
    ]


# -- what is stored goes ------------------------------------------------------------------------------------------


def test_a_segment_goes_once_everything_in_it_is_stored(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=600)
    tickets = [(call(number).id, journal.append(call(number))) for number in range(10)]
    segments = sorted({ticket for _, ticket in tickets})
    assert len(segments) > 3
    second = [pair for pair in tickets if pair[1] == segments[1]]
    journal.committed(second[:-1])
    tidy(journal)
    assert len(files(tmp_path)) == len(segments)
    journal.committed(second[-1:])
    tidy(journal)
    assert len(files(tmp_path)) == len(segments) - 1
    journal.committed([pair for pair in tickets if pair not in second])
    tidy(journal)
    assert len(files(tmp_path)) == 1, "the current one stays open"
    journal.close()
    assert files(tmp_path) == [], "a clean end leaves nothing"
    assert journal.statistics().bytes == 0


def test_a_long_call_holds_its_segment_and_lets_it_go(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=1)
    journal.append(call(1), provisional=True)
    for number in range(2, 6):
        journal.committed([(call(number).id, journal.append(call(number)))])
    tidy(journal)
    assert len(files(tmp_path)) == 2
    ticket = journal.append(call(1))
    journal.committed([(call(1).id, ticket)])
    journal.close()
    assert files(tmp_path) == []


def test_a_call_whose_end_could_not_be_written_keeps_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until its record is in the database: a kill before that still leaves an entry."""
    journal = open_journal(tmp_path)
    journal.append(call(1), provisional=True)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        ticket = journal.append(call(1, cost=5))
    assert ticket == NOT_WRITTEN
    journal.rotate()
    tidy(journal)
    assert len(files(tmp_path)) == 1
    journal.committed([(call(1).id, ticket)])
    journal.close()
    assert files(tmp_path) == []


def test_leftovers_go_when_they_are_forgotten(tmp_path: Path) -> None:
    first = open_journal(tmp_path, segment_bytes=1)
    for number in range(3):
        first.append(call(number))
    first.close()
    second = open_journal(tmp_path, segment_bytes=1)
    assert len(second.leftover) == 3
    assert second.statistics().bytes == sum(path.stat().st_size for path in files(tmp_path))
    second.append(call(9))
    for segment in second.leftover:
        second.forget(segment)
    second.close()
    assert left(tmp_path) == ([call(9)], [])


# -- what goes wrong ----------------------------------------------------------------------------------------------


def full(fd: int, data: bytes) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_counted_and_the_journal_goes_on_when_there_is_room(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.append(call(1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert journal.append(call(2)) == NOT_WRITTEN
    journal.append(call(3))
    assert (journal.statistics().failed, journal.statistics().appended) == (1, 2)
    assert "No space left" in journal.statistics().last_error
    journal.close()
    assert left(tmp_path) == ([call(1), call(3)], [])


def test_a_record_of_which_half_was_written_is_not_acknowledged_and_harms_no_other(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    journal.append(call(1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: write(fd, data[: len(data) // 2]))
        assert journal.append(call(2)) == NOT_WRITTEN
    journal.append(call(3))
    journal.close()
    assert left(tmp_path) == ([call(1), call(3)], [])


def test_the_bound_is_kept(tmp_path: Path) -> None:
    """Law 9: every buffer has a bound."""
    journal = open_journal(tmp_path, segment_bytes=2000, max_bytes=10_000)
    tickets = []
    while (ticket := journal.append(call(len(tickets)))) != NOT_WRITTEN:
        tickets.append((call(len(tickets)).id, ticket))
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 10_000
    assert "bound" in journal.statistics().last_error
    journal.committed(tickets)
    assert journal.append(call(1000)) != NOT_WRITTEN, "room again"
    journal.close()


def test_damage_in_the_middle_costs_what_it_hit(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for number in range(5):
        journal.append(call(number))
    journal.close()
    (path,) = files(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    assert left(tmp_path)[0] == [call(0), call(1), call(3), call(4)]


def test_a_frame_of_another_version_is_set_aside_and_not_thrown_away(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(call(1))
    journal.close()
    (path,) = files(tmp_path)
    strange = frame(b"F" + msgspec.msgpack.encode({"something": "else"}))
    path.write_bytes(strange + path.read_bytes())
    again = open_journal(tmp_path)
    assert again.read(again.leftover[0]).finished == [call(1)]
    assert again.statistics().unreadable == 1
    again.close()
    assert (path.parent / "rejected").read_bytes() == strange


def test_members_of_a_newer_version_do_no_harm(tmp_path: Path) -> None:
    """R-I2: after a downgrade the journal of the newer version is read."""
    journal = open_journal(tmp_path)
    journal.append(call(1))
    journal.close()
    (path,) = files(tmp_path)
    newer = msgspec.to_builtins(call(2)) | {"colour": "blue"}
    path.write_bytes(frame(b"F" + msgspec.msgpack.encode(newer)))
    assert left(tmp_path) == ([call(2)], [])


def test_a_text_that_is_no_text_is_written_cleaned(journal: Journal, tmp_path: Path) -> None:
    """R-X8: half a surrogate pair reaches us inside JSON strings."""
    assert journal.append(call(1, session="\ud800")) != NOT_WRITTEN
    journal.close()
    assert left(tmp_path)[0][0].session == "\ufffd"


def test_a_value_that_cannot_be_written_is_the_callers_to_keep(journal: Journal) -> None:
    assert journal.append(call(1, cost=2**70)) == NOT_WRITTEN
    assert journal.append(call(2, session=object())) == NOT_WRITTEN
    assert journal.append(call(3, session="\ud800", cost=object())) == NOT_WRITTEN
    assert not journal.set_aside(call(1, cost=2**70))


def test_a_closed_journal_writes_no_more(journal: Journal) -> None:
    journal.close()
    assert journal.append(call(1)) == NOT_WRITTEN


def test_a_disk_that_cannot_sync_is_told(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append(call(1))
    work = journal.chores()
    assert work is not None

    def broken(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="Input/output"):
            work()
    assert journal.chores() is None


def test_appending_is_quick(journal: Journal) -> None:
    """DESIGN 6: printed, not asserted."""
    record = call(1)
    best = min(_timed(journal, record) for _ in range(5))
    print(f"\njournal append: {best:.1f} us", end="")


def _timed(journal: Journal, record: CallRecord) -> float:
    began = time.perf_counter()
    for _ in range(2000):
        journal.append(record)
    return (time.perf_counter() - began) / 2000 * 1e6
