"""Every way a configuration is refused: one sentence, exact, with its file, line and column (R-G1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from gophergate.settings import Flag, SettingsError, load

KEY = "ab" * 32


def refusal(directory: Path, document: str | None, environ: dict[str, str] | None = None, **more: object) -> str:
    if document is not None:
        (directory / "gophergate.toml").write_text(document)
    with pytest.raises(SettingsError) as caught:
        load(environ={"HOME": str(directory), **(environ or {})}, cwd=directory, **more)  # type: ignore[arg-type]
    return str(caught.value)


FILE_ERRORS = {
    "unknown section": (
        "[sever]\nport = 1\n",
        "gophergate.toml:1:1: unknown section [sever]; did you mean [server]?",
    ),
    "singular section": (
        "# first\n[[provider]]\nname = 'x'\n",
        "gophergate.toml:2:1: unknown section [provider]; did you mean [[providers]]?",
    ),
    "section like nothing": (
        "[zzz]\n",
        "gophergate.toml:1:1: unknown section [zzz]; there are server, database, redis, security, logging, "
        "pricing, admission, providers, groups, guards.",
    ),
    "key outside sections": (
        "port = 1\n",
        "gophergate.toml:1:1: 'port' stands outside any section and belongs in [server].",
    ),
    "unknown key": (
        "[server]\nhost = 'a'\n  prot = 1\n",
        "gophergate.toml:3:3: unknown key 'prot' in [server]; did you mean 'port'?",
    ),
    "unknown dotted key": (
        "server.prot = 1\n",
        "gophergate.toml:1:1: unknown key 'prot' in [server]; did you mean 'port'?",
    ),
    "unknown key like nothing": (
        "[redis]\nzzz = 1\n",
        "gophergate.toml:2:1: unknown key 'zzz' in [redis]; there is url.",
    ),
    "unknown key of a provider": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\n[[providers]]\nname = 'b'\nkind = 'openai'\napi-key = 'x'\n",
        "gophergate.toml:7:1: unknown key 'api-key' in [[providers]] b; did you mean 'api_key'?",
    ),
    "unknown key of an inline table": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\ntimeouts = { connect = 5, fist_byte = 3 }\n",
        "gophergate.toml:4:27: unknown key 'fist_byte' in providers.a.timeouts; did you mean 'first_byte'?",
    ),
    "unknown key of a later inline table": (
        "[[groups]]\nname = 'g'\ntargets = [\n  { model = 'a/b' },\n  { modle = 'a/c' },\n]\n",
        "gophergate.toml:5:5: unknown key 'modle' in groups.g.targets[1]; did you mean 'model'?",
    ),
    "provider without name": (
        "[[providers]]\nkind = 'openai'\n",
        "gophergate.toml:1:1: this [[providers]] has no 'name'.",
    ),
    "provider without kind": (
        "\n\n[[providers]]\nname = 'a'\n",
        "gophergate.toml:3:1: [[providers]] a has no 'kind'.",
    ),
    "text for a number": (
        '[server]\nport = "80"\n',
        'gophergate.toml:2:1: server.port must be a whole number between 0 and 65535, not "80".',
    ),
    "truth for a number": (
        "[server]\nport = true\n",
        "gophergate.toml:2:1: server.port must be a whole number between 0 and 65535, not true.",
    ),
    "fraction for a whole number": (
        "[server]\nport = 80.5\n",
        "gophergate.toml:2:1: server.port must be a whole number between 0 and 65535, not 80.5.",
    ),
    "out of range": (
        "[server]\nport = 65536\n",
        "gophergate.toml:2:1: server.port must be a whole number between 0 and 65535, not 65536.",
    ),
    "not above": (
        "[server]\nkeepalive_interval = 0\n",
        "gophergate.toml:2:1: server.keepalive_interval must be a number above 0 and up to 3600, not 0.",
    ),
    "infinite": (
        "[server]\ndrain_timeout = inf\n",
        "gophergate.toml:2:1: server.drain_timeout must be a number between 0 and 86400, not inf.",
    ),
    "number for text": (
        "[server]\nhost = 5\n",
        "gophergate.toml:2:1: server.host must be text that is not empty, not 5.",
    ),
    "empty text": (
        "[server]\nhost = ''\n",
        'gophergate.toml:2:1: server.host must be text that is not empty, not "".',
    ),
    "not one of the words": (
        "[logging]\nbodies = 'some'\n",
        "gophergate.toml:2:1: logging.bodies must be 'all', 'errors' or 'none', not \"some\".",
    ),
    "text for truth": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\nenabled = 'yes'\n",
        'gophergate.toml:4:1: providers.a.enabled must be true or false, not "yes".',
    ),
    "text for a list": (
        "[logging]\nredact = 'a'\n",
        'gophergate.toml:2:1: logging.redact must be a list, not "a".',
    ),
    "wrong item of a list": (
        "[logging]\nredact = [\n'a',\n 5]\n",
        "gophergate.toml:4:2: logging.redact[1] must be text that is not empty, not 5.",
    ),
    "table for a list of tables": (
        "[providers]\nname = 'a'\n",
        "gophergate.toml:1:1: providers must be a list of tables, not a table.",
    ),
    "list for a table": (
        "[[server]]\nport = 1\n",
        "gophergate.toml:1:1: server must be a table, not a list.",
    ),
    "scalar for a table": ("server = 5\n", "gophergate.toml:1:1: server must be a table, not 5."),
    "date": (
        "[server]\nport = 2020-01-01\n",
        "gophergate.toml:2:1: server.port must be a whole number between 0 and 65535, not a date or time.",
    ),
    "number for a secret is not shown": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\napi_key = 123456\n",
        "gophergate.toml:4:1: providers.a.api_key must be text, not a number.",
    ),
    "bad provider name": (
        "[[providers]]\nname = 'a/b'\nkind = 'openai'\n",
        "gophergate.toml:2:1: providers.\"a/b\".name must be a name of up to 64 letters, digits, '.', '_' and "
        "'-', not \"a/b\".",
    ),
    "bad dialect": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\nspeaks = ['openai']\n",
        "gophergate.toml:4:11: providers.a.speaks[0] must be 'anthropic_messages', 'bedrock_converse', 'gemini', "
        "'ollama', 'openai_chat' or 'openai_responses', not \"openai\".",
    ),
    "negative price": (
        '[pricing.overrides."openai/gpt-4.1"]\ninput = -1\n',
        'gophergate.toml:2:1: pricing.overrides."openai/gpt-4.1".input must be an amount in US dollars, not -1.',
    ),
    "bad model in overrides": (
        "[pricing.overrides]\n'two words' = { input = 1 }\n",
        'gophergate.toml:2:1: a key of pricing.overrides must be a model name without spaces, not "two words".',
    ),
    "bad proxy": (
        "[server]\ntrusted_proxies = ['10.0.0.0/8', 'nginx']\n",
        'gophergate.toml:2:34: server.trusted_proxies holds "nginx", which is neither an IP address nor a network.',
    ),
    "bad origin": (
        "[server]\ncors_origins = ['tauri://localhost', 'http://[::1]:5173', '*', 'https://app.example/']\n",
        'gophergate.toml:2:64: server.cors_origins holds "https://app.example/", which is no origin as a browser sends '
        "it, such as https://app.example or http://localhost:5173.",
    ),
    "usual port in an origin": (
        "[server]\ncors_origins = ['https://app.example:443']\n",
        'gophergate.toml:2:17: server.cors_origins holds "https://app.example:443", which is no origin as a browser '
        "sends it, such as https://app.example or http://localhost:5173.",
    ),
    "bad public url": (
        "[server]\npublic_url = 'gate.example'\n",
        "gophergate.toml:2:1: server.public_url must be an address such as https://host/path.",
    ),
    "bad base url": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\nbase_url = 'http://host:99999/'\n",
        "gophergate.toml:4:1: providers.a.base_url must be an address such as https://host/path.",
    ),
    "password in base url": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\nbase_url = 'http://me:secret@host/'\n",
        "gophergate.toml:4:1: providers.a.base_url must hold no user name or password.",
    ),
    "query in base url": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\nbase_url = 'http://host/?key=secret'\n",
        "gophergate.toml:4:1: providers.a.base_url must end before any '?' or '#'.",
    ),
    "key that no header may hold": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\napi_key = \"sk-\\nx\"\n",
        "gophergate.toml:4:1: providers.a.api_key is empty or holds characters that no HTTP header may hold.",
    ),
    "two providers of one name": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\n[[providers]]\nname = 'a'\nkind = 'groq'\n",
        "gophergate.toml:5:1: the provider name 'a' is taken already, by gophergate.toml:2.",
    ),
    "two groups of one name": (
        "[[groups]]\nname = 'g'\ntargets = [{model='a/b'}]\n[[groups]]\nname = 'g'\ntargets = [{model='a/b'}]\n",
        "gophergate.toml:5:1: the group name 'g' is taken already, by gophergate.toml:2.",
    ),
    "group named like a provider": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\n[[groups]]\nname = 'a'\ntargets = [{model='a/b'}]\n",
        "gophergate.toml:5:1: the group 'a' would hide the provider 'a' of gophergate.toml:2.",
    ),
    "group under a provider's prefix": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\n[[groups]]\nname = 'a/x'\ntargets = [{model='a/b'}]\n",
        "gophergate.toml:5:1: the group 'a/x' would hide the provider 'a' of gophergate.toml:2.",
    ),
    "group without targets": ("[[groups]]\nname = 'g'\n", "gophergate.toml:1:1: the group 'g' has no targets."),
    "weights all zero": (
        "[[groups]]\nname = 'g'\nstrategy = 'weighted'\ntargets = [{model='a/b', weight=0}]\n",
        "gophergate.toml:4:1: the group 'g' is weighted, and all its weights are zero.",
    ),
    "database of no kind": (
        "[database]\nurl = 'mysql://x'\n",
        "gophergate.toml:2:1: database.url must begin with sqlite+aiosqlite:/// or postgresql+asyncpg://.",
    ),
    "database with two slashes": (
        "[database]\nurl = 'sqlite+aiosqlite://gate.db'\n",
        "gophergate.toml:2:1: database.url must have three slashes before a relative SQLite path and four before "
        "an absolute one.",
    ),
    "redis of no kind": (
        "[redis]\nurl = 'http://x'\n",
        "gophergate.toml:2:1: redis.url must begin with redis://, rediss:// or unix://.",
    ),
    "workers that share nothing": (
        "[server]\nworkers = 2\n",
        "gophergate.toml:2:1: server.workers = 2 needs redis.url or a PostgreSQL database, so that the workers "
        "share their limits.",
    ),
    "short encryption key": (
        "[security]\nencryption_key = 'abcd'\n",
        "gophergate.toml:2:1: security.encryption_key must be 32 bytes written as 64 hexadecimal characters or as "
        "base64, and this one is 3 bytes.",
    ),
    "encryption key that is neither": (
        f"[security]\nencryption_key = '{'x!' * 32}'\n",
        "gophergate.toml:2:1: security.encryption_key must be 32 bytes written as 64 hexadecimal characters or as "
        "base64, and these 64 characters are neither.",
    ),
    "variable not set": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\napi_key = 'env:NO_SUCH'\n",
        "gophergate.toml:4:1: providers.a.api_key wants the environment variable NO_SUCH, which is not set.",
    ),
    "variable empty": (
        "[[providers]]\nname = 'a'\nkind = 'openai'\napi_key = 'env:EMPTY'\n",
        "gophergate.toml:4:1: providers.a.api_key wants the environment variable EMPTY, which is empty.",
    ),
    "variable of another type is not shown": (
        "[server]\nport = 'env:CANARY'\n",
        "gophergate.toml:2:1: server.port must be a whole number between 0 and 65535, not this text.",
    ),
    "indirection to nothing": (
        "[redis]\nurl = 'env:'\n",
        'gophergate.toml:2:1: redis.url is "env:", which names nothing.',
    ),
    "file that is not there": (
        "[security]\nencryption_key = 'file:no/such'\n",
        "gophergate.toml:2:1: security.encryption_key wants the file no/such, which does not exist.",
    ),
    "file that is a directory": (
        "[security]\nencryption_key = 'file:.'\n",
        "gophergate.toml:2:1: security.encryption_key wants the file ., which is a directory.",
    ),
    "file that is no text": (
        "[security]\nencryption_key = 'file:binary'\n",
        "gophergate.toml:2:1: security.encryption_key wants the file binary, which is not UTF-8 text.",
    ),
    "file that is too large": (
        "[security]\nencryption_key = 'file:large'\n",
        "gophergate.toml:2:1: security.encryption_key wants the file large, which is larger than 64 KiB.",
    ),
    "syntax": ("[server]\nport == 1\n", "gophergate.toml:2:7: not valid TOML: invalid value."),
    "syntax at the end": ("[server]\nport = ", "gophergate.toml:2:8: not valid TOML: invalid value."),
    "key twice": ("[server]\nport = 1\nport = 2\n", "gophergate.toml:3:9: not valid TOML: cannot overwrite a value."),
}


@pytest.mark.parametrize(("document", "sentence"), FILE_ERRORS.values(), ids=FILE_ERRORS.keys())
def test_the_file_is_refused_in_one_sentence(tmp_path: Path, document: str, sentence: str) -> None:
    """R-G1: unknown and conflicting keys stop start-up with file and line."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"a" * 70_000)
    assert refusal(tmp_path, document, {"EMPTY": "", "CANARY": "sk-canary"}) == sentence


