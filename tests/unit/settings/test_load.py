"""Where values come from: precedence, look-up order, indirections, and what the environment enables alone."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gophergate.providers.registry import BY_KIND
from gophergate.settings import Flag, Secret, Settings, SettingsError, load
from gophergate.settings.convert import fields_of
from gophergate.settings.environment import KNOWN_PROVIDERS, KnownProvider, ollama_url
from gophergate.settings.render import meaning, template, to_toml
from gophergate.settings.schema import (
    ClassifierSettings,
    DatabaseSettings,
    GroupSettings,
    Knobs,
    LoggingSettings,
    PriceOverride,
    PricingSettings,
    ProviderSettings,
    RedisSettings,
    RuleSettings,
    SecuritySettings,
    ServerSettings,
    TargetSettings,
    TimeoutSettings,
)

KEY = "0123456789abcdef" * 4


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def read(home: Path, document: str | None = None, /, environ: dict[str, str] | None = None, **more: object) -> Settings:
    if document is not None:
        (home / "gophergate.toml").write_text(document)
    return load(environ={"HOME": str(home), **(environ or {})}, cwd=home, **more)  # type: ignore[arg-type]


def test_nothing_said_is_the_documented_default(home: Path) -> None:
    settings = read(home)
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert settings.database.url.reveal() == f"sqlite+aiosqlite:///{home}/.gophergate/gophergate.db"
    assert settings.database_file == home / ".gophergate" / "gophergate.db"
    assert not settings.uses_postgresql
    assert (settings.providers, settings.groups, settings.config_file) == ((), (), None)
    assert str(settings.source("server", "port")) == "default"


def test_flag_over_environment_over_file_over_default(home: Path) -> None:
    """R-G1: one documented precedence, and the source of each value is known."""
    document = "[server]\nhost = 'file'\nport = 1\nworkers = 1\n"
    environ = {"GOPHERGATE_SERVER__HOST": "environment", "GOPHERGATE_SERVER__PORT": "2"}
    settings = read(home, document, environ, flags=[Flag("--port", "server", "port", 3)])
    assert (settings.server.workers, settings.server.host, settings.server.port) == (1, "environment", 3)
    assert str(settings.source("server", "workers")) == "gophergate.toml:4"
    assert str(settings.source("server", "host")) == "GOPHERGATE_SERVER__HOST"
    assert str(settings.source("server", "port")) == "--port"


def test_a_covered_value_need_only_be_right_by_itself(home: Path) -> None:
    """What it needs of others, and what stands behind it, may be there on another machine."""
    document = "[server]\nworkers = 4\nhost = 'env:NOWHERE'\ntrusted_proxies = ['file:nowhere']\n"
    environ = {"GOPHERGATE_SERVER__HOST": "::1", "GOPHERGATE_SERVER__TRUSTED_PROXIES": "::1"}
    server = read(home, document, environ, flags=[Flag("--workers", "server", "workers", 1)]).server
    assert (server.workers, server.host, server.trusted_proxies) == (1, "::1", ("::1",))


def test_the_environment_replaces_a_whole_list_and_its_places(home: Path) -> None:
    settings = read(
        home,
        "[logging]\nredact = ['a', 'b', 'c']\n",
        {"GOPHERGATE_LOGGING__REDACT": "x, y ,", "GOPHERGATE_SERVER__TRUSTED_PROXIES": '["::1"]'},
    )
    assert settings.logging.redact == ("x", "y")
    assert settings.server.trusted_proxies == ("::1",)
    assert str(settings.source("logging", "redact", 2)) == "GOPHERGATE_LOGGING__REDACT"


def test_text_of_the_environment_is_read_by_the_type_of_the_knob(home: Path) -> None:
    overrides = '{"openai/gpt-4.1": {"input": 2.1, "output": 8}}'
    settings = read(
        home,
        environ={"GOPHERGATE_SERVER__DRAIN_TIMEOUT": " 2.5 ", "GOPHERGATE_PRICING__OVERRIDES": overrides},
    )
    assert settings.server.drain_timeout == 2.5
    assert settings.pricing.overrides["openai/gpt-4.1"] == PriceOverride(input=Decimal("2.1"), output=Decimal(8))


def test_prices_of_the_file_are_exact(home: Path) -> None:
    """No float between the file and the nano-dollar."""
    settings = read(home, "[pricing.overrides.'a/b']\ninput = 0.1\noutput = 0.30\n")
    assert settings.pricing.overrides["a/b"].input == Decimal("0.1")


def test_other_variables_that_begin_like_ours_are_not_ours(home: Path) -> None:
    """Kubernetes sets these beside a service called gophergate."""
    environ = {"GOPHERGATE_PORT": "tcp://10.0.0.1:8080", "GOPHERGATE_SERVICE_HOST": "10.0.0.1"}
    assert read(home, environ=environ).server.port == 8080


def test_a_variable_with_one_underscore_too_few_is_named(home: Path) -> None:
    """And nothing is said of what Kubernetes sets beside a service called gophergate-server."""
    environ = {
        "GOPHERGATE_SERVER_PORT": "tcp://10.0.0.1:9090",
        "GOPHERGATE_SERVER_MAX_BODY_BYTES": "1",
        "GOPHERGATE_SERVER__HOST": "::1",
        "GOPHERGATE_ADMIN_PASSWORD": "sesame",
        "GOPHERGATE_DATABASE_URL": "postgresql://u:p@h/d",
    }
    settings = read(home, environ=environ)
    assert (settings.server.port, settings.server.host) == (8080, "::1")
    assert settings.passed_over == (
        "GOPHERGATE_DATABASE_URL is not read: the setting is written GOPHERGATE_DATABASE__URL",
        "GOPHERGATE_SERVER_MAX_BODY_BYTES is not read: the setting is written GOPHERGATE_SERVER__MAX_BODY_BYTES",
    )


def test_the_file_is_looked_for_in_order(home: Path) -> None:
    """--config, $GOPHERGATE_CONFIG, the working directory, the data directory."""
    data = home / "data"
    data.mkdir()
    environ = {"GOPHERGATE_DATA": "data"}
    (data / "gophergate.toml").write_text("[server]\nport = 4\n")
    assert read(home, environ=environ).server.port == 4
    assert read(home, "[server]\nport = 3\n", environ).server.port == 3
    (home / "variable.toml").write_text("[server]\nport = 2\n")
    environ["GOPHERGATE_CONFIG"] = str(home / "variable.toml")
    assert read(home, environ=environ).server.port == 2
    (home / "flag.toml").write_text("[server]\nport = 1\n")
    settings = read(home, environ=environ, config="~/flag.toml")
    assert settings.server.port == 1
    assert settings.config_file == home / "flag.toml"


def test_the_data_directory_is_looked_for_in_order(home: Path) -> None:
    assert read(home).data_dir == home / ".gophergate"
    assert read(home, environ={"GOPHERGATE_DATA": "variable"}).data_dir == home / "variable"
    assert read(home, environ={"GOPHERGATE_DATA": "variable"}, data="~/flag").data_dir == home / "flag"


def test_indirections_are_read_where_they_stand(home: Path) -> None:
    """`file:` starts at the file that says it; line ends are taken off; the way is kept beside the source."""
    (home / "conf").mkdir()
    (home / "conf" / "key").write_text(f"{KEY}\n")
    (home / "port").write_text("9001\r\n")
    (home / "conf" / "gate.toml").write_text(
        "[security]\nencryption_key = 'file:key'\n[server]\ntrusted_proxies = ['env:PROXY']\n"
        "[[providers]]\nname = 'a'\nkind = 'openai'\napi_key = 'env:MY_KEY'\n"
    )
    environ = {"PROXY": "10.0.0.1", "MY_KEY": "sk-1", "GOPHERGATE_SERVER__PORT": "file:port"}
    settings = read(home, environ=environ, config="conf/gate.toml")
    assert settings.security.encryption_key == Secret(KEY)
    assert settings.server.port == 9001
    assert settings.server.trusted_proxies == ("10.0.0.1",)
    assert settings.providers[0].api_key == Secret("sk-1")
    assert str(settings.source("security", "encryption_key")) == "conf/gate.toml:2 (file:key)"
    assert str(settings.source("server", "port")) == "GOPHERGATE_SERVER__PORT (file:port)"


def test_the_short_name_of_the_encryption_key(home: Path) -> None:
    for environ in (
        {"GOPHERGATE_ENCRYPTION_KEY": KEY},
        {"GOPHERGATE_SECURITY__ENCRYPTION_KEY": KEY},
        {"GOPHERGATE_ENCRYPTION_KEY": KEY, "GOPHERGATE_SECURITY__ENCRYPTION_KEY": KEY},
    ):
        assert read(home, environ=environ).security.encryption_key == Secret(KEY)


def test_first_run_secrets_come_from_the_environment(home: Path) -> None:
    (home / "password").write_text("from a file\n")
    environ = {"GOPHERGATE_ADMIN_PASSWORD": "file:password", "GOPHERGATE_BOOTSTRAP_KEY": "sk-gg-x"}
    first_run = read(home, environ=environ).first_run
    assert first_run.admin_password == Secret("from a file")
    assert first_run.client_key == Secret("sk-gg-x")


# -- providers that the environment enables -----------------------------------------------------------------------


@pytest.mark.parametrize("known", KNOWN_PROVIDERS, ids=lambda known: str(known.name))
def test_a_vendors_variable_enables_its_provider(home: Path, known: KnownProvider) -> None:
    name, variables = known.name, known.keys
    for variable in variables:
        address = variable.replace("_API_KEY", "_BASE_URL")
        settings = read(home, environ={variable: "sk-1", address: "https://proxy.example/v1"})
        (provider,) = settings.providers
        assert (provider.name, provider.kind, provider.api_key) == (name, name, Secret("sk-1"))
        assert provider.base_url == "https://proxy.example/v1"
        assert str(settings.source("providers", 0, "api_key")) == variable
        assert str(settings.source("providers", 0, "base_url")) == address


def test_the_documented_variables_are_known() -> None:
    words = (
        "OPENAI ANTHROPIC GEMINI GOOGLE DEEPSEEK MOONSHOT XAI MISTRAL GROQ OPENROUTER COHERE TOGETHER FIREWORKS "
        "PERPLEXITY CEREBRAS"
    )
    known = {variable for provider in KNOWN_PROVIDERS for variable in provider.keys}
    assert known == {f"{word}_API_KEY" for word in words.split()}


@pytest.mark.parametrize("known", KNOWN_PROVIDERS, ids=lambda known: str(known.name))
def test_the_registry_knows_the_same_variables(known: KnownProvider) -> None:
    """Settings do not import the registry, which would cost every command its start-up; so the two must agree."""
    row = BY_KIND[known.name]
    assert row.key_variables == known.keys
    assert row.base_variable == known.addresses[0]


def test_empty_variables_enable_nothing(home: Path) -> None:
    assert read(home, environ={"OPENAI_API_KEY": "", "OLLAMA_HOST": ""}).providers == ()


def test_one_provider_for_both_names_of_gemini(home: Path) -> None:
    (provider,) = read(home, environ={"GEMINI_API_KEY": "one", "GOOGLE_API_KEY": "two"}).providers
    assert provider.api_key == Secret("one")


def test_a_file_that_speaks_of_the_variable_enables_nothing_more(home: Path) -> None:
    document = "[[providers]]\nname = 'mine'\nkind = 'openai'\napi_key = 'env:OPENAI_API_KEY'\n"
    settings = read(home, document, {"OPENAI_API_KEY": "sk-1"})
    assert [provider.name for provider in settings.providers] == ["mine"]


def test_a_vendors_own_entry_without_a_key_takes_it_from_the_variable(home: Path) -> None:
    document = "[[providers]]\nname = 'openai'\nkind = 'openai'\nmodels = ['gpt-4.1']\n"
    settings = read(home, document, {"OPENAI_API_KEY": "sk-1"})
    (provider,) = settings.providers
    assert (provider.api_key, provider.models) == (Secret("sk-1"), ("gpt-4.1",))
    assert str(settings.source("providers", 0, "api_key")) == "OPENAI_API_KEY"


@pytest.mark.parametrize("line", ["kind = 'compatible'", "kind = 'openai'\nbase_url = 'https://elsewhere'"])
def test_a_vendors_key_goes_nowhere_else(home: Path, line: str) -> None:
    """R-X3: an entry that only shares the name must not receive the vendor's key."""
    document = f"[[providers]]\nname = 'openai'\n{line}\n"
    (provider,) = read(home, document, {"OPENAI_API_KEY": "sk-1"}).providers
    assert provider.api_key is None


