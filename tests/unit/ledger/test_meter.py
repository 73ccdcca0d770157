from __future__ import annotations

from gophergate.core.blocks import Text, Vector
from gophergate.core.events import BlockClosed, BlockGrew, BlockOpened, Event, Finished, Started, UsageSeen
from gophergate.core.usage import Usage
from gophergate.ledger.meter import Meter

TEXT: list[Event] = [Started(model="m"), BlockOpened(0, Text(text="")), BlockGrew(0, "x" * 40)]


def metered(*events: Event) -> Meter:
    meter = Meter(lambda: 7.0)
    meter.see(events)
    return meter


def test_what_the_provider_reports_is_what_was_used() -> None:
    usage = Usage(input=9, output=2)
    meter = metered(*TEXT, BlockClosed(0), UsageSeen(usage), Finished(reason="stop"))
    assert meter.total(bytes(1000)) == (usage, "provider")
    assert (meter.first_token_at, meter.finish_reason) == (7.0, "stop")


def test_an_explicit_zero_stays_zero() -> None:
    """Edge case 58."""
    zero = Usage(input=0, output=0)
    assert metered(*TEXT, UsageSeen(zero), Finished(reason="stop")).total(bytes(1000)) == (zero, "provider")


def test_a_reply_cut_short_is_billed_on_what_was_delivered() -> None:
    """R-U5: delivered tokens, marked estimated."""
    assert metered(*TEXT).total(bytes(1000)) == (Usage(input=250, output=10), "estimated")


def test_a_running_report_keeps_its_input_when_the_output_is_cut() -> None:
    """Anthropic's message_start tells the input before the first token."""
    start = UsageSeen(Usage(input=33, cache_read=5, output=None))
    usage, source = metered(TEXT[0], start, *TEXT[1:]).total(bytes(9999))
    assert (usage, source) == (Usage(input=33, cache_read=5, output=10), "estimated")


def test_a_first_guess_is_not_the_truth_of_a_reply_that_was_cut() -> None:
    """R-U4, R-U5: message_start says one output token; what was delivered counts. A report that keeps up stands."""
    guess = UsageSeen(Usage(input=33, output=1))
    assert metered(guess, *TEXT).total(bytes(9999)) == (Usage(input=33, output=10), "estimated")
    kept_up = UsageSeen(Usage(input=33, output=7))
    assert metered(*TEXT, kept_up).total(bytes(9999)) == (Usage(input=33, output=7), "provider")
    assert metered(guess, *TEXT, Finished(reason="stop")).total(bytes(9999)) == (Usage(input=33, output=1), "provider")


def test_nothing_delivered_and_nothing_reported_used_nothing() -> None:
    assert metered(Started()).total(bytes(1000)) == (None, "none")


def test_what_could_not_be_read_is_unmetered_not_guessed() -> None:
    meter = metered(*TEXT)
    meter.readable = False
    assert meter.total(bytes(1000)) == (None, "none")


def test_inputs_that_nobody_counted_are_guessed_at_a_picture_by_the_piece() -> None:
    """R-U3: Gemini says nothing of the tokens of most embeddings; a picture's bytes are no text."""
    made = metered(Started(), BlockOpened(0, Vector(input=0, numbers=b"[1]")), BlockClosed(0), Finished(reason="stop"))
    assert made.total(b"word" * 200) == (Usage(input=200, output=0), "estimated")
    picture = b'{"inlineData":{"data":"' + b"iVBO" * 500_000 + b'"}}'
    assert made.total(picture) == (Usage(input=1007, output=0), "estimated")
    made.see([UsageSeen(Usage(input=0))])
    assert made.total(picture) == (Usage(input=0), "provider")