ENVIRONMENT_ERRORS = {
    "unknown key": (
        {"GOPHERGATE_SERVER__PROT": "1"},
        "GOPHERGATE_SERVER__PROT: unknown key 'prot' in [server]; did you mean 'port'?",
    ),
    "unknown section": (
        {"GOPHERGATE_SEVER__PORT": "1"},
        "GOPHERGATE_SEVER__PORT: unknown section [sever]; did you mean [server]?",
    ),
    "not a number": (
        {"GOPHERGATE_SERVER__PORT": "abc"},
        'GOPHERGATE_SERVER__PORT: server.port must be a whole number between 0 and 65535, not "abc".',
    ),
    "empty number": (
        {"GOPHERGATE_SERVER__PORT": ""},
        'GOPHERGATE_SERVER__PORT: server.port must be a whole number between 0 and 65535, not "".',
    ),
    "not JSON": (
        {"GOPHERGATE_PRICING__OVERRIDES": "{"},
        "GOPHERGATE_PRICING__OVERRIDES: pricing.overrides must be JSON when it is given as text.",
    ),
    "a list of tables": (
        {"GOPHERGATE_PROVIDERS__OPENAI__API_KEY": "canary"},
        "GOPHERGATE_PROVIDERS__OPENAI__API_KEY: [[providers]] can be written only in the configuration file; a "
        'secret in it may be "env:NAME".',
    ),
    "key of the wrong length": (
        {"GOPHERGATE_ENCRYPTION_KEY": "canary!"},
        "GOPHERGATE_ENCRYPTION_KEY: security.encryption_key must be 32 bytes written as 64 hexadecimal characters "
        "or as base64, and these 7 characters are neither.",
    ),
    "two keys": (
        {"GOPHERGATE_ENCRYPTION_KEY": KEY, "GOPHERGATE_SECURITY__ENCRYPTION_KEY": KEY[::-1]},
        "GOPHERGATE_ENCRYPTION_KEY: GOPHERGATE_SECURITY__ENCRYPTION_KEY is set too, to another key.",
    ),
    "missing file": ({"GOPHERGATE_CONFIG": "no.toml"}, "The configuration file no.toml does not exist."),
    "Ollama's address": (
        {"OLLAMA_HOST": "ftp://x"},
        "OLLAMA_HOST: OLLAMA_HOST must be an address such as 127.0.0.1:11434 or http://host:11434.",
    ),
    "vendor key with a line end": (
        {"OPENAI_API_KEY": "sk-canary\n"},
        "OPENAI_API_KEY: providers.openai.api_key is empty or holds characters that no HTTP header may hold.",
    ),
    "first key that no client could send": (
        {"GOPHERGATE_BOOTSTRAP_KEY": "sk canary"},
        "GOPHERGATE_BOOTSTRAP_KEY: the key is empty or holds characters that no HTTP header may hold.",
    ),
    "first password": (
        {"GOPHERGATE_ADMIN_PASSWORD": "file:no-such"},
        "GOPHERGATE_ADMIN_PASSWORD: GOPHERGATE_ADMIN_PASSWORD wants the file no-such, which does not exist.",
    ),
}


