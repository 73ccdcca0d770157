"""Conversations that go on: what a maker sealed goes back to it, and to nobody else (R-S2, R-S3, R-S4).

Looks at a request before it is routed. Seals that the client could not carry are put back, bare tokens get their
maker's name, and inside an open tool loop the maker is the only one asked. Costs a call without such state one look
into a dict and one search of its body.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from gophergate.core.blocks import Block, Seal, Thought, ToolCall, ToolResult
from gophergate.core.reply import Reply
from gophergate.core.request import Request, Turn
from gophergate.dialects.base import SEAL_MARK_BYTES, Reader
from gophergate.dialects.callbook import is_invented
from gophergate.dialects.toolnames import Restorer
from gophergate.errors import BadRequest
from gophergate.routing.base import Deployment, Order, Plan, Reread
from gophergate.routing.catalog import Snapshots
from gophergate.routing.heavy import apart, on_loop
from gophergate.routing.listener import Listener
from gophergate.routing.seals import (
    Remembered,
    SealStore,
    call_keys,
    is_of_words,
    kept_of,
    read_kept,
    seal_of,
    token_key,
)

_STATE: Mapping[str, tuple[bytes, ...]] = {
    "openai_chat": (b'"tool_calls"', b'"reasoning_details"', b'"extra_content"'),
    "openai_responses": (b'_call"', b'"encrypted_content"'),
    "anthropic_messages": (b'"tool_use"', b'"signature"', b'"redacted_thinking"'),
    "gemini": (b"functionCall", b"function_call", b"thoughtSignature", b"thought_signature"),
    "ollama": (b'"tool_calls"',),
}
"""By door: only a body that holds one of these can carry, or lack, what a maker sealed."""

_WRAPPED: Mapping[str, bytes] = {"gemini": b"Z2cx"}
"""By door: the mark of a wrapped seal, where it is not the plain one. Google's clients carry base64: this is "gg1"."""

_UNSEALED = re.compile(rb'"signature"\s*:\s*""')
"""A thought of another maker, as Anthropic's clients were shown it: Anthropic refuses it as it is."""


_OF_AN_ACCOUNT = "openai_responses"
"""The dialect whose sealed thoughts only the account can open that had them made (OpenAI: "Encrypted content
organization_id did not match the target organization"). Anthropic's and Google's signatures hold for any account, so
their callers keep every key."""


