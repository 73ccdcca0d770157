from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gophergate.ledger.slots import Slot


def test_every_process_holds_a_slot_of_its_own(tmp_path: Path) -> None:
    slots = [Slot.take(tmp_path) for _ in range(3)]
    assert len({slot.directory for slot in slots}) == 3
    slots[1].release()
    again = Slot.take(tmp_path)
    assert again.directory == slots[1].directory
    for slot in (slots[0], slots[2], again):
        slot.release()


def test_who_starts_inherits_from_the_dead_and_not_from_the_living(tmp_path: Path) -> None:
    first, second, third = (Slot.take(tmp_path) for _ in range(3))
    for slot, names in ((first, [1]), (second, [3, 4]), (third, [1])):
        for number in names:
            slot.segment(number).write_text(f"{slot.directory.name} {number}")
    first.release()
    second.release()
    heir = Slot.take(tmp_path)
    texts = [heir.segment(number).read_text() for number in sorted(heir.segments())]
    assert texts == ["000 1", "001 3", "001 4"], "in order, the heir's own first"
    assert third.segments() == {1: len("002 1")}
    heir.release()
    third.release()


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\nfrom gophergate.ledger.slots import Slot\n"
        "slot = Slot.take(pathlib.Path(sys.argv[1]))\nprint('held', flush=True)\nsys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    other = Slot.take(tmp_path)
    assert other.directory.name == "001"
    process.kill()
    process.communicate()
    mine = Slot.take(tmp_path)
    assert mine.directory.name == "000"
    other.release()
    mine.release()


def test_a_directory_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Slot.take(tmp_path / "file")
