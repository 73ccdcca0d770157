from __future__ import annotations

import pytest

from gophergate.store.values import NO_LIMITS, Limits, limits_from, limits_text, names_from, names_text


@pytest.mark.parametrize("limits", [NO_LIMITS, Limits(rpm=0), Limits(rpm=1, tpm=2, concurrency=3)])
def test_limits_come_back_and_none_is_null(limits: Limits) -> None:
    text = limits_text(limits)
    assert (text is None) == (limits == NO_LIMITS)
    assert limits_from(text) == limits


@pytest.mark.parametrize("names", [None, (), ("a", "ü/*")])
def test_no_list_and_an_empty_one_differ(names: tuple[str, ...] | None) -> None:
    assert names_from(names_text(names)) == names
