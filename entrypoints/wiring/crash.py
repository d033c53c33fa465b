"""Arms one named crash point, for tests.

`AKSUM_CRASH_POINT=<name>[:pause=<milliseconds>|:kill][:once-file=<path>]`
`kill` (the default) ends the process as kill -9 would; `pause` holds it there. With `once-file`
only the first process to get there stops: whoever can make the file.

`AKSUM_CRASH_POINT=@<path>` reads such a plan from a file that may come and go while processes run;
whoever reaches the point takes the file away first.
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
FROM_FILE: Final = "@"


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
    if text.startswith(FROM_FILE):
        plan_file = Path(text.removeprefix(FROM_FILE))

        async def handle_file(point: str) -> None:
            taken = _take(plan_file, point)
            if taken is not None:
                await _stop(taken)

        crash_points.install(handle_file)
        return
    plan = parse_crash_point(text)

    async def handle(point: str) -> None:
        if point == plan.point and _first(plan.once_file):
            await _stop(plan)

    crash_points.install(handle)


async def _stop(plan: CrashPlan) -> None:
    if plan.pause_ms is None:
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        await asyncio.sleep(plan.pause_ms / 1000)


def _take(plan_file: Path, point: str) -> CrashPlan | None:
    """The plan in the file, if it is for `point` and no other process took it first."""
    try:
        plan = parse_crash_point(plan_file.read_text().strip())
        if plan.point != point:
            return None
        plan_file.unlink()
    except FileNotFoundError:
        return None
    return plan


def _first(once_file: Path | None) -> bool:
    if once_file is None:
        return True
    try:
        once_file.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
