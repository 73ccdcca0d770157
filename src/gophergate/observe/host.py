"""The machine's figures, as psutil gives them."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any


def host(folder: Path) -> dict[str, Any]:
    """Memory and disk in bytes; `folder` is on the disk that is meant. `cpu_percent` is since the last time it was
    asked, of all processors together. Takes under a millisecond."""
    import psutil  # type: ignore[import-untyped,unused-ignore]  # start-up is counted

    process = psutil.Process()
    memory = psutil.virtual_memory()
    disk = psutil.disk_usage(str(folder if folder.exists() else Path("/")))
    with process.oneshot():
        times = process.cpu_times()
        return {
            "name": platform.node(),
            "cpus": psutil.cpu_count() or 1,
            "cpu_percent": psutil.cpu_percent(interval=None),
            "load": [round(value, 2) for value in psutil.getloadavg()],
            "memory_total": memory.total,
            "memory_available": memory.available,
            "disk_total": disk.total,
            "disk_free": disk.free,
            "process_memory": process.memory_info().rss,
            "process_cpu_seconds": round(times.user + times.system, 2),
            "open_files": process.num_fds(),
        }
