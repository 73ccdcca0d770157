"""The model list, in the words of whoever asks: OpenAI's, Anthropic's, Gemini's and Ollama's.

Nothing here is guessed: a member that we do not know of a model (limits, digest, size) is left out or zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import gophergate
from gophergate.core.caller import Caller
from gophergate.dialects.base import decode_object, encode
from gophergate.doors.pages import anthropic_page, google_page
from gophergate.errors import BadRequest, Forbidden, ModelNotFound
from gophergate.front.base import Handler, Inbound, Reply
from gophergate.policy.auth import Auth, permit
from gophergate.routing.able import operations
from gophergate.routing.catalog import Catalog, Listed, Snapshots
from gophergate.routing.facts import Facts


class ModelList:
    """Serves both doors. A key sees the models it may use, and no others."""

    def __init__(self, auth: Auth, catalog: Snapshots) -> None:
        self._auth = auth
        self._catalog = catalog

    async def all(self, inbound: Inbound, reply: Reply) -> None:
        """Every model the caller may name."""
        if _is_google(inbound):
            await self.gemini_all(inbound, reply)
            return
        rows = await self._rows(inbound)
        if inbound.header(b"anthropic-version") is not None:
            asked = anthropic_page(rows, inbound.query)
            page = {
                "data": [self._anthropic(row) for row in asked.rows],
                "has_more": asked.has_more,
                "first_id": asked.rows[0].id if asked.rows else None,
                "last_id": asked.rows[-1].id if asked.rows else None,
            }
        else:
            page = {"object": "list", "data": [_openai(row) for row in rows]}
        _say(reply, page)

    def one(self, model: str) -> Handler:
        """The handler for one model's door."""

        async def handle(inbound: Inbound, reply: Reply) -> None:
            if _is_google(inbound):
                await self.gemini_one(model)(inbound, reply)
                return
            row = await self._row(inbound, model)
            _say(reply, self._anthropic(row) if inbound.header(b"anthropic-version") is not None else _openai(row))

        return handle

    async def gemini_all(self, inbound: Inbound, reply: Reply) -> None:
        """`GET /v1beta/models`."""
        asked = google_page(await self._rows(inbound), inbound.query)
        page: dict[str, Any] = {"models": [self._gemini(row) for row in asked.rows]}
        if asked.has_more:
            page["nextPageToken"] = asked.rows[-1].id
        _say(reply, page)

    def gemini_one(self, model: str) -> Handler:
        """The handler for one model's Gemini door."""

        async def handle(inbound: Inbound, reply: Reply) -> None:
            _say(reply, self._gemini(await self._row(inbound, model.removeprefix("models/"))))

        return handle

    async def ollama_tags(self, inbound: Inbound, reply: Reply) -> None:
        """`GET /api/tags`."""
        _say(reply, {"models": [_ollama(row) for row in await self._rows(inbound)]})

    async def ollama_show(self, inbound: Inbound, reply: Reply) -> None:
        """`POST /api/show`: that the model is there, what it can do and how much it reads; a template or weights it has
        not."""
        await self._auth.caller(inbound)
        asked = decode_object(await inbound.body())
        name = asked.get("model") or asked.get("name")
        if not isinstance(name, str) or not name:
            raise BadRequest("'model' is missing.", param="model")
        row = await self._row(inbound, name)
        facts = self._facts(row.id)
        info: dict[str, Any] = {"general.architecture": row.owned_by}
        context = _least([one.context for one in facts])
        if context is not None:
            info[f"{row.owned_by}.context_length"] = context
        shown = {
            "modelfile": "",
            "parameters": "",
            "template": "",
            "details": _OLLAMA_DETAILS,
            "model_info": info,
            "capabilities": _abilities(_served(row, self._catalog.current), facts),
            "modified_at": _time(row),
        }
        _say(reply, shown)

    async def ollama_ps(self, inbound: Inbound, reply: Reply) -> None:
        """`GET /api/ps`: nothing is loaded here."""
        await self._auth.caller(inbound)
        _say(reply, {"models": []})

    async def ollama_version(self, inbound: Inbound, reply: Reply) -> None:
        """`GET /api/version`: ours."""
        await self._auth.caller(inbound)
        _say(reply, {"version": gophergate.__version__})

    async def _rows(self, inbound: Inbound) -> list[Listed]:
        caller = await self._auth.caller(inbound)
        return [listed for listed in self._catalog.current.listed() if _may_use(caller, listed.id)]

    async def _row(self, inbound: Inbound, model: str) -> Listed:
        caller = await self._auth.caller(inbound)
        row = next((listed for listed in self._catalog.current.listed() if listed.id == model), None)
        if row is None:
            deployment = self._catalog.current.plan(model).deployments[0]
            row = Listed(model, deployment.provider_name)
        if not _may_use(caller, model):
            raise ModelNotFound(model)
        return row

    def _facts(self, model: str) -> list[Facts]:
        """What is known of each deployment behind a name; nothing for a group that nobody stands behind now."""
        catalog = self._catalog.current
        try:
            return [catalog.facts(one.label) for one in catalog.plan(model).deployments]
        except ModelNotFound:
            return []

    def _anthropic(self, row: Listed) -> dict[str, Any]:
        facts = self._facts(row.id)
        told: dict[str, Any] = {"type": "model", "id": row.id, "display_name": row.id, "created_at": _time(row)}
        told["lifecycle"] = "deprecated" if any(one.status == "deprecated" for one in facts) else "active"
        return told | _limits(facts, "max_input_tokens", "max_tokens")

    def _gemini(self, row: Listed) -> dict[str, Any]:
        told: dict[str, Any] = {"name": f"models/{row.id}", "displayName": row.id}
        told["supportedGenerationMethods"] = _GOOGLES.get(_served(row, self._catalog.current), [])
        return told | _limits(self._facts(row.id), "inputTokenLimit", "outputTokenLimit")


