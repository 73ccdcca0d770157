"""Asking a guard's own endpoint for its verdict: a POST, signed as webhooks are, to a public address, bounded in time
and in what it may answer."""

from __future__ import annotations

from collections.abc import Callable

from gophergate.errors import BadRequest
from gophergate.ids import Ids
from gophergate.policy.guards.rules import Definition
from gophergate.policy.guards.verdicts import MOST_ANSWERED, Unanswered
from gophergate.webhooks import Send, signed_headers


class Consulting:
    """`policy.guards.inquiry.Ask`. `wall` gives Unix seconds."""

    def __init__(self, send: Send, ids: Ids, wall: Callable[[], float]) -> None:
        self._send = send
        self._ids = ids
        self._wall = wall

    async def __call__(self, definition: Definition, question: bytes) -> bytes:
        """What the endpoint answered. Raises Unanswered: nobody there, too late, too much, or no success."""
        secret = definition.secret.reveal() if definition.secret is not None else ""
        headers = signed_headers(secret, self._ids.new(), int(self._wall()), question)
        try:
            answer = await self._send(definition.url, headers, question, timeout=definition.timeout, keep=MOST_ANSWERED)
        except BadRequest as error:
            raise Unanswered(error.message) from None
        if not 200 <= answer.status < 300:
            raise Unanswered(f"its endpoint answered with status {answer.status}")
        return answer.body