def test_a_disabled_provider_stays_disabled(home: Path) -> None:
    document = "[[providers]]\nname = 'openai'\nkind = 'openai'\nenabled = false\n"
    (provider,) = read(home, document, {"OPENAI_API_KEY": "sk-1"}).providers
    assert not provider.enabled


OLLAMA_HOSTS = {
    "1.2.3.4": "http://1.2.3.4:11434",
    ":56789": "http://127.0.0.1:56789",
    "1.2.3.4:56789": "http://1.2.3.4:56789",
    "http://1.2.3.4": "http://1.2.3.4:80",
    "https://example.com": "https://example.com:443",
    "https://example.com:56789/path/": "https://example.com:56789/path",
    "example.com/": "http://example.com:11434",
    "[::2]:56789": "http://[::2]:56789",
    "0.0.0.0": "http://127.0.0.1:11434",
    "[::]:1": "http://[::1]:1",
}


@pytest.mark.parametrize(("host", "url"), OLLAMA_HOSTS.items())
def test_ollamas_address_by_the_rules_of_its_clients(home: Path, host: str, url: str) -> None:
    assert ollama_url(host) == url
    (provider,) = read(home, environ={"OLLAMA_HOST": host}).providers
    assert (provider.name, provider.kind, provider.base_url, provider.api_key) == ("ollama", "ollama", url, None)


