"""The processes that are measured: nginx, the bare Python proxy, and GopherGate with everything on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httptools  # noqa: F401 - fails early, with a clear name, when the environment is not the project's
import psutil  # type: ignore[import-untyped,unused-ignore]

KEY = "sk-gg-benchmark0000000000000000000000000"
_CHILD_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("GOPHERGATE_") and name != "PYTHONDONTWRITEBYTECODE"  # else every start compiles everything
}


class Contender:
    """A running process tree at a port, pinned to one core."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes], started: float) -> None:
        self.name = name
        self.port = port
        self.process = process
        self.started = started

    def _tree(self) -> list[psutil.Process]:
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far."""
        return float(sum(times.user + times.system for times in (p.cpu_times() for p in self._tree())))

    def memory_mb(self) -> float:
        """Resident memory of all its processes, in megabytes."""
        return float(sum(process.memory_info().rss for process in self._tree()) / 1e6)


@contextmanager
def running(name: str, command: list[str], port: int, core: int, log: Path) -> Iterator[Contender]:
    """Start a process on a core, wait until it accepts, and end it, by its id, afterwards."""
    started = time.perf_counter()
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env=_CHILD_ENVIRONMENT | {"GOPHERGATE_BOOTSTRAP_KEY": KEY, "GOPHERGATE_ADMIN_PASSWORD": "benchmark-only"},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    try:
        yield Contender(name, port, process, started)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def nginx(folder: Path, port: int, upstream: int) -> list[str] | None:
    """The command of a bare nginx with one worker; None where there is none."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        return None
    conf = folder / "nginx.conf"
    conf.write_text(
        f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 10000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=8192;
    location / {{ proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; }}
  }}
}}
"""
    )
    return [binary, "-c", str(conf), "-p", str(folder)]


def pyproxy(port: int, upstream: int) -> list[str]:
    """The command of the bare Python proxy."""
    return [sys.executable, "-m", "gatebench.pyproxy", str(port), str(upstream)]


def gophergate(folder: Path, port: int, upstream: int) -> list[str]:
    """The command of GopherGate on SQLite, with auth, metering, ledger and journal on."""
    config = folder / "gophergate.toml"
    config.write_text(
        f"""[server]
port = {port}

[[providers]]
name = "bench"
kind = "compatible"
base_url = "http://127.0.0.1:{upstream}/v1"
models = ["bench"]
"""
    )
    program = [sys.executable, "-m", "gophergate", "serve", "--demo"]
    return [*program, "--config", str(config), "--data", str(folder / "data")]
