"""The reference pages are what the code says: made from it, compared with it. `UPDATE_DOCS=1` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from gophergate.dialects.platform import OPERATIONS
from gophergate.providers.registry import ROWS
from gophergate.providers.served import COMPLETIONS
from gophergate.routing.failures import TREATMENTS
from gophergate.settings.schema import Knobs

DOCS = Path(__file__).parents[2] / "docs"
UPDATE = os.environ.get("UPDATE_DOCS") == "1"


def held(page: str, marker: str, made: str) -> None:
    """Compare the part of a page after `marker` with what was made, or write it."""
    path = DOCS / page
    text = path.read_text()
    before, found, _ = text.partition(marker)
    assert found, f"{page} has lost its line {marker!r}"
    if UPDATE:
        path.write_text(f"{before}{marker}\n\n{made}")
    assert path.read_text() == f"{before}{marker}\n\n{made}", f"{page} is out of date: UPDATE_DOCS=1 make docs-check"


def described(annotation: Any) -> str:
    """The one line of meaning of a field."""
    info = msgspec.inspect.type_info(annotation)
    extra = getattr(info, "extra_json_schema", None) or {}
    return str(extra.get("description", ""))


def shown(default: Any) -> str:
    """A default as the page shows it."""
    if default is msgspec.NODEFAULT:
        return "required"
    if default is None or default == () or default == {} or isinstance(default, msgspec.Struct):
        return ""
    return f"`{msgspec.json.encode(default).decode()}`" if isinstance(default, str | int | float | bool) else ""


def rows_of(section: type[msgspec.Struct]) -> list[str]:
    found = []
    for field in msgspec.structs.fields(section):
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = None
        found.append(f"| `{field.encode_name}` | {shown(default)} | {described(field.type)} |")
    return found


def test_the_configuration_page_lists_every_knob() -> None:
    parts = []
    for field in msgspec.structs.fields(Knobs):
        kind = field.type
        items = getattr(kind, "__args__", None)
        section = items[0] if items else kind
        title = f"[[{field.name}]]" if items else f"[{field.name}]"
        parts.append(
            "\n".join([f"## `{title}`", "", "| key | default | meaning |", "| --- | --- | --- |", *rows_of(section)])
        )
    held("configuration.md", "<!-- made from the code: every section -->", "\n\n".join(parts) + "\n")


def test_the_providers_page_lists_every_row() -> None:
    lines = ["| kind | provider | speaks | embeddings | address | enabled by |", "| --- " * 6 + "|"]
    for row in ROWS:
        keys = ", ".join(f"`{name}`" for name in row.key_variables) or ("no key" if row.keyless else "")
        speaks = ", ".join(row.speaks) or "in process"
        embeds = ", ".join(row.operations.get("embeddings", ())) or ("in process" if not row.speaks else "")
        lines.append(f"| `{row.kind}` | {row.label} | {speaks} | {embeds} | {row.base_url or 'yours'} | {keys} |")
    quirks = ["", "## Quirks", ""]
    for row in ROWS:
        quirks += [f"- **{row.label}**, `{quirk.name}`: {quirk.taught_by}." for quirk in row.quirks]
    held("providers.md", "<!-- made from the code: every row -->", "\n".join([*lines, *quirks]) + "\n")


def test_the_page_of_operations_says_who_serves_what() -> None:
    lines = ["| operation | door | asked of |", "| --- | --- | --- |"]
    for one in OPERATIONS:
        kinds = ", ".join(f"`{row.kind}`" for row in ROWS if one.dialect in row.operations.get(one.name, ()))
        lines.append(f"| `{one.name}` | `/v1{one.path}` | {kinds} |")
    some = {kind: "`, `".join(found.replace("^", "").split("|")) for kind, found in COMPLETIONS.items()}
    kinds = ", ".join(f"`{kind}`" + (f" (models with `{found}`)" if found else "") for kind, found in some.items())
    lines.append(f"| `completions` | `/v1/completions` | {kinds}; the others by translation to chat |")
    held("operations-of-models.md", "<!-- made from the code: every operation -->", "\n".join(lines) + "\n")


def test_the_routing_page_has_every_kind_of_failure() -> None:
    """The retry rules are data: the page shows them all, as they are."""
    page = (DOCS / "routing.md").read_text()
    where = {"any": "any", "bigger": "bigger context", "vendor": "other vendor", "none": ""}
    for kind, rule in TREATMENTS.items():
        marks = " | ".join("yes" if is_so else "" for is_so in (rule.again, rule.other_key, rule.blames))
        assert f"| `{kind}` | {rule.meaning} | {where[rule.elsewhere]} | {marks} |" in page, kind
