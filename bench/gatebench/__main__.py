"""`make bench`: runs every contender against the same scripted provider in the same run, prints and writes the ratios.

Two cores: the contender has one to itself, provider and load share the other. Figures to quote are ratios to nginx
of the same run; absolute times are the machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import uvloop

from gatebench import contenders, load
from gatebench.contenders import Contender

CHUNKS, GAP = 100, 0.005
Figures = dict[str, Any]


def main() -> int:
    """Parse words, run, print, write. Exit status 1 when a ceiling is passed and --enforce was given."""
    parser = argparse.ArgumentParser(prog="gatebench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the load, for a first look")
    parser.add_argument("--out", type=Path, default=Path("bench/results/latest.json"), help="where the JSON goes")
    parser.add_argument("--enforce", action="store_true", help="fail when a cost ceiling is passed")
    words = parser.parse_args()
    os.sched_setaffinity(0, {1 if (os.cpu_count() or 1) > 1 else 0})
    with tempfile.TemporaryDirectory(prefix="gatebench-") as folder:
        results = run(Path(folder), quick=words.quick)
    words.out.parent.mkdir(parents=True, exist_ok=True)
    words.out.write_text(json.dumps(results, indent=2) + "\n")
    print(table(results))
    print(f"\nwritten to {words.out}")
    return 1 if words.enforce and results["ceilings_passed"] else 0


def run(folder: Path, *, quick: bool) -> Figures:
    """Every contender in turn."""
    ports = iter(range(18081, 18200))
    provider_port = next(ports)
    results: Figures = {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version(), "at": time.time()},
        "contenders": {},
    }
    provider = [sys.executable, "-m", "gatebench.upstream", str(provider_port), str(CHUNKS), str(GAP)]
    log = folder / "log"
    with ExitStack() as stack:
        core = 1 if (os.cpu_count() or 1) > 1 else 0
        direct = stack.enter_context(contenders.running("direct", provider, provider_port, core, log))
        _until_up(direct)
        figures = results["contenders"]
        figures["direct"] = {"latency_ms": _latency(direct, quick)}
        for name, command in _commands(folder, ports, provider_port):
            if command is None:
                print(f"{name}: not installed, left out", file=sys.stderr)
                continue
            port, words = command
            scope: AbstractContextManager[Contender] = contenders.running(name, words, port, 0, log)
            with scope as contender:
                try:
                    figures[name] = measure(contender, quick=quick)
                except (ConnectionError, OSError, TimeoutError):
                    print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
                    raise
    _compare(results)
    return results


def _commands(folder: Path, ports: Any, provider: int) -> list[tuple[str, tuple[int, list[str]] | None]]:
    nginx_port, python_port, gate_port = next(ports), next(ports), next(ports)
    nginx = contenders.nginx(folder, nginx_port, provider)
    return [
        ("nginx", (nginx_port, nginx) if nginx else None),
        ("python proxy", (python_port, contenders.pyproxy(python_port, provider))),
        ("gophergate", (gate_port, contenders.gophergate(folder, gate_port, provider))),
    ]


def measure(contender: Contender, *, quick: bool) -> Figures:
    """All figures of one contender."""
    print(f"{contender.name} ...", file=sys.stderr, flush=True)
    figures: Figures = {"start_to_first_answer_s": round(_until_up(contender), 2)}
    figures["idle_mb"] = round(contender.memory_mb(), 1)
    uvloop.run(load.wholes(contender.port, 16, 500))  # warm-up: connections, caches, branch predictors
    seconds = 2 if quick else 8
    wholes = [_whole_load(contender, seconds) for _ in range(1 if quick else 3)]
    figures["whole_us"] = round(statistics.median(cpu for cpu, _ in wholes), 1)
    figures["whole_rps"] = round(statistics.median(rate for _, rate in wholes))
    figures["latency_ms"] = _latency(contender, quick)
    concurrent, rounds = (100, 2) if quick else (200, 6)
    streams = [_stream_load(contender, concurrent, rounds) for _ in range(1 if quick else 3)]
    figures["chunk_us"] = round(statistics.median(streams), 2)
    figures["loaded_mb"] = round(contender.memory_mb(), 1)
    return figures


def _until_up(contender: Contender) -> float:
    """Seconds from the start of the process to its first whole answer."""
    deadline = time.perf_counter() + 60
    while True:
        try:
            uvloop.run(load.wholes(contender.port, 1, 1))
            return time.perf_counter() - contender.started
        except OSError as error:
            if time.perf_counter() > deadline or contender.process.poll() is not None:
                raise TimeoutError(f"{contender.name} did not come up: {error}") from error
            time.sleep(0.02)


def _whole_load(contender: Contender, seconds: int) -> tuple[float, float]:
    """CPU microseconds per non-streamed call, and calls per second of one core's work."""
    before, began = contender.cpu_seconds(), time.perf_counter()
    calls = _wrk(contender.port, seconds) if shutil.which("wrk") else _own(contender.port, seconds)
    used = contender.cpu_seconds() - before
    assert time.perf_counter() > began
    return used / calls * 1e6, calls / used


