"""Keys, seals, client keys and passwords: what must hold, and what must not open."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import time

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.secrets import (
    ADMIN_TOKEN_PREFIX,
    BCRYPT_COST,
    CannotOpen,
    Keyring,
    Passwords,
    make_admin_token,
    make_client_key,
    make_master_key,
    make_password,
    read_master_key,
    same,
)

MASTER = bytes(range(32))
CELL = {"table": "providers", "row": "openai", "column": "api_key"}


@given(st.binary(min_size=32, max_size=32))
def test_a_master_key_is_read_in_every_form(key: bytes) -> None:
    """O14, INTERFACE: 64 hexadecimal characters or base64 of 32 bytes."""
    padded = base64.b64encode(key).decode()
    url_safe = base64.urlsafe_b64encode(key).decode()
    for text in (key.hex(), key.hex().upper(), f" {key.hex()}\n", padded, padded.rstrip("="), url_safe):
        assert read_master_key(text) == key


@pytest.mark.parametrize(
    "text", ["", "abc", "ab" * 31, "ab" * 33, "zz" * 32, "ä" * 64, base64.b64encode(b"x" * 33).decode()]
)
def test_anything_else_is_no_master_key(text: str) -> None:
    with pytest.raises(ValueError, match="must be 32 bytes") as caught:
        read_master_key(text)
    assert not text or len(text) < 4 or text not in str(caught.value)


def test_a_made_master_key_can_be_read() -> None:
    assert len(read_master_key(make_master_key())) == 32
    assert make_master_key(lambda size: b"\x01" * size) == "01" * 32


def test_each_purpose_has_its_own_key_the_same_in_every_process() -> None:
    """O14: one derived key per purpose. The value is HKDF-SHA256's, computed here from RFC 5869 by hand."""
    extracted = hmac.digest(bytes(32), MASTER, hashlib.sha256)
    expected = hmac.digest(extracted, b"gophergate/1/sessions\x01", hashlib.sha256)
    ring = Keyring(MASTER)
    assert ring.derive("sessions") == expected
    purposes = ("stored-secrets", "client-keys", "sessions", "csrf", "cursors", "key-check")
    assert len({ring.derive(purpose) for purpose in purposes} | {MASTER}) == 7


def test_a_keyring_wants_a_whole_key_and_shows_none() -> None:
    with pytest.raises(ValueError, match="must be 32 bytes"):
        Keyring(b"short")
    assert repr(Keyring(MASTER)) == "Keyring(****)"


@given(plain=st.text(), row=st.text())
def test_what_is_sealed_opens_in_its_cell(plain: str, row: str) -> None:
    sealed = Keyring(MASTER).seal(plain, table="providers", row=row, column="api_key")
    assert Keyring(MASTER).open(sealed, table="providers", row=row, column="api_key") == plain


def test_sealing_twice_gives_different_bytes() -> None:
    ring = Keyring(MASTER)
    assert ring.seal("secret", **CELL) != ring.seal("secret", **CELL)
    assert len(ring.seal("secret", **CELL)) == 1 + 12 + len("secret") + 16


@pytest.mark.parametrize(
    "cell",
    [
        {**CELL, "row": "groq"},
        {**CELL, "column": "base_url"},
        {**CELL, "table": "models"},
        {"table": "providersopenai", "row": "", "column": "api_key"},
        {"table": "provider", "row": "sopenai", "column": "api_key"},
    ],
)
def test_a_sealed_value_opens_in_no_other_cell(cell: dict[str, str]) -> None:
    """R-X2: a value copied to another row must not serve there."""
    ring = Keyring(MASTER)
    with pytest.raises(CannotOpen) as caught:
        ring.open(ring.seal("sk-canary", **CELL), **cell)
    assert "canary" not in str(caught.value)


def test_another_master_key_opens_nothing() -> None:
    with pytest.raises(CannotOpen, match="sealed with another key or for another row"):
        Keyring(bytes(32)).open(Keyring(MASTER).seal("x", **CELL), **CELL)


def test_any_changed_byte_and_any_cut_is_refused() -> None:
    ring = Keyring(MASTER)
    sealed = ring.seal("secret", **CELL)
    for index in range(len(sealed)):
        changed = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        with pytest.raises(CannotOpen):
            ring.open(changed, **CELL)
        with pytest.raises(CannotOpen):
            ring.open(sealed[:index], **CELL)


