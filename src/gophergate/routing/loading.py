"""Ollama's loading and unloading, for models that are always there: answered here, because asking a provider nothing
is refused by some and paid at others."""

from __future__ import annotations

from gophergate.dialects.ollama.loading import load_answer
from gophergate.routing.base import Order, Plan, Runner


class Loading:
    """`Runner` for Ollama's doors. A provider that is an Ollama itself loads the model; `generate` as the door's."""

    def __init__(self, attempts: Runner, *, generate: bool) -> None:
        self._attempts = attempts
        self._generate = generate

    async def run(self, plan: Plan, order: Order) -> None:
        """As the attempts do."""
        first = plan.deployments[0]
        answer = None
        if not first.speaks(order.door.name):
            answer = load_answer(order.body, order.peek.model, order.stamp, generate=self._generate)
        if answer is None:
            await self._attempts.run(plan, order)
            return
        order.account.attempt(first)
        order.account.tried(None)
        order.account.said(answer)
        order.outlet.whole(answer, b"application/json")
