import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from application import crash_points
from entrypoints.wiring.crash import MET, Action, arm
from entrypoints.wiring.errors import SettingInvalid

POINT = crash_points.MIRROR_HOUSE_POSTED
REACH = f"""
import asyncio, sys
from application import crash_points
from entrypoints.wiring.crash import arm
arm(sys.argv[1])
for _ in range(int(sys.argv[2])):
    asyncio.run(crash_points.reach({POINT!r}))
print("went on")
"""


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm(None)


def reach(setting: str, times: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", REACH, setting, str(times)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_process_is_killed_at_its_point_as_by_kill_9() -> None:
    assert reach(POINT).returncode == -signal.SIGKILL
    assert reach(f"{POINT}:kill").returncode == -signal.SIGKILL


def test_process_goes_on_past_every_other_point() -> None:
    assert reach(crash_points.ACCEPT_RESERVED).stdout == "went on\n"


def test_as_many_times_as_said_are_let_pass_first() -> None:
    assert reach(f"{POINT}:kill,after=2", times=2).stdout == "went on\n"
    assert reach(f"{POINT}:kill,after=2", times=3).returncode == -signal.SIGKILL


def test_file_in_the_folder_stops_the_first_process_that_gets_there(tmp_path: Path) -> None:
    (tmp_path / POINT).write_text("kill")
    assert reach(f"@{tmp_path}").returncode == -signal.SIGKILL
    assert [met.name.partition(MET)[0] for met in tmp_path.iterdir()] == [POINT]
    assert reach(f"@{tmp_path}").stdout == "went on\n"


def test_file_in_the_folder_may_let_some_pass(tmp_path: Path) -> None:
    (tmp_path / POINT).write_text("kill,after=1")
    assert reach(f"@{tmp_path}").stdout == "went on\n"
    assert reach(f"@{tmp_path}", times=2).returncode == -signal.SIGKILL


async def test_pause_holds_the_process_there() -> None:
    arm(f"{POINT}:pause=1")
    assert crash_points.armed
    await crash_points.reach(POINT)
    assert Action.parse("pause=1") == Action(pause_ms=1)


def test_thread_is_stopped_as_well() -> None:
    text = REACH.replace("asyncio.run(crash_points.reach(", "(crash_points.reach_in_thread(")
    done = subprocess.run([sys.executable, "-c", text, POINT, "1"], check=False)
    assert done.returncode == -signal.SIGKILL


def test_nothing_is_armed_without_a_setting() -> None:
    arm(None)
    assert not crash_points.armed


@pytest.mark.parametrize(
    "wrong",
    [
        "no.such.point",
        f"{POINT}:explode",
        f"{POINT}:pause",
        f"{POINT}:pause=x",
        f"{POINT}:kill,after",
        f"{POINT}:kill,before=2",
    ],
)
def test_misspelt_crash_point_is_refused(wrong: str) -> None:
    with pytest.raises(SettingInvalid, match="AKSUM_CRASH_POINT"):
        arm(wrong)