class Continuity:
    """Reads requests for what makers sealed, and listens to replies for it."""

    def __init__(self, store: SealStore, catalog: Snapshots) -> None:
        self._store = store
        self._catalog = catalog
        self._putting: set[asyncio.Task[None]] = set()

    # -- requests -----------------------------------------------------------------------------------------------

    def concerns(self, order: Order) -> bool:
        """Whether the request may hold or lack what a maker sealed; only then is `settled` needed."""
        if not (self._store.may_hold(order.owner) or is_wrapped(order)):
            return False
        return any(mark in order.body for mark in _STATE.get(order.door.name, ()))

    async def settled(self, plan: Plan, order: Order) -> tuple[Plan, Order]:
        """The plan and the order to run. Raises BadRequest when an open tool loop belongs to a maker that cannot be
        asked any more, naming it; BudgetExceeded when it is not in the plan and cannot be paid for."""
        try:
            body, peek = order.body, order.peek
            request = await apart(len(body), order.door.read_request, body, model=order.path_model, stream=peek.stream)
        except BadRequest:
            if is_wrapped(order):
                raise
            # On the verbatim path what we cannot read may still be right; the translated one will say what is wrong.
            return plan, order
        kept = read_kept(await self._store.get(order.owner, dict.fromkeys(_keys(request))))
        known = {
            key: found
            for key, found in kept.items()
            if not is_of_words(key) or self._is_meant(found.origin, plan, order)
        }
        request = _named(request, known)
        brought = frozenset(seal.origin for seal in _seals(request.turns) if seal.origin)
        request, put_back = _put_back(request, known)
        order = _on_its_key(order, request, known)
        listed = plan.deployments
        plan = self._pinned(plan, order, request, known)
        if order.moves is not None and plan.deployments[0] not in listed:
            await order.moves(plan.deployments[0])
        return plan, replace(order, reread=Reread(request, brought, put_back))

    def _is_meant(self, origin: str, plan: Plan, order: Order) -> bool:
        """Whether the model asked for can be that maker's. What is remembered by a call's words, for clients that send
        no ids, counts for no other: the same may have been said in another conversation, and whoever names a model
        must not get another one for that."""
        return any(one.is_maker(origin) for one in plan.deployments) or any(
            one.is_maker(origin) for one in self._catalog.current.plan(order.peek.model).deployments
        )

    def _pinned(self, plan: Plan, order: Order, request: Request, known: Mapping[str, Remembered]) -> Plan:
        origins = [seal.origin for seal in _seals(_open_loop(request)) if seal.origin]
        if not origins:
            return plan
        origin = origins[-1]
        chosen = tuple(one for one in plan.deployments if one.is_maker(origin))
        provider = self._catalog.current.providers.get(origin)
        if not chosen and provider is not None:
            model = next((found.model for found in reversed(list(known.values())) if found.origin == origin), "")
            chosen = (Deployment(provider, model),) if model else ()
        if not chosen:
            raise BadRequest(
                f"The open tool call was made by '{origin}', which is not among what '{order.peek.model}' stands for "
                "now. Only its maker can go on with it: ask that model, or start from the last finished turn.",
                code="pinned_to_origin",
            )
        if chosen != plan.deployments:
            order.account.decided(f"the open tool call belongs to '{origin}', so only it is asked")
        return replace(plan, deployments=chosen)

    # -- replies ------------------------------------------------------------------------------------------------

    def hears_verbatim(self, dialect: str, deployment: Deployment) -> bool:
        """Whether bytes that pass untouched must be listened to: bare tokens of one dialect with several speakers do
        not say whose they are, nor which of several accounts can open them."""
        if dialect == _OF_AN_ACCOUNT and len(deployment.provider.credentials) > 1:
            return True
        return self._catalog.current.speakers(dialect) > 1

    def listening(self, reader: Reader, order: Order, deployment: Deployment, request: Request | None) -> Reader:
        """The reader, listened to. With a `request` calls get back the names it offered tools under."""
        restorer = Restorer(request) if request is not None and Restorer.is_needed(request) else None

        def keep(reply: Reply) -> None:
            has_several = len(deployment.provider.credentials) > 1
            credential = order.account.credential if has_several else ""
            kept = kept_of(reply, deployment.provider_name, deployment.model, credential)
            if kept:
                on_loop(loop, self._put, order.owner, kept)

        loop = asyncio.get_running_loop()
        return Listener(reader, restorer, keep)

    def _put(self, owner: str, kept: dict[str, bytes]) -> None:
        """The store is asked on the loop's next turn, long before the client can come back with the result."""
        task = asyncio.get_running_loop().create_task(self._store.put(owner, kept))
        self._putting.add(task)
        task.add_done_callback(self._putting.discard)


class NothingKept(Continuity):
    """For operations whose answers no maker seals: nothing is looked for, and nothing is listened to."""

    def concerns(self, order: Order) -> bool:
        return False

    def hears_verbatim(self, dialect: str, deployment: Deployment) -> bool:
        return False

    def listening(self, reader: Reader, order: Order, deployment: Deployment, request: Request | None) -> Reader:
        return reader


def may_go_verbatim(order: Order, deployment: Deployment) -> bool:
    """Whether the client's own bytes may go to that deployment: it speaks their language, and they hold nothing of
    another maker and lack nothing of its own, and no guard has changed them or may change the answer.

    What holds a wrapped seal has been read by now, and brought its maker's name.
    """
    dialect = order.door.name
    if dialect not in deployment.provider.speaks and not deployment.completes(dialect):
        return False
    if dialect == "anthropic_messages" and b'"signature"' in order.body and _UNSEALED.search(order.body):
        return False
    guarding, reread = order.account.guarding, order.reread
    if guarding is not None and guarding.rewrites:
        return False
    if reread is None:
        return True
    if reread.is_masked:
        return False
    name = deployment.provider_name
    return name not in reread.put_back and reread.brought <= {name} and not is_wrapped(order)


def is_wrapped(order: Order) -> bool:
    """Whether the body holds a seal that we wrapped for a client of another dialect than its maker's."""
    # Not by `in`, which first fails to read the mark as a number: a fiftieth of a whole call's instructions.
    return order.body.find(_WRAPPED.get(order.door.name, SEAL_MARK_BYTES)) >= 0


def _seals(turns: tuple[Turn, ...]) -> Iterator[Seal]:
    for turn in turns:
        for block in turn.blocks:
            seal = seal_of(block)
            if seal is not None:
                yield seal


