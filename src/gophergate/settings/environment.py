"""What the environment says: `GOPHERGATE_SECTION__KEY`, `env:` and `file:`, and vendors' well-known keys.

The environment comes in as a mapping; nothing here reads the process's own. Text stays text: the schema
decides what it means.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from gophergate.settings.errors import SettingsError
from gophergate.settings.schema import Knobs, Source

PREFIX = "GOPHERGATE_"
_LARGEST_FILE = 64 * 1024


class KnownProvider(msgspec.Struct, frozen=True):
    """A provider that one of the variables `keys` enables; `addresses` override where it is, pairwise."""

    name: str
    keys: tuple[str, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(f"{key.removesuffix('_API_KEY')}_BASE_URL" for key in self.keys)


KNOWN_PROVIDERS = (
    KnownProvider("openai", ("OPENAI_API_KEY",)),
    KnownProvider("anthropic", ("ANTHROPIC_API_KEY",)),
    KnownProvider("gemini", ("GEMINI_API_KEY", "GOOGLE_API_KEY")),
    KnownProvider("deepseek", ("DEEPSEEK_API_KEY",)),
    KnownProvider("moonshot", ("MOONSHOT_API_KEY",)),
    KnownProvider("xai", ("XAI_API_KEY",)),
    KnownProvider("mistral", ("MISTRAL_API_KEY",)),
    KnownProvider("groq", ("GROQ_API_KEY",)),
    KnownProvider("openrouter", ("OPENROUTER_API_KEY",)),
    KnownProvider("cohere", ("COHERE_API_KEY",)),
    KnownProvider("together", ("TOGETHER_API_KEY",)),
    KnownProvider("fireworks", ("FIREWORKS_API_KEY",)),
    KnownProvider("perplexity", ("PERPLEXITY_API_KEY",)),
    KnownProvider("cerebras", ("CEREBRAS_API_KEY",)),
)
"""Name and kind are the same word. Ollama, which has an address instead of a key, is read apart."""


class Said(msgspec.Struct, frozen=True):
    """A provider the environment enables: its members, and the variable each came from."""

    members: dict[str, str]
    variables: dict[str, str]


def overrides(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """`(section, key, text, variable)` for every `GOPHERGATE_SECTION__KEY`, in order of the names.

    Only names with a double underscore are ours: Kubernetes gives every pod beside a service called gophergate
    variables such as GOPHERGATE_PORT and GOPHERGATE_SERVICE_HOST, and they must not stop the start.
    """
    for variable in sorted(environ):
        section, separator, key = variable.removeprefix(PREFIX).partition("__")
        if not variable.startswith(PREFIX) or not separator:
            continue
        section, key = section.lower(), key.lower()
        if section in ("providers", "groups", "guards"):
            raise SettingsError(
                f'[[{section}]] can be written only in the configuration file; a secret in it may be "env:NAME"',
                Source(kind="environment", name=variable),
            )
        yield section, key, environ[variable], variable


def passed_over(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each variable that would be a setting, had it two underscores behind its section. Not for what
    Kubernetes sets beside a service, whose addresses begin so."""
    meant = {
        f"{PREFIX}{section.name}_{key}".upper(): f"{PREFIX}{section.name}__{key}".upper()
        for section in msgspec.structs.fields(Knobs)
        if isinstance(section.default, msgspec.Struct)
        for key in section.default.__struct_fields__
    }
    return tuple(
        f"{variable} is not read: the setting is written {meant[variable]}"
        for variable in sorted(meant.keys() & environ.keys())
        if not environ[variable].startswith(("tcp://", "udp://", "sctp://"))
    )


