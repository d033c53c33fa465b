"""A round: processes killed at one point after the other, recovery awaited, all checked."""

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapters.system.clock import SystemClock
from tests.soak.crash.checks import Findings, check
from tests.soak.crash.load import Load
from tests.soak.crash.recovery import Recovery, Watch, at_rest
from tests.soak.crash.stage import Stage
from tests.soak.crash.stimuli import remove_poison, stimulate

LOOK_SECONDS: Final = 0.05
# Nobody came by: then another point has its turn.
UNMET_AFTER: Final = timedelta(seconds=75)
# Points that everybody passes let some pass first, so that it is not always the same who is killed.
BUSY: Final = ("unit_of_work.", "journal.", "queue.", "bell.", "sweeper.", "ledger_clock.")
AFTER_MAX: Final = 30

# Which points are next, so many at most, none of those given.
Choose = Callable[[int, Collection[str]], Sequence[str]]


class Kill(msgspec.Struct, frozen=True):
    point: str
    recovery: Recovery


class Round(msgspec.Struct, frozen=True):
    kills: tuple[Kill, ...]
    unmet: tuple[str, ...]
    findings: Findings


class Killing:
    """Keeps some points armed until its time is over, and watches what every kill left behind."""

    def __init__(
        self, stage: Stage, choose: Choose, chosen: random.Random, *, together: int
    ) -> None:
        self._stage = stage
        self._choose = choose
        self._chosen = chosen
        self._together = together
        self._clock = SystemClock()
        self._armed: dict[str, datetime] = {}
        self._watch = Watch(stage)
        self._watched: list[tuple[str, asyncio.Task[Recovery]]] = []
        self.unmet: list[str] = []

    async def run(self, *, until: datetime) -> tuple[Kill, ...]:
        stopping = asyncio.Event()
        stimulating = asyncio.create_task(stimulate(self._stage, lambda: self._armed, stopping))
        try:
            while (now := self._clock.now()) < until:
                self._arm(now)
                self._look()
                if stimulating.done():
                    stimulating.result()
                if not self._armed:
                    break
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._disarm(list(self._armed))
            self._look()
            stopping.set()
            await stimulating
        return tuple([Kill(point, await task) for point, task in self._watched])

    def _arm(self, now: datetime) -> None:
        late = [point for point, at in self._armed.items() if now - at > UNMET_AFTER]
        self._disarm(late)
        self.unmet += late
        free = self._together - len(self._armed)
        for point in self._choose(free, {*self._armed, *self.unmet}) if free > 0 else ():
            after = self._chosen.randint(0, AFTER_MAX) if point.startswith(BUSY) else 0
            self._stage.arm(point, f"kill,after={after}")
            self._armed[point] = now

    def _disarm(self, points: Sequence[str]) -> None:
        for point in points:
            # Met in this very moment, it is found by the next look.
            if self._stage.disarm(point):
                del self._armed[point]

    def _look(self) -> None:
        for met in self._stage.take_met():
            self._armed.pop(met.point, None)
            task = asyncio.create_task(self._watch.recovered(met.at))
            self._watched.append((met.point, task))


async def play(
    stage: Stage,
    load: Load,
    choose: Choose,
    chosen: random.Random,
    *,
    together: int,
    until: datetime,
) -> Round:
    """Kills until `until`; what comes then takes as long as it takes, within bounds."""
    killing = Killing(stage, choose, chosen, together=together)
    kills = await killing.run(until=until)
    await load.hold()
    resting = await at_rest(stage)
    await remove_poison(stage)
    findings = await check(stage)
    findings.notes += [f"after the load: {each}" for each in resting.missing]
    findings.notes += [
        f"after {kill.point}: {each}" for kill in kills for each in kill.recovery.missing
    ]
    load.resume()
    return Round(kills, tuple(killing.unmet), findings)
