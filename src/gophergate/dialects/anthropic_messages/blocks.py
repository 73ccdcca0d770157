"""Content blocks as JSON to canonical blocks: one reading for requests at our door and replies of a provider.

`origin` None means that the block came in through our door, where seals may be wrapped ones of other makers; a
string names the provider that is replying, whose seals they then are. A block that is not understood, and every
server tool's call and result, becomes an `Opaque` that holds it whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from msgspec.structs import replace

from gophergate.core.blocks import (
    Block,
    CacheMark,
    Citation,
    Extra,
    Json,
    Media,
    Opaque,
    Seal,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)
from gophergate.dialects.anthropic_messages.names import unspelled
from gophergate.dialects.anthropic_messages.wire import NAME, SEAL_MEMBER, Members, extra_of, own
from gophergate.dialects.base import encode, show_seal, unwrap_seal, wrap_seal
from gophergate.dialects.members import list_of, object_of, text_of
from gophergate.errors import BadRequest

_CONTENT = frozenset({"container_upload", "browser_state"})
"""Opaque blocks of a user's turn that are what the turn is about: never dropped on the way to another vendor."""

REFERENCE = "_tool_reference"
"""Note: the block that a text stands for."""

_PLAIN_MARKS = frozenset({"type", "ttl"})
TTLS = frozenset({"5m", "1h"})
"""How long this vendor keeps a prefix, in its words."""


def read_blocks(value: Json, where: str, *, origin: str | None = None, role: str = "user") -> tuple[Block, ...]:
    """A `content` member: a string stands for one text block, an empty one for none. Raises BadRequest."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (Text(text=value),) if value else ()
    if not isinstance(value, list):
        raise BadRequest(f"'{where}' must be a string or an array of blocks.", param=where)
    return tuple(read_block(raw, f"{where}[{at}]", origin=origin, role=role) for at, raw in enumerate(value))


def read_block(raw: Json, where: str, *, origin: str | None = None, role: str = "user") -> Block:
    """One block. Raises BadRequest for what is no block at all or lacks what it cannot be without."""
    members = Members(raw, where)
    kind = members.required("type")
    read = _READERS.get(kind)
    if read is None:
        return _opaque(object_of(raw), kind, origin, role)
    return read(members, origin)


def read_cache(members: Members) -> tuple[CacheMark | None, dict[str, Json]]:
    """The cache mark, and what of it the mark has no word for (as a member that rides along)."""
    value = members.object("cache_control")
    if not value:
        return None, {}
    mark = CacheMark(text_of(value.get("ttl")))
    known = "ttl" not in value or mark.ttl in TTLS
    plain = value.get("type") == "ephemeral" and value.keys() <= _PLAIN_MARKS and known
    return mark, {} if plain else {"cache_control": value}


def read_citations(value: Json) -> tuple[Citation, ...]:
    """A text's sources. Their offsets count in the source, not in the text, so they stay in `native`."""
    return tuple(_citation(raw) for raw in list_of(value) if isinstance(raw, dict))


_ITEM = "item"
"""In the place of a dialect: what is wrapped is a thought's seal, and in the place of the maker stands its item id."""


def seal_of(token: str, origin: str | None) -> tuple[Seal, str]:
    """A signature or encrypted thought as a seal of whoever made it, and the id that the thought has in the Responses
    API, which takes no encrypted reasoning without."""
    if origin is not None:
        return Seal(token, NAME, origin), ""
    seal = unwrap_seal(token, NAME)
    return (unwrap_seal(seal.token, NAME), unquote(seal.origin)) if seal.dialect == _ITEM else (seal, "")


def show_thought_seal(seal: Seal, item_id: str) -> str:
    """The other way: a thought's seal for a client of this dialect."""
    if item_id and seal.dialect != NAME:
        return wrap_seal(Seal(wrap_seal(seal), _ITEM, quote(item_id, safe="")))
    return show_seal(seal, NAME)


def _citation(raw: dict[str, Json]) -> Citation:
    source = text_of(raw.get("source"))
    return Citation(
        url=text_of(raw.get("url")) or (source if "://" in source else ""),
        title=text_of(raw.get("title")) or text_of(raw.get("document_title")),
        quote=text_of(raw.get("cited_text")),
        dialect=NAME,
        native=raw,
    )


def _rest(members: Members, more: dict[str, Json]) -> Extra:
    return extra_of({**members.rest, **more})


def _text(members: Members, _origin: str | None) -> Block:
    cache, more = read_cache(members)
    return Text(
        text=members.string("text") or "",
        citations=read_citations(members.array("citations")),
        cache=cache,
        extra=_rest(members, more),
    )


def _thinking(members: Members, origin: str | None) -> Block:
    signature = members.string("signature")
    seal, item_id = seal_of(signature, origin) if signature else (None, "")
    return Thought(
        text=members.string("thinking") or "",
        seal=seal,
        item_id=item_id,
        extra=extra_of(members.rest),
    )


def _redacted(members: Members, origin: str | None) -> Block:
    seal, item_id = seal_of(members.required("data"), origin)
    return Thought(redacted=True, seal=seal, item_id=item_id, extra=extra_of(members.rest))


