"""From file, environment and flags to one checked snapshot, or one sentence about what stands in the way.

Precedence, lowest first: built-in default, configuration file, environment, command-line flag. Reads only the
files it is pointed to; the environment is handed in. Nothing is created here: that is `gophergate.setup`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from gophergate.settings.check import check, check_values, is_sendable
from gophergate.settings.convert import convert
from gophergate.settings.environment import (
    PREFIX,
    Indirection,
    Said,
    expand,
    failure,
    is_indirect,
    known_providers,
    overrides,
    passed_over,
)
from gophergate.settings.errors import SettingsError
from gophergate.settings.masking import Secret
from gophergate.settings.origins import Origins
from gophergate.settings.schema import (
    At,
    DatabaseSettings,
    FirstRun,
    Knobs,
    ProviderSettings,
    Settings,
    Source,
)
from gophergate.settings.toml_lines import explain_syntax_error, locate

CONFIG_FILE = "gophergate.toml"
DATABASE_FILE = "gophergate.db"
DEMO = {"name": "demo", "kind": "simulator"}
_KEY_VARIABLE = f"{PREFIX}ENCRYPTION_KEY"
_FIRST_KEY_VARIABLE = f"{PREFIX}BOOTSTRAP_KEY"


class Flag(msgspec.Struct, frozen=True):
    """A knob set on the command line: `name` as typed ("--port"), the knob, its value (already of its type)."""

    name: str
    section: str
    key: str
    value: object


def load(
    *,
    environ: Mapping[str, str],
    cwd: Path,
    config: str | None = None,
    data: str | None = None,
    flags: Collection[Flag] = (),
    demo: bool = False,
    kinds: Collection[str] = (),
) -> Settings:
    """The settings that apply to a process started in `cwd` with these flags and this environment.

    `config` and `data` are `--config` and `--data`. `demo` adds the simulator as the provider "demo". `kinds` are
    the provider kinds there are; empty leaves them unchecked. Raises SettingsError: one sentence, file and line.
    """
    home = _home(environ)
    data_dir = data_directory(environ, cwd, data)
    file = _find_file(config, environ, cwd, data_dir, home)
    origins = _read_file(file, cwd) if file is not None else Origins({}, {})
    for section, key, text, variable in overrides(environ):
        origins.overlay(section, key, text, Source(kind="environment", name=variable))
    _take_key_variable(origins, environ)
    for flag in flags:
        origins.overlay(flag.section, flag.key, flag.value, Source(kind="flag", name=flag.name))
    _check_covered(origins)

    beside_file = Indirection(environ, cwd / file.parent if file is not None else cwd, home)
    elsewhere = Indirection(environ, cwd, home)

    def resolve(text: str, at: At) -> str | None:
        source = origins.source(at)
        reader = beside_file if source.kind == "file" else elsewhere
        return reader.read(text, origins.label(at), source)

    written = convert(origins, resolve).providers  # reading them also tells which variables the file speaks for
    _add_known_providers(origins, environ, written, beside_file.variables)
    if demo and not any((entry.name, entry.kind) == tuple(DEMO.values()) for entry in written):
        origins.append("providers", DEMO, Source(kind="flag", name="--demo"))
    knobs = _with_defaults(convert(origins, resolve), data_dir)
    check(knobs, origins, kinds)
    return Settings(
        **{name: getattr(knobs, name) for name in Knobs.__struct_fields__},
        data_dir=data_dir,
        config_file=file,
        first_run=_first_run(environ, elsewhere),
        sources=origins.sources,
        passed_over=passed_over(environ),
    )


def data_directory(environ: Mapping[str, str], cwd: Path, data: str | None = None) -> Path:
    """Where files of our own are kept: `data` (`--data`), else $GOPHERGATE_DATA, else ~/.gophergate."""
    return cwd / expand(data or environ.get(f"{PREFIX}DATA") or "~/.gophergate", _home(environ))


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _find_file(config: str | None, environ: Mapping[str, str], cwd: Path, data_dir: Path, home: Path) -> Path | None:
    """The first of: the flag, the variable, the working directory, the data directory. The named must exist."""
    named = config or environ.get(f"{PREFIX}CONFIG")
    if named:
        return expand(named, home)
    if (cwd / CONFIG_FILE).is_file():
        return Path(CONFIG_FILE)
    in_data_dir = data_dir / CONFIG_FILE
    return in_data_dir if in_data_dir.is_file() else None


def _read_file(file: Path, cwd: Path) -> Origins:
    try:
        document = (cwd / file).read_bytes().decode()
    except OSError as error:
        raise SettingsError(f"the configuration file {file} {failure(error)}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"the configuration file {file} is not UTF-8 text") from None
    try:
        tree: dict[str, Any] = tomllib.loads(document, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        what, position = explain_syntax_error(error, document)
        source = Source(kind="file", name=str(file), line=position.line, column=position.column)
        raise SettingsError(f"not valid TOML: {what[0].lower()}{what[1:]}", source) from None
    sources = {
        at: Source(kind="file", name=str(file), line=position.line, column=position.column)
        for at, position in locate(document).items()
    }
    return Origins(tree, sources)


def _take_key_variable(origins: Origins, environ: Mapping[str, str]) -> None:
    """GOPHERGATE_ENCRYPTION_KEY is short for GOPHERGATE_SECURITY__ENCRYPTION_KEY; two different ones are refused."""
    long = f"{PREFIX}SECURITY__ENCRYPTION_KEY"
    if key := environ.get(_KEY_VARIABLE):
        source = Source(kind="environment", name=_KEY_VARIABLE)
        if environ.get(long, key) != key:
            raise SettingsError(f"{long} is set too, to another key", source)
        origins.overlay("security", "encryption_key", key, source)


def _check_covered(origins: Origins) -> None:
    """Refuse a wrong value though another covers it: it would stop the start on the day that the other is gone.
    What stands behind an `env:` or `file:` is not looked for: it may be meant for another machine."""
    for covered in origins.covered:
        (table,) = covered.tree.values()
        (value,) = table.values()
        if not any(map(is_indirect, value if isinstance(value, list) else [value])):
            check_values(convert(covered, lambda _text, _at: None), covered)


def _add_known_providers(
    origins: Origins,
    environ: Mapping[str, str],
    written: Sequence[ProviderSettings],
    spoken_for: Collection[str],
) -> None:
    """Providers enabled by their vendor's variable, unless the file speaks of them or of that variable.

    An entry of the file with the vendor's own name, kind and address but no key takes the variable's key; with
    another kind or address it does not, since a key goes only to the origin it belongs to (R-X3).
    """
    places = {provider.name: index for index, provider in enumerate(written)}
    for said in known_providers(environ, spoken_for):
        sources = {key: Source(kind="environment", name=variable) for key, variable in said.variables.items()}
        index = places.get(said.members["name"])
        if index is None:
            origins.append("providers", said.members, next(iter(sources.values())), **sources)
        elif _is_the_vendors_own(written[index], said):
            for key, source in sources.items():
                origins.extend(("providers", index), key, said.members[key], source)


def _is_the_vendors_own(provider: ProviderSettings, said: Said) -> bool:
    keyless = provider.api_key is None and "api_key" in said.members
    return keyless and provider.kind == said.members["kind"] and not provider.base_url


def _with_defaults(knobs: Knobs, data_dir: Path) -> Knobs:
    if knobs.database.url:
        return knobs
    url = Secret(f"sqlite+aiosqlite:///{data_dir / DATABASE_FILE}")
    return msgspec.structs.replace(knobs, database=DatabaseSettings(url=url))


def _first_run(environ: Mapping[str, str], indirection: Indirection) -> FirstRun:
    def secret(variable: str) -> Secret | None:
        if not (text := environ.get(variable)):
            return None
        behind = indirection.read(text, variable, Source(kind="environment", name=variable))
        return Secret(text if behind is None else behind)

    client_key = secret(_FIRST_KEY_VARIABLE)
    if client_key is not None and not is_sendable(client_key.reveal()):
        source = Source(kind="environment", name=_FIRST_KEY_VARIABLE)
        raise SettingsError("the key is empty or holds characters that no HTTP header may hold", source)
    return FirstRun(admin_password=secret(f"{PREFIX}ADMIN_PASSWORD"), client_key=client_key)
