"""What every test shares."""

from __future__ import annotations

import functools
import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import httpcore2
import hypothesis
import pytest
from sqlalchemy.engine import Dialect
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

from gophergate.admin import application
from gophergate.admin.making import MadeWhenAsked
from gophergate.routing import refresh
from gophergate.store import calls
from gophergate.store.rollups import Rollups
from kit.postgresql import PostgreSQL, postgresql

hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")
"""A busy machine makes no test fail: there are no timed tests."""

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at below
if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= 4 << 30:
    # Some thousand databases of a second each, which nobody keeps: on a disk each commit waits for it.
    os.environ.setdefault("TMPDIR", str(IN_MEMORY))
    tempfile.tempdir = None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nine thousand tests and what they import stay to the end: the collector need not look at them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _what_never_changes_is_read_once() -> Iterator[None]:
    """Some hundred tests start a gateway each, and each would read the same six thousand models, compile the same
    statements, make the validators of the routes it is asked for, and write the document of them all; some thousand
    clients are made, and each would read the system's hundred and fifty certificates, which no server of a test has."""
    pages: dict[str, tuple[bytes, str]] = {}
    rollups: dict[str, Rollups] = {}

    def shared_pages(routes: Sequence[MadeWhenAsked]) -> dict[str, tuple[bytes, str]]:
        if not pages:
            pages.update(written(routes))
        return pages

    def shared_rollups(dialect: Dialect) -> Rollups:
        return rollups.get(dialect.name) or rollups.setdefault(dialect.name, Rollups(dialect))

    written = application._pages
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "_made", functools.cache(application._made))
        patch.setattr(application, "_pages", shared_pages)
        patch.setattr(calls, "Rollups", shared_rollups)
        patch.setattr(refresh, "shipped", functools.cache(refresh.shipped))
        patch.setattr(httpcore2, "default_ssl_context", functools.cache(httpcore2.default_ssl_context))
        yield


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """One for all tests of this process, started by the first that asks."""
    with postgresql() as running:
        yield running


class _Together(LoadGroupScheduling):
    """What goes to one worker as a whole: the browser's tests, as one seeded gateway and one Chromium do for all of
    them, and the many small tests of a module, which share what the module reads once. Journeys and recordings, of
    which one may take seconds, go one by one and last, so that both workers end together.

    By where they stand, as `xdist_group` has no effect: it appends to `Item._nodeid`, which pytest 9.2 no longer
    reads (`Item.nodeid` is made from another field), so the scheduler never sees the group.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith("tests/browser/"):
            return "browser"
        if nodeid.startswith(("tests/journeys/", "tests/fidelity/")):
            return super()._split_scope(nodeid)
        return nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling | None:
    """Only for `--dist loadgroup`; any other way to spread tests is left as asked for."""
    return _Together(config, log) if config.getoption("dist") == "loadgroup" else None
