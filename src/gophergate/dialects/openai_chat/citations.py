"""Citations of the Chat Completions wire (`annotations`), both ways."""

from __future__ import annotations

from typing import Any

from gophergate.core.blocks import Citation, Json
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.dialects.openai_chat.wire import NAME


def read_annotations(annotations: Json) -> tuple[Citation, ...]:
    """Citations, each with its wire object whole."""
    found = []
    for annotation in list_of(annotations):
        if isinstance(annotation, dict):
            cited = object_of(annotation.get("url_citation")) or object_of(annotation.get("file"))
            found.append(
                Citation(
                    url=text_of(cited.get("url")),
                    title=text_of(cited.get("title")) or text_of(cited.get("name")),
                    quote=text_of(cited.get("content")),
                    start=_offset(cited.get("start_index")),
                    end=_offset(cited.get("end_index")),
                    dialect=NAME,
                    native=annotation,
                )
            )
    return tuple(found)


def _offset(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def annotation(citation: Citation) -> dict[str, Json]:
    """A citation as OpenAI tells it; its own wire object when it came from here."""
    if citation.native is not None and citation.dialect == NAME:
        return citation.native
    cited: dict[str, Json] = {
        "url": citation.url,
        "title": citation.title,
        "start_index": citation.start or 0,
        "end_index": citation.end or 0,
    }
    if citation.quote:
        cited["content"] = citation.quote
    return {"type": "url_citation", "url_citation": cited}


def read_searched(results: list[Any]) -> tuple[Citation, ...]:
    """Perplexity's list of what it searched, as sources."""
    found = [object_of(result) for result in results]
    return tuple(
        Citation(url=text_of(r.get("url")), title=text_of(r.get("title")), quote=text_of(r.get("snippet")))
        for r in found
        if text_of(r.get("url"))
    )