@pytest.mark.parametrize(("environ", "sentence"), ENVIRONMENT_ERRORS.values(), ids=ENVIRONMENT_ERRORS.keys())
def test_the_environment_is_refused_in_one_sentence(tmp_path: Path, environ: dict[str, str], sentence: str) -> None:
    """R-G1, law 8: the variable is named, and a secret in it is not shown."""
    assert refusal(tmp_path, None, environ) == sentence


def test_a_flag_is_named_as_it_was_typed(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, None, flags=[Flag("--port", "server", "port", 70000)])
    assert sentence == "--port: server.port must be a whole number between 0 and 65535, not 70000."


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("port = 99999", "2:1: server.port must be a whole number between 0 and 65535, not 99999."),
        ('port = "x"', '2:1: server.port must be a whole number between 0 and 65535, not "x".'),
        (
            "trusted_proxies = ['::1',\n'here']",
            '3:1: server.trusted_proxies holds "here", which is neither an IP address nor a network.',
        ),
        ("public_url = 'here'", "2:1: server.public_url must be an address such as https://host/path."),
    ],
)
def test_a_wrong_value_of_the_file_is_refused_though_another_covers_it(
    tmp_path: Path, document: str, sentence: str
) -> None:
    covering = {
        "GOPHERGATE_SERVER__TRUSTED_PROXIES": "::1",
        "GOPHERGATE_SERVER__PUBLIC_URL": "https://here",
        "GOPHERGATE_SERVER__PORT": "1",
    }
    flags = [Flag("--port", "server", "port", 8080)]
    assert refusal(tmp_path, f"[server]\n{document}\n", covering, flags=flags) == f"gophergate.toml:{sentence}"


def test_a_wrong_variable_is_refused_though_a_flag_covers_it(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, None, {"GOPHERGATE_SERVER__PORT": "high"}, flags=[Flag("--port", "server", "port", 1)])
    assert sentence == 'GOPHERGATE_SERVER__PORT: server.port must be a whole number between 0 and 65535, not "high".'


def test_a_named_file_must_exist_and_be_text(tmp_path: Path) -> None:
    assert refusal(tmp_path, None, config="none.toml") == "The configuration file none.toml does not exist."
    (tmp_path / "binary.toml").write_bytes(b"\xff")
    sentence = refusal(tmp_path, None, config="binary.toml")
    assert sentence == "The configuration file binary.toml is not UTF-8 text."


def test_kinds_are_checked_when_the_registry_is_known(tmp_path: Path) -> None:
    document = "[[providers]]\nname = 'a'\nkind = 'antropic'\n"
    sentence = refusal(tmp_path, document, kinds=("openai", "anthropic"))
    assert sentence == ("gophergate.toml:3:1: provider a has the unknown kind 'antropic'; did you mean 'anthropic'?")
