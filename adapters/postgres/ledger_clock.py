"""Closes booking time by the order in which transactions draw their ids (docs/adr/0020)."""

from datetime import datetime

import asyncpg

from adapters.postgres.connection import acquired
from application import crash_points

# First the time, then, by locking the row, an id of our own: whoever draws a later id reads a later
# time. Somebody else at it does the same, so nobody waits.
NOW = "SELECT clock_timestamp()"
LOCKED = "SELECT singleton FROM ledger_clock WHERE singleton FOR NO KEY UPDATE SKIP LOCKED"
# An id that was not drawn yet comes from before a restore: that mark will never be reached.
ADVANCE = """
UPDATE ledger_clock c
SET closed_until = CASE WHEN m.reached THEN c.mark_at ELSE c.closed_until END,
    mark_at = CASE WHEN m.anew THEN greatest($1, c.mark_at) ELSE c.mark_at END,
    mark_xid = CASE WHEN m.anew THEN pg_current_xact_id() ELSE c.mark_xid END
FROM (SELECT reached, reached OR mark_xid IS NULL OR mark_xid > pg_current_xact_id() AS anew
      FROM (SELECT mark_xid, coalesce(mark_xid < pg_snapshot_xmin(pg_current_snapshot()), false)
              AS reached
            FROM ledger_clock WHERE singleton) s) m
WHERE c.singleton
"""
CLOSED = "SELECT nullif(closed_until, '-infinity') FROM ledger_clock WHERE singleton"


class PostgresLedgerClock:
    """Reading needs any of the runtime roles, advancing the worker's or the operators'."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def advance(self) -> datetime | None:
        async with acquired(self._pool) as connection:
            await connection.execute("BEGIN")
            now = await connection.fetchval(NOW)
            if await connection.fetchval(LOCKED) is not None:
                await connection.execute(ADVANCE, now)
            if crash_points.armed:
                await crash_points.reach(crash_points.CLOCK_BEFORE_COMMIT)
            await connection.execute("COMMIT")
        if crash_points.armed:
            await crash_points.reach(crash_points.CLOCK_ADVANCED)
        return await self.closed_until()

    async def closed_until(self) -> datetime | None:
        async with acquired(self._pool) as connection:
            closed: datetime | None = await connection.fetchval(CLOSED)
        return closed
