from __future__ import annotations

from gophergate.core.usage import Usage


def test_later_reports_win_member_by_member_and_are_never_summed() -> None:
    """Edge case 23: Anthropic repeats running totals in message_start and message_delta."""
    start = Usage(input=25, cache_read=100, output=1)
    assert start.merged(Usage(output=40)) == Usage(input=25, cache_read=100, output=40)


def test_zero_and_absent_differ() -> None:
    """R-U3, edge case 58."""
    assert Usage(input=0) != Usage()
    assert Usage(input=5).merged(Usage(input=0)) == Usage(input=0)


def test_the_prompt_is_the_sum_of_the_disjoint_input_classes() -> None:
    usage = Usage(input=1, cache_read=2, cache_write=4, cache_write_1h=8, audio_input=16, image_input=32, output=64)
    assert (usage.total_input, usage.total_output) == (63, 64)
