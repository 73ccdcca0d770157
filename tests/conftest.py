"""What every test shares."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

from gophergate.routing import refresh
from kit.postgresql import PostgreSQL, postgresql

hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")
"""A busy machine makes no test fail: there are no timed tests."""


@pytest.fixture(scope="session", autouse=True)
def _the_shipped_facts_are_read_once() -> Iterator[None]:
    """Some hundred tests start a gateway each, and each would read the same six thousand models: they never change."""
    patch = pytest.MonkeyPatch()
    patch.setattr(refresh, "shipped", functools.cache(refresh.shipped))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """One for all tests of this process, started by the first that asks."""
    with postgresql() as running:
        yield running


class _BrowserTogether(LoadGroupScheduling):
    """The browser's tests go to one worker: one seeded gateway and one Chromium for all of them.

    By where they stand, as `xdist_group` has no effect: it appends to `Item._nodeid`, which pytest 9.2 no longer
    reads (`Item.nodeid` is made from another field), so the scheduler never sees the group.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling | None:
    """Only for `--dist loadgroup`; any other way to spread tests is left as asked for."""
    return _BrowserTogether(config, log) if config.getoption("dist") == "loadgroup" else None
