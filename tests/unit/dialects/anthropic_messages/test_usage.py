"""Token counts of the Messages wire, both ways."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.usage import Usage
from gophergate.dialects.anthropic_messages.usage import read_usage, write_usage


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        (None, None),
        ({}, None),
        ({"input_tokens": None, "output_tokens": "many"}, None),
        ({"input_tokens": 0, "output_tokens": 0}, Usage(input=0, output=0)),
        ({"input_tokens": 1.0, "output_tokens": -1, "cache_read_input_tokens": True}, Usage(input=1)),
        (
            {"cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3}},
            Usage(cache_write=2, cache_write_1h=3),
        ),
        ({"cache_creation_input_tokens": 9}, Usage(cache_write=9)),
        (
            {
                "cache_creation_input_tokens": 4,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 9},
            },
            Usage(cache_write=0, cache_write_1h=4),
        ),
        (
            {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}},
            Usage(output=9, reasoning=4),
        ),
        (
            {"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0, "new": 1}},
            Usage(tool_uses={"web_search": 2, "web_fetch": 0}),
        ),
    ],
)
def test_reports_become_disjoint_counts(raw: Any, usage: Usage | None) -> None:
    """R-U1, edge case 58: absent is None, zero is zero, nonsense is absent."""
    assert read_usage(raw) == usage


def test_compaction_passes_are_billed_and_advisors_are_not_ours_to_price() -> None:
    """A compaction's tokens stand outside the totals; an advisor's have another model's price."""
    iterations = [
        {"type": "compaction", "input_tokens": 100, "output_tokens": 131, "cache_creation_input_tokens": 55_096},
        {"type": "advisor_message", "model": "other", "input_tokens": 2518, "output_tokens": 22},
        {"type": "message", "input_tokens": 229, "output_tokens": 5},
    ]
    raw = {"input_tokens": 229, "output_tokens": 5, "cache_creation_input_tokens": 0, "iterations": iterations}
    assert read_usage(raw) == Usage(input=329, cache_write=55_096, output=136)


COUNTS = st.none() | st.integers(0, 10**9)


@given(
    usage=st.builds(
        Usage,
        input=st.integers(0, 9),
        cache_read=COUNTS,
        cache_write=st.integers(0, 9),
        cache_write_1h=st.integers(0, 9),
        output=st.integers(0, 9),
        reasoning=COUNTS,
        tool_uses=st.none() | st.just({"web_search": 1, "web_fetch": 2}),
    )
)
def test_what_is_written_reads_back(usage: Usage) -> None:
    """R-U1: the vendor's sums hold the same counts."""
    assert read_usage(write_usage(usage)) == usage


def test_the_vendor_s_own_report_stands() -> None:
    """A reply of this dialect is told with its own words, what we added to the counts left aside."""
    native = {"input_tokens": 5, "output_tokens": 2, "service_tier": "priority", "speed": None}
    told = write_usage(Usage(input=500, output=2, cache_read=1), native)
    assert told == {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 1, "service_tier": "priority"}
