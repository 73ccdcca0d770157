"""Edge case 62: what is split over pieces is found as if it came whole, and nothing of it goes on before."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gophergate.policy.guards.rules import Rule
from gophergate.policy.guards.window import Blocked, Tell, Window, masked
from kit.guarded import FOUND, cuts, rule, texts

RULES = (
    rule(),
    rule("keywords", keywords=["Zephyr", "hello x", "x"]),
    rule("regex", patterns=[r"ACME-\d+", r"\bin 20", r"[@-]{2,}", r"x.*y|x"]),
    rule("injection"),
)
WATCHES = rule(name="watch", mode="monitor")


def counted() -> tuple[Counter[tuple[str, str]], Tell]:
    """A counter of finds by rule and label, and what counts into it."""
    counts: Counter[tuple[str, str]] = Counter()

    def tell(rule: Rule, label: str) -> None:
        counts[rule.name, label] += 1

    return counts, tell


def poured(pieces: list[str], rules: tuple[Rule, ...]) -> tuple[str, Counter[tuple[str, str]]]:
    counts, tell = counted()
    window = Window(rules, tell)
    said = [window.feed(piece) for piece in pieces]
    return "".join([*said, window.feed("", is_whole=True)]), counts


@settings(max_examples=300)
@given(st.data(), texts, st.sets(st.sampled_from(range(len(RULES))), min_size=1))
def test_any_cutting_gives_what_the_whole_text_gives(data: st.DataObject, text: str, chosen: set[int]) -> None:
    """Edge case 62, R-X7, law 4."""
    rules = (*(RULES[number] for number in sorted(chosen)), WATCHES)
    pieces = data.draw(cuts(text))
    assert poured(pieces, rules) == poured([text], rules) == poured(list(text), rules)


@settings(max_examples=300)
@given(texts)
def test_nothing_is_left_of_what_was_found(text: str) -> None:
    """R-X7: whatever a detector finds in the whole text is gone from where it stood, and all else is as it was."""
    covered = [False] * len(text)
    for one in RULES:
        for detector in one.detectors:
            for find in detector.scan(text, 0, is_whole=True)[0]:
                covered[find.start : find.end] = [True] * (find.end - find.start)
    shown, _ = poured([text], RULES)
    kept = "".join(sign for sign, is_covered in zip(text, covered, strict=True) if not is_covered)
    plain = rule(name="plain", placeholder="\N{BLACK SQUARE}")
    assert plain.masks
    for label in (
        "EMAIL",
        "PHONE",
        "CREDIT_CARD",
        "IBAN",
        "US_SSN",
        "IP_ADDRESS",
        "SECRET",
        "KEYWORD",
        "PATTERN",
        "INJECTION",
    ):
        shown = shown.replace(f"[{label}]", "")
    assert shown == kept


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, many in FOUND.items() for text in many])
def test_it_is_found_at_every_split(word: str, text: str) -> None:
    """Edge case 62."""
    whole = f"so it is {text}, as you said"
    for at in range(len(whole) + 1):
        shown, counts = poured([whole[:at], whole[at:]], (rule(detect=[word]),))
        assert shown == f"so it is [{word.upper()}], as you said"
        assert counts == {("pii", word.upper()): 1}


def test_words_go_on_as_soon_as_they_are_decided() -> None:
    window = Window((rule(),), lambda *_: None)
    assert window.feed("Good mor") == "Good "
    assert window.feed("ning, ann") == "morning, "
    assert window.feed("@exam") == ""
    assert window.feed("ple.com and") == "[EMAIL] "
    assert window.feed("", is_whole=True) == "and"


def test_what_only_watches_holds_nothing_back() -> None:
    counts, tell = counted()
    window = Window((WATCHES,), tell)
    assert [window.feed(piece) for piece in ("ann@exam", "ple.com", " x")] == ["ann@exam", "ple.com", " x"]
    assert counts == {("watch", "EMAIL"): 1}


def test_what_blocks_lets_nothing_of_it_pass() -> None:
    window = Window((rule(action="block"),), lambda *_: None)
    assert window.feed("Hello ann@exam") == "Hello "
    with pytest.raises(Blocked) as stopped:
        window.feed("ple.com. And ")
    assert stopped.value.rule.name == "pii"


def test_finds_that_overlap_become_one() -> None:
    rules = (rule("keywords", keywords=["the ann"]), rule())
    assert poured(["see the ann@example.com now"], rules)[0] == "see [KEYWORD] now"


def test_what_is_held_is_bounded() -> None:
    """Whatever comes, what waits does not grow with it."""
    for unit in ("a", "1 ", "-----BEGIN PRIVATE KEY-----", "ab ", "@"):
        window = Window(RULES, lambda *_: None)
        longest = 0
        for _ in range(600):
            window.feed(unit * (60 // len(unit)))
            longest = max(longest, len(window._text))
        assert longest < 10_000


def test_a_large_text_is_masked_as_a_small_one_is() -> None:
    text = "Write to ann@example.com or call +1 555 234 5678. " * 2000
    assert masked(text, [rule()], lambda *_: None) == "Write to [EMAIL] or call [PHONE]. " * 2000
