from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.core.caller import ScopeLimits
from gophergate.errors import RateLimited
from gophergate.policy import headers
from gophergate.policy.limits import Kind, Limited, LocalRates, Standing, Taken, Ticket

NONE = Taken(0, 0)


def test_no_sixty_seconds_see_more_than_the_limit_and_none_of_it_is_left_unused() -> None:
    """Wherever they begin: calls come at random moments, some in a burst, and always more than may."""
    dice = random.Random(5)
    now = [0.0]
    rates = LocalRates(lambda: now[0])
    scopes = (ScopeLimits("key", "k", rpm=10),)
    let_in: list[float] = []
    refused = 0
    while now[0] < 600:
        now[0] += dice.choice((0.0, 0.01, dice.expovariate(1.0)))
        try:
            rates.leave(rates.take(scopes, NONE), NONE)
        except RateLimited:
            refused += 1
        else:
            let_in.append(now[0])
    assert refused > 100
    for number, at in enumerate(let_in):
        # What is let in counts from its sixteenth of a second on, for sixty seconds that it is wholly older than.
        assert len([other for other in let_in[number:] if other < at + 60]) <= 10
    assert len(let_in) >= 10 * 9


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40), st.integers(0, 60)), max_size=60))
def test_tokens_are_held_as_guessed_and_counted_as_used(calls: list[tuple[int, int, int]]) -> None:
    now = [0]
    rates = LocalRates(lambda: now[0])
    scope = ScopeLimits("team", "t", tpm=100)
    used: list[tuple[int, int]] = []
    waits: list[float] = []
    for wait, guess, real in calls:
        now[0] += wait
        spent = sum(tokens for at, tokens in used if at >= now[0] - 60)
        try:
            ticket = rates.take((scope,), Taken(guess, 0))
        except RateLimited as refused:
            assert spent + guess > 100
            waits.append(refused.retry_after or 0)
        else:
            assert spent + guess <= 100
            rates.leave(ticket, Taken(0, real))
            used.append((now[0], real))
    assert all(1 <= wait <= 60.0625 for wait in waits)


def test_tokens_in_out_and_together_are_three_limits() -> None:
    rates = LocalRates(lambda: 0.0)
    scopes = (ScopeLimits("key", "k", tpm=100, input_tpm=60, output_tpm=50),)
    ticket = rates.take(scopes, Taken(40, 10))
    assert dict(ticket.standings()) == {
        "tokens": Standing(100, 50, 60.0625),
        "input-tokens": Standing(60, 20, 60.0625),
        "output-tokens": Standing(50, 40, 60.0625),
    }
    with pytest.raises(RateLimited, match="limit of 60 input tokens a minute is reached"):
        rates.take(scopes, Taken(21, 0))
    with pytest.raises(RateLimited, match="limit of 50 output tokens a minute"):
        rates.take(scopes, Taken(0, 41))
    rates.take(scopes, Taken(15, 0))
    with pytest.raises(RateLimited, match="limit of 100 tokens a minute"):
        rates.take(scopes, Taken(1, 35))


def test_all_scopes_or_none_and_a_refusal_uses_nothing_up() -> None:
    rates = LocalRates(lambda: 0.0)
    key, team = ScopeLimits("key", "k", rpm=5), ScopeLimits("team", "t", rpm=2)
    for _ in range(2):
        rates.take((key, team), NONE)
    for _ in range(10):
        with pytest.raises(RateLimited, match="team's limit of 2 requests a minute"):
            rates.take((key, team), NONE)
    for _ in range(3):
        rates.take((key,), NONE)
    with pytest.raises(RateLimited, match="key's limit of 5"):
        rates.take((key,), NONE)


def test_a_call_that_is_refused_after_all_gives_everything_back() -> None:
    """R-B6: a budget's refusal comes after the limits', and uses none of them up, not even the request."""
    rates = LocalRates(lambda: 0.0)
    scopes = (ScopeLimits("key", "k", rpm=1, tpm=10, concurrency=1),)
    for _ in range(5):
        rates.undo(rates.take(scopes, Taken(7, 3)))
    rates.take(scopes, Taken(7, 3))
    assert rates.running("key", "k") == 1


def test_a_limit_of_one_model_is_a_limit_of_its_own() -> None:
    rates = LocalRates(lambda: 0.0)
    for model in ("a", "b"):
        rates.take((ScopeLimits("team", "t", rpm=1, model=model),), NONE)
    with pytest.raises(RateLimited, match="team's limit of 1 requests a minute for a is reached"):
        rates.take((ScopeLimits("team", "t", rpm=1, model="a"),), NONE)


def test_a_changed_limit_holds_at_once_and_what_was_used_stays_used() -> None:
    rates = LocalRates(lambda: 0.0)
    for _ in range(3):
        rates.take((ScopeLimits("key", "k", rpm=3),), NONE)
    rates.take((ScopeLimits("key", "k", rpm=4),), NONE)
    with pytest.raises(RateLimited, match=r"limit of 2 requests a minute is reached \(4 used\)"):
        rates.take((ScopeLimits("key", "k", rpm=2),), NONE)


def test_calls_at_a_time() -> None:
    rates = LocalRates(lambda: 0.0)
    scopes = (ScopeLimits("client", "c", concurrency=2),)
    tickets: list[Ticket] = [rates.take(scopes, NONE), rates.take(scopes, NONE)]
    with pytest.raises(RateLimited, match="2 calls at a time"):
        rates.take(scopes, NONE)
    rates.leave(tickets.pop(), NONE)
    tickets.append(rates.take(scopes, NONE))
    for ticket in tickets:
        rates.leave(ticket, NONE)
    assert rates.running("client", "c") == 0


def test_a_call_larger_than_a_whole_minute_goes_alone() -> None:
    now = [0.0]
    rates = LocalRates(lambda: now[0])
    scopes = (ScopeLimits("key", "k", tpm=100),)
    ticket = rates.take(scopes, Taken(500, 0))
    assert ticket.standings()["tokens"] == (100, 0, 60.0625)
    rates.leave(ticket, Taken(500, 0))
    with pytest.raises(Limited) as refused:
        rates.take(scopes, Taken(1, 0))
    assert refused.value.standings["tokens"] == (100, 0, 60.0625)
    now[0] = float(60 + Fraction(1, 16))
    rates.take(scopes, Taken(1, 0))


def test_headers_are_in_the_words_of_the_callers_sdk() -> None:
    standings: dict[Kind, Standing] = {"requests": Standing(20, 19, 60.0625), "output-tokens": Standing(50, 40, 3.0)}
    openai = dict(headers.told("openai_chat", standings, lambda: 0.0))
    assert openai[b"x-ratelimit-limit-requests"] == b"20"
    assert openai[b"x-ratelimit-remaining-requests"] == b"19"
    assert openai[b"x-ratelimit-reset-requests"] == b"61s"
    assert not any(name.startswith(b"anthropic") for name in openai)
    anthropic = dict(headers.told("anthropic_messages", standings, lambda: 1_785_715_200.0))
    assert anthropic[b"anthropic-ratelimit-requests-remaining"] == b"19"
    assert anthropic[b"anthropic-ratelimit-output-tokens-limit"] == b"50"
    assert anthropic[b"anthropic-ratelimit-output-tokens-reset"] == b"2026-08-03T00:00:03.000Z"
