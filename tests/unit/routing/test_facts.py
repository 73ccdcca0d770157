"""O30, edge cases 56 and 68: whose word is taken for what, and that it is always the same one."""

from __future__ import annotations

import gc
import random
import tracemalloc

import pytest

from gophergate.providers.registry import BY_KIND
from gophergate.routing.facts import UNKNOWN, FactBook, Facts
from gophergate.routing.refresh import shipped


def model(said_by: str, id_: str, **known: object) -> Facts:
    return Facts(id=id_, said_by=said_by, **known)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def book() -> FactBook:
    return shipped()


def test_the_own_provider_is_asked_first_then_the_maker_then_resellers() -> None:
    book = FactBook(
        {
            "aaa-reseller": [model("aaa-reseller", "gpt-x", context=1)],
            "zzz-reseller": [model("zzz-reseller", "gpt-x", context=2), model("zzz-reseller", "odd", context=7)],
            "openai": [model("openai", "gpt-x", context=3)],
        }
    )
    assert book.find(["zzz-reseller"], "gpt-x").context == 2
    assert book.find(["elsewhere"], "gpt-x-2025-01-01").said_by == "openai"
    assert book.find(["openai"], "odd").said_by == "zzz-reseller"
    assert book.find([], "never-heard-of") is UNKNOWN
    assert not UNKNOWN.is_known


def test_an_undated_name_stands_before_its_dated_ones_and_the_newest_before_older() -> None:
    dated = [
        model("openai", "gpt-x-2024-08-06", released="2024-08-06", context=1),
        model("openai", "gpt-x-2024-11-20", released="2024-11-20", context=2),
    ]
    assert FactBook({"openai": dated}).find(["openai"], "gpt-x").context == 2
    undated = model("openai", "gpt-x", released="2024-05-13", context=3)
    book = FactBook({"openai": [*dated, undated]})
    assert book.find(["openai"], "gpt-x").context == 3
    assert book.find(["openai"], "gpt-x-2024-08-06").context == 1
    assert book.find(["openai"], "gpt-x-2099-01-01").context == 3


def test_a_resellers_output_limit_is_never_a_default() -> None:
    """Edge case 56."""
    book = FactBook(
        {
            "reseller": [
                model("reseller", "anthropic/claude-x", max_output=1_000_000),
                model("reseller", "own-brew", max_output=5),
            ],
            "anthropic": [model("anthropic", "claude-x", max_output=64_000)],
        }
    )
    resold = book.find(["reseller"], "anthropic/claude-x")
    assert (resold.max_output, resold.default_output) == (1_000_000, 64_000)
    assert book.find(["reseller"], "own-brew").default_output is None


def test_no_default_we_send_exceeds_what_the_maker_allows(book: FactBook) -> None:
    """Edge case 56: where a dialect must name a limit, ours comes from a row of the maker's families."""
    row = BY_KIND["anthropic"]
    asked = 0
    for name in ("claude-sonnet-4-5", "claude-opus-4-5", "claude-opus-4-6", "claude-haiku-4-5", "claude-sonnet-5"):
        allowed = book.find(["anthropic"], name).default_output
        ours = row.traits(name).max_output
        assert allowed is not None
        assert ours is not None
        assert ours <= allowed, name
        asked += 1
    assert asked == 5


def test_modality_is_what_is_registered_never_what_a_name_suggests(book: FactBook) -> None:
    """Edge case 68."""
    seen = FactBook({"openai": [model("openai", "text-only-vision-4o", reads=("text",))]})
    assert seen.find(["openai"], "text-only-vision-4o").can_read("image") is False
    assert seen.find(["openai"], "gpt-4o-vision").can_read("image") is None
    assert book.find(["openai"], "gpt-4.1").can_read("image") is True
    assert book.find(["deepseek"], "deepseek-chat").can_read("image") is False


@pytest.mark.parametrize(
    ("at", "asked", "said_by", "found"),
    [
        ("openai", "gpt-4.1-2025-04-14", "openai", "gpt-4.1"),
        ("anthropic", "claude-sonnet-4-5@20250929", "anthropic", "claude-sonnet-4-5-20250929"),
        ("google", "models/gemini-2.5-pro", "google", "gemini-2.5-pro"),
        ("openrouter", "anthropic/claude-sonnet-4.5", "openrouter", "anthropic/claude-sonnet-4.5"),
        ("my-own", "gpt-4o-mini", "openai", "gpt-4o-mini"),
    ],
)
def test_the_shipped_list_knows_models_however_they_are_written(
    book: FactBook, at: str, asked: str, said_by: str, found: str
) -> None:
    facts = book.find([at], asked)
    assert (facts.said_by, facts.id) == (said_by, found)
    assert facts.context
    assert facts.reads


def test_the_order_of_a_list_changes_no_answer() -> None:
    models = [model("p", f"m-{n % 7}-2025-0{1 + n % 9}-11", released=str(n), context=n + 1) for n in range(60)]
    asked = [f"m-{n}" for n in range(7)]
    first = FactBook({"p": models})
    for seed in range(5):
        mixed = random.Random(seed).sample(models, len(models))
        again = FactBook({"p": mixed})
        assert [again.find(["p"], name) for name in asked] == [first.find(["p"], name) for name in asked]


def test_a_book_tells_what_it_was_told_and_keeps_it_small() -> None:
    """R-P3: as objects, with their names in dicts, they would take three times as much."""
    told = [
        Facts(
            id=f"maker/m-{number}",
            name=f"M {number}",
            context=number or None,
            max_input=2**40,
            reads=("text", "image") if number % 2 else (),
            writes=("text",),
            reasoning=(None, True, False)[number % 3],
            released="2025-01-02",
            status="beta",
            said_by="p",
        )
        for number in range(2000)
    ]
    tracemalloc.start()
    book = FactBook({"p": told})
    gc.collect()  # frees what Python keeps to make tuples of
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [book.find(["p"], facts.id) for facts in told] == told
    assert kept / len(told) < 250  # bytes


def test_what_fits_is_said_only_where_it_is_known() -> None:
    assert Facts().fits(1) is None
    assert Facts(context=100).fits(100) is True
    assert Facts(context=100, max_input=50).fits(60) is False
