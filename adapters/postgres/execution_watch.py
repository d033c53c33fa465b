"""Counts across tenants, by functions of the owner that tell nothing else."""

from typing import Final

import asyncpg

from adapters.postgres.connection import acquired
from application.errors import Overloaded
from application.ports.execution_watch import ExecutionCounts, OpenAttempts, OpenIncidents

ATTEMPTS: Final = "SELECT lp, state, orders, oldest_at FROM open_executions()"
INCIDENTS: Final = "SELECT lp, kind, incidents, oldest_at FROM open_incidents()"


class PostgresExecutionWatch:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def counts(self) -> ExecutionCounts:
        try:
            async with acquired(self._pool) as connection:
                attempts = await connection.fetch(ATTEMPTS)
                incidents = await connection.fetch(INCIDENTS)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Overloaded("the database cannot be asked") from error
        return ExecutionCounts(
            tuple(
                OpenAttempts(row["lp"], row["state"], row["orders"], row["oldest_at"])
                for row in attempts
            ),
            tuple(
                OpenIncidents(row["lp"], row["kind"], row["incidents"], row["oldest_at"])
                for row in incidents
            ),
        )
