"""`make bench`: runs every contender against the same scripted provider in the same run, prints and writes the ratios.

Two cores: the contender has one to itself, provider and load share the other. Figures to quote are ratios to nginx
of the same run; absolute times are the machine's. What is missing (nginx, wrk) is said, and so is what cannot be
judged without it.
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
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import uvloop

from gatebench import contenders, load
from gatebench.admission import WHOLE
from gatebench.contenders import Contender

CHUNKS, GAP = 100, 0.005
Figures = dict[str, Any]


def main() -> int:
    """Parse words, run, print, write. Exit status 1 when a ceiling is exceeded and --enforce was given."""
    parser = argparse.ArgumentParser(prog="gatebench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the load, for a first look")
    parser.add_argument("--out", type=Path, default=Path("bench/results/latest.json"), help="where the JSON goes")
    parser.add_argument("--enforce", action="store_true", help="fail when a ceiling is exceeded")
    words = parser.parse_args()
    os.sched_setaffinity(0, {1 if (os.cpu_count() or 1) > 1 else 0})
    with tempfile.TemporaryDirectory(prefix="gatebench-") as folder:
        results = run(Path(folder), quick=words.quick)
    words.out.parent.mkdir(parents=True, exist_ok=True)
    words.out.write_text(json.dumps(results, indent=2) + "\n")
    print(report(results))
    print(f"\nwritten to {words.out}")
    return 1 if words.enforce and results["ceilings_exceeded"] else 0


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
    figures["gophergate"] |= _inside(core=0)
    _compare(results)
    return results


def _inside(core: int) -> Figures:
    """Single rooms, measured in a process of their own on the contender's core."""
    words = [sys.executable, "-m", "gatebench.admission"]
    out = subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    found = json.loads(out.stdout)
    return {"admission_us": found["admission_us"][WHOLE], "journal_us": found["journal_us"]}


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
    figures["start_cpu_s"] = round(contender.cpu_seconds(), 2)  # what other work on the machine does not lengthen
    _until_quiet(contender)
    figures["idle_mb"] = round(contender.memory_mb(), 1)
    uvloop.run(load.wholes(contender.port, 16, 500))  # warm-up: connections, caches, branch predictors
    figures |= _loads(contender, load.CHAT, quick)
    figures["latency_ms"] = _latency(contender, quick)
    if contender.name == "gophergate":
        translated = _loads(contender, load.MESSAGES, quick)
        figures |= {"translated_us": translated["whole_us"], "translated_event_us": translated["chunk_us"]}
    figures["loaded_mb"] = round(contender.memory_mb(), 1)
    return figures


def _loads(contender: Contender, door: str, quick: bool) -> Figures:
    """CPU of whole calls and of streams at a door."""
    seconds, times = (2, 1) if quick else (8, 3)
    wholes = [_whole_load(contender, seconds, door) for _ in range(times)]
    concurrent, rounds = (100, 2) if quick else (200, 6)
    streams = [_stream_load(contender, concurrent, rounds, door) for _ in range(times)]
    return {
        "whole_us": round(statistics.median(cpu for cpu, _ in wholes), 1),
        "whole_rps": round(statistics.median(rate for _, rate in wholes)),
        "chunk_us": round(statistics.median(streams), 2),
    }


def _until_quiet(contender: Contender) -> None:
    """Wait until what a process does after its first answer (imports, model lists) is done, for at most half a minute:
    it is neither idle before nor under load by us."""
    quiet = 0
    for _ in range(60):
        before = contender.cpu_seconds()
        time.sleep(0.5)
        quiet = quiet + 1 if contender.cpu_seconds() - before < 0.02 else 0
        if quiet == 3:
            return


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


def _whole_load(contender: Contender, seconds: int, door: str) -> tuple[float, float]:
    """CPU microseconds per non-streamed call, and calls per second of one core's work."""
    before, began = contender.cpu_seconds(), time.perf_counter()
    generate = _wrk if shutil.which("wrk") else _own
    calls = generate(contender.port, seconds, door)
    used = contender.cpu_seconds() - before
    assert time.perf_counter() > began
    return used / calls * 1e6, calls / used


def _wrk(port: int, seconds: int, door: str) -> int:
    head, body = load.request(stream=False, door=door).split(b"\r\n\r\n", 1)
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
            f"http://127.0.0.1:{port}{door}",
        ]
        out = subprocess.run(words, capture_output=True, text=True, check=True, timeout=seconds + 30)
    calls, errors = map(int, out.stdout.strip().splitlines()[-1].split())
    if errors:
        raise ConnectionError(f"{errors} of {calls} calls failed")
    return calls


