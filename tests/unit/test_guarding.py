"""Guards of file and database: read once, in force together, and never silently not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from gophergate.guarding import must_hold, read_guard
from gophergate.policy.guards.rules import BadGuard
from gophergate.settings import SettingsError
from gophergate.store.guards import GuardRow
from kit.door_requests import asked
from kit.gate import KEY, gate, url

GUARD = '[[guards]]\nname = "mine"\nkind = "pii"\n'


@pytest.mark.parametrize(
    ("more", "line", "said"),
    [
        ('acton = "mask"\n', 4, "unknown key 'acton' in [[guards]] mine; did you mean 'action'?"),
        ('action = "hide"\n', 4, "guards.mine.action must be"),
        ('detect = ["email", "names"]\n', 4, "the guard mine: 'names' is nothing that is looked for"),
        ('patterns = ["x"]\n', 4, "the guard mine: 'patterns' are for guards of kind regex"),
        ('[[guards]]\nname = "r"\nkind = "regex"\npatterns = [\n "a",\n "(b",\n]\n', 9, "missing )"),
        ('[[guards]]\nname = "mine"\nkind = "injection"\n', 5, "the guard name 'mine' is taken already"),
        ('[[guards]]\nname = "k"\nkind = "keywords"\n', 4, "has 1 to 1000 of them"),
    ],
)
async def test_a_guard_of_the_file_that_cannot_be_stops_the_start(
    tmp_path: Path, more: str, line: int, said: str
) -> None:
    """R-G1: with file and line."""
    with pytest.raises(SettingsError) as refused:
        async with gate(tmp_path, sections=GUARD + more):
            pass
    assert said in str(refused.value)
    assert f"gophergate.toml:{line}:" in str(refused.value)


@pytest.mark.parametrize(
    ("definition", "member"),
    [
        ({"kind": "none"}, "kind"),
        ({"kind": "pii", "acton": 1}, "acton"),
        ({"kind": "keywords", "keywords": [" "]}, "keywords"),
        ({"kind": "regex", "patterns": ["ok", "a*"]}, "patterns.1"),
        ({"kind": "pii", "placeholder": "a\nb"}, "placeholder"),
        ({"kind": "pii", "placeholder": 'a"b'}, "placeholder"),
    ],
)
def test_a_guard_that_cannot_be_is_refused_by_its_member(definition: dict[str, Any], member: str) -> None:
    with pytest.raises(BadGuard) as refused:
        read_guard("mine", definition)
    assert member in (refused.value.member, str(refused.value).split("`")[1] if "`" in str(refused.value) else "")


async def test_no_call_passes_while_a_stored_guard_cannot_be_used(tmp_path: Path) -> None:
    """R-X7: what a newer version has stored does not silently guard nothing. One that need not hold is left out."""
    async with (
        gate(tmp_path) as gateway,
        httpx2.AsyncClient(base_url=url(gateway), headers={"x-api-key": KEY}) as client,
    ):
        path, said = asked("openai_chat", "demo/echo", stream=False)
        configuration = gateway.configuration
        for definition, status in (
            ({"kind": "from-the-future"}, 503),
            ({"kind": "from-the-future", "on_error": "open"}, 200),
            ({"kind": "from-the-future", "mode": "monitor"}, 200),
            ({"kind": "from-the-future", "enabled": False}, 200),
        ):
            assert must_hold(definition) == (status == 503)
            await configuration.guards.create(GuardRow(name="new", definition=definition, created_at=1, updated_at=1))
            await configuration.reload()
            assert "guard new" in configuration.broken
            answer = await client.post(path, json=said)
            assert answer.status_code == status
            assert status == 200 or "'new' cannot be used" in answer.text
            await configuration.guards.delete("new")
        await configuration.reload()
        assert (await client.post(path, json=said)).status_code == 200