def _wrk(port: int, seconds: int) -> int:
    head, body = load.request(stream=False).split(b"\r\n\r\n", 1)
    headers = dict(
        line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if not line.startswith((b"content-length", b"host"))
    )
    lines = ['wrk.method = "POST"', f"wrk.body = {json.dumps(body.decode())}"]
    lines += [f'wrk.headers["{name.decode()}"] = "{value.decode()}"' for name, value in headers.items()]
    lines.append(
        'done = function(s) io.write(string.format("%d %d\\n", s.requests, s.errors.status + s.errors.read)) end'
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("\n".join(lines))
        script.flush()
        words = [
            "wrk",
            "-t1",
            "-c32",
            f"-d{seconds}s",
            "-s",
            script.name,
            f"http://127.0.0.1:{port}/v1/chat/completions",
        ]
        out = subprocess.run(words, capture_output=True, text=True, check=True, timeout=seconds + 30)
    calls, errors = map(int, out.stdout.strip().splitlines()[-1].split())
    if errors:
        raise ConnectionError(f"{errors} of {calls} calls failed")
    return calls


def _own(port: int, seconds: int) -> int:
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        calls += len(uvloop.run(load.wholes(port, 32, 2000)))
    return calls


def _stream_load(contender: Contender, concurrent: int, rounds: int) -> float:
    """CPU microseconds per chunk of a stream, the call's own cost included."""
    uvloop.run(load.streams(contender.port, concurrent, 1))
    before = contender.cpu_seconds()
    done = uvloop.run(load.streams(contender.port, concurrent, rounds))
    return (contender.cpu_seconds() - before) / (done * CHUNKS) * 1e6


def _latency(contender: Contender, quick: bool) -> Figures:
    """Milliseconds of one call at a time."""
    taken = sorted(uvloop.run(load.wholes(contender.port, 1, 300 if quick else 3000)))
    return {"p50": round(taken[len(taken) // 2] * 1e3, 3), "p99": round(taken[len(taken) * 99 // 100] * 1e3, 3)}


CEILINGS: dict[str, tuple[str, float]] = {"whole_us": ("call", 10.0), "chunk_us": ("chunk", 2.2)}
ABSOLUTE: dict[str, tuple[str, float]] = {
    "idle_mb": ("MB idle", 100.0),
    "start_to_first_answer_s": ("s to the first answer", 3.0),
}


def _compare(results: Figures) -> None:
    """Adds ratios to nginx, added latency over the provider alone, and the list of ceilings passed."""
    all_figures = results["contenders"]
    direct = all_figures["direct"]["latency_ms"]
    nginx = all_figures.get("nginx")
    for name, figures in all_figures.items():
        if name == "direct":
            continue
        figures["added_ms"] = {p: round(figures["latency_ms"][p] - direct[p], 3) for p in ("p50", "p99")}
        if nginx:
            figures["ratio"] = {key: round(figures[key] / nginx[key], 2) for key in CEILINGS}
    ours = all_figures["gophergate"]
    passed = [
        f"{ours['ratio'][key]}x nginx a {word}, ceiling {most}x"
        for key, (word, most) in CEILINGS.items()
        if nginx and ours["ratio"][key] > most
    ]
    passed += [f"{ours[key]} {word}, ceiling {most}" for key, (word, most) in ABSOLUTE.items() if ours[key] > most]
    results["ceilings_passed"] = passed


def table(results: Figures) -> str:
    """The figures for people."""
    rows = [
        ("", "us/call", "x nginx", "calls/s/core", "us/chunk", "x nginx", "+p50 ms", "+p99 ms", "idle MB", "start s")
    ]
    for name, f in results["contenders"].items():
        if name != "direct":
            ratio = f.get("ratio", {})
            values = (
                f["whole_us"],
                ratio.get("whole_us", "-"),
                f["whole_rps"],
                f["chunk_us"],
                ratio.get("chunk_us", "-"),
            )
            rest = (f["added_ms"]["p50"], f["added_ms"]["p99"], f["idle_mb"], f["start_to_first_answer_s"])
            rows.append((name, *map(str, (*values, *rest))))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    align: Callable[[tuple[str, ...]], str] = lambda row: "  ".join(  # noqa: E731
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    verdict = "\n".join(results["ceilings_passed"]) or "every ceiling holds"
    return "\n".join([align(row) for row in rows]) + f"\n\nceilings: {verdict}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main())
