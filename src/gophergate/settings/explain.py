"""Each value that applies, masked, with where it came from. What `gophergate config explain` prints.

Nothing here reveals a secret: values of type `Secret` show at most their last four characters, the encryption
key nothing at all, URLs no password.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from gophergate.settings.convert import fields_of
from gophergate.settings.masking import Secret
from gophergate.settings.origins import label
from gophergate.settings.render import meaning, toml_value
from gophergate.settings.schema import BUILT_IN, At, Knobs, Settings

_NEVER_SHOWN = ("security", "encryption_key")


class Explained(msgspec.Struct, frozen=True):
    """One knob: its dotted name, its value as TOML and masked ("" for none), its source and its meaning."""

    name: str
    value: str
    source: str
    meaning: str


def explain(settings: Settings) -> list[Explained]:
    """Every knob of every section, then what the providers, groups and guards say, in the order of the schema."""
    tree = {
        "providers": [{"name": provider.name} for provider in settings.providers],
        "groups": [{"name": group.name} for group in settings.groups],
        "guards": [{"name": guard.name} for guard in settings.guards],
    }
    rows = [
        Explained("data_dir", toml_value(str(settings.data_dir)), "", "Where files of our own are kept."),
        Explained(
            "config_file", toml_value(str(settings.config_file or "")), "", "The configuration file that was read."
        ),
    ]
    for name in Knobs.__struct_fields__:
        rows.extend(_rows(getattr(settings, name), (name,), settings, tree))
    return rows


def _rows(value: object, at: At, settings: Settings, tree: Mapping[str, object]) -> Iterator[Explained]:
    if isinstance(value, tuple):
        for index, entry in enumerate(value):
            yield from _rows(entry, (*at, index), settings, tree)
    elif isinstance(value, msgspec.Struct):
        in_array = len(at) > 1
        for key, knob in fields_of(type(value)).items():
            member = getattr(value, key)
            if in_array and settings.sources.get((*at, key)) is None and member == knob.default:
                continue  # of a provider, group or guard, only what was said about it
            here = (*at, key)
            source = settings.sources.get(here, BUILT_IN)
            yield Explained(label(here, tree), _shown(member, here), str(source), meaning(knob))


def _shown(value: object, at: At) -> str:
    if value is None:
        return ""
    if isinstance(value, Secret):
        return toml_value("****" if at == _NEVER_SHOWN else str(value))
    return toml_value(value)