def _tool_use(members: Members, origin: str | None) -> Block:
    cache, more = read_cache(members)
    value = members.any("input")
    if origin is None and value is not None and not isinstance(value, dict):
        raise BadRequest(f"'{members.path('input')}' must be an object.", param=members.path("input"))
    wrapped = members.string(SEAL_MEMBER)
    return ToolCall(
        # What a provider leaves out or spells in its own way is no reason to lose its whole answer.
        id=members.required("id") if origin is None else members.string("id") or "",
        name=unspelled(members.required("name")),
        arguments=value if isinstance(value, str) and value else encode(value or {}).decode(),
        seal=unwrap_seal(wrapped, NAME) if wrapped else None,
        cache=cache,
        extra=_rest(members, more),
    )


def _tool_result(members: Members, origin: str | None) -> Block:
    cache, more = read_cache(members)
    content = read_blocks(members.any("content"), members.path("content"), origin=origin)
    for block in content:
        if isinstance(block, ToolCall | ToolResult | Thought):
            raise BadRequest(
                f"'{members.path('content')}' holds a block that a tool result cannot hold.",
                param=members.path("content"),
            )
    return ToolResult(
        call_id=members.required("tool_use_id"),
        content=content,  # type: ignore[arg-type]  # narrowed by the loop above
        is_error=members.boolean("is_error"),
        cache=cache,
        extra=_rest(members, more),
    )


def _image(members: Members, _origin: str | None) -> Block:
    cache, more = read_cache(members)
    source = Members(members.any("source"), members.path("source"))
    media_type = source.string("media_type") or ""
    match source.required("type"):
        case "base64":
            media = Media(kind="image", media_type=media_type, data=source.required("data"))
        case "url":
            media = Media(kind="image", media_type=media_type, url=source.required("url"))
        case "file":
            media = Media(kind="image", media_type=media_type, file_id=source.required("file_id"), dialect=NAME)
        case other:
            raise BadRequest(f"'{source.path('type')}' is '{other}', which is no image source.", param=source.where)
    return _finished(media, source, cache, _rest(members, more))


def _document(members: Members, _origin: str | None) -> Block:
    cache, more = read_cache(members)
    name = members.string("title")
    raw = members.any("source")
    source = Members(raw, members.path("source"))
    media_type = source.string("media_type") or ""
    match source.required("type"):
        case "base64":
            media = Media(kind="document", media_type=media_type, data=source.required("data"), name=name)
        case "text":
            text = source.required("data")
            media = Media(kind="document", media_type=media_type or "text/plain", text=text, name=name)
        case "url":
            media = Media(kind="document", media_type=media_type, url=source.required("url"), name=name)
        case "file":
            media = Media(
                kind="document", media_type=media_type, file_id=source.required("file_id"), dialect=NAME, name=name
            )
        case "content" if (told := words_of(object_of(raw).get("content"))) is not None:
            source.rest.clear()
            more["source"] = raw
            media = Media(kind="document", media_type="text/plain", text=told, name=name)
        case "content":
            block = {"type": "document", "source": raw, **({"title": name} if name else {}), **members.rest}
            return Opaque(dialect=NAME, label="document of blocks", data=block, optional=False, cache=cache)
        case other:
            raise BadRequest(f"'{source.path('type')}' is '{other}', which is no document source.", param=source.where)
    return _finished(media, source, cache, _rest(members, more))


def _search_result(members: Members, _origin: str | None) -> Block:
    """A text document to other vendors; to its own again what it was, as long as nobody changed the text."""
    cache, more = read_cache(members)
    whole = {"type": "search_result", **members.rest}
    told = words_of(members.rest.get("content"))
    if told is None:
        return Opaque(dialect=NAME, label="search_result", data=whole, optional=False, cache=cache)
    title = text_of(members.rest.get("title"))
    return Media(
        kind="document",
        media_type="text/plain",
        text=told,
        name=title or None,
        cache=cache,
        extra=extra_of({"search_result": whole, **more}),
    )


def _tool_reference(members: Members, _origin: str | None) -> Block:
    """What a client's own tool search found: its name to other vendors, who are offered every tool from the start; to
    its own again what it was."""
    cache, more = read_cache(members)
    whole = {"type": "tool_reference", **members.rest}
    return Text(
        text=found_tool(whole),
        cache=cache,
        extra=extra_of({REFERENCE: whole, **more}),
    )


def found_tool(reference: Mapping[str, Json]) -> str:
    """The words for a reference to a tool."""
    return f"Tool found: {text_of(reference.get('tool_name'))}"


def words_of(content: Json) -> str | None:
    """The text of blocks that hold nothing else; None when they do."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts: list[str] = []
    for raw in content:
        if not isinstance(raw, dict) or raw.get("type") != "text" or not isinstance(raw.get("text"), str):
            return None
        texts.append(raw["text"])
    return "\n\n".join(texts)


def _finished(media: Media, source: Members, cache: CacheMark | None, extra: Extra) -> Media:
    if source.rest:
        extra = extra_of({**own(extra), "source": source.rest})
    return media if cache is None and not extra else replace(media, cache=cache, extra=extra)


def _opaque(raw: dict[str, Json], kind: str, origin: str | None, role: str) -> Block:
    data = {name: value for name, value in raw.items() if name != "cache_control"}
    cache, more = read_cache(Members(raw, "content"))
    content = kind in _CONTENT or (kind == "compaction" and raw.get("content") is not None)
    known = kind.endswith(("_tool_use", "_tool_result", "_reference", "_addition", "_removal")) or role != "user"
    return Opaque(
        dialect=NAME,
        label=kind,
        data=data,
        optional=known and not content,
        origin=origin or "",
        cache=cache,
        extra=extra_of(more),
    )


_READERS: dict[str, Callable[[Members, str | None], Block]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "tool_reference": _tool_reference,
}
