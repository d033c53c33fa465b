"""How LPs stand, in shared rows: written behind the requests, read at most once a second."""

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

import asyncpg

from adapters.postgres.connection import Connection, acquired
from adapters.postgres.lp_health_rows import (
    changing,
    read_rows,
    read_with_states,
    write_rows,
    write_turns,
)
from application.errors import Overloaded
from application.ports.clock import Clock
from application.single_flight import SingleFlight
from domain.liquidity.health import HealthRow, Key, fold, turned
from domain.liquidity.observation import Observation
from domain.liquidity.probing import claim_execution, claim_quote
from domain.liquidity.quote import LpName
from domain.liquidity.standing import StandingsView, stand

AGE_MAX_NS: Final = 1_000_000_000
FLUSH_EVERY: Final = timedelta(seconds=1)
OBSERVATIONS_MAX: Final = 20_000
# A process that ends waits no longer than this for its last observations to be written down.
LAST_FLUSH_SECONDS: Final = 2

# The database is away or busy: later it may well take what it does not take now.
TRANSIENT: Final = (
    Overloaded,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    OSError,
)


class Claim(Protocol):
    def __call__(
        self, rows: Mapping[Key, HealthRow], lp: LpName, instrument: str, *, now: datetime
    ) -> dict[Key, HealthRow] | None: ...


_log = logging.getLogger(__name__)


class PostgresStandings:
    """Observations wait in the process for about a second, and are lost if it is killed: they are
    samples. When the database does not take them they wait on, up to a bound.

    What has to hold at once is not a sample: probes are claimed in the rows, before they are sent.
    """

    def __init__(
        self, *, pool: asyncpg.Pool, clock: Clock, flush_every: timedelta = FLUSH_EVERY
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._flush_every = flush_every.total_seconds()
        self._one_at_a_time = asyncio.Lock()
        self._waiting: list[Observation] = []
        self._tried = 0
        self._claiming: set[tuple[Claim, LpName, str]] = set()
        self._flushing: asyncio.Task[None] | None = None
        self._view: tuple[int, StandingsView] | None = None
        self._reads: SingleFlight[None, StandingsView] = SingleFlight()
        self.dropped = 0

    async def view(self) -> StandingsView:
        cached = self._view
        if cached is not None and time.monotonic_ns() - cached[0] < AGE_MAX_NS:
            return cached[1]
        return await self._reads.get(None, self._refreshed)

    async def _refreshed(self) -> StandingsView:
        read_at = time.monotonic_ns()
        async with acquired(self._pool) as connection:
            rows, states = await read_with_states(connection)
        view = stand(rows, states, now=self._clock.now())
        self._view = (read_at, view)
        return view

    def observe(self, observation: Observation) -> None:
        if len(self._waiting) >= OBSERVATIONS_MAX:
            self.dropped += 1
            return
        self._waiting.append(observation)
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush_later())

    async def _flush_later(self) -> None:
        """Goes on until nothing is left to write, and is started again by the next observation."""
        while self._waiting:
            await asyncio.sleep(self._flush_every)
            try:
                await self.flush()
            except TRANSIENT as error:
                _log.warning("the health of providers was not written down: %s", error)
            except Exception:  # noqa: BLE001 - whatever it is, the loop must not end
                # Tried again it would fail again, and nothing after it would ever be written.
                _log.exception("the health of providers cannot be written down")
                self._drop()
        self._flushing = None

    async def flush(self) -> None:
        """Writes down what waits. Raises what the database raises; then nothing is lost."""
        async with self._one_at_a_time:
            await self._flush()

    def _drop(self) -> None:
        """What was tried is at the front, and what came since waits for its own turn."""
        self.dropped += self._tried
        del self._waiting[: self._tried]

    async def _flush(self) -> None:
        taken = self._tried = len(self._waiting)
        if not taken:
            return
        observations = self._waiting[:taken]
        async with changing(self._pool) as connection:
            folded = fold(await read_rows(connection), observations)
            await write_rows(connection, folded.rows)
            await write_turns(connection, folded.turns)
        del self._waiting[:taken]
        for turn in folded.turns:
            lp, instrument, operation = turn.key
            words = (lp, instrument, operation.value, turn.after.value, turn.cause)
            _log.warning("breaker of %s for %s, %s: %s (%s)", *words)
        # What this process has just found out, it need not wait to know.
        self._view = None

    async def close(self) -> None:
        """Writes the last observations down if that takes no long time."""
        if self._flushing is not None:
            self._flushing.cancel()
            await asyncio.gather(self._flushing, return_exceptions=True)
            self._flushing = None
        try:
            async with asyncio.timeout(LAST_FLUSH_SECONDS):
                await self.flush()
        except (TimeoutError, Overloaded, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            _log.warning("%d observations of providers are lost", len(self._waiting))

    async def claim_quote(self, lp: LpName, instrument: str) -> bool:
        return await self._claim(claim_quote, lp, instrument)

    async def claim_execution(self, lp: LpName, instrument: str) -> bool:
        return await self._claim(claim_execution, lp, instrument)

    async def _claim(self, rule: Claim, lp: LpName, instrument: str) -> bool:
        """Of one process one tries at a time: all others would wait in vain, with a connection."""
        claim = (rule, lp, instrument)
        if claim in self._claiming:
            return False
        self._claiming.add(claim)
        try:
            async with changing(self._pool) as connection:
                rows, now = await read_rows(connection), self._clock.now()
                claimed = rule(rows, lp, instrument, now=now)
                await self._keep(connection, rows, claimed)
        finally:
            self._claiming.discard(claim)
            # Also where somebody else was quicker: what is cached asked for a probe in vain.
            self._view = None
        return claimed is not None

    async def _keep(
        self,
        connection: Connection,
        rows: dict[Key, HealthRow],
        claimed: dict[Key, HealthRow] | None,
    ) -> None:
        if claimed is None:
            return
        await write_rows(connection, claimed)
        at = self._clock.now()
        for key, row in claimed.items():
            await write_turns(connection, turned(key, rows[key], row, at=at))
