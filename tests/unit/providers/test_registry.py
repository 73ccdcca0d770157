from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from gophergate.front.base import Heard
from gophergate.front.caller_headers import told
from gophergate.providers.base import BESIDE, Credential, Row, auth_headers, root_url
from gophergate.providers.build import build
from gophergate.providers.registry import BY_KIND, ROWS

GOOGLES_CHAT = "https://generativelanguage.googleapis.com/v1beta/openai"
KNOWN = {"openai_chat", "openai_responses", "anthropic_messages", "gemini", "ollama", "bedrock_converse"}


def test_kinds_are_unique() -> None:
    assert len(BY_KIND) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)
def test_every_row_is_whole(row: Row) -> None:
    assert set(row.speaks) <= KNOWN
    beside = {dialect for dialects in row.operations.values() for dialect in dialects}
    assert beside <= set(BESIDE)
    assert set(row.speaks) <= set(row.prefix) <= {*row.speaks, *beside}
    assert row.label
    for quirk in row.quirks:
        assert quirk.dialect in {*row.speaks, *beside}
        assert len(quirk.taught_by) > 20, "a quirk tells the failure that taught it"
    if row.base_url:
        assert row.base_url.startswith(("https://", "http://127.0.0.1"))
    if not row.keyless:
        assert row.key_variables


@pytest.mark.parametrize(
    ("dialect", "base", "prefix", "expected"),
    [
        ("openai_chat", "https://api.openai.com", "/v1", "https://api.openai.com/v1"),
        ("openai_chat", "https://host/custom/v1/", "/v1", "https://host/custom/v1"),
        ("anthropic_messages", "https://host/anthropic", "/v1", "https://host/anthropic/v1"),
        ("anthropic_messages", "https://host/v1", "/v1", "https://host/v1"),
        ("gemini", "https://host/v1alpha", "/v1beta", "https://host/v1alpha"),
        ("gemini", "https://host/proxy", "/v1beta", "https://host/proxy/v1beta"),
        ("ollama", "http://host:11434/api", "", "http://host:11434"),
        ("openai_chat", "http://[::1]:8000", "/v1", "http://[::1]:8000/v1"),
    ],
)
def test_base_urls_follow_the_habit_of_each_vendors_sdk(dialect: str, base: str, prefix: str, expected: str) -> None:
    assert root_url(dialect, base, prefix) == expected


@pytest.mark.parametrize(
    ("kind", "base", "speaks", "roots"),
    [
        ("openai", "", ("openai_responses",), {"openai_embeddings": "https://api.openai.com/v1"}),
        ("perplexity", "", (), {"openai_embeddings": "https://api.perplexity.ai/v1"}),
        ("cohere", "", (), {"cohere_embed": "https://api.cohere.ai/v2"}),
        ("cohere", "https://host/x/compatibility/v1", (), {"cohere_embed": "https://host/x/v2"}),
        ("gemini", "", ("openai_chat",), {"openai_embeddings": GOOGLES_CHAT}),
        ("compatible", "http://host/v1", ("anthropic_messages",), {}),
        ("compatible", "http://host/v1beta", ("ollama", "gemini"), {"gemini_embeddings": "http://host/v1beta"}),
        ("anthropic", "", (), {}),
    ],
)
def test_who_embeds_is_asked_below_the_root_of_what_it_speaks(
    kind: str, base: str, speaks: tuple[str, ...], roots: dict[str, str]
) -> None:
    """A `speaks` that leaves a dialect out leaves out what stands beside it, and nothing else."""
    key = [Credential("", "k")]
    made = build(BY_KIND[kind], "up", secrets=key, base_url=base, speaks=speaks, sleep=asyncio.sleep)
    embeds = made.operations.get("embeddings", ())
    assert {dialect: made.roots[dialect] for dialect in embeds}.items() >= roots.items()
    assert bool(embeds) == bool(roots)
    assert set(made.speaks).isdisjoint(embeds)


def test_keys_travel_in_headers_only() -> None:
    """R-X4."""
    assert auth_headers("bearer", "s") == ((b"authorization", b"Bearer s"),)
    assert auth_headers("x-goog-api-key", "s") == ((b"x-goog-api-key", b"s"),)
    assert auth_headers("bearer", "") == auth_headers("none", "s") == ()


def test_every_header_that_a_row_forwards_is_kept_from_its_caller() -> None:
    """R-C1: what a vendor wants to see is in the row; the front keeps these and no others."""
    wanted = sorted({name for row in ROWS for name in row.forwards})
    headers = [(name.encode(), b"said") for name in (*wanted, "cookie", "x-client-request-id")]
    asked = SimpleNamespace(headers=headers, heard=Heard())
    assert told(asked).passing == dict.fromkeys(wanted, "said")  # type: ignore[arg-type]
    assert told(asked).request_id == "", "Codex says the same `x-client-request-id` on every turn"  # type: ignore[arg-type]
