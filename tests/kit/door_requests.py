"""A small request at each door."""

from __future__ import annotations

from typing import Any


def asked(door: str, model: str, *, stream: bool) -> tuple[str, dict[str, Any]]:
    """A small request at a door: its path and body, the caller's own to change."""
    match door:
        case "openai_chat":
            return "/v1/chat/completions", {"model": model, "messages": _chat(), "stream": stream}
        case "openai_responses":
            return "/v1/responses", {"model": model, "input": "Hi", "stream": stream}
        case "anthropic_messages":
            return "/v1/messages", {"model": model, "max_tokens": 99, "messages": _chat(), "stream": stream}
        case "gemini":
            verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
            return f"/v1beta/models/{model}:{verb}", {"contents": _contents()}
        case "gemini_array":
            return f"/v1beta/models/{model}:streamGenerateContent", {"contents": _contents()}
        case "openai_completions":
            return "/v1/completions", {"model": model, "prompt": "Hi", "stream": stream}
        case "ollama_generate":
            return "/api/generate", {"model": model, "prompt": "Hi", "stream": stream}
        case _:
            return "/api/chat", {"model": model, "messages": _chat(), "stream": stream}


def embedding(model: str, path: str) -> dict[str, Any]:
    """The body of a small request for a vector, as the door at a path reads it."""
    match path.rpartition("/")[2].rpartition(":")[2]:
        case "embedContent":
            return {"content": {"parts": [{"text": "Hi"}]}}
        case "batchEmbedContents":
            return {"requests": [{"model": f"models/{model}", "content": {"parts": [{"text": "Hi"}]}}]}
        case "embed" if path == "/v2/embed":
            said = {"texts": ["Hi"], "input_type": "search_query", "embedding_types": ["float"]}
            return {"model": model, **said}
        case "embeddings" if path == "/api/embeddings":
            return {"model": model, "prompt": "Hi"}
        case _:
            return {"model": model, "input": "Hi"}


def _chat() -> list[dict[str, Any]]:
    return [{"role": "user", "content": "Hi"}]


def _contents() -> list[dict[str, Any]]:
    return [{"role": "user", "parts": [{"text": "Hi"}]}]