def _limits(facts: Sequence[Facts], reads: str, writes: str) -> dict[str, int]:
    """How much every deployment behind a name reads and writes, under the names for it; what one is unknown to, not."""
    read = _least([one.max_input if one.max_input is not None else one.context for one in facts])
    written = _least([one.max_output for one in facts])
    return {name: limit for name, limit in ((reads, read), (writes, written)) if limit is not None}


def _least(limits: Sequence[int | None]) -> int | None:
    """The least of the limits, None where one is not known."""
    known = [limit for limit in limits if limit is not None]
    return min(known) if known and len(known) == len(limits) else None


def _is_google(inbound: Inbound) -> bool:
    """Google's own client, which asks for its list below /v1 too."""
    return inbound.header(b"x-goog-api-client") is not None


def _may_use(caller: Caller, model: str) -> bool:
    try:
        permit(caller, model)
    except Forbidden:
        return False
    return True


def _openai(row: Listed) -> dict[str, Any]:
    return {"id": row.id, "object": "model", "created": row.created, "owned_by": row.owned_by}


_GOOGLES = {"chat": ["generateContent", "streamGenerateContent", "countTokens"], "embeddings": ["embedContent"]}
"""What Google's list says of a model, by what it is for."""


def _served(row: Listed, catalog: Catalog) -> str:
    """The operation that a model is for: chat wherever that may be asked of it."""
    provider = catalog.providers.get(row.owned_by)
    able = operations(provider, row.id.partition("/")[2]) if provider is not None else ()
    return able[0] if able else "chat"


_OLLAMA_DETAILS = {
    "parent_model": "",
    "format": "",
    "family": "",
    "families": [],
    "parameter_size": "",
    "quantization_level": "",
}


def _abilities(served: str, facts: Sequence[Facts]) -> list[str]:
    """What every deployment behind a name can do, in Ollama's words, by which its clients offer pictures and thinking.
    Tools are taken for granted where nobody denies them: a client that reads otherwise would offer none."""
    if served != "chat":
        return ["embedding"] if served == "embeddings" else []
    told = ["completion"]
    if all(one.tool_call is not False for one in facts):
        told.append("tools")
    if all(one.can_read("image") for one in facts):
        told.append("vision")
    if all(one.reasoning for one in facts):
        told.append("thinking")
    return told


def _ollama(row: Listed) -> dict[str, Any]:
    return {
        "name": row.id,
        "model": row.id,
        "modified_at": _time(row),
        "size": 0,
        "digest": "",
        "details": _OLLAMA_DETAILS,
    }


def _time(row: Listed) -> str:
    return datetime.fromtimestamp(row.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _say(reply: Reply, value: Any) -> None:
    body = encode(value)
    reply.whole(200, [(b"content-type", b"application/json")], body)
