"""The page's own arithmetic: what it says over all files is the sum of what it says of each."""

from __future__ import annotations

import pytest

from kit import fidelity_page


@pytest.mark.parametrize("name", ["answers", "requests", "signatures"])
def test_the_sums_are_sums(name: str) -> None:
    page = fidelity_page.PAGE.read_text("utf-8")
    assert fidelity_page.table(page, name), "nothing was measured"
    assert fidelity_page.with_sums(page, name) == page
