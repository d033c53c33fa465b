"""Plays cells, every lane one after the other, and tells of each what came of it."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from tests.soak.matrix.cells import NO_KILL, Cell, Phase
from tests.soak.matrix.checks import findings
from tests.soak.matrix.play import Played, begin, clock, end
from tests.soak.matrix.stage import Lane, Stage

# Cells of a lane that wait for time to pass. Each has its quote's customer's funds held.
WAITING_MAX: Final = 64
# Quotes of a lane that expire before they are accepted; their cells are played once more.
LATE_MAX: Final = 200


class Result(StrEnum):
    """`unmet`: nobody came by the place, although its way leads there; all else was checked."""

    PASSED = "passed"
    OPERATOR = "operator"
    UNMET = "unmet"
    BROKEN = "broken"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`request` and `resolver` are places that were passed, of cells that show the way."""

    cell: Cell
    result: Result
    findings: tuple[str, ...] = ()
    request: tuple[str, ...] | None = None
    resolver: tuple[str, ...] | None = None


Tell = Callable[[Verdict], None]


async def run(
    stage: Stage, cells: Iterable[Cell], tell: Tell, *, until: datetime | None = None
) -> None:
    """All of them, or as many as may be begun before `until`."""
    todo: dict[str, deque[Cell]] = {}
    for cell in cells:
        todo.setdefault(cell.dialect, deque()).append(cell)
    async with asyncio.TaskGroup() as group:
        for lane in stage.lanes:
            group.create_task(_run_lane(lane, todo.get(lane.dialect, deque()), tell, until))


async def _run_lane(lane: Lane, todo: deque[Cell], tell: Tell, until: datetime | None) -> None:
    waiting: deque[Played] = deque()
    late = 0
    while True:
        now = clock.now()
        over = until is not None and now >= until
        ripe = bool(waiting) and _resume_at(waiting[0]) <= now
        if ripe or (waiting and (not todo or over or len(waiting) >= WAITING_MAX)):
            played = waiting.popleft()
            await asyncio.sleep(max(0.0, (_resume_at(played) - now).total_seconds()))
            await end(lane, played)
        elif todo and not over:
            played = await begin(lane, todo.popleft())
            if played.came_too_late and late < LATE_MAX:
                late += 1
                todo.append(played.cell)
                continue
            if played.resume_at is not None:
                waiting.append(played)
                continue
        else:
            return
        tell(await _judged(lane, played))


def _resume_at(played: Played) -> datetime:
    assert played.resume_at is not None
    return played.resume_at


async def _judged(lane: Lane, played: Played) -> Verdict:
    cell = played.cell
    found = await findings(lane, played)
    shows = cell.shows_the_way
    met = shows or played.killed
    result = Result.BROKEN if found else Result.UNMET if not met else Result.PASSED
    if result is Result.PASSED and not played.final:
        result = Result.OPERATOR
    return Verdict(
        cell=cell,
        result=result,
        findings=tuple(found),
        request=played.passed(Phase.REQUEST) if cell.kill is None else None,
        resolver=played.passed(Phase.RESOLVER)
        if cell.kill is not None and cell.kill.point == NO_KILL
        else None,
    )
