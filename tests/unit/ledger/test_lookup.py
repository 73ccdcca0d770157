"""R-U2, O30: which model of the list a name means. A price for the wrong model is worse than none."""

from __future__ import annotations

import pytest

from gophergate.ledger.lookup import find, find_anywhere
from gophergate.ledger.pricelists import shipped

SNAPSHOT = shipped().snapshot


@pytest.mark.parametrize(
    ("price_id", "name", "meant"),
    [
        ("openai", "gpt-4.1", "openai/gpt-4.1"),
        ("openai", "gpt-4.1-2025-04-14", "openai/gpt-4.1"),
        ("openai", "GPT-4.1-NANO", "openai/gpt-4.1-nano"),
        ("openai", "gpt-5.2-20251211", "openai/gpt-5.2"),
        ("openai", "gpt-3.5-turbo-0125", "openai/gpt-3.5-turbo"),
        ("openai", "ft:gpt-4o-2024-08-06:org::id", "openai/ft:gpt-4o"),
        ("openai", "ft:gpt-4o-2024-08-06:nano-labs::mini", "openai/ft:gpt-4o"),
        ("anthropic", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-5@20250929", "anthropic/claude-sonnet-4-5"),
        ("anthropic", "claude-3-5-sonnet-latest", "anthropic/claude-3-5-sonnet"),
        ("google", "models/gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("google", "gemini-2.5-pro-preview-05-06", "google/gemini-2.5-pro"),
        ("aws", "us.anthropic.claude-sonnet-4-20250514-v1:0", "aws/regional.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("mistral", "mistral-large-2411", "mistral/mistral-large"),
        ("azure", "gpt-4o", "openai/gpt-4o"),
        ("openrouter", "openai/gpt-4.1", "openrouter/openai/gpt-4.1"),
        ("huggingface_*", "openai/gpt-oss-120b:cerebras", "huggingface_cerebras/openai/gpt-oss-120b"),
        ("huggingface_*", "moonshotai/Kimi-K3:Fireworks-AI", "huggingface_fireworks-ai/moonshotai/Kimi-K3"),
    ],
)
def test_dated_and_versioned_names_find_their_model(price_id: str, name: str, meant: str) -> None:
    found = find(SNAPSHOT, price_id, name)
    assert found is not None
    assert f"{found[0].id}/{found[1].id}" == meant


@pytest.mark.parametrize(
    ("price_id", "name"),
    [
        ("openai", "gpt-4.1-nano-foo"),
        ("openai", "my-gpt-4"),
        ("openai", "gpt-4-foo"),
        ("openai", "gpt-4o-foo"),
        ("openai", "o3-mini-high-distilled"),
        ("openai", "gpt-99"),
        ("openai", ""),
        ("openai", "ft:gpt-4o:org::id-of-nobody"),
        ("openai", "ft:gpt-4.1-mini-2025-04-14:acme::x"),
        ("openai", "text-embedding-3-small-x"),
        ("azure", "my-gpt-4"),
        ("azure", "prod-gpt-4o-mini"),
        ("azure", "gpt4o"),
        ("azure", "chat"),
        ("anthropic", "claude-sonnet-4-foo"),
        ("anthropic", "my-claude-3-opus"),
        ("anthropic", "claude-opus-9"),
        ("google", "gemini-2.5-pro-foo"),
        ("google", "gemini-2.5-pro-preview-tts-clone"),
        ("google", "gemini-9"),
        ("deepseek", "deepseek-chat-distill-qwen-1.5b"),
        ("aws", "foo.anthropic.claude-sonnet-4"),
        ("x-ai", "grok-4-foo"),
        ("openrouter", "openai/gpt-4.1:nitro"),
        ("nobody", "gpt-4.1"),
        ("huggingface_*", "meta-llama/Llama-3.3-70B-Instruct"),
        ("huggingface_*", "meta-llama/Llama-3.3-70B-Instruct:fastest"),
        ("huggingface_*", "meta-llama/Llama-3.3-70B-Instruct:nobody"),
        ("huggingface_*", ":together"),
    ],
)
def test_what_only_looks_alike_has_no_price(price_id: str, name: str) -> None:
    assert find(SNAPSHOT, price_id, name) is None


def test_every_model_of_the_list_means_itself_by_its_own_id() -> None:
    for provider in SNAPSHOT.providers:
        for model in provider.models:
            found = find(SNAPSHOT, provider.id, model.id)
            assert found is not None
            assert found[1].id.lower() == model.id.lower(), provider.id


def test_makers_go_before_resellers() -> None:
    for name, maker in (("gpt-4.1", "openai"), ("claude-sonnet-4-5", "anthropic"), ("gemini-2.5-pro", "google")):
        found = find_anywhere(SNAPSHOT, name)
        assert found is not None
        assert found[0].id == maker
    assert find_anywhere(SNAPSHOT, "no-such-model") is None
