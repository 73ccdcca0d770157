"""Free probes of providers that are left alone (O25)."""

from __future__ import annotations

from gophergate.core.resilience import Breaker
from gophergate.routing.catalog import CatalogHolder
from gophergate.routing.probing import Prober
from gophergate.transport.base import Ask, RawHeaders
from gophergate.transport.memory import MemoryTransport
from kit.routing import Floor, provider


async def test_a_provider_that_lists_its_models_again_is_tried_again() -> None:
    floor = Floor()
    status = 503

    async def answer(ask: Ask) -> tuple[int, RawHeaders, bytes]:
        return status, [], b'{"data":[{"id":"m"}]}'

    transport = MemoryTransport(answer)
    sick = provider("a", models=("m", "n"), breaker=Breaker(failures=1, recovery=300.0, probe=10.0))
    quiet = provider("b", breaker=Breaker(failures=1))
    catalog = floor.catalog(providers=[sick, quiet])
    prober = Prober(floor.health, CatalogHolder(catalog), transport)
    for label in ("a/m", "a/n", "b/m"):
        floor.break_down(catalog, label)

    def rests(label: str) -> bool:
        (deployment,) = catalog.plan(label).deployments
        return bool(floor.health.rest(deployment, floor.clock())[1])

    await prober.look()
    assert [ask.url for ask in transport.asks] == ["http://a.invalid/v1/models"], "once, and only where set"
    assert rests("a/m")
    await prober.look()
    assert len(transport.asks) == 1, "not before its time"
    floor.clock.now, status = 10.0, 200
    await prober.look()
    assert len(transport.asks) == 2
    assert not rests("a/m")
    assert not rests("a/n")
    assert rests("b/m")
    await transport.aclose()