def _keys(request: Request) -> Iterator[str]:
    for turn in request.turns:
        for block in turn.blocks:
            seal = seal_of(block)
            if seal is not None and (not seal.origin or seal.dialect == _OF_AN_ACCOUNT):
                yield token_key(seal.token)
            if isinstance(block, ToolCall) and turn.role == "assistant":
                yield _call_key(block)


def _call_key(call: ToolCall) -> str:
    by_id, by_words = call_keys(call)
    return by_words if is_invented(call.id) else by_id


def _on_its_key(order: Order, request: Request, known: Mapping[str, Remembered]) -> Order:
    """The order, to be sent on the key whose account can open what the request holds. The last thought decides: who
    mixes accounts in one conversation is refused by the provider, in its words."""
    if order.credential:
        return order
    makers = dict(known)
    for one in known.values():
        makers.update((token_key(seal.token), one) for _, thought in one.thoughts if (seal := thought.seal))
    for seal in reversed(list(_seals(request.turns))):
        if seal.dialect == _OF_AN_ACCOUNT and (found := makers.get(token_key(seal.token))) and found.credential:
            order.account.decided(f"only the account of '{found.credential}' can open what '{found.origin}' thought")
            return replace(order, credential=found.credential)
    return order


def _named(request: Request, known: Mapping[str, Remembered]) -> Request:
    """The request with the makers of its bare tokens, where they are known."""

    def named(block: Block) -> Block:
        seal = seal_of(block)
        if seal is None or seal.origin:
            return block
        found = known.get(token_key(seal.token))
        return block if found is None else replace(block, seal=replace(seal, origin=found.origin))

    return _with_blocks(request, lambda turn: tuple(named(block) for block in turn.blocks))


def _put_back(request: Request, known: Mapping[str, Remembered]) -> tuple[Request, frozenset[str]]:
    """The request with what its calls lack, and the makers whose bytes the client's own lack.

    A client of Anthropic's or OpenAI's own language that leaves thoughts out does so by choice, so those alone make
    no reason to rewrite its bytes.
    """
    lacking: set[str] = set()

    def whole(turn: Turn) -> tuple[Block, ...]:
        if turn.role != "assistant":
            return turn.blocks
        done: list[Block] = []
        segment: list[Block] = []
        for block in turn.blocks:
            segment.append(block)
            if not isinstance(block, ToolCall):
                continue
            found = known.get(_call_key(block))
            if found is not None:
                if block.seal is None and found.seal is not None:
                    segment[-1] = replace(block, seal=found.seal)
                    lacking.add(found.origin)
                if found.thoughts and not any(isinstance(b, Thought) and b.seal for b in segment):
                    segment = _with_thoughts(segment, found)
                    if request.dialect in ("openai_chat", "ollama"):
                        lacking.add(found.origin)
            done.extend(segment)
            segment = []
        return (*done, *segment)

    return _with_blocks(request, whole), frozenset(lacking)


def _with_thoughts(segment: list[Block], found: Remembered) -> list[Block]:
    """The blocks up to a call with its sealed thoughts where they stood; unsealed copies of them make room."""
    others: list[Block] = [block for block in segment if not isinstance(block, Thought)]
    for number, (at, thought) in enumerate(found.thoughts):
        others.insert(min(at + number, len(others) - 1), thought)
    return others


def _with_blocks(request: Request, blocks_of: Callable[[Turn], tuple[Block, ...]]) -> Request:
    turns = []
    changed = False
    for turn in request.turns:
        blocks = blocks_of(turn)
        if blocks != turn.blocks:
            turn, changed = replace(turn, blocks=blocks), True
        turns.append(turn)
    return replace(request, turns=tuple(turns)) if changed else request


def _open_loop(request: Request) -> tuple[Turn, ...]:
    """The model's turns of the tool loop that the request goes on with: back to the last turn of the user's own."""
    turns = [turn for turn in request.turns if turn.role in ("user", "assistant")]
    if not turns or turns[-1].role != "user" or not _answers(turns[-1]):
        return ()
    loop: list[Turn] = []
    for turn in reversed(turns):
        if turn.role == "assistant":
            loop.append(turn)
        elif not _answers(turn):
            break
    return tuple(reversed(loop))


def _answers(turn: Turn) -> bool:
    return any(isinstance(block, ToolResult) for block in turn.blocks)
