"""Arms named crash points, for tests.

`AKSUM_CRASH_POINT=<name>[:<action>]` arms one in this process. `kill` (the default action) ends the
process as kill -9 would; `pause=<milliseconds>` holds it there; with `,after=<times>` behind it,
that many times are let pass first.

`AKSUM_CRASH_POINT=@<folder>` arms those points that a file in the folder is named after, with the
action as its content. Files may come and go while processes run. Whoever gets there first takes the
file away, by naming it `<point>.met-<pid>`, and only one process can.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import Final, Self

import msgspec

from application import crash_points
from entrypoints.wiring.errors import SettingInvalid
from entrypoints.wiring.settings import CRASH_POINT

PAUSE_MS_MAX: Final = 600_000
FROM_FOLDER: Final = "@"
MET: Final = ".met-"


class Action(msgspec.Struct, frozen=True):
    """`pause_ms` is None where the process is to be killed; `after` times are let pass."""

    pause_ms: int | None = None
    after: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `SettingInvalid`."""
        what, _, when = text.partition(",")
        return cls(
            pause_ms=None if what in {"", "kill"} else min(_number(what, "pause"), PAUSE_MS_MAX),
            after=_number(when, "after") if when else 0,
        )


def _number(text: str, name: str) -> int:
    word, _, number = text.partition("=")
    if word != name or not (number.isascii() and number.isdigit()):
        raise SettingInvalid(
            CRASH_POINT, "an action is kill or pause=<milliseconds>, and then maybe ,after=<times>"
        )
    return int(number)


def arm(text: str | None) -> None:
    """Installs the handler; without a text, none, which costs nothing. Raises `SettingInvalid`."""
    if text is None:
        crash_points.install(None)
    else:
        stopper = _stopper(text)
        crash_points.install(stopper.stop, in_thread=stopper.stop_thread)


def _stopper(text: str) -> "Named | InFolder":
    if text.startswith(FROM_FOLDER):
        return InFolder(Path(text.removeprefix(FROM_FOLDER)))
    point, _, action = text.partition(":")
    if point not in crash_points.ALL:
        raise SettingInvalid(CRASH_POINT, f"no such point; known: {', '.join(crash_points.ALL)}")
    return Named(point, Action.parse(action))


# A thread that waits for the disk is only ever killed: nobody could hang up on it.
class Named:
    def __init__(self, point: str, action: Action) -> None:
        self._point = point
        self._action = action
        self._passed = 0

    async def stop(self, point: str) -> None:
        if self._is_due(point):
            await _stop(self._action)

    def stop_thread(self, point: str) -> None:
        if self._is_due(point):
            _kill()

    def _is_due(self, point: str) -> bool:
        if point != self._point:
            return False
        self._passed += 1
        return self._passed > self._action.after


class InFolder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._passed: dict[tuple[str, int], int] = {}

    async def stop(self, point: str) -> None:
        action = self._taken(point)
        if action is not None:
            await _stop(action)

    def stop_thread(self, point: str) -> None:
        if self._taken(point) is not None:
            _kill()

    def _taken(self, point: str) -> Action | None:
        """The action armed for `point`, if it is due and no other process took it first."""
        file = self._folder / point
        try:
            armed_at = file.stat().st_mtime_ns
            action = Action.parse(file.read_text().strip())
            passed = self._passed.get((point, armed_at), 0)
            self._passed[point, armed_at] = passed + 1
            if passed < action.after:
                return None
            file.rename(self._folder / f"{point}{MET}{os.getpid()}")
        except FileNotFoundError:
            return None
        return action


async def _stop(action: Action) -> None:
    if action.pause_ms is None:
        _kill()
    else:
        await asyncio.sleep(action.pause_ms / 1000)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
