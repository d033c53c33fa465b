"""Arms one named crash point, for tests.

`AKSUM_CRASH_POINT=<name>[:pause=<milliseconds>|:kill][:once-file=<path>]`
`kill` (the default) ends the process as kill -9 would; `pause` holds it there. With `once-file`
only the first process to get there stops: whoever can make the file.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

import msgspec

from application import crash_points
from entrypoints.wiring.errors import SettingInvalid
from entrypoints.wiring.settings import CRASH_POINT

PAUSE_MS_MAX: Final = 600_000
ONCE: Final = ":once-file="


class CrashPlan(msgspec.Struct, frozen=True, kw_only=True):
    """`pause_ms` is None where the process is to be killed."""

    point: str
    pause_ms: int | None = None
    once_file: Path | None = None


def parse_crash_point(text: str) -> CrashPlan:
    """Raises `SettingInvalid`."""
    spec, once, path = text.partition(ONCE)
    point, _, action = spec.partition(":")
    if point not in crash_points.ALL:
        raise SettingInvalid(CRASH_POINT, f"no such point; known: {', '.join(crash_points.ALL)}")
    if once and not path:
        raise SettingInvalid(CRASH_POINT, "once-file needs a path")
    return CrashPlan(
        point=point,
        pause_ms=None if action in {"", "kill"} else _pause(action),
        once_file=Path(path) if once else None,
    )


def _pause(action: str) -> int:
    word, _, number = action.partition("=")
    if word != "pause" or not (number.isascii() and number.isdigit()):
        raise SettingInvalid(CRASH_POINT, "after the name comes :kill or :pause=<milliseconds>")
    return min(int(number), PAUSE_MS_MAX)


def arm(text: str | None) -> None:
    """Installs the handler; without a text, none, which costs nothing."""
    if text is None:
        crash_points.install(None)
        return
    plan = parse_crash_point(text)

    async def handle(point: str) -> None:
        if point != plan.point or not _first(plan.once_file):
            return
        if plan.pause_ms is None:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            await asyncio.sleep(plan.pause_ms / 1000)

    crash_points.install(handle)


def _first(once_file: Path | None) -> bool:
    if once_file is None:
        return True
    try:
        once_file.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
