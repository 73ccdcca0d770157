"""Call records for tests: one by hand, and hypothesis strategies for any."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from gophergate.core.call import Attempt, CallRecord, GuardFinding
from gophergate.core.usage import Usage

MONDAY = 1_785_715_200_000_000
"""2026-08-03 00:00 UTC in microseconds, the first moment of a period of calls."""
HOUR = 3_600_000_000
DAY = 24 * HOUR
WEEK = 7 * DAY


def call(number: int, **changes: Any) -> CallRecord:
    """A plain successful call; `number` makes the id, and the time: one a second from Monday on."""
    record = CallRecord(
        id=f"{number:026x}",
        request_id=f"req_{number}",
        started_at=MONDAY + number * 1_000_000,
        status="ok",
        http_status=200,
        door="openai_chat",
        operation="chat",
        client_id="client",
        key_id="key",
        model_requested="fast",
        model="gpt-4.1",
        provider="openai",
        usage=Usage(input=100, output=20),
        usage_source="provider",
        cost=1_234,
        latency_ms=250.0,
    )
    return msgspec.structs.replace(record, **changes)


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_names = st.sampled_from(["a", "b", "c"])
_counts = st.none() | st.integers(0, 10_000_000)
_ms = st.integers(0, 100_000_000).map(lambda us: us / 1000)
_maybe = st.none() | _names

usages = st.builds(
    Usage,
    **dict.fromkeys(set(Usage.__struct_fields__) - {"tool_uses", "units", "tier"}, _counts),
    tool_uses=st.none() | st.dictionaries(_texts, st.integers(0, 9), max_size=2),
    units=st.none() | st.dictionaries(_texts, st.integers(0, 9), max_size=2),
    tier=_maybe,
)


def records(ids: st.SearchStrategy[str]) -> st.SearchStrategy[CallRecord]:
    """Any record, over about three weeks."""
    return st.builds(
        CallRecord,
        id=ids,
        request_id=_texts,
        started_at=st.integers(MONDAY - WEEK, MONDAY + 2 * WEEK),
        status=st.sampled_from(["ok", "error", "refused", "timeout", "client_closed"]),
        http_status=st.sampled_from([200, 429, 502]),
        door=_names,
        operation=_names,
        stream=st.booleans(),
        organisation_id=_maybe,
        team_id=_maybe,
        user_id=_maybe,
        client_id=_maybe,
        key_id=_maybe,
        session=st.none() | _texts,
        end_user=st.none() | _texts,
        tags=st.dictionaries(_texts, _texts, max_size=2),
        model_requested=_texts,
        model=_maybe,
        provider=_maybe,
        usage=st.none() | usages,
        usage_source=st.sampled_from(["provider", "estimated", "none"]),
        cost=st.none() | st.integers(0, 10**12),
        price_version=st.none() | _texts,
        finish_reason=st.none() | _texts,
        latency_ms=_ms,
        first_token_ms=st.none() | _ms,
        overhead_ms=st.none() | _ms,
        attempts=st.lists(st.builds(Attempt, model=_texts, provider=_texts, ms=_ms), max_size=2).map(tuple),
        decision=st.lists(_texts, max_size=2).map(tuple),
        dropped=st.lists(_texts, max_size=2).map(tuple),
        guards=st.lists(
            st.builds(
                GuardFinding,
                guard=_texts,
                action=_names,
                mode=_names,
                where=_names,
                found=st.dictionaries(_texts, st.integers(0, 9), max_size=2),
            ),
            max_size=2,
        ).map(tuple),
        error_code=st.none() | _texts,
        error_message=st.none() | _texts,
        client_ip=st.none() | _texts,
        request_bytes=st.integers(0, 10**9),
        response_bytes=st.integers(0, 10**9),
    )
