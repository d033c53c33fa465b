"""CPU time by process, with all below it: the measure that a busy machine disturbs least."""

from collections.abc import Mapping, Sequence

import psutil


class CpuClock:
    """`roots` names groups of processes; a group is its pids and whatever descends from them."""

    def __init__(self, roots: Mapping[str, Sequence[int]]) -> None:
        self._group_of = {pid: name for name, pids in roots.items() for pid in pids}
        self._names = tuple(roots)

    def read(self) -> dict[str, float]:
        """Seconds used so far, by group; `machine` is what the whole machine was busy."""
        spent = dict.fromkeys(self._names, 0.0)
        processes = {
            process.pid: process.info
            for process in psutil.process_iter(["ppid", "cpu_times"])
            if process.info["cpu_times"] is not None
        }
        for pid, info in processes.items():
            group = self._group(pid, processes)
            if group is not None:
                times = info["cpu_times"]
                # With that of children that have ended and been waited for.
                spent[group] += times.user + times.system
                spent[group] += times.children_user + times.children_system
        busy = psutil.cpu_times()
        spent["machine"] = sum(busy) - busy.idle - getattr(busy, "iowait", 0.0)
        # Linux counts a guest's time as the user's too.
        spent["machine"] -= getattr(busy, "guest", 0.0) + getattr(busy, "guest_nice", 0.0)
        return spent

    def _group(self, pid: int, processes: Mapping[int, Mapping[str, int]]) -> str | None:
        for _ in range(len(processes)):
            if pid in self._group_of:
                return self._group_of[pid]
            info = processes.get(pid)
            if info is None:
                return None
            pid = info["ppid"]
        return None


def between(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}
