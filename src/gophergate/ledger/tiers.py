"""What a service tier costs where the price list does not say: factors on token rates, by vendor and tier.

genai-prices knows the flex, priority, fast and batch rates of many models, and goes first. A tier that neither knows
makes a call unpriced (R-U2): a priority call charged as a standard one would be wrong by half.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

_HALF, _SAME = Decimal("0.5"), Decimal(1)

FACTORS: Mapping[str, Mapping[str, Decimal]] = {
    # "Tokens are priced at Batch API rates" (developers.openai.com/api/docs/guides/flex-processing); batch is half
    # (developers.openai.com/api/docs/guides/batch).
    "openai": {"flex": _HALF, "batch": _HALF},
    # Batch: "50% discount on both input and output tokens" (platform.claude.com/docs/en/about-claude/pricing). Priority
    # tier is a commitment bought beforehand and drawn on at the standard rates
    # (platform.claude.com/docs/en/api/service-tiers).
    "anthropic": {"batch": _HALF, "priority": _SAME},
    # Batch and flex: half the standard rate (ai.google.dev/gemini-api/docs/pricing).
    "google": {"batch": _HALF, "flex": _HALF},
    # "Flex processing ... same price as on-demand" (console.groq.com/docs/flex-processing), batch half
    # (console.groq.com/docs/batch).
    "groq": {"flex": _SAME, "batch": _HALF},
    # "50% discount" (docs.mistral.ai/capabilities/batch).
    "mistral": {"batch": _HALF},
    # Global batch: half of global standard (learn.microsoft.com/azure/ai-foundry/openai/how-to/batch).
    "azure": {"batch": _HALF},
    # What OpenRouter serves from capacity it has bought costs the standard rate: its own `usage.cost` says so.
    "openrouter": {"provisioned": _SAME},
    # Flex half, priority 75 % more, batch half (aws.amazon.com/bedrock/service-tiers, aws.amazon.com/bedrock/pricing).
    "aws": {"flex": _HALF, "priority": Decimal("1.75"), "batch": _HALF},
}


def context_of(tier: str) -> dict[str, str]:
    """How genai-prices names what a tier selects."""
    if tier == "batch":
        return {"processing": "batch"}
    return {"service_tier": tier}


CONTEXTS: Mapping[tuple[str, str], Mapping[str, str]] = {("anthropic", "fast"): {"speed": "fast"}}
"""Where a vendor's word for a tier is another's member."""
