"""Where the figures come from. Without it they mean nothing."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import psutil

CPU_INFO = Path("/proc/cpuinfo")
# Where a commit reaches no disk, however durable the server's settings are.
IN_MEMORY = frozenset({"ramfs", "tmpfs"})


def describe_machine(data_dir: Path) -> Mapping[str, object]:
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "os": platform.platform(),
        "python": platform.python_version(),
        "filesystem": _filesystem(data_dir),
    }


def _cpu() -> str:
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _filesystem(folder: Path) -> str:
    """Its type: on one in memory a durable commit costs nothing, and the figures lie."""
    resolved = folder.resolve()
    mounted = [
        part
        for part in psutil.disk_partitions(all=True)
        if resolved.is_relative_to(part.mountpoint)
    ]
    return max(mounted, key=lambda part: len(part.mountpoint)).fstype if mounted else "unknown"
