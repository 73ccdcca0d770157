from __future__ import annotations

import pytest

from gophergate.errors import BadRequest, NotHere
from gophergate.store.audit import Audit, AuditFilter, AuditRow, record
from gophergate.store.database import Database


def entry(number: int, **changes: object) -> AuditRow:
    members: dict[str, object] = {
        "id": f"{number:03d}",
        "at": number // 2,
        "actor": "ann",
        "action": "keys.revoke",
        "target_kind": "key",
    }
    return AuditRow(**(members | changes))  # type: ignore[arg-type]


async def test_entries_come_newest_first_each_once(database: Database) -> None:
    audit = Audit(database)
    for number in range(7):
        await audit.add(entry(number))
    seen, cursor = [], None
    while True:
        page = await audit.page(cursor=cursor, limit=2)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [f"{number:03d}" for number in range(6, -1, -1)]


async def test_entries_can_be_narrowed(database: Database) -> None:
    audit = Audit(database)
    full = entry(1, actor_id="u", target_id="k", before='{"a":1}', after='{"a":2}', address="::1")
    await audit.add(full)
    await audit.add(entry(2, target_kind="user"))
    assert (await audit.page(AuditFilter(actor_id="u"))).items == [full]
    assert (await audit.page(AuditFilter(target_kind="key", target_id="k"))).items == [full]
    assert (await audit.page(AuditFilter(target_kind="key", target_id="x"))).items == []
    await audit.add(entry(3, actor="root at the command_line"))
    assert [one.id for one in (await audit.page(AuditFilter(actor="COMMAND_"))).items] == ["003"]
    assert (await audit.page(AuditFilter(actor="ann%"))).items == []
    assert await audit.get("001") == full
    with pytest.raises(NotHere):
        await audit.get("none")


async def test_a_change_that_fails_leaves_no_entry(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await record(connection, entry(1))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert (await Audit(database).page()).items == []


async def test_a_cursor_nobody_gave_is_a_bad_request(database: Database) -> None:
    with pytest.raises(BadRequest):
        await Audit(database).page(cursor="nonsense")