def test_a_database_knows_its_key_again() -> None:
    """INTERFACE: an encrypted database whose key does not fit is refused."""
    value = Keyring(MASTER).check_value()
    assert Keyring(MASTER).fits(value)
    assert not Keyring(bytes(32)).fits(value)
    assert not Keyring(MASTER).fits("")
    assert MASTER.hex() not in value


def test_client_keys_are_long_random_and_url_safe() -> None:
    """O34: `sk-gg-` and at least 32 characters."""
    key = make_client_key()
    assert re.fullmatch(r"sk-gg-[A-Za-z0-9_-]{43}", key)
    assert make_client_key() != key
    token = make_admin_token()
    assert re.fullmatch(ADMIN_TOKEN_PREFIX + r"[A-Za-z0-9_-]{43}", token)
    assert make_client_key(lambda size: b"\xff" * size) == "sk-gg-" + "_" * 42 + "8"


def test_client_keys_are_stored_as_a_keyed_hash() -> None:
    """R-X2: looked up by hash. The same key gives the same hash only under the same master key."""
    ring = Keyring(MASTER)
    assert ring.hash_client_key("sk-gg-a") == Keyring(MASTER).hash_client_key("sk-gg-a")
    assert ring.hash_client_key("sk-gg-a") != ring.hash_client_key("sk-gg-b")
    assert ring.hash_client_key("sk-gg-a") != Keyring(bytes(32)).hash_client_key("sk-gg-a")
    assert len(ring.hash_client_key("\udcff")) == 32, "a header may hold any byte"


def test_hashing_a_client_key_is_cheap_enough_for_every_call() -> None:
    """DESIGN 6: it is on the hot path. The bound is a hundred times what it takes, to be no timing test."""
    ring, rounds = Keyring(MASTER), 1000
    begin = time.process_time()
    for _ in range(rounds):
        ring.hash_client_key("sk-gg-0123456789012345678901234567890123456789abc")
    assert (time.process_time() - begin) / rounds < 200e-6


def test_passwords_made_for_people() -> None:
    assert re.fullmatch(r"([0-9a-hjkmnp-tv-z]{5}-){3}[0-9a-hjkmnp-tv-z]{5}", make_password())
    assert make_password() != make_password()


# -- passwords ----------------------------------------------------------------------------------------------------


@pytest.fixture
def passwords() -> object:
    made = Passwords(cost=4)
    yield made
    made.close()


@pytest.mark.parametrize("password", ["secret", "", "ä" * 36, "x" * 72, "x" * 73, "ü" * 100, "nul\0inside"])
async def test_a_password_fits_its_hash_and_no_other(passwords: Passwords, password: str) -> None:
    hashed = await passwords.hash(password)
    assert await passwords.fits(password, hashed)
    assert not await passwords.fits(password + "x", hashed)
    assert not await passwords.fits(password[:-1] or "y", hashed)


async def test_long_passwords_differ_beyond_the_72_bytes_bcrypt_reads(passwords: Passwords) -> None:
    hashed = await passwords.hash("x" * 80 + "a")
    assert not await passwords.fits("x" * 80 + "b", hashed)


async def test_hashes_of_other_programs_stay_valid(passwords: Passwords) -> None:
    """O15, O36: an imported user logs in with the password they had."""
    assert await passwords.fits("old password", bcrypt.hashpw(b"old password", bcrypt.gensalt(4)).decode())


async def test_what_is_no_hash_and_who_is_no_user_fit_nothing(passwords: Passwords) -> None:
    assert not await passwords.fits("secret", "plain text")
    assert not await passwords.fits("nobody", None)
    assert not await passwords.fits("secret", None)


async def test_the_cost_is_twelve_and_the_event_loop_runs_on() -> None:
    """O15; R-P2: a log-in does not stall the loop."""
    passwords = Passwords()
    hashing = asyncio.ensure_future(passwords.hash("secret"))
    turns = 0
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)
    passwords.close()
    assert hashing.result().startswith(f"$2b${BCRYPT_COST:02d}$")
    assert turns > 10


def test_equality_in_constant_time() -> None:
    assert same("a", b"a")
    assert same("ä", "ä")
    assert not same("a", "b")
    assert not same("a", "ab")
