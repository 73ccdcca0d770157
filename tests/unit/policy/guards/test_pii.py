"""What has the shape of personal data or of a secret, and what only looks like it."""

from __future__ import annotations

import pytest

from gophergate.policy.guards.pii import DETECTORS
from gophergate.policy.guards.window import masked
from kit.guarded import FOUND, NOT_FOUND, rule

LABELS = {word: word.upper() for word in DETECTORS}


def said(word: str, text: str) -> str:
    return masked(text, [rule(detect=[word])], lambda *_: None)


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in FOUND.items() for text in texts])
def test_it_is_found_whole_wherever_it_stands(word: str, text: str) -> None:
    """R-X7."""
    hidden = f"[{LABELS[word]}]"
    assert said(word, text) == hidden
    assert said(word, f"say {text}, then") == f"say {hidden}, then"
    assert said(word, f"<{text}>") == f"<{hidden}>"
    assert said(word, f"字{text}字") == f"字{hidden}字" if word in ("email", "credit_card") else True
    assert said(word, f"{text} {text}\n{text}") == f"{hidden} {hidden}\n{hidden}"


@pytest.mark.parametrize(("word", "text"), [(word, text) for word, texts in NOT_FOUND.items() for text in texts])
def test_what_is_like_it_is_left_alone(word: str, text: str) -> None:
    assert said(word, text) == text
    assert said(word, f"say {text}, then") == f"say {text}, then"


def test_a_key_that_breaks_off_is_found_to_its_end() -> None:
    assert said("secret", "a -----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc") == "a [SECRET]"


def test_a_long_text_of_one_kind_of_sign_takes_time_that_grows_with_it() -> None:
    """No expression of ours goes back over its steps without a bound: these would never end if one did."""
    for unit in ("a", "1", "1 ", "a@", "@a.", "1.", ":1", "a:", "DE89", "+1", "(", "-----BEGIN ", "eyJ", "sk-a", ".a"):
        text = unit * (40_000 // len(unit))
        for word in DETECTORS:
            said(word, text)
