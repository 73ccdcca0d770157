"""The way back from a response: the items of the turns before it, and the maker that must go on with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gophergate.core.blocks import Json
from gophergate.dialects.base import SEAL_MARK_BYTES, decode_object
from gophergate.dialects.openai_responses import input_items
from gophergate.dialects.openai_responses.wire import NAME
from gophergate.errors import BadRequest, NotHere
from gophergate.responses.store import Kept, ResponseStore
from gophergate.routing.base import Plan

MOST_TURNS = 10_000
"""The longest conversation that is followed back; a guard, not a limit anybody should meet."""
_SEAL_MARK = SEAL_MARK_BYTES.decode()

Item = dict[str, Json]


class NoPrevious(BadRequest):
    """The response to go on from is not known here."""

    code = "previous_response_not_found"


class Asked(msgspec.Struct):
    """The members of a request that have to do with state. All open in type: what is wrong is for others to say."""

    previous_response_id: Any = None
    store: Any = None
    background: Any = None

    @property
    def previous(self) -> str | None:
        return self.previous_response_id if isinstance(self.previous_response_id, str) else None


_ASKED = msgspec.json.Decoder(Asked)
_MARKS = (b'"previous_response_id"', b'"store"', b'"background"')


def asked_of(body: bytes) -> Asked:
    """What a body that was peeked at says of state."""
    return _ASKED.decode(body) if any(mark in body for mark in _MARKS) else Asked()


class Turn(msgspec.Struct, frozen=True):
    """One earlier turn: its items and who answered it."""

    kept: Kept
    items: list[Item]


class History(msgspec.Struct, frozen=True):
    """The turns we hold, oldest first, and the response below them whose maker holds the rest."""

    turns: tuple[Turn, ...]
    base: Kept | None = None

    def items(self, provider: str | None) -> list[Item]:
        """Every item. For one `provider` that will get them as they are, without thoughts it could not place: those
        that only their maker can open (R-S2), and those under an id that nobody has stored."""
        return [
            item
            for turn in self.turns
            for item in turn.items
            if provider is None or is_placed(item, turn.kept.provider == provider)
        ]


def is_placed(item: Item, is_its_own: bool) -> bool:
    """Whether a provider that gets items as they are can make something of this one."""
    if item.get("type") != "reasoning":
        return True
    token = item.get("encrypted_content")
    return isinstance(token, str) and bool(token) and (is_its_own or token.startswith(_SEAL_MARK))


async def history(store: ResponseStore, owner: str, response_id: str) -> History:
    """Everything before the turn that goes on from `response_id`. Raises NoPrevious."""
    links: list[Kept] = []
    at: str | None = response_id
    base: Kept | None = None
    while at is not None and len(links) < MOST_TURNS:
        kept = await store.find(owner, at)
        if kept is None:
            raise _missing(response_id, at)
        if kept.native:
            base = kept
            break
        links.append(kept)
        at = kept.previous
    return History(tuple(Turn(kept, items_of(kept)) for kept in reversed(links)), base)


def _missing(asked: str, missing: str) -> NoPrevious:
    if missing == asked:
        told = f"Previous response with id '{asked}' not found."
    else:
        told = f"Previous response with id '{asked}' goes on from '{missing}', which is no longer kept here."
    return NoPrevious(f"{told} Send the whole input instead.", param="previous_response_id")


def items_of(kept: Kept) -> list[Item]:
    """What a response of ours was asked and answered. Raises BadRequest while it is being made."""
    response = decode_object(kept.response)
    if response.get("status") in ("queued", "in_progress"):
        raise BadRequest(
            f"The response '{kept.id}' is still being made; wait for it before going on from it.",
            param="previous_response_id",
            code="response_not_finished",
        )
    output = response.get("output")
    return [*input_items(decode_object(kept.body), kept.stamp), *(output if isinstance(output, list) else [])]


async def listed_items(store: ResponseStore, kept: Kept) -> list[Item]:
    """The input items of a response of ours, those of the turns before it included, oldest first."""
    before: Iterable[Turn] = ()
    if kept.previous is not None:
        try:
            before = (await history(store, kept.owner, kept.previous)).turns
        except NoPrevious:
            before = ()  # What was forgotten cannot be listed; what is there can.
    own = input_items(decode_object(kept.body), kept.stamp)
    return [*(item for turn in before for item in turn.items), *own]


def pinned(plan: Plan, base: Kept, providers: Iterable[str]) -> Plan:
    """The part of a plan that can go on from a response its maker keeps. Raises BadRequest when none can: the maker is
    gone, or another was asked for (R-S4)."""
    able = [d for d in plan.deployments if d.is_maker(base.provider) and d.speaks(NAME)]
    if not able:
        if base.provider not in providers:
            raise BadRequest(
                f"The response '{base.id}' was made and is kept by '{base.maker}', which is no longer configured here. "
                "Send the whole input instead.",
                param="previous_response_id",
                code="deployment_gone",
            )
        raise BadRequest(
            f"The response '{base.id}' was made and is kept by '{base.maker}': only a model of '{base.provider}' "
            "can go on from it. Name one, or send the whole input instead.",
            param="previous_response_id",
            code="response_pinned",
        )
    able.sort(key=lambda deployment: deployment.label != base.maker)
    step = f"'{base.id}' is kept by {base.maker}, so the call stays there"
    return Plan(tuple(able), (*plan.decision, step))


def gone(kept: Kept) -> NotHere:
    """The maker of a response cannot be asked any more."""
    return NotHere(
        f"The response '{kept.id}' is kept by '{kept.maker}', which is no longer configured here.",
        code="deployment_gone",
    )
