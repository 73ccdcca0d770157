"""The data directory and the encryption key in it: what must stand on disk before a gateway can serve.

The key is configured, or, for the embedded database only, made here once. Knows files and settings; never opens
a database, so that commands which need none start quickly. Safe to run in several processes at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gophergate.secrets import Keyring, Random, make_master_key, read_master_key
from gophergate.settings import Settings

Announce = Callable[[str], None]
"""Takes one line for the operator's eyes: standard error, never a log."""

KEY_FILE = "encryption.key"
_MAKE_A_KEY = "`openssl rand -hex 32` prints one"


class SetupError(Exception):
    """What stands in the way of serving, in one sentence for the operator. Never holds a secret."""


def prepare(settings: Settings, *, announce: Announce, random: Random = os.urandom) -> Keyring:
    """The keys to work with, after making the data directory where there is none.

    The encryption key is the configured one. With the embedded database and none configured, it is the one in the
    data directory, made there first (mode 0600) if the database is new. Raises SetupError.
    """
    make_data_dir(settings.data_dir)
    key = find_master_key(settings)
    if key is None:
        file = key_file(settings.data_dir)
        if make_key_file(file, random):
            announce(f"Made the encryption key {file}; keep a copy, for without it no stored secret can be read.")
        key = _read(file)
    return Keyring(key, random)


def find_master_key(settings: Settings) -> bytes | None:
    """The encryption key there is; None when none is needed before one may be made.

    Raises SetupError when there is none and none may be made, or it cannot be read. Changes nothing.
    """
    if (configured := settings.security.encryption_key) is not None:
        return read_master_key(configured.reveal())
    file = key_file(settings.data_dir)
    if not is_embedded(settings):
        hint = f'"file:{file}"' if file.exists() else f"32 bytes ({_MAKE_A_KEY})"
        kind = "PostgreSQL" if settings.uses_postgresql else "a database outside the data directory"
        raise SetupError(
            f"An encryption key is needed with {kind}: "
            f"set GOPHERGATE_ENCRYPTION_KEY or security.encryption_key to {hint}."
        )
    if file.exists():
        return _read(file)
    database = settings.database_file
    if database is not None and database.exists() and database.stat().st_size:
        raise SetupError(
            f"The encryption key {file} of the database {database} is gone: put it back, or set "
            "GOPHERGATE_ENCRYPTION_KEY."
        )
    return None


def is_embedded(settings: Settings) -> bool:
    """True when the database is a SQLite file of the data directory: the default, of one machine and one owner."""
    file = settings.database_file
    return file is not None and settings.data_dir.absolute() in file.absolute().parents


def key_file(data_dir: Path) -> Path:
    """Where an encryption key of our own making is kept."""
    return data_dir / KEY_FILE


def make_data_dir(data_dir: Path) -> None:
    """Make the data directory, for its owner only, where there is none. Raises SetupError."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"The data directory {data_dir} cannot be made: {error.strerror}.") from None


def make_key_file(file: Path, random: Random = os.urandom) -> bool:
    """Write a new encryption key with mode 0600; False, touching nothing, when the file is there already.

    Whole or not at all: it is written beside and linked into place. Raises SetupError.
    """
    beside = file.with_name(f"{file.name}.{random(4).hex()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as writing:
                writing.write(make_master_key(random) + "\n")
                writing.flush()
                os.fsync(writing.fileno())
            os.link(beside, file)
        finally:
            beside.unlink(missing_ok=True)
    except FileExistsError:
        return False
    except OSError as error:
        raise SetupError(f"The encryption key {file} cannot be written: {error.strerror}.") from None
    return True


def _read(file: Path) -> bytes:
    try:
        return read_master_key(file.read_text())
    except (OSError, ValueError):
        raise SetupError(f"The file {file} cannot be read, or holds no encryption key of 32 bytes.") from None
