"""One page of a list of models, as Anthropic's and Google's lists have them. Pure.

Without a size asked for, a page holds as many as the vendor allows one to hold, where the vendor itself gives 20 or 50:
a client that reads one page only is then told of every model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

from gophergate.errors import BadRequest
from gophergate.routing.catalog import Listed

_MOST = 1000
"""Models on a page, at both vendors."""


class Page(NamedTuple):
    """Some of the rows, in their order, and whether there are more in the direction that was asked for."""

    rows: Sequence[Listed]
    has_more: bool


def anthropic_page(rows: Sequence[Listed], query: bytes) -> Page:
    """The page that `limit` (1 to 1000) and `after_id` or `before_id` name. Raises BadRequest naming the member.
    Source: https://platform.claude.com/docs/en/api/models/list."""
    said = _said(query)
    size = _size(said, "limit")
    if not 1 <= size <= _MOST:
        raise BadRequest(f"'limit' must be from 1 to {_MOST}.", param="limit")
    after, before = said.get("after_id"), said.get("before_id")
    if after and before:
        raise BadRequest("Only one of 'after_id' and 'before_id' can be asked for.", param="before_id")
    if before:
        end = _place(rows, before, "before_id")
        start = max(0, end - size)
        return Page(rows[start:end], start > 0)
    start = _place(rows, after, "after_id") + 1 if after else 0
    return Page(rows[start : start + size], start + size < len(rows))


def google_page(rows: Sequence[Listed], query: bytes) -> Page:
    """The page that `pageSize` (0 is unsaid, above 1000 is 1000) and `pageToken` name: a token is the id of the last
    model before it. Raises BadRequest naming the member. Source: https://ai.google.dev/api/models#method:-models.list."""
    said = _said(query)
    size = _size(said, "pageSize", "page_size") or _MOST
    if size < 0:
        raise BadRequest("'pageSize' must not be negative.", param="pageSize")
    token = said.get("pageToken") or said.get("page_token")
    start = _place(rows, token, "pageToken") + 1 if token else 0
    end = start + min(size, _MOST)
    return Page(rows[start:end], end < len(rows))


def _said(query: bytes) -> dict[str, str]:
    return dict(parse_qsl(query.decode("latin-1"))) if query else {}


def _size(said: dict[str, str], *names: str) -> int:
    text = next((said[name] for name in names if name in said), None)
    if text is None:
        return _MOST
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f"'{names[0]}' must be a whole number.", param=names[0]) from None


def _place(rows: Sequence[Listed], model: str, name: str) -> int:
    for index, row in enumerate(rows):
        if row.id == model:
            return index
    raise BadRequest(f"'{name}' names no model of this list; begin the list anew.", param=name)
