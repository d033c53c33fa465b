"""Schedules: leased by the database's clock and fenced by a token, as intents are."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import asyncpg

from adapters.postgres.connection import acquired
from application.ports.schedules import Run, Schedule

ENTER = """
INSERT INTO schedules (job, next_run_at) SELECT * FROM unnest($1::text[], $2::timestamptz[])
ON CONFLICT (job) DO NOTHING
"""
FREE = "(lease_until IS NULL OR lease_until < clock_timestamp())"
IS_DUE = f"next_run_at <= clock_timestamp() AND {FREE}"
DUE = f"""
SELECT job FROM schedules WHERE job = ANY($1::text[]) AND {IS_DUE} ORDER BY next_run_at, job
"""
BEGIN = f"""
UPDATE schedules
SET lease_token = lease_token + 1, lease_until = clock_timestamp() + $2::interval,
  started_at = clock_timestamp()
WHERE job = $1 AND {IS_DUE}
RETURNING lease_token, started_at, failures
"""
HELD = "WHERE job = $1 AND lease_token = $2 AND lease_until IS NOT NULL RETURNING 1"
EXTEND = f"UPDATE schedules SET lease_until = clock_timestamp() + $3::interval {HELD}"
END = f"""
UPDATE schedules
SET lease_until = NULL, next_run_at = $3, last_error = $4,
  failures = CASE WHEN $4::text IS NULL THEN 0 ELSE failures + 1 END,
  finished_at = CASE WHEN $4::text IS NULL THEN clock_timestamp() ELSE finished_at END
{HELD}
"""
GIVE_BACK = f"UPDATE schedules SET lease_until = NULL {HELD}"
MAKE_DUE = f"""
UPDATE schedules SET lease_until = NULL, next_run_at = clock_timestamp()
WHERE job = $1 AND {FREE} RETURNING 1
"""
ALL = """
SELECT job, next_run_at, CASE WHEN lease_until >= clock_timestamp() THEN lease_until END AS
  lease_until, started_at, finished_at, failures, last_error
FROM schedules ORDER BY job
"""


class PostgresSchedules:
    """Running needs the worker's role, making due and reading the operators' or the worker's."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def enter(self, first: Mapping[str, datetime]) -> None:
        async with acquired(self._pool) as connection:
            await connection.execute(ENTER, list(first), list(first.values()))

    async def due(self, jobs: Collection[str]) -> tuple[str, ...]:
        async with acquired(self._pool) as connection:
            return tuple(row["job"] for row in await connection.fetch(DUE, list(jobs)))

    async def begin(self, job: str, *, lease: timedelta) -> Run | None:
        async with acquired(self._pool) as connection:
            row = await connection.fetchrow(BEGIN, job, lease)
        return None if row is None else Run(job=job, **row)

    async def extend(self, run: Run, *, lease: timedelta) -> bool:
        return await self._changes(EXTEND, run.job, run.lease_token, lease)

    async def end(self, run: Run, *, next_run_at: datetime, error: str | None) -> bool:
        return await self._changes(END, run.job, run.lease_token, next_run_at, error)

    async def give_back(self, run: Run) -> bool:
        return await self._changes(GIVE_BACK, run.job, run.lease_token)

    async def make_due(self, job: str) -> bool:
        return await self._changes(MAKE_DUE, job)

    async def all(self) -> tuple[Schedule, ...]:
        async with acquired(self._pool) as connection:
            return tuple(Schedule(**row) for row in await connection.fetch(ALL))

    async def _changes(self, statement: str, *args: object) -> bool:
        async with acquired(self._pool) as connection:
            return await connection.fetchval(statement, *args) is not None
