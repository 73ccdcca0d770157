"""The page: one call, from a client's request to its ledger row. Every room in order; nobody else knows the order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from gophergate.dialects.base import Dialect, Stamp
from gophergate.errors import GatewayError
from gophergate.front.base import Inbound, Reply
from gophergate.front.caller_headers import told
from gophergate.front.outlet import Outlet
from gophergate.ids import Ids
from gophergate.ledger.book import Book
from gophergate.policy.admission import Admission, Wanted
from gophergate.policy.auth import Auth, permit
from gophergate.routing.attempts import Attempts
from gophergate.routing.base import Order, Runner
from gophergate.routing.catalog import Snapshots
from gophergate.routing.choose import Chooser
from gophergate.routing.traits import Traits


class House(msgspec.Struct, frozen=True):
    """The rooms a call passes, as `app` built them."""

    auth: Auth
    book: Book
    catalog: Snapshots
    admission: Admission
    chooser: Chooser
    attempts: Attempts
    ids: Ids
    wall: Callable[[], float]
    heartbeat_interval: float = 15.0


async def exchange(
    inbound: Inbound,
    reply: Reply,
    house: House,
    door: Dialect,
    *,
    path_model: str = "",
    path_stream: bool = False,
    operation: str = "chat",
    runner: Runner | None = None,
) -> None:
    """One chat call at a dialect's door: exactly one row, whatever ends it (law 1). `path_model` and `path_stream` come
    from the path; `runner` stands before the attempts of a stateful operation. Raises only before anything was sent."""
    call_id = house.ids.new()
    caller = await house.auth.caller(inbound)
    said = told(inbound)
    entry = house.book.entry(call_id, said.request_id or call_id, caller, door.name, operation)
    entry.receiver, entry.client_ip = reply, inbound.client
    entry.tags, entry.session, entry.unlogged = said.tags, said.session, said.unlogged
    outlet = Outlet(reply, entry, house.heartbeat_interval)
    stamp = Stamp(call_id, entry.started // 1_000_000)
    try:
        with entry:
            body = await inbound.body()
            peek = door.peek(body, model=path_model, stream=path_stream)
            entry.asked(body, peek.model, stream=peek.stream, end_user=peek.user, session=peek.session)
            catalog = house.catalog.current
            permit(caller, peek.model, catalog.label(peek.model))
            plan = catalog.plan(peek.model)
            entry.guarding = catalog.guards.concerning(caller, peek.model, plan.deployments)
            wanted = Wanted(peek.model, plan.deployments, body, peek.max_output_tokens, entry.session, peek.n)
            async with house.admission.admitted(caller, wanted, entry, outlet.note) as scope:
                order = Order(
                    door=door,
                    body=body,
                    peek=peek,
                    path_model=path_model,
                    stamp=stamp,
                    passing=said.passing,
                    strict=said.strict,
                    account=entry,
                    outlet=outlet,
                    owner=caller.client_id,
                    disconnect=caller.disconnect,
                    resilience=plan.resilience,
                    moves=scope.move,
                )
                if plan.group:
                    traits = Traits.of(order, said.tags, entry.session)
                    plan = await house.chooser.choose(catalog, plan.group, traits, scope)
                entry.decided(*plan.decision)
                await (runner or house.attempts).run(plan, order)
    except GatewayError as error:
        outlet.refuse(error, door, stamp)
    except asyncio.CancelledError:
        outlet.refuse(entry.unstopped(), door, stamp)
    else:
        outlet.conclude()
    finally:
        outlet.quiet()