def known_providers(environ: Mapping[str, str], spoken_for: Collection[str]) -> Iterator[Said]:
    """The providers that well-known variables enable. Empty variables, and those in `spoken_for`, enable nothing."""
    for known in KNOWN_PROVIDERS:
        for variable in known.keys:
            if environ.get(variable) and variable not in spoken_for:
                members = {"name": known.name, "kind": known.name, "api_key": environ[variable]}
                variables = {"api_key": variable}
                address = next((name for name in known.addresses if environ.get(name)), None)
                if address is not None:
                    members["base_url"] = environ[address]
                    variables["base_url"] = address
                yield Said(members, variables)
                break
    if environ.get("OLLAMA_HOST") and "OLLAMA_HOST" not in spoken_for:
        variable = "OLLAMA_BASE_URL" if environ.get("OLLAMA_BASE_URL") else "OLLAMA_HOST"
        address = environ[variable] if variable == "OLLAMA_BASE_URL" else ollama_url(environ[variable])
        yield Said({"name": "ollama", "kind": "ollama", "base_url": address}, {"base_url": variable})


def ollama_url(host: str) -> str:
    """The address that OLLAMA_HOST means, by the rules of Ollama's own clients.

    `host`, `host:port`, `:port` and full URLs; the port is 11434 without a scheme, else the scheme's own. A
    server's "all interfaces" (0.0.0.0, ::) is reached on the loopback. Raises SettingsError for anything else.
    """
    text = host.strip()
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    default = 11434 if not separator else {"http": 80, "https": 443}.get(scheme, 0)
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        name, port = parts.hostname or "127.0.0.1", parts.port or default
    except ValueError:
        port = 0
    if not port:
        raise SettingsError(
            "OLLAMA_HOST must be an address such as 127.0.0.1:11434 or http://host:11434",
            Source(kind="environment", name="OLLAMA_HOST"),
        )
    return f"{scheme}://{_reachable(name)}:{port}{parts.path.rstrip('/')}"


def _reachable(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return f"[{host}]" if address.version == 6 else host


def is_indirect(value: object) -> bool:
    """Whether it is `env:NAME` or `file:PATH`."""
    return isinstance(value, str) and value.startswith(("env:", "file:"))


class Indirection:
    """Reads what `env:NAME` and `file:PATH` stand for. Relative paths start at `directory`."""

    def __init__(self, environ: Mapping[str, str], directory: Path, home: Path) -> None:
        self._environ = environ
        self._directory = directory
        self._home = home
        self.variables: set[str] = set()

    def read(self, text: str, label: str, source: Source) -> str | None:
        """The text behind it, None when `text` is neither. A file's last line ends are taken off.

        Raises SettingsError when the variable is not set, or the file cannot be read.
        """
        if not is_indirect(text):
            return None
        scheme, _separator, rest = text.partition(":")
        if not rest:
            raise SettingsError(f'{label} is "{text}", which names nothing', source)
        return self._variable(rest, label, source) if scheme == "env" else self._file(rest, label, source)

    def _variable(self, name: str, label: str, source: Source) -> str:
        self.variables.add(name)
        if not (value := self._environ.get(name)):
            state = "empty" if name in self._environ else "not set"
            raise SettingsError(f"{label} wants the environment variable {name}, which is {state}", source)
        return value

    def _file(self, name: str, label: str, source: Source) -> str:
        path = self._directory / expand(name, self._home)
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST_FILE + 1)
        except OSError as error:
            raise SettingsError(f"{label} wants the file {name}, which {failure(error)}", source) from None
        if len(content) > _LARGEST_FILE:
            raise SettingsError(f"{label} wants the file {name}, which is larger than 64 KiB", source)
        try:
            return content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise SettingsError(f"{label} wants the file {name}, which is not UTF-8 text", source) from None


def expand(path: str, home: Path) -> Path:
    """The path with a leading `~` as the home directory."""
    return home / path[2:] if path.startswith("~/") else home if path == "~" else Path(path)


def failure(error: OSError) -> str:
    """Why a file could not be used, as the end of a sentence."""
    match error:
        case FileNotFoundError():
            return "does not exist"
        case PermissionError():
            return "may not be read by this user"
        case IsADirectoryError():
            return "is a directory"
        case _:
            return f"cannot be read ({error.strerror or type(error).__name__})"
