"""File and database, one catalogue: what is stored works at once, what cannot work takes nothing else with it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gophergate.app import Gateway
from gophergate.configured import ConfigurationProblem
from gophergate.errors import ModelNotFound
from gophergate.store.models import ModelRow
from gophergate.store.providers import ProviderRow
from kit.gate import gate
from kit.upstream import Asked, Say, Upstream, body


def row(gateway: Gateway, name: str = "mine", **changed: Any) -> ProviderRow:
    sealed = gateway.configuration.sealed(name, "sk-secret")
    base = {"kind": "openai", "api_key_sealed": sealed, "models": ("gpt-x",), "created_at": 1, "updated_at": 1}
    return ProviderRow(name=name, **(base | changed))


async def test_a_stored_provider_is_there_after_a_reload_with_its_opened_key(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway:
        configuration = gateway.configuration
        before = configuration.current
        await configuration.providers.create(row(gateway))
        await configuration.reload()
        assert "mine" not in before.providers
        assert configuration.current.providers["mine"].credentials[0].secret == "sk-secret"
        assert configuration.current.plan("gpt-x").deployments[0].label == "mine/gpt-x"
        assert not configuration.is_from_file("mine")
        assert configuration.is_from_file("demo")


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"kind": "no-such"}, "kind"),
        ({"name": "demo"}, "name"),
        ({"api_key_sealed": None}, "api_key"),
        ({"api_key_sealed": b"damaged"}, "api_key"),
        ({"kind": "compatible"}, "base_url"),
        ({"speaks": ("gemini",)}, "speaks"),
    ],
)
async def test_what_cannot_be_is_refused_by_name_and_left_out(
    tmp_path: Path, changed: dict[str, Any], param: str
) -> None:
    """Law 10."""
    async with gate(tmp_path) as gateway:
        configuration = gateway.configuration
        bad = row(gateway, **changed)
        with pytest.raises(ConfigurationProblem) as caught:
            async with gateway.parts.database.write():
                await configuration.providers.create(bad)
                await configuration.rebuilt()
        assert caught.value.param == param
        assert await configuration.providers.all() == []
        await configuration.providers.create(bad)
        await configuration.reload()
        assert list(configuration.broken) == [f"provider {bad.name}"]
        assert "demo" in configuration.current.providers


async def test_groups_of_the_database_join_those_of_the_file(tmp_path: Path) -> None:
    file = '[[groups]]\nname = "filed"\ntargets = [{ model = "demo/echo" }]\n'
    async with gate(tmp_path, sections=file) as gateway:
        configuration = gateway.configuration

        async def save(name: str, *targets: str) -> None:
            definition = {"targets": [{"model": target} for target in targets]}
            await configuration.groups.save(
                name, definition, state="published", expected_version=0, author_id=None, now=1
            )

        await save("stored", "filed")
        await save("loop-a", "loop-b")
        await save("loop-b", "loop-a")
        await save("filed", "demo/lorem")
        await configuration.reload()
        assert configuration.current.plan("stored").deployments[0].label == "demo/echo"
        assert "loop-a -> loop-b -> loop-a" in configuration.broken["group loop-a"]
        assert "already" in configuration.broken["group filed"]
        with pytest.raises(ConfigurationProblem, match="already"):
            await configuration.rebuilt()


async def test_a_model_can_be_switched_off_and_called_otherwise(tmp_path: Path) -> None:
    async with gate(tmp_path) as gateway:
        configuration = gateway.configuration
        await configuration.models.put(ModelRow(name="demo/echo", enabled=False, updated_at=1), expected_version=0)
        await configuration.models.put(
            ModelRow(name="demo/lorem", mapped_name="think", updated_at=1), expected_version=0
        )
        await configuration.reload()
        with pytest.raises(ModelNotFound, match="switched off"):
            configuration.current.plan("demo/echo")
        found = configuration.current.plan("demo/lorem").deployments[0]
        assert (found.model, found.label) == ("think", "demo/lorem")
        assert "demo/echo" not in {listed.id for listed in configuration.current.listed()}


async def test_a_providers_own_list_is_offered_and_looked_at_again(tmp_path: Path) -> None:
    """What it lists anew is there; while it does not answer, what it listed before stays."""
    lists: list[list[str] | None] = [["one"], ["one", "two"], None]

    def script(asked: Asked) -> Say:
        names = lists.pop(0)
        return body({"data": [{"id": name} for name in names]}) if names else body({}, status=500)

    async with Upstream(script) as up:
        local = {"name": "local", "kind": "vllm", "base_url": f"{up.url}/v1"}
        wide = '[[groups]]\nname = "wide"\ntargets = [{ model = "local/*" }]\n'
        async with gate(tmp_path, local, sections=wide) as gateway:
            configuration = gateway.configuration
            async with asyncio.timeout(10):
                while not configuration.current.providers["local"].models:
                    await asyncio.sleep(0.01)
            assert configuration.current.plan("one").deployments[0].label == "local/one"
            await configuration.discover()
            assert len(up.asked) == 1
            await configuration.discover(again=True)
            assert [d.label for d in configuration.current.plan("wide").deployments] == ["local/one", "local/two"]
            await configuration.discover(again=True)
            assert configuration.current.providers["local"].models == ("one", "two")
            assert len(up.asked) == 3


async def test_a_cycle_through_a_group_of_the_file_leaves_out_that_of_the_database(tmp_path: Path) -> None:
    """Law 10: the file stood before it, and a start must not fail for it."""
    file = '[[groups]]\nname = "filed"\ntargets = [{ model = "stored" }, { model = "demo/echo" }]\n'
    async with gate(tmp_path, sections=file) as gateway:
        configuration = gateway.configuration
        await configuration.groups.save(
            "stored",
            {"targets": [{"model": "filed"}]},
            state="published",
            expected_version=0,
            author_id=None,
            now=1,
        )
        await configuration.reload()
        assert list(configuration.broken) == ["group stored"]
        assert configuration.current.plan("filed").deployments[0].label == "demo/echo"
