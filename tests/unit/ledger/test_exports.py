"""N6: providers' exports as they document them, columns in any order, and a clear word where one is not understood."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.ledger.exports import Line, UnreadableExport, read_export

OPENAI_USAGE = {
    "object": "page",
    "data": [
        {
            "object": "bucket",
            "start_time": 1_785_801_600,
            "end_time": 1_785_888_000,
            "results": [
                {
                    "object": "organization.usage.completions.result",
                    "input_tokens": 1000,
                    "input_cached_tokens": 800,
                    "output_tokens": 500,
                    "num_model_requests": 5,
                    "model": "gpt-5-2025-08-07",
                },
                {"object": "organization.usage.embeddings.result", "input_tokens": 16, "num_model_requests": 2},
            ],
        }
    ],
}
OPENAI_COSTS = {
    "object": "page",
    "data": [
        {
            "object": "bucket",
            "start_time": 1_785_801_600,
            "results": [
                {"amount": {"value": 0.06, "currency": "usd"}, "line_item": "gpt-5-2025-08-07, input"},
                {"amount": {"value": "0.04", "currency": "usd"}, "line_item": "gpt-5-2025-08-07, output"},
                {"amount": {"value": 1, "currency": "usd"}, "line_item": "Web search tool calls"},
            ],
        }
    ],
}
ANTHROPIC_USAGE = {
    "data": [
        {
            "starting_at": "2026-08-04T00:00:00Z",
            "ending_at": "2026-08-05T00:00:00Z",
            "results": [
                {
                    "uncached_input_tokens": 1500,
                    "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
                    "cache_read_input_tokens": 200,
                    "output_tokens": 500,
                    "server_tool_use": {"web_search_requests": 10},
                    "model": "claude-sonnet-4-20250514",
                    "service_tier": "standard",
                }
            ],
        }
    ],
    "has_more": False,
}
ANTHROPIC_COST = {
    "data": [
        {
            "starting_at": "2026-08-04T00:00:00Z",
            "results": [{"amount": "123.78912", "currency": "USD", "model": "claude-sonnet-4-20250514"}],
        }
    ]
}
DAY = "2026-08-04"


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        (
            OPENAI_USAGE,
            [
                Line(day=DAY, model="", requests=2, input=16),
                Line(day=DAY, model="gpt-5-2025-08-07", requests=5, input=200, cache_read=800, output=500),
            ],
        ),
        (
            OPENAI_COSTS,
            [
                Line(day=DAY, model="", cost=1_000_000_000),
                Line(day=DAY, model="gpt-5-2025-08-07", cost=100_000_000),
            ],
        ),
        (
            ANTHROPIC_USAGE,
            [
                Line(
                    day=DAY,
                    model="claude-sonnet-4-20250514",
                    input=1500,
                    cache_read=200,
                    cache_write=500,
                    cache_write_1h=1000,
                    output=500,
                )
            ],
        ),
        # "123.45" is 1.23 dollars: the amount is in cents.
        (ANTHROPIC_COST, [Line(day=DAY, model="claude-sonnet-4-20250514", cost=1_237_891_200)]),
    ],
)
def test_the_apis_answers(said: dict[str, Any], lines: list[Line]) -> None:
    assert read_export(json.dumps(said).encode()) == lines
    assert read_export(json.dumps([said, {"data": []}]).encode()) == lines  # pages, one after the other
    assert read_export(json.dumps(said["data"][0]).encode()) == lines  # a bucket alone


USAGE_CSV = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count,inference_geo,speed\n"
    '2026-08-04,claude-opus-5,"An App, of ours",Default,standard,≤ 200k,46981,15969,7,5,16932,0,global,\n'
    "2026-08-04,claude-opus-5,Other,Default,standard,≤ 200k,19,0,0,0,68,0,global,\n"
)
COST_CSV = (
    "usage_date_utc,model,workspace,api_key,token_type,cost_usd,list_price_usd\n"
    "2026-08-04,Claude Haiku 4.5,Default,k,input_no_cache,0.05,0.05\n"
    "2026-08-04,Claude Haiku 4.5,Default,k,output,0.02,0.02\n"
)
BILL_TSV = (
    "start_time\tend_time\tstart_time_iso\tend_time_iso\tamount_value\tamount_currency\tline_item\n"
    "1785801600\t1785888000\t2026-08-04T00:00:00+00:00\tx\t0.8958740000000000\tusd\t\n"
    "1785888000\t1785974400\t2026-08-05T00:00:00+00:00\tx\t\t\t\n"
)


def test_the_consoles_files() -> None:
    assert read_export(USAGE_CSV.encode()) == [
        Line(
            day=DAY,
            model="claude-opus-5",
            input=47_000,
            cache_read=5,
            cache_write=15_969,
            cache_write_1h=7,
            output=17_000,
        )
    ]
    assert read_export(COST_CSV.encode()) == [Line(day=DAY, model="Claude Haiku 4.5", cost=70_000_000)]
    assert read_export(("\ufeff" + BILL_TSV).encode()) == [
        Line(day=DAY, model="", cost=895_874_000),
        Line(day="2026-08-05", model=""),
    ]


@given(st.permutations(list(range(14))))
def test_columns_stand_in_any_order(order: list[int]) -> None:
    import csv
    import io

    rows = [[row[place] for place in order] for row in csv.reader(io.StringIO(USAGE_CSV))]
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(rows)
    assert read_export(out.getvalue().encode()) == read_export(USAGE_CSV.encode())


def test_what_anthropic_counts_beside_openai_counts_within() -> None:
    """The same generic columns: whose export it is decides what `input_tokens` holds."""
    text = b"date,model,input_tokens,cached_tokens,output_tokens,cost\n2026-08-04,m,100,40,1,0.5\n"
    assert read_export(text, "openai")[0].input == 60
    assert read_export(text, "anthropic")[0].input == 100


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe", "not UTF-8 text (byte 0)"),
        (b"", "The file is empty"),
        (b"{", "not JSON"),
        (b"[1]", "no list of buckets"),
        (b'{"data": 3}', "no list of buckets"),
        (b'{"data": [{"start_time": 1}]}', "bucket 1 has no list `results`"),
        (b'{"data": [{"results": []}]}', "neither `start_time`"),
        (b'{"data": [{"start_time": "soon", "results": []}]}', "bucket 1, its start: 'soon' is no date"),
        (b'{"data": [{"start_time": 1, "results": [{}]}]}', "bucket 1, result 1 has neither `amount`"),
        (b'{"data": [{"start_time": 1, "results": [{"amount": 3}]}]}', "`amount` is no object"),
        (b'{"data": [{"start_time": 1, "results": [{"input_tokens": -1}]}]}', "`input_tokens` is '-1', no count"),
        (b'{"data": [{"starting_at": "2026-08-04", "results": [{"a": 1}]}]}', "`uncached_input_tokens`"),
        (b'{"data": [{"starting_at": "2026-08-04", "results": [{"amount": "1", "currency": "EUR"}]}]}', "in EUR"),
        (b'{"data": []}', "no line with a day"),
        (b"model,cost\nm,1\n", "No column says the day"),
        (b"date,model\n2026-08-04,m\n", "No column says tokens or cost"),
        (b"date,cost\n2026-08-04,1\n04.08.2026,1\n", "line 3, its day: '04.08.2026' is no date"),
        (b"date,cost\n2026-08-04,\xe2\x82\xac5\n", "line 2, its cost"),
        (b"date,cost,currency\n2026-08-04,5,eur\n", "line 2 is in eur"),
        (b"date,input_tokens\n2026-08-04,1.5\n", "line 2: `total_input` is '1.5', no count"),
    ],
)
def test_what_is_not_understood_is_named(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableExport) as problem:
        read_export(data)
    assert said in problem.value.message


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_odd_bytes_end_in_a_sentence(data: bytes) -> None:
    with pytest.raises(UnreadableExport, match=r"(?s)\.$"):
        read_export(data)
