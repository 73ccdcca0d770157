"""Facts are refreshed in the background, offline-safe and atomically: what there is stays until better has proved."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gophergate.errors import Unavailable, UpstreamUnreachable
from gophergate.routing.factfile import read_api, read_file
from gophergate.routing.facts import FactBook
from gophergate.routing.refresh import FILE, FIRST_LOOK, FactKeeper
from gophergate.transport.base import Ask, RawHeaders
from gophergate.transport.memory import MemoryTransport

DAY = 86_400.0
NOW = 1_800_000_000.0


def listing(count: int) -> bytes:
    """An answer of models.dev's with so many models."""
    models = {f"m-{n}": {"id": f"m-{n}", "limit": {"context": 10}} for n in range(count)}
    return msgspec.json.encode({"openai": {"models": models}})


class Stage:
    """A keeper whose network answers what `answers` holds, one after the other, and whose sleep ends after a while."""

    def __init__(self, folder: Path, *answers: Any, every: float = DAY, sleeps: int = 0) -> None:
        self.answers = list(answers)
        self.learnt: list[FactBook] = []
        self.slept: list[float] = []
        self.sleeps = sleeps
        self.transport = MemoryTransport(self._answer)
        self.keeper = FactKeeper(
            folder, self.transport, every=every, wall=lambda: NOW, learn=self._learn, sleep=self._sleep
        )

    async def _answer(self, ask: Ask) -> tuple[int, RawHeaders, bytes]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, tuple) else (200, (), answer)

    async def _learn(self, book: FactBook) -> None:
        self.learnt.append(book)

    async def _sleep(self, seconds: float) -> None:
        if len(self.slept) == self.sleeps:
            raise StopAsyncIteration
        self.slept.append(seconds)

    async def run(self) -> None:
        """Until there was enough sleep."""
        with pytest.raises(StopAsyncIteration):
            await self.keeper.run()


async def test_the_shipped_list_is_learnt_first_and_the_network_asked_a_minute_later(tmp_path: Path) -> None:
    stage = Stage(tmp_path, listing(9000), sleeps=1)
    await stage.run()
    assert [book.origin for book in stage.learnt] == ["shipped", str(tmp_path / FILE)]
    assert stage.slept == [FIRST_LOOK]
    assert [ask.url for ask in stage.transport.asks] == ["https://models.dev/api.json"]
    assert sorted(os.listdir(tmp_path)) == [FILE]


async def test_a_list_that_was_kept_is_taken_up_and_asked_for_anew_when_it_is_old(tmp_path: Path) -> None:
    await Stage(tmp_path, listing(9000), sleeps=1).run()
    os.utime(tmp_path / FILE, (NOW - 3600, NOW - 3600))
    later = Stage(tmp_path, sleeps=0)
    await later.run()
    assert later.learnt[0].size == 9000
    waits = Stage(tmp_path, listing(9000), sleeps=1)
    await waits.run()
    assert waits.slept == [DAY - 3600]


async def test_zero_never_looks(tmp_path: Path) -> None:
    stage = Stage(tmp_path, every=0)
    await stage.keeper.run()
    assert len(stage.learnt) == 1
    assert stage.transport.asks == []


async def test_without_a_network_what_there_is_stays_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    offline = UpstreamUnreachable("no way there")
    stage = Stage(tmp_path, offline, offline, listing(9000), sleeps=3)
    with caplog.at_level(logging.INFO, "gophergate.routing"):
        await stage.run()
    assert stage.slept == [FIRST_LOOK, 3600, 3600]
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "no way there" in warnings[0].getMessage()
    assert stage.learnt[-1].size == 9000


@pytest.mark.parametrize(
    "answer",
    [(500, (), b""), (302, ((b"location", b"http://x"),), b""), b"<html>", listing(150), b"", b"x" * (33 << 20)],
)
async def test_a_bad_list_changes_nothing(tmp_path: Path, answer: Any) -> None:
    """It is refused whole: no file of it is left, nothing is learnt."""
    stage = Stage(tmp_path, answer)
    await stage.keeper.load()
    assert await stage.keeper.refresh() is False
    assert [book.origin for book in stage.learnt] == ["shipped"]
    assert os.listdir(tmp_path) == []


async def test_a_damaged_kept_list_is_left_out(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"damaged")
    stage = Stage(tmp_path)
    await stage.keeper.load()
    assert stage.learnt[0].origin == "shipped"


async def test_a_folder_that_cannot_be_written_costs_the_news_only(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "gone", listing(9000))
    await stage.keeper.load()
    assert await stage.keeper.refresh() is False
    assert stage.keeper.book.origin == "shipped"


async def test_what_is_kept_can_be_read_by_another_process(tmp_path: Path) -> None:
    stage = Stage(tmp_path, listing(9000))
    await stage.keeper.load()
    assert await stage.keeper.refresh() is True
    book = read_file((tmp_path / FILE).read_bytes())
    assert (book.size, book.date) == (9000, "2027-01-15")


async def test_a_list_older_than_a_newer_package_ships_gives_way(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(read_api(listing(200), "2001-01-01"))
    stage = Stage(tmp_path)
    await stage.keeper.load()
    assert stage.learnt[0].origin == "shipped"
    (tmp_path / FILE).write_bytes(read_api(listing(200), "2101-01-01"))
    await stage.keeper.load()
    assert stage.learnt[1].size == 200


async def test_a_database_that_is_down_ends_no_refreshing(tmp_path: Path) -> None:
    stage = Stage(tmp_path, listing(9000))
    await stage.keeper.load()

    async def down(book: FactBook) -> None:
        raise Unavailable("The database is down.")

    stage.keeper._learn = down
    assert await stage.keeper.refresh() is False
    assert stage.keeper.book.size == 9000
