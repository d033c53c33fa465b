from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from adapters.memory.store import ScheduleRow, Store
from application.ports.schedules import Run, Schedule


class MemorySchedules:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def enter(self, first: Mapping[str, datetime]) -> None:
        for job, due_at in first.items():
            self._store.schedules.setdefault(job, ScheduleRow(next_run_at=due_at))

    async def due(self, jobs: Collection[str]) -> tuple[str, ...]:
        due = [
            (row.next_run_at, job)
            for job, row in self._store.schedules.items()
            if job in jobs and row.next_run_at <= self._now and row.is_free(self._now)
        ]
        return tuple(job for _, job in sorted(due))

    async def begin(self, job: str, *, lease: timedelta) -> Run | None:
        if not await self.due((job,)):
            return None
        now, row = self._now, self._store.schedules[job]
        begun = replace(
            row, lease_token=row.lease_token + 1, lease_until=now + lease, started_at=now
        )
        self._store.schedules[job] = begun
        return Run(job=job, lease_token=begun.lease_token, started_at=now, failures=begun.failures)

    async def extend(self, run: Run, *, lease: timedelta) -> bool:
        row = self._held(run)
        if row is None:
            return False
        self._store.schedules[run.job] = replace(row, lease_until=self._now + lease)
        return True

    async def end(self, run: Run, *, next_run_at: datetime, error: str | None) -> bool:
        row = self._held(run)
        if row is None:
            return False
        self._store.schedules[run.job] = replace(
            row,
            lease_until=None,
            next_run_at=next_run_at,
            last_error=error,
            failures=0 if error is None else row.failures + 1,
            finished_at=self._now if error is None else row.finished_at,
        )
        return True

    async def give_back(self, run: Run) -> bool:
        row = self._held(run)
        if row is None:
            return False
        self._store.schedules[run.job] = replace(row, lease_until=None)
        return True

    async def make_due(self, job: str) -> bool:
        row = self._store.schedules.get(job)
        if row is None or not row.is_free(self._now):
            return False
        self._store.schedules[job] = replace(row, lease_until=None, next_run_at=self._now)
        return True

    async def all(self) -> tuple[Schedule, ...]:
        rows = sorted(self._store.schedules.items())
        return tuple(shown(job, row, self._now) for job, row in rows)

    @property
    def _now(self) -> datetime:
        return self._store.clock.now()

    def _held(self, run: Run) -> ScheduleRow | None:
        row = self._store.schedules[run.job]
        held = row.lease_token == run.lease_token and row.lease_until is not None
        return row if held else None


def shown(job: str, row: ScheduleRow, now: datetime) -> Schedule:
    return Schedule(
        job=job,
        next_run_at=row.next_run_at,
        lease_until=None if row.is_free(now) else row.lease_until,
        started_at=row.started_at,
        finished_at=row.finished_at,
        failures=row.failures,
        last_error=row.last_error,
    )
