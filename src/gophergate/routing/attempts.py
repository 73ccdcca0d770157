"""The one loop that tries again. Only before the client has seen content, and only for failures worth it (R-F1).

A first attempt that succeeds passes no rule at all. What is done about a failure stands in `failures.TREATMENTS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from msgspec.structs import replace

from gophergate.errors import ClientGone, GatewayError, Unavailable
from gophergate.routing.base import Deployment, Order, Plan
from gophergate.routing.catalog import Snapshots
from gophergate.routing.continuing import Thread
from gophergate.routing.continuity import Continuity
from gophergate.routing.credentials import Credentials
from gophergate.routing.disconnects import Drain
from gophergate.routing.failures import TREATMENTS, kind_of, said_to_wait, told
from gophergate.routing.health import Health
from gophergate.routing.heavy import LARGE, apart
from gophergate.routing.hedging import Race, Racer
from gophergate.routing.judging import Held
from gophergate.routing.path import Paths
from gophergate.routing.recovery import Recovery, has_other_vendor
from gophergate.routing.screening import overheard, screened
from gophergate.routing.strategies import Prices
from gophergate.routing.waiting import WaitingRoom
from gophergate.routing.warmth import Warmth

Sleep = Callable[[float], Awaitable[None]]


class Attempts:
    """Runs a plan until a deployment has answered, or there is nothing left that is worth trying."""

    def __init__(
        self,
        paths: Paths,
        continuity: Continuity,
        health: Health,
        credentials: Credentials,
        catalog: Snapshots,
        draw: Random,
        prices: Prices,
        warmth: Warmth,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._paths = paths
        self._continuity = continuity
        self._health = health
        self._credentials = credentials
        self._catalog = catalog
        self._draw = draw
        self._prices = prices
        self._warmth = warmth
        self._waiting = WaitingRoom(health)
        self._sleep = sleep

    async def run(self, plan: Plan, order: Order) -> None:
        """Deliver the order by the first deployment that can. Raises the last failure when none could."""
        size, concerns = len(order.body), self._continuity.concerns
        if concerns(order) if size < LARGE else await apart(size, concerns, order):
            plan, order = await self._continuity.settled(plan, order)
        guarding = order.account.guarding
        if guarding is not None:
            order = await screened(order)
            if guarding.holds:
                order = replace(order, thread=Held())
        resilience = order.resilience
        if resilience.wait is not None:
            plan = await self._waiting.turn(plan, order)
        first, are_several = plan.deployments[0], len(plan.deployments) > 1
        if are_several and has_other_vendor(plan.deployments, first):
            order = replace(order, declines=True)
        after = resilience.hedge_after
        if resilience.continue_streams and order.peek.stream and after is None:
            order = replace(order, thread=order.thread or Thread())
        began = self._health.clock()
        if are_several and after is not None:
            plan, first, error = await self._hedged(plan, order, after / 1000)
        else:
            error = await self._try(order, first, began)
        if error is not None:
            await self._recover(plan, order, first, error, began)
        if plan.warms is not None:
            self._warmth.note(plan.warms[0], order.account.deployment_label, plan.warms[1])
        if guarding is not None and (inquiry := guarding.overheard()) is not None:
            await overheard(inquiry, order.account)

    async def _hedged(self, plan: Plan, order: Order, after: float) -> tuple[Plan, Deployment, GatewayError | None]:
        """The first deployment, and after that many seconds without content the second beside it. Gives what is left to
        recover from: the plan of those not asked yet, behind the last that failed, and its error."""
        first, second = plan.deployments[:2]
        race = Race(order, self._health.clock, self._prices)
        lead = race.racer(first)
        lead.task = asyncio.ensure_future(self._raced(lead))
        running = {lead.task}
        try:
            await asyncio.wait(running, timeout=after)
            if lead.task.done() or race.won() is not None:
                return plan, first, await lead.task
            order.account.decided(
                f"{first.label} had no content after {after * 1000:.0f} ms, so {second.label} is asked too"
            )
            chase = race.racer(second)
            chase.task = asyncio.ensure_future(self._raced(chase))
            running.add(chase.task)
            await asyncio.wait(running)
        finally:
            await _ended(running)
        won = race.won()
        if won is not None:
            return plan, first, await won
        error = await chase.task or await lead.task
        return replace(plan, deployments=plan.deployments[1:]), second, error

    async def _raced(self, racer: Racer) -> GatewayError | None:
        order = replace(racer.race.order, account=racer.account, outlet=racer.outlet)
        try:
            return await self._try(order, racer.deployment, self._health.clock())
        finally:
            racer.is_over = True

    async def _try(self, order: Order, deployment: Deployment, began: float) -> GatewayError | None:
        """One attempt, begun now, to its end; the error it failed with before the client saw anything of it."""
        account, health = order.account, self._health
        if deployment.provider.concurrency is not None and health.is_full(deployment):
            return Unavailable(f"The provider of {deployment.label} has as many calls as it may have.", retry_after=1)
        account.attempt(deployment, began)
        vitals = health.began(deployment)
        try:
            policy = order.disconnect or order.resilience.disconnect or deployment.provider.disconnect
            if policy.policy == "cancel":
                await self._paths.carry(order, deployment)
            else:
                with Drain(order, policy):
                    await self._paths.carry(order, deployment)
        except GatewayError as error:
            account.tried(error)
            self._learn(order, deployment, error)
            return error
        else:
            account.tried(None)
            broken = account.failure
            if broken is not None:
                self._learn(order, deployment, broken)
                return None
            health.succeeded(vitals)
            now, stream = health.clock(), order.peek.stream
            at = account.first_token_at if stream else None
            vitals.took((at or now) - began, now, stream=stream)
            return None
        finally:
            health.ended(vitals)

    def _learn(self, order: Order, deployment: Deployment, error: GatewayError) -> None:
        """Let breaker and credential know of a failure. The client's own leaving, or fault, is nobody's."""
        if isinstance(error, ClientGone):
            return
        health, provider = self._health, deployment.provider
        treatment = TREATMENTS[kind_of(error)]
        if treatment.blames:
            health.failed(health.of(deployment), told(error))
        if treatment.rests and order.account.credential:
            said = said_to_wait(error, health.wall)
            health.cool(provider.name, order.account.credential, said or treatment.rests, told(error))

    async def _recover(self, plan: Plan, order: Order, failed: Deployment, error: GatewayError, began: float) -> None:
        recovery = Recovery(plan, order, self._health, self._credentials, self._catalog.current, self._draw, began)
        while True:
            step = recovery.after(failed, error)
            if step is None or order.outlet.gone:
                if order.thread is None or not order.thread.delivered:
                    raise error
                order.thread.fail(order, error)
                return
            order.account.decided(step.because)
            if step.pause:
                await self._sleep(step.pause)
            failed = step.deployment
            if order.declines and not recovery.has_other_vendor(failed):
                order = replace(order, declines=False)
            again = await self._try(order, failed, self._health.clock())
            if again is None:
                return
            error = again


async def _ended(tasks: set[asyncio.Task[GatewayError | None]]) -> None:
    """No racer outlives its call: what still runs is cancelled, and seen to its end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
