"""Fetches the dashboard's libraries from the npm registry into src/gophergate/dashboard/vendor: pinned, checked, with
their licences, and with bare import names made relative, because nothing is built.

    python scripts/vendor_dashboard.py           fetch and write
    python scripts/vendor_dashboard.py --check   only say whether the files are those of vendor.json

To change a version, change PACKAGES and run it; it prints the integrity the registry's package has.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).resolve().parent.parent / "src" / "gophergate" / "dashboard" / "vendor"
BARE = {
    "preact": "./preact.js",
    "preact/hooks": "./hooks.js",
    "@preact/signals-core": "./signals-core.js",
}
PACKAGES: tuple[dict[str, Any], ...] = (
    {
        "name": "preact",
        "version": "11.2.0",
        "licence": "MIT",
        "integrity": "sha512-/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==",
        "files": {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js", "LICENSE": "preact.LICENSE"},
    },
    {
        "name": "htm",
        "version": "3.1.1",
        "licence": "Apache-2.0",
        "integrity": "sha512-983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
        "files": {"dist/htm.module.js": "htm.js", "LICENSE": "htm.LICENSE"},
    },
    {
        "name": "@preact/signals",
        "version": "2.11.4",
        "licence": "MIT",
        "integrity": "sha512-Rb+5RPo9gWSaHtzJeauhHxiC8KP/IF2DEPkHPEOGOnuy2wnJzRqyeLRankUCYd6ADqtxS6GnWGv6Ie343d8aYw==",
        "files": {"dist/signals.mjs": "signals.js", "LICENSE": "signals.LICENSE"},
    },
    {
        "name": "@preact/signals-core",
        "version": "1.14.5",
        "licence": "MIT",
        "integrity": "sha512-vcRv7Ityz5JVmeiVqIluLFzT/PDS/AlhHUpw3/aUWqcVUs6bDGIPXE/6RSC4evBNWYvnniozg5Syfj33al3gkg==",
        "files": {"dist/signals-core.mjs": "signals-core.js", "LICENSE": "signals-core.LICENSE"},
    },
    {
        "name": "uplot",
        "version": "1.6.32",
        "licence": "MIT",
        "integrity": "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
        "files": {"dist/uPlot.iife.min.js": "uplot.js", "dist/uPlot.min.css": "uplot.css", "LICENSE": "uplot.LICENSE"},
    },
)
_IMPORT = re.compile(r'(from|import)(\s*)"(' + "|".join(map(re.escape, BARE)) + ')"')
_MAP = re.compile(r"\n?//# sourceMappingURL=.*\s*$")


def main() -> int:
    if "--check" in sys.argv[1:]:
        return check()
    written: list[dict[str, Any]] = []
    VENDOR.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        files = fetch(package)
        for name, data in files.items():
            (VENDOR / name).write_bytes(data)
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        written.append({**{key: package[key] for key in ("name", "version", "licence", "integrity")}, "sha256": sums})
        sys.stderr.write(f"{package['name']} {package['version']}: {', '.join(files)}\n")
    (VENDOR / "vendor.json").write_text(json.dumps(written, indent=2) + "\n")
    return 0


def check() -> int:
    """Whether each file is what vendor.json says, and vendor.json what is pinned here."""
    noted = json.loads((VENDOR / "vendor.json").read_text())
    pinned = [(package["name"], package["version"], package["integrity"]) for package in PACKAGES]
    if [(entry["name"], entry["version"], entry["integrity"]) for entry in noted] != pinned:
        sys.stderr.write("vendor.json holds other versions than scripts/vendor_dashboard.py pins; run the script.\n")
        return 1
    for entry in noted:
        for name, wanted in entry["sha256"].items():
            if hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() != wanted:
                sys.stderr.write(f"{name} is not the file that was fetched.\n")
                return 1
    return 0


def fetch(package: dict[str, Any]) -> dict[str, bytes]:
    """The wanted files of one package, checked against its integrity and made ready for a browser."""
    with tempfile.TemporaryDirectory() as folder:
        word = f"{package['name']}@{package['version']}"
        packed = subprocess.run(  # noqa: S603
            ["npm", "pack", "--silent", word],  # noqa: S607
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        data = (Path(folder) / packed.stdout.split()[-1]).read_bytes()
        found = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
        if found != package["integrity"]:
            raise SystemExit(f"{word} has the integrity {found}, not the pinned one.")
        with tarfile.open(Path(folder) / packed.stdout.split()[-1]) as archive:
            files = {}
            for inside, name in package["files"].items():
                member = archive.extractfile(f"package/{inside}")
                if member is None:
                    raise SystemExit(f"{word} has no {inside}.")
                files[name] = ready(name, member.read())
    return files


def ready(name: str, data: bytes) -> bytes:
    """A module with relative imports and without its source map; any other file as it is."""
    if not name.endswith(".js"):
        return data
    text = _MAP.sub("\n", data.decode())
    if text.startswith("/*! https://github.com/leeoniya/uPlot"):
        text += "export default uPlot;\n"  # The only small build is a global.
    return _IMPORT.sub(lambda found: f'{found[1]}{found[2]}"{BARE[found[3]]}"', text).encode()


if __name__ == "__main__":
    raise SystemExit(main())
