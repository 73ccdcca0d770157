"""Secrets at rest: the master key, what is derived from it, sealed values, client keys and passwords.

One 32-byte master key is never used itself: HKDF-SHA256 (RFC 5869) derives one key per purpose, so that what
signs a session can never open a stored provider key. Nothing here stores anything or reads a configuration, and
no message here holds a secret.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import bcrypt

from gophergate.errors import Internal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Random = Callable[[int], bytes]
"""That many unpredictable bytes, as `os.urandom`."""

Purpose = Literal["stored-secrets", "client-keys", "sessions", "csrf", "cursors", "key-check"]

MASTER_KEY_BYTES = 32
CLIENT_KEY_PREFIX = "sk-gg-"
ADMIN_TOKEN_PREFIX = "gg-admin-"  # noqa: S105 - the part of it that everybody knows
WEBHOOK_SECRET_PREFIX = "whsec_"  # noqa: S105 - likewise
BCRYPT_COST = 12

_SEAL_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_BCRYPT_LIMIT = 72


class CannotOpen(Internal):
    """A sealed value is not what was sealed for that row: another master key, another row, or damage."""


def read_master_key(text: str) -> bytes:
    """The 32 bytes written as 64 hexadecimal characters, or as base64 (either alphabet, padding optional).

    Raises ValueError whose text continues "security.encryption_key ..." and shows nothing of the key.
    """
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 2 * MASTER_KEY_BYTES else _from_base64(text)
    except ValueError:
        raise ValueError(
            "must be 32 bytes written as 64 hexadecimal characters or as base64, "
            f"and these {len(text)} characters are neither"
        ) from None
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(
            f"must be 32 bytes written as 64 hexadecimal characters or as base64, and this one is {len(key)} bytes"
        )
    return key


def make_master_key(random: Random = os.urandom) -> str:
    """A new master key, as 64 hexadecimal characters."""
    return random(MASTER_KEY_BYTES).hex()


def make_client_key(random: Random = os.urandom) -> str:
    """A new client key: `sk-gg-` and 43 URL-safe characters, 256 bits of randomness. Show it once."""
    return CLIENT_KEY_PREFIX + _url_safe(random(32))


def make_webhook_secret(random: Random = os.urandom) -> str:
    """A new secret that signs what a webhook is sent: `whsec_` and base64 of 256 bits, as Standard Webhooks has it."""
    return WEBHOOK_SECRET_PREFIX + base64.b64encode(random(32)).decode()


def make_admin_token(random: Random = os.urandom) -> str:
    """A new scoped administrators' token: `gg-admin-` and 43 URL-safe characters. Show it once."""
    return ADMIN_TOKEN_PREFIX + _url_safe(random(32))


def make_password(random: Random = os.urandom) -> str:
    """A password for somebody to type once: 20 characters, 100 bits, none that look alike."""
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
    characters = "".join(alphabet[byte % 32] for byte in random(20))
    return "-".join(characters[start : start + 5] for start in range(0, 20, 5))


