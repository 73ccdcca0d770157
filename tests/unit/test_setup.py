"""The first start on an empty database, and a database that was encrypted with another key."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gophergate.ids import Ids
from gophergate.keyfile import SetupError
from gophergate.secrets import Keyring, Passwords
from gophergate.settings import Settings, load
from gophergate.setup import check_key, dashboard_address, first_run
from gophergate.store.clients import Clients
from gophergate.store.database import Database, open_database
from gophergate.store.keys import Keys
from gophergate.store.revision import upgrade
from gophergate.store.users import Users

NOW = 1_700_000_000_000_000
RING = Keyring(bytes(range(32)))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = await open_database(f"sqlite+aiosqlite:///{tmp_path}/gate.db")
    await upgrade(made)
    yield made
    await made.close()


def settings_with(home: Path, **environ: str) -> Settings:
    return load(environ={"HOME": str(home), **environ}, cwd=home)


async def run(settings: Settings, database: Database, node: int = 0) -> tuple[bool, list[str]]:
    said: list[str] = []
    bits = itertools.count(node << 40)
    ids = Ids(lambda: NOW / 1e6, lambda _bits: next(bits))
    first = await first_run(settings, database, RING, ids=ids, now=NOW)
    if first is not None:
        first.announce("http://127.0.0.1:8080/", said.append)
    return first is not None, said


def word_after(label: str, said: list[str]) -> str:
    (line,) = [line for line in said if line.startswith(f"  {label}")]
    return line.removeprefix(f"  {label}").strip()


async def test_an_empty_database_gets_an_administrator_and_a_key_said_once(tmp_path: Path, database: Database) -> None:
    """INTERFACE: address, name, generated password and first client key; both secrets work."""
    done, said = await run(settings_with(tmp_path), database)
    assert done
    assert word_after("Dashboard", said) == "http://127.0.0.1:8080/"
    assert word_after("User", said) == "admin"
    user, hashed = await Users(database).by_username("admin") or (None, None)
    assert user is not None
    assert user.role == "owner"
    passwords = Passwords()
    assert await passwords.fits(word_after("Password", said), hashed)
    passwords.close()
    caller = await Keys(database).find(RING.hash_client_key(word_after("Client key", said)))
    assert caller is not None
    assert (await Clients(database).get(caller.client_id)).name == "default"
    assert await run(settings_with(tmp_path), database) == (False, [])


async def test_what_the_environment_gives_is_used_and_not_printed(tmp_path: Path, database: Database) -> None:
    """INTERFACE: then nothing secret is printed."""
    environ = {"GOPHERGATE_ADMIN_PASSWORD": "correct horse", "GOPHERGATE_BOOTSTRAP_KEY": "sk-gg-canary-key"}
    done, said = await run(settings_with(tmp_path, **environ), database)
    assert done
    assert "correct horse" not in "".join(said)
    assert "canary" not in "".join(said)
    assert await Keys(database).find(RING.hash_client_key("sk-gg-canary-key")) is not None
    (key,) = await Keys(database).page()
    assert (key.prefix, key.last4) == ("sk-gg-", "-key")


async def test_a_start_that_was_killed_half_way_is_done_whole_by_the_next(tmp_path: Path, database: Database) -> None:
    """The user is stored last; until then the database counts as empty."""
    environ = {"GOPHERGATE_BOOTSTRAP_KEY": "sk-gg-given"}
    create = Users.create

    async def killed(*_args: object, **_more: object) -> None:
        raise asyncio.CancelledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Users, "create", killed)
        with pytest.raises(asyncio.CancelledError):
            await run(settings_with(tmp_path, **environ), database)
    assert Users.create is create
    done, said = await run(settings_with(tmp_path, **environ), database)
    assert done
    assert word_after("Password", said)
    assert len(await Keys(database).page()) == 1, "the given key is stored once"


async def test_two_first_starts_at_once_make_one_administrator(tmp_path: Path, database: Database) -> None:
    """R-I2: nodes may start together. The one that loses announces nothing and leaves no key that works."""
    results = await asyncio.gather(*(run(settings_with(tmp_path), database, node) for node in range(2)))
    assert sorted(done for done, _ in results) == [False, True]
    assert await Users(database).count() == 1
    working = [key for key in await Keys(database).page() if key.revoked_at is None]
    assert len(working) == 1


async def test_a_database_remembers_its_key_and_refuses_another(database: Database) -> None:
    """INTERFACE: with an encrypted database whose key does not fit, one clear sentence."""
    await check_key(database, RING, now=NOW)
    await check_key(database, RING, now=NOW)
    with pytest.raises(SetupError) as caught:
        await check_key(database, Keyring(bytes(32)), now=NOW)
    assert str(caught.value) == (
        f"The encryption key does not fit the database {database.name}: it was encrypted with another key, which "
        "must be given."
    )


async def test_of_two_keys_at_once_one_is_refused(database: Database) -> None:
    results = await asyncio.gather(
        *(check_key(database, ring, now=NOW) for ring in (RING, Keyring(bytes(32)))), return_exceptions=True
    )
    assert sorted(type(result) for result in results if result is not None) == [SetupError]


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "http://127.0.0.1:9/"),
        ({"GOPHERGATE_SERVER__HOST": "0.0.0.0"}, "http://127.0.0.1:9/"),
        ({"GOPHERGATE_SERVER__HOST": "::"}, "http://[::1]:9/"),
        ({"GOPHERGATE_SERVER__PUBLIC_URL": "https://gate.example"}, "https://gate.example"),
    ],
)
def test_where_the_dashboard_is(tmp_path: Path, environ: dict[str, str], address: str) -> None:
    assert dashboard_address(settings_with(tmp_path, **environ), 9) == address
