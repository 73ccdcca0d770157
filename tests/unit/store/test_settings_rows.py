from __future__ import annotations

import asyncio

import pytest

from gophergate.store import changes
from gophergate.store.database import Conflict, Database
from gophergate.store.settings_rows import TOPIC, SettingRow, SettingRows


async def test_a_setting_is_stored_and_changed(database: Database) -> None:
    rows = SettingRows(database)
    assert await rows.all() == {}
    await rows.put("a", "1", now=5, expected_version=0)
    await rows.put("a", "2", now=6, expected_version=1)
    assert await rows.all() == {"a": SettingRow(name="a", value="2", version=2, updated_at=6)}
    assert (await changes.marks(database))[TOPIC] == 2


async def test_of_two_who_read_the_same_only_the_first_writes(database: Database) -> None:
    rows = SettingRows(database)
    for version in (0, 1):
        results = await asyncio.gather(
            *(rows.put("a", str(number), now=0, expected_version=version) for number in range(3)),
            return_exceptions=True,
        )
        assert sum(isinstance(result, Conflict) for result in results) == 2
    with pytest.raises(Conflict):
        await rows.put("missing", "1", now=0, expected_version=4)
