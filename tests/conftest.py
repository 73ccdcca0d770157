"""What every test shares."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from gophergate.routing import refresh


@pytest.fixture(scope="session", autouse=True)
def _the_shipped_facts_are_read_once() -> Iterator[None]:
    """Some hundred tests start a gateway each, and each would read the same six thousand models: they never change."""
    patch = pytest.MonkeyPatch()
    patch.setattr(refresh, "shipped", functools.cache(refresh.shipped))
    yield
    patch.undo()
