"""Providers, models and groups as rows: versions, conflicts, the change mark."""

from __future__ import annotations

import pytest

from gophergate.errors import NotHere
from gophergate.store import changes
from gophergate.store.database import Conflict, Database
from gophergate.store.groups import Groups
from gophergate.store.guards import GuardRow, Guards
from gophergate.store.models import Discount, ModelRow, Models
from gophergate.store.providers import TOPIC, ProviderRow, Providers


def provider(**changed: object) -> ProviderRow:
    return ProviderRow(**({"name": "mine", "kind": "openai", "created_at": 1, "updated_at": 1} | changed))  # type: ignore[arg-type]


async def mark(database: Database) -> int:
    return (await changes.marks(database)).get(TOPIC, 0)


async def test_a_provider_is_stored_changed_and_removed_and_each_time_seen(database: Database) -> None:
    rows = Providers(database)
    made = provider(
        api_key_sealed=b"x", api_key_masked="sk...x", models=("m",), timeouts={"connect": 2.0}, settings={"a": 1}
    )
    await rows.create(made)
    assert await rows.all() == [made] == [await rows.get("mine")]
    stored = await rows.replace(provider(enabled=False), expected_version=1)
    assert stored.version == 2
    assert (await rows.get("mine")) == stored
    await rows.delete("mine")
    assert await mark(database) == 3
    with pytest.raises(NotHere):
        await rows.get("mine")
    with pytest.raises(NotHere):
        await rows.delete("mine")


async def test_of_two_changes_to_one_version_the_second_is_refused(database: Database) -> None:
    rows = Providers(database)
    await rows.create(provider())
    await rows.replace(provider(base_url="http://a"), expected_version=1)
    with pytest.raises(Conflict, match="somebody else"):
        await rows.replace(provider(base_url="http://b"), expected_version=1)
    with pytest.raises(Conflict):
        await rows.create(provider())
    with pytest.raises(NotHere):
        await rows.replace(provider(name="other"), expected_version=1)
    assert (await rows.get("mine")).base_url == "http://a"


async def test_model_settings_come_and_go(database: Database) -> None:
    rows = Models(database)
    assert await rows.get("p/m") is None
    model = ModelRow(
        name="p/m", enabled=False, price={"input": "1.5"}, discounts=(Discount(share="0.5", since=1),), updated_at=2
    )
    assert await rows.put(model, expected_version=0) == model
    assert await rows.all() == [model] == [await rows.get("p/m")]
    assert (await rows.put(model, expected_version=1)).version == 2
    for version in (0, 1):
        with pytest.raises(Conflict):
            await rows.put(model, expected_version=version)
    await rows.delete("p/m")
    with pytest.raises(NotHere):
        await rows.delete("p/m")


async def test_a_draft_changes_nothing_until_it_is_published_and_an_older_version_can_return(
    database: Database,
) -> None:
    rows = Groups(database)
    first = {"targets": [{"model": "a/b"}]}
    await rows.save("g", first, state="published", expected_version=0, author_id="u", now=1)
    before = await mark(database)
    draft = await rows.save("g", {"targets": []}, state="draft", expected_version=1, author_id="u", now=2)
    assert await mark(database) == before
    assert [row.definition for row in await rows.published()] == [first]
    assert [row.version for row in await rows.latest()] == [draft.version]
    await rows.publish("g", 2)
    assert [row.version for row in await rows.published()] == [2]
    await rows.publish("g", 1)
    assert [(row.version, row.state) for row in await rows.versions("g")] == [(2, "retired"), (1, "published")]
    with pytest.raises(Conflict, match="somebody else"):
        await rows.save("g", first, state="draft", expected_version=1, author_id=None, now=3)
    with pytest.raises(Conflict, match="already"):
        await rows.save("g", first, state="draft", expected_version=0, author_id=None, now=3)
    with pytest.raises(NotHere):
        await rows.publish("g", 9)
    await rows.delete("g")
    for gone in (rows.versions("g"), rows.delete("g")):
        with pytest.raises(NotHere):
            await gone


async def test_a_guard_is_stored_changed_and_removed_and_each_time_seen(database: Database) -> None:
    rows = Guards(database)
    made = GuardRow(name="mine", definition={"kind": "pii", "detect": ["email"]}, created_at=1, updated_at=1)
    await rows.create(made)
    assert await rows.all() == [made] == [await rows.get("mine")]
    with pytest.raises(Conflict):
        await rows.create(made)
    changed = GuardRow(name="mine", definition={"kind": "injection"}, created_at=1, updated_at=2)
    stored = await rows.replace(changed, expected_version=1)
    assert (stored.version, await rows.get("mine")) == (2, stored)
    with pytest.raises(Conflict, match="somebody else"):
        await rows.replace(changed, expected_version=1)
    await rows.delete("mine")
    assert await mark(database) == 3
    for missing in (rows.get("mine"), rows.delete("mine"), rows.replace(changed, expected_version=1)):
        with pytest.raises(NotHere):
            await missing