def test_demo_adds_the_simulator_once(home: Path) -> None:
    settings = read(home, demo=True)
    (provider,) = settings.providers
    assert (provider.name, provider.kind) == ("demo", "simulator")
    assert str(settings.source("providers", 0)) == "--demo"
    document = "[[providers]]\nname = 'demo'\nkind = 'simulator'\nmodels = ['echo']\n"
    (provider,) = read(home, document, demo=True).providers
    assert provider.models == ("echo",)
    with pytest.raises(SettingsError, match=r"^--demo: the provider name 'demo' is taken already"):
        read(home, "[[providers]]\nname = 'demo'\nkind = 'openai'\n", demo=True)


# -- writing ------------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda text: not text.startswith(("env:", "file:"))
)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
MODELS = st.builds(lambda provider, model: f"{provider}/{model}", NAMES, NAMES)
PRICES = st.none() | st.decimals(0, 1000, places=6)
SECONDS = st.floats(0.001, 86_400)
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60).filter(
    lambda text: not text.startswith(("env:", "file:"))
)


def struct(kind: type[msgspec.Struct], /, **members: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.builds(kind, **members)  # type: ignore[arg-type]


KNOBS = struct(
    Knobs,
    server=struct(
        ServerSettings,
        host=WORDS,
        port=st.integers(0, 65535),
        drain_timeout=st.floats(0, 86_400),
        max_body_bytes=st.integers(1024, 2**31),
        keepalive_interval=st.floats(0.001, 3600),
        trusted_proxies=st.lists(st.ip_addresses().map(str), max_size=3).map(tuple),
        public_url=st.sampled_from(["", "https://gate.example/under/path"]),
    ),
    database=struct(DatabaseSettings, url=st.just(Secret("postgresql+asyncpg://u:p%22'@h/db?x=1"))),
    redis=struct(RedisSettings, url=st.none() | st.just(Secret("redis://:pa\\ss@h:6379/0"))),
    security=struct(
        SecuritySettings,
        encryption_key=st.none() | st.binary(min_size=32, max_size=32).map(lambda raw: Secret(raw.hex())),
        session_ttl=st.floats(60, 1e6),
        login_attempts=st.integers(1, 1000),
    ),
    logging=struct(
        LoggingSettings,
        level=st.sampled_from(["debug", "info", "warning", "error"]),
        bodies=st.sampled_from(["none", "errors", "all"]),
        redact=st.lists(WORDS, max_size=3).map(tuple),
        retention_days=st.integers(0, 36_500),
    ),
    pricing=struct(
        PricingSettings,
        unpriced=st.sampled_from(["allow", "block"]),
        overrides=st.dictionaries(MODELS, struct(PriceOverride, input=PRICES, cache_read=PRICES), max_size=3),
    ),
    providers=st.lists(
        struct(
            ProviderSettings,
            name=NAMES,
            kind=NAMES,
            api_key=st.none() | SECRETS.map(Secret),
            base_url=st.sampled_from(["", "https://h:1/v1"]),
            models=st.lists(WORDS, max_size=2).map(tuple),
            timeouts=struct(TimeoutSettings, connect=st.none() | SECONDS, total=st.none() | SECONDS),
            speaks=st.lists(st.sampled_from(["openai_chat", "gemini"]), max_size=2).map(tuple),
            enabled=st.booleans(),
        ),
        max_size=3,
        unique_by=lambda provider: provider.name,
    ).map(tuple),
    groups=st.lists(
        struct(
            GroupSettings,
            name=NAMES.map(lambda name: f"~{name}"),
            strategy=st.sampled_from(["ordered", "weighted", "heuristic"]),
            targets=st.lists(struct(TargetSettings, model=MODELS, weight=st.floats(0.1, 9)), min_size=1).map(tuple),
            fallbacks=st.lists(MODELS, max_size=2).map(tuple),
            rules=st.lists(
                struct(
                    RuleSettings,
                    model=MODELS,
                    fallback=st.none() | MODELS,
                    pattern=st.text(max_size=5),
                    any_of_tags=st.lists(WORDS, max_size=2).map(tuple),
                    max_input_tokens_lt=st.none() | st.integers(1, 9),
                    requires_reasoning=st.none() | st.booleans(),
                ),
                max_size=2,
            ).map(tuple),
            classifier=st.none() | struct(ClassifierSettings, model=MODELS, threshold=st.integers(1, 9)),
        ),
        max_size=2,
        unique_by=lambda group: group.name,
    ).map(tuple),
)


@given(knobs=KNOBS)
def test_what_is_written_reads_back_equal(tmp_path_factory: pytest.TempPathFactory, knobs: Knobs) -> None:
    directory = tmp_path_factory.mktemp("round")
    (directory / "gophergate.toml").write_text(to_toml(knobs))
    settings = load(environ={"HOME": str(directory)}, cwd=directory)
    for section in Knobs.__struct_fields__:
        assert getattr(settings, section) == getattr(knobs, section)


def test_the_template_says_nothing_until_it_is_uncommented(home: Path) -> None:
    """`init` writes it: as it is, it is the defaults; with every default uncommented, still the defaults."""
    defaults = read(home)
    for section in Knobs.__struct_fields__:
        assert getattr(read(home, template()), section) == getattr(defaults, section)
    document = template().split("\n# Providers.")[0]
    settings = read(home, re.sub(r"(?m)^# (?=[a-z_]+ = )", "", document))
    assert settings.pricing.overrides
    assert settings.server == defaults.server
    assert str(settings.source("logging", "body_retention_days")).startswith("gophergate.toml:")


def test_the_examples_of_the_template_are_valid(home: Path) -> None:
    examples = template().split("[[providers]]", 1)[1]
    lines = [line.removeprefix("# ").removeprefix("#") for line in f"# [[providers]]{examples}".split("\n")]
    document = "\n".join(line for line in lines if "=" in line or line.startswith("[["))
    settings = read(home, document, {"OPENAI_API_KEY": "sk-1"})
    assert (settings.providers[0].name, settings.groups[0].name) == ("openai", "fast")


def test_every_knob_has_a_meaning() -> None:
    """R-G1: what `config explain` and the template show of each."""
    for section in (
        ServerSettings,
        SecuritySettings,
        LoggingSettings,
        PricingSettings,
        ProviderSettings,
        GroupSettings,
    ):
        for knob in fields_of(section).values():
            assert meaning(knob).endswith("."), knob.name
