"""The one loop that tries again. Only before the client has seen content, and only for failures worth it (R-F1)."""

from __future__ import annotations

from gophergate.errors import GatewayError, UpstreamError, UpstreamRefused
from gophergate.routing.base import Order, Plan
from gophergate.routing.continuity import Continuity
from gophergate.routing.path import Paths

_WORTH_ANOTHER = frozenset({401, 402, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504, 529})


class Attempts:
    """Runs a plan: each deployment in order until one answers."""

    def __init__(self, paths: Paths, continuity: Continuity) -> None:
        self._paths = paths
        self._continuity = continuity

    async def run(self, plan: Plan, order: Order) -> None:
        """Deliver the order by the first deployment that can. Raises the last failure when none could."""
        if self._continuity.concerns(order):
            plan, order = await self._continuity.settled(plan, order)
        last = len(plan.deployments) - 1
        for number, deployment in enumerate(plan.deployments):
            order.account.attempt(deployment)
            try:
                await self._paths.carry(order, deployment)
            except GatewayError as error:
                order.account.tried(error)
                if number == last or not _worth_another(error):
                    raise
            else:
                order.account.tried(None)
                return


def _worth_another(error: GatewayError) -> bool:
    if isinstance(error, UpstreamRefused):
        return error.status in _WORTH_ANOTHER
    return isinstance(error, UpstreamError)
