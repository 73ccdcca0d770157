"""Webhooks: whom to tell of what happens, and how that went."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Request, Response
from pydantic import AfterValidator, StringConstraints
from pydantic import Field as Member

from gophergate.admin.desk import AtDesk, Desk, tagged, unchanged_since
from gophergate.admin.paging import Cursor, Limit, page_at_hand, page_of
from gophergate.admin.shapes import Given, Id, Listing, Moment, Name, Shown
from gophergate.secrets import make_webhook_secret
from gophergate.store.webhooks import DeliveryRow, State, WebhookRow
from gophergate.transport.pool import parse_prefix
from gophergate.webhooks import EVENTS


def _address(text: str) -> str:
    scheme, _, rest = text.partition("://")
    parse_prefix(f"{scheme}://{rest.split('/', 1)[0]}")  # ValueError says what is wrong
    return text


Address = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000, pattern=r"^https?://[!-~]+$"),
    AfterValidator(_address),
    Member(examples=["https://hooks.example.com/gophergate"], description="A public address, http or https."),
]
Event = Annotated[
    str,
    StringConstraints(pattern=f"^({'|'.join(EVENTS)}|[*])$"),
    Member(description="; ".join(f"{name}: {what}" for name, what in EVENTS.items()) + "; *: every one"),
]
Events = Annotated[list[Event], Member(min_length=1, max_length=20, examples=[["budget", "loop"]])]


class WebhookShown(Shown):
    """A webhook. Its secret is shown once, when it is made. `dropped` counts what found no room since the start."""

    passing = frozenset({"dropped"})

    id: str
    name: str
    url: str
    events: list[str]
    enabled: bool
    dropped: int
    created_at: Moment
    updated_at: Moment


class WebhookMade(WebhookShown):
    """A new webhook, or one with a new secret: this is the only time that it is shown."""

    secret: str


class WebhookGiven(Given):
    """A new webhook."""

    name: Name
    url: Address
    events: Annotated[Events, Member(default_factory=lambda: ["budget"])]
    enabled: bool = True


class WebhookChange(Given):
    """What may change of it."""

    name: Name | None = None
    url: Address | None = None
    events: Events | None = None
    enabled: bool | None = None


class DeliveryShown(Shown):
    """One event on its way. `state` "pending" is tried again, "failed" is not any more. `payload` is what was sent."""

    id: str
    event: str
    state: State
    attempts: int
    http_status: int | None
    error: str | None
    payload: Any
    created_at: Moment
    ended_at: Moment | None


class Tried(Shown):
    """The test event's delivery: look it up in the log."""

    delivery_id: str


async def list_(desk: AtDesk, limit: Limit = 50, cursor: Cursor = None) -> Listing[WebhookShown]:
    """Webhooks, by name."""
    rows = await desk.rooms.webhooks.rows.all()
    return page_at_hand(
        WebhookShown, rows, sort="name", cursor=cursor, limit=limit, shown=lambda row: _shown(desk, row)
    )


async def get(webhook_id: Id, response: Response, desk: AtDesk) -> WebhookShown:
    """One webhook."""
    return tagged(response, _shown(desk, await desk.rooms.webhooks.rows.get(webhook_id)))


async def create(given: WebhookGiven, desk: AtDesk) -> WebhookMade:
    """Make a webhook. Its secret signs what is sent; it is shown now and never again."""
    now = desk.now()
    secret, webhook_id = make_webhook_secret(), desk.rooms.ids.new()
    row = WebhookRow(
        id=webhook_id,
        name=given.name,
        url=given.url,
        secret_sealed=desk.rooms.webhooks.seal(secret, webhook_id),
        events=tuple(dict.fromkeys(given.events)),
        enabled=given.enabled,
        created_at=now,
        updated_at=now,
    )
    async with desk.change():
        await desk.rooms.webhooks.rows.create(row)
        await desk.note("create", "webhook", row.id, after=_shown(desk, row))
    await desk.rooms.webhooks.reload()
    return WebhookMade(**dict(_shown(desk, row)), secret=secret)


async def change(
    webhook_id: Id, given: WebhookChange, request: Request, response: Response, desk: AtDesk
) -> WebhookShown:
    """Change a webhook; what waits to be delivered goes where it says now."""
    async with desk.change():
        row = await desk.rooms.webhooks.rows.get(webhook_id)
        before = _shown(desk, row)
        unchanged_since(request, before)
        said = {name: value for name, value in given.said().items() if value is not None}
        if "events" in said:
            said["events"] = tuple(dict.fromkeys(said["events"]))
        row = msgspec.structs.replace(row, **said, version=row.version + 1, updated_at=desk.now())
        await desk.rooms.webhooks.rows.change(row)
        await desk.note("change", "webhook", webhook_id, before=before, after=_shown(desk, row))
    await desk.rooms.webhooks.reload()
    return tagged(response, _shown(desk, row))


async def renew(webhook_id: Id, desk: AtDesk) -> WebhookMade:
    """Give it a new secret, shown now and never again; the old one signs nothing more."""
    secret = make_webhook_secret()
    async with desk.change():
        row = await desk.rooms.webhooks.rows.get(webhook_id)
        sealed = desk.rooms.webhooks.seal(secret, webhook_id)
        row = msgspec.structs.replace(row, secret_sealed=sealed, version=row.version + 1, updated_at=desk.now())
        await desk.rooms.webhooks.rows.change(row)
        await desk.note("renew_secret", "webhook", webhook_id, after={"name": row.name})
    await desk.rooms.webhooks.reload()
    return WebhookMade(**dict(_shown(desk, row)), secret=secret)


async def delete(webhook_id: Id, request: Request, desk: AtDesk) -> None:
    """Remove a webhook and its log."""
    async with desk.change():
        before = _shown(desk, await desk.rooms.webhooks.rows.get(webhook_id))
        unchanged_since(request, before)
        await desk.rooms.webhooks.rows.delete(webhook_id)
        await desk.note("delete", "webhook", webhook_id, before=before)
    await desk.rooms.webhooks.reload()


async def try_out(webhook_id: Id, desk: AtDesk) -> Tried:
    """Send it a test event."""
    row = await desk.rooms.webhooks.rows.get(webhook_id)
    async with desk.change():
        await desk.note("test", "webhook", webhook_id, after={"name": row.name})
    return Tried(delivery_id=await desk.rooms.webhooks.try_out(webhook_id, desk.who.name))


async def deliveries(webhook_id: Id, desk: AtDesk, limit: Limit = 50, cursor: Cursor = None) -> Listing[DeliveryShown]:
    """What was sent to it and how that went, the newest first; the last 500 are kept."""
    await desk.rooms.webhooks.rows.get(webhook_id)
    rows = await desk.rooms.webhooks.rows.deliveries(webhook_id, before=cursor, limit=limit + 1)
    return page_of(DeliveryShown, rows, limit, lambda row: row.id, _delivery)


def _shown(desk: Desk, row: WebhookRow) -> WebhookShown:
    value = msgspec.structs.asdict(row) | {"events": list(row.events)}
    return WebhookShown(**value, dropped=desk.rooms.webhooks.dropped[row.id])


def _delivery(row: DeliveryRow) -> DeliveryShown:
    return DeliveryShown(**msgspec.structs.asdict(row) | {"payload": msgspec.json.decode(row.payload)})
