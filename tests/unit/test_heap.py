"""The heap of a serving process. Each in a process of its own: what is frozen stays so."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio, gc, weakref
from gophergate import heap

class Cycle:
    def __init__(self):
        self.itself = self

heap.build_up()
assert not gc.isenabled()
before = [Cycle() for _ in range(100)]
heap.settle()
assert gc.isenabled()
assert gc.get_freeze_count() > 100, "the collector looks at what was built"
frozen = gc.get_freeze_count()

async def start():
    built = asyncio.Event()
    giving = asyncio.create_task(heap.give_back(built))
    await asyncio.sleep(0)
    since = [Cycle() for _ in range(1000)]
    assert gc.get_freeze_count() == frozen, "it did not wait"
    built.set()
    await giving
    assert gc.get_freeze_count() >= frozen + 1000
    return since

kept = asyncio.run(start())
left = weakref.ref(Cycle())
gc.collect()
assert left() is None, "what calls leave is collected"
"""


def test_what_was_built_is_left_alone_and_what_calls_leave_is_collected() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
