"""Questions about the database itself: is it ours, is it ready, is every guard in its place."""

from typing import Final

import asyncpg

from adapters.postgres.revision import current, head
from adapters.postgres.roles import SCHEMA
from adapters.postgres.table_guards import FAULTS
from application.ports.inspection import DatabaseReport

READY_SECONDS: Final = 1
CONNECT_SECONDS: Final = 5

PARTITIONS_TO = f"""
SELECT p.name, max(right(c.relname, 7)) FILTER (WHERE c.relname ~ '_[0-9]{{4}}_[0-9]{{2}}$')
  AS month
FROM {SCHEMA}.partitioned_tables p
LEFT JOIN pg_inherits i ON i.inhparent = to_regclass('{SCHEMA}.' || p.name)
LEFT JOIN pg_class c ON c.oid = i.inhrelid
GROUP BY p.name ORDER BY p.name
"""
BOOKED_AHEAD = f"""
SELECT format('time is closed until %s', c.closed_until) AS found
FROM {SCHEMA}.ledger_clock c WHERE c.closed_until > {SCHEMA}.booked_at_most()
UNION ALL
SELECT format('%s accounts were last booked until %s', count(*), max(b.last_booked_at))
FROM {SCHEMA}.ledger_balances b WHERE b.last_booked_at > {SCHEMA}.booked_at_most()
HAVING count(*) > 0
UNION ALL
SELECT format('%s transactions were booked until %s', count(*), max(x.booked_at))
FROM {SCHEMA}.tenants n CROSS JOIN LATERAL (
  SELECT t.booked_at FROM {SCHEMA}.ledger_transactions t
  WHERE t.tenant_id = n.tenant_id AND t.booked_at > {SCHEMA}.booked_at_most() OFFSET 0) x
HAVING count(*) > 0
"""
IS_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = session_user"


class PostgresInspection:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def is_ready(self) -> bool:
        try:
            async with self._pool.acquire(timeout=READY_SECONDS) as connection:
                return await current(connection) == head()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    async def report(self) -> DatabaseReport:
        async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
            return DatabaseReport(
                server=await connection.fetchval("SHOW server_version"),
                login=await connection.fetchval("SELECT session_user::text"),
                revision=await current(connection),
                head=head(),
                unguarded=tuple(
                    f"{row['guard']} {row['fault']}"
                    for row in await connection.fetch(f"{FAULTS} ORDER BY 1, 2")
                ),
                partitions_to={
                    row["name"]: row["month"] for row in await connection.fetch(PARTITIONS_TO)
                },
                booked_ahead=tuple(row["found"] for row in await connection.fetch(BOOKED_AHEAD)),
                now=await connection.fetchval("SELECT clock_timestamp()"),
            )


async def logs_in_as_superuser(url: str) -> bool:
    """Raises the driver's error when nobody can log in with `url`."""
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    try:
        return bool(await connection.fetchval(IS_SUPERUSER))
    finally:
        await connection.close()