def _own(port: int, seconds: int, door: str) -> int:
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        calls += len(uvloop.run(load.wholes(port, 32, 2000, door)))
    return calls


def _stream_load(contender: Contender, concurrent: int, rounds: int, door: str) -> float:
    """CPU microseconds per chunk of a stream, the call's own cost included."""
    uvloop.run(load.streams(contender.port, concurrent, 1, door))
    before = contender.cpu_seconds()
    done = uvloop.run(load.streams(contender.port, concurrent, rounds, door))
    return (contender.cpu_seconds() - before) / (done * CHUNKS) * 1e6


def _latency(contender: Contender, quick: bool) -> Figures:
    """Milliseconds of one call at a time."""
    taken = sorted(uvloop.run(load.wholes(contender.port, 1, 300 if quick else 3000)))
    return {"p50": round(taken[len(taken) // 2] * 1e3, 3), "p99": round(taken[len(taken) * 99 // 100] * 1e3, 3)}


CEILINGS = (
    ("whole_us", "whole_us", "a verbatim call", 4.0),
    ("chunk_us", "chunk_us", "a chunk of a verbatim stream", 2.2),
    ("translated_us", "whole_us", "a translated call", 8.0),
    ("translated_event_us", "chunk_us", "an event of a translated stream", 4.0),
)
"""Our figure, nginx's beside it, what it is, and the most it may be as a ratio."""
ABSOLUTE = (
    ("admission_us", "us for admission: limits in three scopes, a budget over four", 25.0),
    ("journal_us", "us for a journal append", 8.0),
    ("idle_mb", "MB idle", 100.0),
    ("start_to_first_answer_s", "s from start to the first answer", 3.0),
)


def _compare(results: Figures) -> None:
    """Adds ratios to nginx, added latency over the provider alone, and the ceilings, each judged where it can be."""
    all_figures = results["contenders"]
    direct, nginx, ours = all_figures["direct"]["latency_ms"], all_figures.get("nginx"), all_figures["gophergate"]
    for name, figures in all_figures.items():
        if name == "direct":
            continue
        figures["added_ms"] = {p: round(figures["latency_ms"][p] - direct[p], 3) for p in ("p50", "p99")}
        if nginx:
            figures["ratio"] = {
                key: round(figures[key] / nginx[base], 2) for key, base, _, _ in CEILINGS if key in figures
            }
    ceilings: list[Figures] = [
        {"what": f"x nginx for {what}", "measured": ours["ratio"][key] if nginx else None, "ceiling": most}
        for key, _, what, most in CEILINGS
    ]
    ceilings += [{"what": what, "measured": ours[key], "ceiling": most} for key, what, most in ABSOLUTE]
    results["ceilings"] = ceilings
    results["ceilings_exceeded"] = [
        f"{one['measured']} {one['what']}" for one in ceilings if one["measured"] and one["measured"] > one["ceiling"]
    ]
    results["without"] = [tool for tool, there in (("nginx", nginx), ("wrk", shutil.which("wrk"))) if not there]


def report(results: Figures) -> str:
    """The figures for people."""
    rows = [
        (
            "",
            "us/call",
            "x nginx",
            "calls/s/core",
            "us/chunk",
            "x nginx",
            "+p50 ms",
            "+p99 ms",
            "idle MB",
            "start s",
            "start CPU s",
        )
    ]
    for name, f in results["contenders"].items():
        if name == "direct":
            continue
        ratio, added = f.get("ratio", {}), f["added_ms"]
        cost = (f["whole_us"], ratio.get("whole_us", "-"), f["whole_rps"], f["chunk_us"], ratio.get("chunk_us", "-"))
        rest = (added["p50"], added["p99"], f["idle_mb"], f["start_to_first_answer_s"], f["start_cpu_s"])
        rows.append((name, *map(str, (*cost, *rest))))
    judged = [("ceiling", "measured", "at most", "")]
    for one in results["ceilings"]:
        measured = one["measured"]
        verdict = "not judged" if measured is None else "EXCEEDED" if measured > one["ceiling"] else "holds"
        judged.append((one["what"], "-" if measured is None else str(measured), str(one["ceiling"]), verdict))
    missing = {
        "nginx": "nginx is not installed: there is nothing to compare with, and no ratio.",
        "wrk": "wrk is not installed: whole calls were generated in Python, which loads the same core as the provider.",
    }
    notes = [missing[tool] for tool in results["without"]]
    return "\n".join([*_aligned(rows), "", *_aligned(judged), *([""] if notes else []), *notes])


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main())
