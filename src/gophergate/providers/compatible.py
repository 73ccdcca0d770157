"""Providers that speak OpenAI Chat Completions: a row each and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gophergate.providers import profiles, quirks
from gophergate.providers.base import Quirk, Row


def _row(
    kind: str,
    label: str,
    base_url: str,
    prefix: str = "/v1",
    *,
    variable: str = "",
    price_id: str | None = None,
    families: profiles.Families = profiles.ANY,
    also: tuple[str, ...] = (),
    notes: tuple[Quirk, ...] = (),
    keyless: bool = False,
    asks_usage: bool = True,
    embeds: tuple[str, ...] = (),
    beside: Mapping[str, str] = MappingProxyType({}),
) -> Row:
    """`embeds` are its dialects of embeddings; `beside` the paths of dialects that stand elsewhere than chat."""
    name = variable or kind.upper().replace("-", "_")
    speaks = ("openai_chat", *also)
    return Row(
        kind=kind,
        label=label,
        speaks=speaks,
        base_url=base_url,
        operations={"embeddings": embeds} if embeds else {},
        prefix={**dict.fromkeys(speaks, prefix), **beside},
        key_variables=() if keyless else (f"{name}_API_KEY",),
        base_variable=f"{name}_BASE_URL",
        price_id=price_id,
        traits=profiles.of(families),
        quirks=notes,
        keyless=keyless,
        asks_usage=asks_usage,
    )


_EMBEDS = ("openai_embeddings",)

ROWS: tuple[Row, ...] = (
    _row(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com",
        "",
        price_id="deepseek",
        families=profiles.DEEPSEEK,
        notes=(quirks.CONTENT_ON_CALLS, quirks.REASONING_ON_ASSISTANT, quirks.NO_SAMPLING_ON_REASONERS),
    ),
    _row(
        "moonshot",
        "Moonshot",
        "https://api.moonshot.ai",
        price_id="moonshotai",
        families=profiles.MOONSHOT,
        notes=(quirks.REASONING_ON_ASSISTANT,),
    ),
    _row("xai", "xAI", "https://api.x.ai", price_id="x-ai", families=profiles.XAI, also=("openai_responses",)),
    _row(
        "mistral",
        "Mistral",
        "https://api.mistral.ai",
        price_id="mistral",
        asks_usage=False,  # It always sends usage on a stream, without being asked.
        notes=(quirks.OUTPUT_DIMENSION,),
        embeds=_EMBEDS,
    ),
    _row("groq", "Groq", "https://api.groq.com", "/openai/v1", price_id="groq"),
    _row(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai",
        "/api/v1",
        price_id="openrouter",
        families=profiles.EFFORT,
        embeds=_EMBEDS,
    ),
    _row("together", "Together AI", "https://api.together.xyz", price_id="together", embeds=_EMBEDS),
    _row(
        "fireworks",
        "Fireworks AI",
        "https://api.fireworks.ai",
        "/inference/v1",
        price_id="fireworks",
        embeds=_EMBEDS,
    ),
    _row(
        "perplexity",
        "Perplexity",
        "https://api.perplexity.ai",
        "",
        price_id="perplexity",
        embeds=_EMBEDS,
        beside={"openai_embeddings": "/v1"},
    ),
    _row("cerebras", "Cerebras", "https://api.cerebras.ai", price_id="cerebras"),
    _row("deepinfra", "DeepInfra", "https://api.deepinfra.com", "/v1/openai", price_id="deepinfra", embeds=_EMBEDS),
    _row("nvidia", "NVIDIA NIM", "https://integrate.api.nvidia.com", embeds=_EMBEDS),
    _row("sambanova", "SambaNova", "https://api.sambanova.ai", embeds=_EMBEDS),
    _row("huggingface", "Hugging Face", "https://router.huggingface.co", variable="HF", price_id="huggingface_*"),
    _row("zai", "Z.ai", "https://api.z.ai", "/api/paas/v4", price_id="zai", families=profiles.ZAI),
    _row("minimax", "MiniMax", "https://api.minimax.io", price_id="minimax"),
    _row(
        "alibaba",
        "Alibaba Model Studio",
        "https://dashscope-intl.aliyuncs.com",
        "/compatible-mode/v1",
        variable="DASHSCOPE",
        embeds=_EMBEDS,
    ),
    _row(
        "cohere",
        "Cohere",
        "https://api.cohere.ai",
        "/compatibility/v1",
        price_id="cohere",
        embeds=("cohere_embed",),
        beside={"cohere_embed": "/v2"},
    ),
    _row("vllm", "vLLM", "http://127.0.0.1:8000", keyless=True, families=profiles.LOCAL, embeds=_EMBEDS),
    _row("lmstudio", "LM Studio", "http://127.0.0.1:1234", keyless=True, families=profiles.LOCAL, embeds=_EMBEDS),
    _row("llamacpp", "llama.cpp", "http://127.0.0.1:8080", keyless=True, families=profiles.LOCAL, embeds=_EMBEDS),
    _row(
        "compatible",
        "OpenAI-compatible",
        "",
        keyless=True,
        embeds=("openai_embeddings", "gemini_embeddings", "ollama_embeddings"),
    ),
)
