"""What most journeys begin with: a whole gateway, and an operator signed in at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gophergate.app import Gateway
from kit.gate import gate
from kit.operator import Operator, operator


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with gate(tmp_path / "gate") as made:
        yield made


@pytest.fixture
async def admin(gateway: Gateway) -> AsyncIterator[Operator]:
    async with operator(gateway) as made:
        yield made
