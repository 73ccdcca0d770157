"""Price lists with their dates: checked before they count, written whole, and in force when they were."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gophergate.core.usage import Usage
from gophergate.ledger.pastprices import PastPrices
from gophergate.ledger.pricelists import MOST_KEPT, PriceLists, UnusablePrices, shipped
from gophergate.ledger.pricing import PriceBook


def published(rate: float, extra: str = "") -> bytes:
    """A list as genai-prices publishes it, in which gpt-5 costs that much per million."""

    def model(name: str, price: float) -> dict[str, Any]:
        return {"id": name, "match": {"equals": name}, "prices": {"input_mtok": price, "output_mtok": price}}

    known = {
        "openai": [model("gpt-5", rate), model("gpt-4.1", 2), *([model(extra, 9)] if extra else [])],
        "anthropic": [model("claude-sonnet-4-5", 3)],
        "google": [model("gemini-2.5-pro", 1)],
    }
    for number in range(8):
        known[f"p{number}"] = [model(f"m{number}-{each}", 1) for each in range(40)]
    return json.dumps([{"id": i, "name": i, "api_pattern": "x", "models": m} for i, m in known.items()]).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "no list of providers"),
        (b"[]", "only 0 providers"),
        (b"[1]", "cannot read it"),
        (b'[{"id": "x"}]', "cannot read it"),
        (published(1).replace(b'{"equals": "m3-7"}', b'{"regex": "m3-7("}'), "the pattern of p3/m3-7 is none"),
        (published(-1), "a price of openai/gpt-5 is no amount"),
        (
            published(float("inf")).replace(b"Infinity", b'"Infinity"'),
            "a price of openai/gpt-5 is no amount|cannot read",
        ),
        (published(1).replace(b'"gpt-4.1"', b'"gpt-4.0"'), "does not know openai/gpt-4.1"),
    ],
)
def test_what_is_no_list_is_refused_and_changes_nothing(data: bytes, reason: str, tmp_path: Path) -> None:
    lists = PriceLists(tmp_path / "prices")
    with pytest.raises(UnusablePrices, match=reason):
        lists.keep(data, 1_800_000_000)
    assert lists.kept() == []
    assert lists.current.version == shipped().version


def test_the_list_of_a_moment_is_the_one_that_was_in_force(tmp_path: Path) -> None:
    lists = PriceLists(tmp_path)
    assert lists.named() == (shipped().version, 0)
    first = lists.keep(published(10), 1_800_000_000)
    assert lists.keep(published(10), 1_800_000_500) is None
    second = lists.keep(published(20, "gpt-99"), 1_800_001_000)
    assert first is not None
    assert second is not None
    again = PriceLists(tmp_path)  # as after a restart
    moments = (0, 1_799_999_999, 1_800_000_000, 1_800_000_999, 1_800_001_000, 9_999_999_999)
    found = [again.at(moment).version for moment in moments]
    assert found == [shipped().version] * 2 + [first.version] * 2 + [second.version] * 2
    assert again.named() == (second.version, 1_800_001_000)
    assert again.current.version == second.version
    assert [each.version for each in again.since(1_800_000_500)] == [first.version, second.version]


def test_a_file_that_was_damaged_is_passed_over(tmp_path: Path) -> None:
    lists = PriceLists(tmp_path)
    first = lists.keep(published(10), 1_800_000_000)
    lists.keep(published(20), 1_800_001_000)
    assert first is not None
    lists.kept()[-1].path.write_bytes(b"half")
    (tmp_path / "1800002000-0123456789ab.json.gz").write_bytes(gzip.compress(b"{}"))
    (tmp_path / "1800003000-0123456789ab.new").write_bytes(b"x")
    assert PriceLists(tmp_path).current.version == first.version


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    for number in range(MOST_KEPT + 5):
        (tmp_path / f"{1_700_000_000 + number}-{number:012x}.json.gz").write_bytes(b"x")
    lists = PriceLists(tmp_path)
    lists.keep(published(10), 1_800_000_000)
    assert len(lists.kept()) == MOST_KEPT
    assert lists.kept()[-1].since == 1_800_000_000


class Row:
    price_id = "openai"
    prices: dict[str, Any] = {}  # noqa: RUF012 - a double of a row


def test_past_prices_go_by_the_list_of_their_date_and_by_a_later_one_for_what_it_did_not_know(tmp_path: Path) -> None:
    lists = PriceLists(tmp_path)
    lists.keep(published(10), 1_800_000_000)
    lists.keep(published(20, "gpt-99"), 1_800_001_000)
    book = PriceBook(wall=lambda: 1_900_000_000.0, row=lambda name: Row(), lists=PriceLists(tmp_path))
    past, usage = PastPrices(book), Usage(input=1_000_000)

    def cost(model: str, at: float, prices: PastPrices = past) -> int | None:
        return prices.price(("openai", model, "", None), at, usage)[0]

    moments = (1_790_000_000, 1_800_000_000, 1_800_000_999, 1_800_001_000)
    assert [cost("gpt-5", at) for at in moments] == [1_250_000_000, 10 * 10**9, 10 * 10**9, 20 * 10**9]
    assert [cost("gpt-99", at) for at in moments] == [9 * 10**9] * 4
    assert cost("gpt-98", moments[0]) is None
    assert [cost("gpt-5", at, PastPrices(book, latest=True)) for at in moments] == [20 * 10**9] * 4
    assert len(past.cards) == 4
