from __future__ import annotations

import pytest

from gophergate.core.call import CallBodies
from gophergate.store.bodies import Bodies
from gophergate.store.database import Database
from kit.call_records import DAY, MONDAY


def said(call_id: str = "a", **changes: object) -> CallBodies:
    members: dict[str, object] = {
        "call_id": call_id,
        "request": b"\x00\xff" * 50,
        "response": b"hello " * 100,
        "request_size": 100,
        "response_size": 600,
    }
    return CallBodies(**(members | changes))  # type: ignore[arg-type]


async def test_bodies_come_back_as_they_were(database: Database) -> None:
    bodies = Bodies(database)
    await bodies.write([(MONDAY, said("a")), (MONDAY + DAY, said("b", request=b"", request_size=0))])
    assert await bodies.get("a", MONDAY + DAY - 1) == said("a")
    assert await bodies.get("b", MONDAY + DAY) == said("b", request=b"", request_size=0)
    assert await bodies.get("a", MONDAY + DAY) is None
    assert await bodies.get("a", MONDAY + 9 * DAY) is None


async def test_a_cut_body_keeps_its_true_size(database: Database) -> None:
    """R-D1: whether it was cut here or before it came."""
    bodies = Bodies(database, cap=10)
    await bodies.write([(MONDAY, said("a")), (MONDAY, said("b", request=b"123", request_size=5_000_000))])
    a, b = await bodies.get("a", MONDAY), await bodies.get("b", MONDAY)
    assert a == said("a", request=b"\x00\xff" * 5, response=b"hello hell")
    assert b is not None
    assert (b.request, b.request_size) == (b"123", 5_000_000)


async def test_bodies_are_stored_once_and_small(database: Database) -> None:
    bodies = Bodies(database)
    many = [(MONDAY, said(str(number))) for number in range(150)]
    await bodies.write([*many, many[0]])
    await bodies.write([(MONDAY, said("0", request=b"another"))])
    assert await bodies.get("0", MONDAY) == said("0")
    async with database.read() as connection:
        count, size = (
            await connection.exec_driver_sql("SELECT count(*), max(length(response)) FROM call_bodies_20260803")
        ).one()
    assert count == 150
    assert size < 100


@pytest.mark.parametrize("count", [0, 1])
async def test_a_batch_may_be_empty_or_single(database: Database, count: int) -> None:
    bodies = Bodies(database)
    await bodies.write([(MONDAY, said("a"))][:count])
    assert (await bodies.get("a", MONDAY) is not None) == bool(count)
