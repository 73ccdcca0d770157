"""The model list, in the words of whoever asks: `GET /v1/models` and `GET /v1/models/{id}`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gophergate.core.caller import Caller
from gophergate.dialects.base import encode
from gophergate.errors import Forbidden, ModelNotFound
from gophergate.front.base import Handler, Inbound, Reply
from gophergate.policy.auth import Auth, permit
from gophergate.routing.catalog import CatalogHolder, Listed


class ModelList:
    """Serves both doors. A key sees the models it may use, and no others."""

    def __init__(self, auth: Auth, catalog: CatalogHolder) -> None:
        self._auth = auth
        self._catalog = catalog

    async def all(self, inbound: Inbound, reply: Reply) -> None:
        """Every model the caller may name."""
        caller = await self._auth.caller(inbound)
        rows = [listed for listed in self._catalog.current.listed() if _may_use(caller, listed.id)]
        if inbound.header(b"anthropic-version") is not None:
            ids = [row.id for row in rows]
            page = {
                "data": [_anthropic(row) for row in rows],
                "has_more": False,
                "first_id": ids[0] if ids else None,
                "last_id": ids[-1] if ids else None,
            }
        else:
            page = {"object": "list", "data": [_openai(row) for row in rows]}
        _say(reply, page)

    def one(self, model: str) -> Handler:
        """The handler for one model's door."""

        async def handle(inbound: Inbound, reply: Reply) -> None:
            caller = await self._auth.caller(inbound)
            row = next((listed for listed in self._catalog.current.listed() if listed.id == model), None)
            if row is None:
                deployment = self._catalog.current.plan(model).deployments[0]
                row = Listed(model, deployment.provider_name)
            if not _may_use(caller, model):
                raise ModelNotFound(model)
            _say(reply, _anthropic(row) if inbound.header(b"anthropic-version") is not None else _openai(row))

        return handle


def _may_use(caller: Caller, model: str) -> bool:
    try:
        permit(caller, model)
    except Forbidden:
        return False
    return True


def _openai(row: Listed) -> dict[str, Any]:
    return {"id": row.id, "object": "model", "created": row.created, "owned_by": row.owned_by}


def _anthropic(row: Listed) -> dict[str, Any]:
    created = datetime.fromtimestamp(row.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "model", "id": row.id, "display_name": row.id, "created_at": created}


def _say(reply: Reply, value: Any) -> None:
    body = encode(value)
    reply.start(200, [(b"content-type", b"application/json")], length=len(body))
    reply.send(body)
    reply.end()