class Keyring:
    """The keys derived from one master key. Make one per process; its methods may be called from any thread.

    `random` gives nonces: 96 bits each, so one key may seal some four thousand million values (NIST SP 800-38D,
    8.3) before a repeat becomes likely; a gateway stores thousands.
    """

    def __init__(self, master_key: bytes, random: Random = os.urandom) -> None:
        if len(master_key) != MASTER_KEY_BYTES:
            raise ValueError("the master key must be 32 bytes")
        self._master_key = master_key
        self._random = random
        self._client_key_pepper = self.derive("client-keys")

    def __repr__(self) -> str:
        return "Keyring(****)"

    def derive(self, purpose: Purpose) -> bytes:
        """The 32-byte key of one purpose: the same in every process that has the same master key."""
        # HKDF without salt, of one block's length: extract, then expand once (RFC 5869, sections 2.2 and 2.3).
        extracted = hmac.digest(bytes(32), self._master_key, "sha256")
        return hmac.digest(extracted, f"gophergate/1/{purpose}".encode() + b"\x01", "sha256")

    @cached_property
    def _cipher(self) -> AESGCM:
        # Nine megabytes, which a gateway without stored secrets does without.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.derive("stored-secrets"))

    def seal(self, plain: str, *, table: str, row: str, column: str) -> bytes:
        """`plain` encrypted and authenticated for one cell. Sealing twice gives different bytes.

        AES-256-GCM; the cell is associated data, so a value copied to another row, by a mistake or by somebody
        who can write to the database, does not open there. Layout: version 1, nonce 12, ciphertext, tag 16.
        """
        nonce = self._random(_NONCE_BYTES)
        return _SEAL_VERSION + nonce + self._cipher.encrypt(nonce, plain.encode(), _cell(table, row, column))

    def open(self, sealed: bytes, *, table: str, row: str, column: str) -> str:
        """What was sealed for this cell. Raises CannotOpen for anything else."""
        where = f"The stored secret {table}.{column} of {row}"
        if sealed[:1] != _SEAL_VERSION or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise CannotOpen(f"{where} is damaged: it is no value that this program sealed.")
        from cryptography.exceptions import InvalidTag

        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, _cell(table, row, column)).decode()
        except InvalidTag:
            raise CannotOpen(f"{where} does not open: it was sealed with another key or for another row.") from None

    def check_value(self) -> str:
        """What a database keeps to know its key again. Tells nothing of the key (a derived value, one way)."""
        return self.derive("key-check").hex()

    def fits(self, check_value: str) -> bool:
        """True when a database with this check value was sealed with this master key. Takes constant time."""
        return same(self.check_value(), check_value)

    def hash_client_key(self, key: str) -> bytes:
        """What is stored and looked up instead of a client key or an admin token: 32 bytes, indexable.

        Keyed BLAKE2b (RFC 7693) under a derived key rather than a plain hash. Deterministic, so a look-up is one
        indexed read; a microsecond, where HMAC-SHA256 takes two and a half, and it is on every call's path. A
        slow hash would buy nothing, since made keys hold 256 bits. The secret half of it means that whoever can
        only write to the database cannot plant a key of their own, and that a stolen database does not serve to
        test guesses at keys people chose themselves (GOPHERGATE_BOOTSTRAP_KEY, imported ones). Its price: a new
        master key makes every client key unknown.
        """
        raw = key.encode(errors="surrogatepass")
        return hashlib.blake2b(raw, key=self._client_key_pepper, digest_size=32).digest()


class Passwords:
    """Bcrypt at cost 12 (a quarter of a second of CPU), on threads of its own, away from the event loop.

    At most `threads` hash at once and the rest wait their turn, so a flood of log-ins takes neither all
    processors nor the threads others use. A cancelled call leaves its thread to finish; its result is dropped.
    """

    def __init__(self, *, cost: int = BCRYPT_COST, threads: int = 2) -> None:
        self._cost = cost
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="bcrypt")
        self._nobody: bytes | None = None

    async def hash(self, password: str) -> str:
        """The bcrypt hash to store, with a new salt."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hash, password)

    async def fits(self, password: str, hashed: str | None) -> bool:
        """True when `password` made `hashed`. None is a user who does not exist: False, after as long a time."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._fits, password, hashed)

    def close(self) -> None:
        """Stop the threads once they are idle. Waits for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hash(self, password: str) -> str:
        return bcrypt.hashpw(_bcrypt_input(password), bcrypt.gensalt(self._cost)).decode()

    def _fits(self, password: str, hashed: str | None) -> bool:
        if hashed is None:
            if self._nobody is None:
                self._nobody = bcrypt.hashpw(b"nobody", bcrypt.gensalt(self._cost))
            bcrypt.checkpw(_bcrypt_input(password), self._nobody)
            return False
        try:
            return bcrypt.checkpw(_bcrypt_input(password), hashed.encode())
        except ValueError:  # what is stored is no bcrypt hash, so no password made it
            return False


def same(one: str | bytes, other: str | bytes) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _bcrypt_input(password: str) -> bytes:
    """Bcrypt reads 72 bytes and no NUL. Longer passwords go in as the base64 of their SHA-256; the others as they
    are, so that hashes made by other programs stay valid."""
    raw = password.encode(errors="surrogatepass")
    if len(raw) <= _BCRYPT_LIMIT and b"\0" not in raw:
        return raw
    return base64.b64encode(hashlib.sha256(raw).digest())


def _cell(table: str, row: str, column: str) -> bytes:
    """The three parts, each led by its length, so that no two cells share a name."""
    parts = [part.encode() for part in (table, row, column)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _from_base64(text: str) -> bytes:
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


def _url_safe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(value: str | bytes) -> bytes:
    return value.encode(errors="surrogatepass") if isinstance(value, str) else value
