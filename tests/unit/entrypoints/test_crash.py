import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from application import crash_points
from entrypoints.wiring.crash import arm, parse_crash_point
from entrypoints.wiring.errors import SettingInvalid

POINT = crash_points.MIRROR_HOUSE_POSTED
REACH = f"""
import asyncio, sys
from application import crash_points
from entrypoints.wiring.crash import arm
arm(sys.argv[1])
asyncio.run(crash_points.reach({POINT!r}))
print("went on")
"""


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm(None)


def reach(setting: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", REACH, setting], capture_output=True, text=True, check=False
    )


def test_process_is_killed_at_its_point_as_by_kill_9(tmp_path: Path) -> None:
    assert reach(POINT).returncode == -signal.SIGKILL
    assert reach(f"{POINT}:kill").returncode == -signal.SIGKILL


def test_process_goes_on_past_every_other_point() -> None:
    assert reach(crash_points.ACCEPT_RESERVED).stdout == "went on\n"


def test_once_file_lets_the_second_process_pass(tmp_path: Path) -> None:
    setting = f"{POINT}:kill:once-file={tmp_path / 'crashed'}"
    assert reach(setting).returncode == -signal.SIGKILL
    assert reach(setting).stdout == "went on\n"


async def test_pause_holds_the_process_there() -> None:
    arm(f"{POINT}:pause=1")
    await crash_points.reach(POINT)
    assert parse_crash_point(f"{POINT}:pause=1").pause_ms == 1


@pytest.mark.parametrize(
    "wrong",
    [
        "no.such.point",
        f"{POINT}:explode",
        f"{POINT}:pause",
        f"{POINT}:pause=x",
        f"{POINT}:once-file=",
    ],
)
def test_misspelt_crash_point_is_refused(wrong: str) -> None:
    with pytest.raises(SettingInvalid, match="AKSUM_CRASH_POINT"):
        arm(wrong)
