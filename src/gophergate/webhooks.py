"""Webhooks: what happens, told to addresses that operators named. Signed, retried, bounded, and on record.

Signed after the Standard Webhooks specification (standardwebhooks.com): `webhook-signature` is `v1,` and the base64 of
HMAC-SHA256 over `id.timestamp.body`, under the secret's bytes. Delivered at least once: what a process could not bring
to an end is taken up by the next, so receivers go by `webhook-id`. At most `MOST` deliveries wait; what comes beyond
them is dropped, counted and shown. Nobody who tells of an event ever waits.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from gophergate.errors import BadRequest, NotHere, Unavailable
from gophergate.ids import Ids
from gophergate.secrets import WEBHOOK_SECRET_PREFIX, CannotOpen, Keyring
from gophergate.store.database import Database
from gophergate.store.webhooks import DeliveryRow, WebhookRow
from gophergate.store.webhooks import Webhooks as WebhookRows
from gophergate.times import rfc3339
from gophergate.transport.base import RawHeaders
from gophergate.transport.deliver import Delivered

logger = logging.getLogger("gophergate.webhooks")

MOST = 1000
_AT_ONCE = 8
PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0)
"""Seconds before each further try."""
_LONGEST_PAUSE = 3600.0

EVENTS: Mapping[str, str] = {
    "budget": "a budget passed one of its thresholds",
    "loop": "a client makes the same request again and again",
    "unpriced": "a model was used whose price nobody knows",
    "credit": "a provider's credit is low",
    "prices": "a newer price list is in force",
    "breaker": "a deployment is rested, or asked again",
    "credential": "a provider's key is rested",
    "configuration": "an operator changed something",
    "start": "the gateway began to serve",
    "stop": "the gateway is shutting down",
    "test": "somebody tried a webhook out",
}
"""What may be asked for, beside "*"."""


class Send(Protocol):
    """Posts a body to an address (`transport.deliver` fits)."""

    def __call__(
        self, url: str, headers: RawHeaders, body: bytes, *, timeout: float = ..., keep: int = ...
    ) -> Awaitable[Delivered]:
        """How it was taken, with at most `keep` bytes of the answer, within `timeout` seconds. Raises BadRequest, in
        words, where that cannot be done."""


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message. Raises ValueError for what is no secret of ours."""
    key = base64.b64decode(secret.removeprefix(WEBHOOK_SECRET_PREFIX), validate=True)
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def signed_headers(secret: str, message_id: str, timestamp: int, body: bytes) -> RawHeaders:
    """The fields of a message, signed where there is a `secret`. Raises ValueError for what is no secret of ours."""
    signature = ((b"webhook-signature", sign(secret, message_id, timestamp, body).encode()),) if secret else ()
    return (
        (b"content-type", b"application/json"),
        (b"user-agent", b"gophergate"),
        (b"webhook-id", message_id.encode()),
        (b"webhook-timestamp", b"%d" % timestamp),
        *signature,
    )


