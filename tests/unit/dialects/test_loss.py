"""Loss is named, and only loss: a default spelled out, or a dialect's own note, is none (R-G3)."""

from __future__ import annotations

from gophergate.core.request import Request
from gophergate.dialects.loss import Losses


def dropped(request: Request, *supported: str) -> tuple[str, ...]:
    losses = Losses()
    losses.unsupported(request, frozenset(supported))
    return losses.names


def test_a_said_setting_that_is_not_supported_is_named_once_and_in_order() -> None:
    request = Request(dialect="x", model="m", temperature=0.0, top_k=3, stop=("a",), n=2, store=True)
    assert dropped(request, "temperature") == ("top_k", "stop", "n", "store")


def test_a_default_spelled_out_is_no_loss() -> None:
    request = Request(
        dialect="x",
        model="m",
        n=1,
        store=False,
        background=False,
        logprobs=False,
        top_logprobs=0,
        modalities=("text",),
        service_tier="auto",
        truncation="disabled",
        metadata={},
    )
    assert dropped(request) == ()


def test_foreign_members_are_named_but_for_a_dialects_own_notes() -> None:
    losses = Losses()
    losses.foreign({"a": {"defer_loading": True, "_form": 1}, "b": {"kept": 1}}, "b")
    assert losses.names == ("defer_loading",)
