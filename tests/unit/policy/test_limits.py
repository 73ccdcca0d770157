from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.caller import ScopeLimits
from gophergate.errors import RateLimited
from gophergate.policy.limits import LocalRates, Ticket


def test_no_minute_sees_more_than_its_limit_and_none_is_left_unused() -> None:
    now = [0.0]
    rates = LocalRates(lambda: now[0])
    scopes = (ScopeLimits("key", "k", rpm=10),)
    let_in: list[float] = []
    for step in range(3000):
        now[0] = step / 10
        try:
            rates.leave(rates.take(scopes, 0), 0)
        except RateLimited:
            continue
        let_in.append(now[0])
    for start in range(240):
        assert len([at for at in let_in if start <= at < start + 60]) == 10


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40), st.integers(0, 60)), max_size=60))
def test_tokens_are_held_as_guessed_and_counted_as_used(calls: list[tuple[int, int, int]]) -> None:
    now = [0.0]
    rates = LocalRates(lambda: now[0])
    scope = ScopeLimits("team", "t", tpm=100)
    used: list[tuple[int, int]] = []
    waits: list[float] = []
    for wait, guess, real in calls:
        now[0] += wait
        spent = sum(tokens for at, tokens in used if at > int(now[0]) - 60)
        try:
            ticket = rates.take((scope,), guess)
        except RateLimited as refused:
            assert spent + guess > 100
            waits.append(refused.retry_after or 0)
        else:
            assert spent + guess <= 100
            rates.leave(ticket, real)
            used.append((int(now[0]), real))
    assert all(1 <= wait <= 60 for wait in waits)


def test_all_scopes_or_none_and_a_refusal_uses_nothing_up() -> None:
    rates = LocalRates(lambda: 0.0)
    key, team = ScopeLimits("key", "k", rpm=5), ScopeLimits("team", "t", rpm=2)
    for _ in range(2):
        rates.take((key, team), 0)
    for _ in range(10):
        with pytest.raises(RateLimited, match="team's limit of 2 requests a minute"):
            rates.take((key, team), 0)
    for _ in range(3):
        rates.take((key,), 0)
    with pytest.raises(RateLimited, match="key's limit of 5"):
        rates.take((key,), 0)


def test_calls_at_a_time() -> None:
    rates = LocalRates(lambda: 0.0)
    scopes = (ScopeLimits("client", "c", concurrency=2),)
    tickets: list[Ticket] = [rates.take(scopes, 0), rates.take(scopes, 0)]
    with pytest.raises(RateLimited, match="2 calls at a time"):
        rates.take(scopes, 0)
    rates.leave(tickets.pop(), 0)
    tickets.append(rates.take(scopes, 0))
    for ticket in tickets:
        rates.leave(ticket, 0)
    assert rates.running("client", "c") == 0


def test_a_call_larger_than_a_whole_minute_goes_alone() -> None:
    now = [0.0]
    rates = LocalRates(lambda: now[0])
    scopes = (ScopeLimits("key", "k", tpm=100),)
    ticket = rates.take(scopes, 500)
    assert ticket.token_standing == (100, 0, 60.0)
    rates.leave(ticket, 500)
    with pytest.raises(RateLimited) as refused:
        rates.take(scopes, 1)
    assert refused.value.headers["x-ratelimit-limit-tokens"] == "100"
    now[0] = 60.0
    rates.take(scopes, 1)
