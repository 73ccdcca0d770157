"""Sources at the Gemini wire: groundingMetadata and citationMetadata to citations, and citations to groundingMetadata.

Google counts segments in bytes of UTF-8 over a candidate's whole text; the canon counts characters within a block.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gophergate.core.blocks import Citation, Json
from gophergate.dialects.gemini.wire import camel


def read_citations(candidate: dict[str, Json], said: str, block_start: int) -> tuple[Citation, ...]:
    """The citations of a candidate with the text `said`, for its block that begins at character `block_start`."""
    encoded = said.encode(errors="replace")
    return (
        *_grounded(camel(candidate.get("groundingMetadata")), encoded, block_start),
        *_cited(camel(candidate.get("citationMetadata")), encoded, block_start),
    )


def searches_of(candidate: dict[str, Json]) -> int:
    """How many queries Google ran for a candidate: they are charged one by one."""
    queries = camel(candidate.get("groundingMetadata")).get("webSearchQueries")
    return len(queries) if isinstance(queries, list) else 0


def _grounded(metadata: dict[str, Json], said: bytes, block_start: int) -> Iterable[Citation]:
    chunks = metadata.get("groundingChunks")
    supports = metadata.get("groundingSupports")
    if not isinstance(chunks, list):
        return
    sources = [_source(camel(chunk)) for chunk in chunks]
    cited: set[int] = set()
    for support in supports if isinstance(supports, list) else ():
        told = camel(support)
        segment, indices = camel(told.get("segment")), told.get("groundingChunkIndices")
        start, end, quote = _span(segment, said, block_start)
        for at in indices if isinstance(indices, list) else ():
            if isinstance(at, int) and 0 <= at < len(sources):
                cited.add(at)
                url, title = sources[at]
                yield Citation(url=url, title=title, quote=quote, start=start, end=end)
    for at, (url, title) in enumerate(sources):
        if at not in cited and (url or title):
            yield Citation(url=url, title=title)


def _source(chunk: dict[str, Json]) -> tuple[str, str]:
    for kind in ("web", "retrievedContext", "maps", "image"):
        source = camel(chunk.get(kind))
        if source:
            url = source.get("uri") or source.get("sourceUri")
            title = source.get("title") or source.get("documentName") or source.get("fileSearchStore")
            return (url if isinstance(url, str) else ""), (title if isinstance(title, str) else "")
    return "", ""


def _cited(metadata: dict[str, Json], said: bytes, block_start: int) -> Iterable[Citation]:
    citations = metadata.get("citations") or metadata.get("citationSources")
    for citation in citations if isinstance(citations, list) else ():
        told = camel(citation)
        start, end, quote = _span(told, said, block_start)
        url, title = told.get("uri"), told.get("title")
        yield Citation(
            url=url if isinstance(url, str) else "",
            title=title if isinstance(title, str) else "",
            quote=quote,
            start=start,
            end=end,
        )


def _span(segment: dict[str, Json], said: bytes, block_start: int) -> tuple[int | None, int | None, str]:
    """A segment in characters of the block, and its words; no offsets when they do not lie in the block."""
    first, last, words = segment.get("startIndex", 0), segment.get("endIndex"), segment.get("text")
    quote = words if isinstance(words, str) else ""
    if not isinstance(first, int) or not isinstance(last, int) or not 0 <= first <= last <= len(said):
        return None, None, quote
    meant = said[first:last].decode(errors="replace")
    start = len(said[:first].decode(errors="replace")) - block_start
    if start < 0 or (quote and meant != quote):
        return None, None, quote
    return start, start + len(meant), quote


class Placed(NamedTuple):
    """A citation with its place: characters of the candidate's whole text."""

    citation: Citation
    start: int
    end: int


def write_grounding(placed: list[Placed], said: str) -> dict[str, Json]:
    """The groundingMetadata that tells those citations over the text `said`; empty without any."""
    if not placed:
        return {}
    chunks: list[Json] = []
    numbers: dict[tuple[str, str], int] = {}
    supports: list[Json] = []
    for citation, start, end in placed:
        source = (citation.url, citation.title)
        if source not in numbers:
            numbers[source] = len(chunks)
            web = {"uri": citation.url, "title": citation.title}
            chunks.append({"web": {name: value for name, value in web.items() if value}})
        segment = {
            "startIndex": len(said[:start].encode(errors="replace")),
            "endIndex": len(said[:end].encode(errors="replace")),
            "text": said[start:end],
        }
        supports.append({"segment": segment, "groundingChunkIndices": [numbers[source]]})
    return {"groundingChunks": chunks, "groundingSupports": supports}
