"""Nothing that shows settings shows a secret (law 8, R-X4)."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.settings import Secret, load, mask
from gophergate.settings.explain import explain

MASKS = {
    "": "",
    "short": "****",
    "sk-123456789012": "****",
    "sk-1234567890123": "sk-...0123",
    "sk-proj-0123456789abcdef": "sk-...cdef",
    "AIzaSy0123456789abcdef": "...cdef",
    "no://store/0123456789": "...6789",
    "redis://:hunter2@host:6379/0": "redis://:****@host:6379/0",
    "redis://user:p@ss/wo:rd@host/0": "redis://user:****@host/0",
    "redis://[::1]:6379/0": "redis://[::1]:6379/0",
    "postgresql+asyncpg://gate@db/gate?password=hunter2&ssl=on": (
        "postgresql+asyncpg://gate@db/gate?password=****&ssl=on"
    ),
    "sqlite+aiosqlite:////data/gate.db": "sqlite+aiosqlite:////data/gate.db",
}


@pytest.mark.parametrize(("secret", "shown"), MASKS.items())
def test_what_is_shown_of_a_secret(secret: str, shown: str) -> None:
    assert mask(secret) == shown


def test_a_secret_shows_itself_masked_however_it_is_printed() -> None:
    secret = Secret("sk-canary-0123456789")
    for text in (
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>40}",
        " ".join(map(str, [secret])),
        repr([secret]),
    ):
        assert "canary" not in text
    assert secret.reveal() == "sk-canary-0123456789"
    assert pickle.loads(pickle.dumps(secret)) == secret  # noqa: S301 - our own bytes
    assert hash(secret) == hash(Secret("sk-canary-0123456789"))
    assert secret != "sk-canary-0123456789"
    assert not Secret("")


CANARIES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=16, max_size=40)


@given(api_key=CANARIES, known=CANARIES, redis=CANARIES, database=CANARIES, key=st.binary(min_size=32, max_size=32))
def test_canaries_never_appear_in_an_explanation(
    tmp_path_factory: pytest.TempPathFactory, api_key: str, known: str, redis: str, database: str, key: bytes
) -> None:
    """R-X4: neither in `config explain` nor in the settings' own representation."""
    directory = tmp_path_factory.mktemp("canary")
    (directory / "redis").write_text(f"redis://:{redis}@host/0")
    (directory / "gophergate.toml").write_text(
        f"[database]\nurl = 'postgresql+asyncpg://u:{database}@h/d'\n[redis]\nurl = 'file:redis'\n"
        f"[[providers]]\nname = 'a'\nkind = 'openai'\napi_key = 'env:MY_KEY'\n"
    )
    environ = {
        "HOME": str(directory),
        "MY_KEY": f"sk-{api_key}",
        "GROQ_API_KEY": known,
        "GOPHERGATE_ENCRYPTION_KEY": key.hex(),
        "GOPHERGATE_ADMIN_PASSWORD": api_key,
        "GOPHERGATE_BOOTSTRAP_KEY": f"sk-gg-{known}",
    }
    settings = load(environ=environ, cwd=directory)
    shown = repr(explain(settings)) + repr(settings)
    for secret in (api_key, known, redis, database, key.hex()):
        assert secret not in shown
        assert secret[:-4] not in shown


def test_an_explanation_names_each_value_and_its_source(tmp_path: Path) -> None:
    """R-G1: `config explain` prints each value and its source."""
    (tmp_path / "gophergate.toml").write_text(
        "[server]\nport = 9000\n[[providers]]\nname = 'my ai'\nkind = 'openai'\n".replace("my ai", "my.ai")
        + "api_key = 'env:MY_KEY'\ntimeouts = { idle = 5 }\n"
    )
    environ = {
        "HOME": str(tmp_path),
        "MY_KEY": "sk-0123456789abcdef",
        "GOPHERGATE_LOGGING__BODIES": "all",
        "GOPHERGATE_ENCRYPTION_KEY": "ab" * 32,
    }
    rows = {row.name: (row.value, row.source) for row in explain(load(environ=environ, cwd=tmp_path))}
    assert rows["server.port"] == ("9000", "gophergate.toml:2")
    assert rows["server.host"] == ('"127.0.0.1"', "default")
    assert rows["logging.bodies"] == ('"all"', "GOPHERGATE_LOGGING__BODIES")
    assert rows["security.encryption_key"] == ('"****"', "GOPHERGATE_ENCRYPTION_KEY")
    assert rows['providers."my.ai".api_key'] == ('"sk-...cdef"', "gophergate.toml:6 (env:MY_KEY)")
    assert rows['providers."my.ai".timeouts'] == ("{ idle = 5.0 }", "gophergate.toml:7")
    assert 'providers."my.ai".enabled' not in rows
    assert all(row.meaning for row in explain(load(environ=environ, cwd=tmp_path)))
