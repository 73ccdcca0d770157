"""Providers' own limits, learned from the headers they send as their vendors document them, on a clock set by hand."""

from __future__ import annotations

import pytest

from gophergate.routing.pace import Need, Pace
from kit.routing import HandClock

AT = 1_785_715_200.0
"""2026-08-03 00:00 UTC."""
KEY, MODEL = "openai#default", "gpt-4.1"


class Floor:
    """A pace whose sleeps turn the clock."""

    def __init__(self, most: float = 30.0) -> None:
        self.clock = HandClock(100.0)
        self.slept: list[float] = []
        self.pace = Pace(most, self.clock, lambda: AT + self.clock.now - 100.0, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += seconds

    def learn(self, status: int = 200, model: str = MODEL, **fields: str) -> None:
        headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
        self.pace.learn(KEY, model, status, headers)

    async def wait(self, requests: int = 1, tokens: int = 0, input_tokens: int = 0, model: str = MODEL) -> float:
        return await self.pace.wait(KEY, model, Need(requests, tokens, input_tokens))


OPENAI = {"x_ratelimit_limit_requests": "60", "x_ratelimit_remaining_requests": "0"}


@pytest.mark.parametrize(
    ("reset", "seconds"), [("60s", 1.0), ("1m0s", 1.0), ("6m0s", 6.0), ("1200ms", 0.02), ("1h", 60.0), ("30", 0.5)]
)
async def test_a_spent_limit_is_waited_for_until_one_more_fits(reset: str, seconds: float) -> None:
    floor = Floor(most=100.0)
    floor.learn(**OPENAI, x_ratelimit_reset_requests=reset)
    assert await floor.wait() == pytest.approx(seconds)


async def test_calls_are_counted_until_the_next_answer_tells_better() -> None:
    floor = Floor()
    floor.learn(x_ratelimit_limit_requests="60", x_ratelimit_remaining_requests="2", x_ratelimit_reset_requests="58s")
    assert [await floor.wait() for _ in range(4)] == [0.0, 0.0, pytest.approx(1.0), pytest.approx(1.0)]
    floor.learn(x_ratelimit_limit_requests="60", x_ratelimit_remaining_requests="59", x_ratelimit_reset_requests="1s")
    assert await floor.wait() == 0.0


async def test_anthropics_moments_and_input_tokens_are_understood() -> None:
    floor = Floor()
    floor.learn(
        anthropic_ratelimit_input_tokens_limit="10000",
        anthropic_ratelimit_input_tokens_remaining="0",
        anthropic_ratelimit_input_tokens_reset="2026-08-03T00:00:10Z",
    )
    assert await floor.wait(tokens=10**9, input_tokens=5000) == pytest.approx(5.0)


async def test_retry_after_closes_the_credential_for_every_model() -> None:
    floor = Floor()
    floor.learn(status=429, retry_after="7")
    assert await floor.wait(model="another") == pytest.approx(7.0)
    floor.learn(status=200, retry_after="9")  # said beside an answer it is no refusal
    assert await floor.wait() == 0.0


async def test_what_takes_too_long_is_not_begun() -> None:
    floor = Floor(most=5.0)
    floor.learn(status=429, retry_after="6")
    assert await floor.wait() == 0.0
    assert floor.slept == []


async def test_a_call_larger_than_the_limit_waits_for_all_of_it_and_goes() -> None:
    floor = Floor()
    floor.learn(x_ratelimit_limit_tokens="1000", x_ratelimit_remaining_tokens="500", x_ratelimit_reset_tokens="10s")
    assert await floor.wait(tokens=5000) == pytest.approx(10.0)


@pytest.mark.parametrize(
    "fields",
    [
        {"x_ratelimit_limit_requests": "60"},
        {**OPENAI, "x_ratelimit_reset_requests": "soon"},
        {**OPENAI, "x_ratelimit_reset_requests": ""},
        {**OPENAI, "x_ratelimit_limit_requests": "-1", "x_ratelimit_reset_requests": "9s"},
        {**OPENAI, "x_ratelimit_limit_requests": "0", "x_ratelimit_reset_requests": "9s"},
        {"x_ratelimit_limit_requests_day": "60", "x_ratelimit_remaining_requests_day": "0"},
    ],
)
async def test_what_cannot_be_read_is_left_out(fields: dict[str, str]) -> None:
    floor = Floor()
    floor.learn(**fields)
    assert await floor.wait() == 0.0


async def test_memory_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gophergate.routing.pace._MOST", 10)
    floor = Floor()
    for number in range(50):
        floor.learn(model=f"m{number}", **OPENAI, x_ratelimit_reset_requests="9s")
    assert len(floor.pace._buckets) == 10
    assert await floor.wait(model="m0") == 0.0
    assert await floor.wait(model="m49") > 0
