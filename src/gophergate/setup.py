"""What a database must hold before a gateway can serve from it: the mark of its key, and somebody to log in.

    check_key  refuses a database that was encrypted with another key
    first_run  gives an empty database its administrator, first client and first key, to be said once

Part of the composition, so it may use the store. Safe to run in several processes at once.
"""

from __future__ import annotations

import os

import msgspec

from gophergate.ids import Ids
from gophergate.keyfile import Announce, SetupError
from gophergate.secrets import CLIENT_KEY_PREFIX, Keyring, Passwords, Random, make_client_key, make_password
from gophergate.settings import Settings
from gophergate.store.backup import KEY_CHECK
from gophergate.store.clients import ClientRow, Clients
from gophergate.store.database import Conflict, Database
from gophergate.store.keys import Keys, NewKey
from gophergate.store.settings_rows import SettingRows
from gophergate.store.users import UserRow, Users

ADMINISTRATOR = "admin"
FIRST_CLIENT = "default"

_TELLING_LENGTH = 16
"""Characters a key must have before its last four are kept for showing."""


async def check_key(database: Database, keyring: Keyring, *, now: int) -> None:
    """Make sure that this database is encrypted with this key; a new database remembers it from here on.

    Raises SetupError when it is another key, DatabaseUnavailable. `now` is Unix microseconds.
    """
    fits = await key_fits(database, keyring)
    if fits is None:
        value = msgspec.json.encode(keyring.check_value()).decode()
        try:
            await SettingRows(database).put(KEY_CHECK, value, now=now, expected_version=0)
        except Conflict:  # another process was first; it must have had the same key
            fits = await key_fits(database, keyring)
    if fits is False:
        raise SetupError(
            f"The encryption key does not fit the database {database.name}: "
            "it was encrypted with another key, which must be given."
        )


async def key_fits(database: Database, keyring: Keyring) -> bool | None:
    """Whether this database was encrypted with this key; None when it does not remember any. Changes nothing."""
    stored = (await SettingRows(database).all()).get(KEY_CHECK)
    return None if stored is None else keyring.fits(msgspec.json.decode(stored.value, type=str))


class FirstUse(msgspec.Struct, frozen=True):
    """What a first start made, for a person to read once: words, or where the environment gave them, that it did."""

    password: str
    client_key: str

    def announce(self, address: str, announce: Announce) -> None:
        """Say it; `address` is where the dashboard is."""
        announce("GopherGate is ready for its first use. What follows is shown once:")
        announce(f"  Dashboard   {address}")
        announce(f"  User        {ADMINISTRATOR}")
        announce(f"  Password    {self.password}")
        announce(f"  Client key  {self.client_key}")


async def first_run(
    settings: Settings, database: Database, keyring: Keyring, *, ids: Ids, now: int, random: Random = os.urandom
) -> FirstUse | None:
    """Give a database without users its administrator and first client key; None where that is done already.

    Password and key are kept nowhere, so whoever calls must announce them. The user is stored last: a start that was
    killed half-way, or lost the race against another node, leaves the next one to do it whole. Raises
    DatabaseUnavailable.
    """
    users = Users(database)
    if await users.count():
        return None
    given = settings.first_run
    password = given.admin_password.reveal() if given.admin_password else make_password(random)
    key = given.client_key.reveal() if given.client_key else make_client_key(random)
    key_id = await _first_key(database, keyring, key, ids, now)
    passwords = Passwords(threads=1)
    try:
        hashed = await passwords.hash(password)
    finally:
        passwords.close()
    administrator = UserRow(
        id=ids.new(), username=ADMINISTRATOR, display_name="Administrator", role="owner", created_at=now
    )
    try:
        await users.create(administrator, password_hash=hashed)
    except Conflict:  # another node was first, and announces what it made
        if key_id is not None and not given.client_key:
            await Keys(database).revoke(key_id, now=now)
        return None
    return FirstUse(
        "as GOPHERGATE_ADMIN_PASSWORD says" if given.admin_password else password,
        "as GOPHERGATE_BOOTSTRAP_KEY says" if given.client_key else key,
    )


def dashboard_address(settings: Settings, port: int) -> str:
    """Where a person reaches a server that listens on `port`."""
    if settings.server.public_url:
        return settings.server.public_url
    host = settings.server.host
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not listened on
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


async def _first_key(database: Database, keyring: Keyring, key: str, ids: Ids, now: int) -> str | None:
    """The id of the first client's key; None when that very key is stored already."""
    client = await client_named(database, FIRST_CLIENT, ids, now)
    row = new_key(keyring, key, key_id=ids.new(), client_id=client.id, name="first key")
    try:
        await Keys(database).create(row, now=now)
    except Conflict:
        if await Keys(database).find(row.hash) is None:
            raise
        return None
    return row.id


async def client_named(database: Database, name: str, ids: Ids, now: int) -> ClientRow:
    """The client of that name, made if there is none."""
    clients = Clients(database)
    if (found := await clients.by_name(name)) is not None:
        return found
    made = ClientRow(id=ids.new(), name=name, created_at=now)
    try:
        await clients.create(made)
    except Conflict:  # another process was first
        return await clients.by_name(name) or made
    return made


def new_key(keyring: Keyring, key: str, *, key_id: str, client_id: str, name: str) -> NewKey:
    """What is stored of a client key: its hash, and its prefix and last four characters to know it by.

    Keys that people chose keep less: no prefix but ours, and no ending of a short one.
    """
    return NewKey(
        id=key_id,
        client_id=client_id,
        name=name,
        hash=keyring.hash_client_key(key),
        prefix=CLIENT_KEY_PREFIX if key.startswith(CLIENT_KEY_PREFIX) else "",
        last4=key[-4:] if len(key) >= _TELLING_LENGTH else "",
    )
