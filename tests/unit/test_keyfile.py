"""The data directory and the key in it: made for the embedded database only, once, whole, and private."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from gophergate.keyfile import SetupError, is_embedded, key_file, make_key_file, prepare
from gophergate.secrets import Keyring
from gophergate.settings import Settings, load

KEY = "ab" * 32


def settings_in(home: Path, **environ: str) -> Settings:
    return load(environ={"HOME": str(home), "GOPHERGATE_DATA": str(home / "data"), **environ}, cwd=home)


def refusal(settings: Settings) -> str:
    with pytest.raises(SetupError) as caught:
        prepare(settings, announce=unexpected)
    return str(caught.value)


def unexpected(line: str) -> None:
    raise AssertionError(line)


def test_the_embedded_database_gets_a_key_of_its_own_once(tmp_path: Path) -> None:
    """INTERFACE: generated into the data directory with mode 0600, and said so."""
    settings, said = settings_in(tmp_path), []
    keyring = prepare(settings, announce=said.append)
    file = tmp_path / "data" / "encryption.key"
    assert said == [f"Made the encryption key {file}; keep a copy, for without it no stored secret can be read."]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert re.fullmatch(r"[0-9a-f]{64}\n", file.read_text())
    assert sorted(path.name for path in file.parent.iterdir()) == ["encryption.key"]
    again = prepare(settings, announce=unexpected)
    assert again.fits(keyring.check_value())


def test_a_configured_key_is_used_and_none_is_written(tmp_path: Path) -> None:
    keyring = prepare(settings_in(tmp_path, GOPHERGATE_ENCRYPTION_KEY=KEY), announce=unexpected)
    assert keyring.fits(Keyring(bytes.fromhex(KEY)).check_value())
    assert not (tmp_path / "data" / "encryption.key").exists()


def test_postgresql_wants_a_key(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, GOPHERGATE_DATABASE__URL="postgresql+asyncpg://gate@db/gate")
    assert refusal(settings) == (
        "An encryption key is needed with PostgreSQL: set GOPHERGATE_ENCRYPTION_KEY or security.encryption_key to "
        "32 bytes (`openssl rand -hex 32` prints one)."
    )
    make_key_file(key_file(settings.data_dir))
    assert refusal(settings) == (
        "An encryption key is needed with PostgreSQL: set GOPHERGATE_ENCRYPTION_KEY or security.encryption_key to "
        f'"file:{tmp_path}/data/encryption.key".'
    )


def test_a_database_elsewhere_wants_a_key(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, GOPHERGATE_DATABASE__URL=f"sqlite+aiosqlite:///{tmp_path}/elsewhere.db")
    assert not is_embedded(settings)
    assert refusal(settings).startswith("An encryption key is needed with a database outside the data directory: ")


def test_a_lost_key_is_not_replaced_by_a_new_one(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    prepare(settings, announce=lambda _line: None)
    (tmp_path / "data" / "gophergate.db").write_bytes(b"something")
    key_file(settings.data_dir).unlink()
    assert refusal(settings) == (
        f"The encryption key {tmp_path}/data/encryption.key of the database {tmp_path}/data/gophergate.db is gone: "
        "put it back, or set GOPHERGATE_ENCRYPTION_KEY."
    )
    assert not key_file(settings.data_dir).exists()


@pytest.mark.parametrize("content", [b"", b"abc\n", b"\xff\xfe" * 40])
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    settings = settings_in(tmp_path)
    settings.data_dir.mkdir()
    key_file(settings.data_dir).write_bytes(content)
    assert refusal(settings) == (
        f"The file {key_file(settings.data_dir)} cannot be read, or holds no encryption key of 32 bytes."
    )
    assert key_file(settings.data_dir).read_bytes() == content


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert refusal(settings_in(tmp_path)) == f"The data directory {tmp_path}/data cannot be made: File exists."


def test_the_key_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """Two first starts at once keep one key; neither reads half of it."""
    file = tmp_path / "encryption.key"
    assert make_key_file(file, os.urandom)
    first = file.read_text()
    assert not make_key_file(file, os.urandom)
    assert file.read_text() == first
    assert [path.name for path in tmp_path.iterdir()] == ["encryption.key"]