class Webhooks:
    """One process's deliveries. `wall` gives Unix seconds."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        ids: Ids,
        *,
        send: Send,
        wall: Callable[[], float],
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.rows = WebhookRows(database)
        self.dropped: Counter[str] = Counter()
        """Events that found no room, by webhook."""
        self._keyring = keyring
        self._ids = ids
        self._send = send
        self._wall = wall
        self._pauses = pauses
        self._hooks: Sequence[WebhookRow] = ()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def start(self) -> None:
        """Take over what is stored, and what an earlier process left undelivered. Raises Unavailable."""
        await self.reload()
        known = {hook.id for hook in self._hooks if hook.enabled}
        for row in await self.rows.pending():
            if row.webhook_id in known:
                self._set_out(row)

    async def reload(self) -> None:
        """Take over what is stored. Raises Unavailable."""
        self._hooks = await self.rows.all()

    async def aclose(self) -> None:
        """Stop; what is not delivered stays on record for the next process."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def tell(self, kind: str, data: Mapping[str, Any]) -> None:
        """Something happened: whoever asked for it is told. Never waits, never raises."""
        for hook in self._hooks:
            if hook.enabled and (kind in hook.events or "*" in hook.events):
                self.tell_one(hook, kind, data)

    def tell_one(self, hook: WebhookRow, kind: str, data: Mapping[str, Any]) -> str:
        """Tell one webhook, whatever it asked for; the delivery's id, "" when there was no room."""
        if len(self._under_way) >= MOST:
            if not self.dropped[hook.id]:
                logger.warning("webhook '%s' has more to tell than it takes: events are dropped", hook.name)
            self.dropped[hook.id] += 1
            return ""
        now = int(self._wall() * 1_000_000)
        payload = msgspec.json.encode({"type": kind, "timestamp": rfc3339(now), "data": data}).decode()
        row = DeliveryRow(
            id=self._ids.new(), webhook_id=hook.id, event=kind, state="pending", payload=payload, created_at=now
        )
        self._set_out(row)
        return row.id

    def _set_out(self, row: DeliveryRow) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(row), name="webhook delivery")
        self._under_way[row.id] = task
        task.add_done_callback(lambda _: self._under_way.pop(row.id, None))

    async def _carry(self, row: DeliveryRow) -> None:
        await self._note(row)
        wait = 0.0
        for pause in (*self._pauses, None):
            await asyncio.sleep(wait)
            async with self._turn:
                row, asked = await self._tried(row)
            if row.state == "pending" and pause is None:
                row = replace(row, state="failed")
            if row.state != "pending":
                row = replace(row, ended_at=int(self._wall() * 1_000_000))
            await self._note(row)
            if pause is None or row.state != "pending":
                return
            wait = min(max(pause, asked), _LONGEST_PAUSE)

    async def _tried(self, row: DeliveryRow) -> tuple[DeliveryRow, float]:
        """The delivery after one more try, and how long the receiver asked to be left alone."""
        hook = next((hook for hook in self._hooks if hook.id == row.webhook_id), None)
        if hook is None or not hook.enabled:
            return replace(row, state="failed", error="The webhook was removed or switched off."), 0.0
        row = replace(row, attempts=row.attempts + 1, http_status=None, error=None)
        body = row.payload.encode()
        try:
            secret = self._keyring.open(hook.secret_sealed, table="webhooks", row=hook.id, column="secret")
            answer = await self._send(hook.url, signed_headers(secret, row.id, int(self._wall()), body), body)
        except BadRequest as error:
            return replace(row, error=error.message[:500]), 0.0
        except CannotOpen as error:
            return replace(row, state="failed", error=str(error)[:500]), 0.0
        row = replace(row, http_status=answer.status)
        if 200 <= answer.status < 300:
            return replace(row, state="delivered"), 0.0
        # 410: the receiver is gone for good, as the specification has it.
        error_text = f"The receiver answered with status {answer.status}."
        state = "failed" if answer.status == 410 else "pending"
        return replace(row, state=state, error=error_text), answer.retry_after or 0.0

    async def _note(self, row: DeliveryRow) -> None:
        try:
            await self.rows.put(row)
        except Unavailable as error:
            logger.warning("a webhook's delivery could not be put on record: %s", error.message)

    def seal(self, secret: str, webhook_id: str) -> bytes:
        """A secret as it is stored."""
        return self._keyring.seal(secret, table="webhooks", row=webhook_id, column="secret")

    async def try_out(self, webhook_id: str, by: str) -> str:
        """Send a test event; the delivery's id. Raises NotHere, and Unavailable when too many deliveries wait."""
        hook = next((hook for hook in self._hooks if hook.id == webhook_id), None)
        if hook is None:
            raise NotHere(f"There is no webhook '{webhook_id}'.")
        found = self.tell_one(hook, "test", {"by": by})
        if not found:
            raise Unavailable("Too many deliveries wait already.")
        return found
