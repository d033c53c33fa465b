"""Looks at the past while others write: as of a time is what adding up to it gives."""

import asyncio
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from asyncpg import Connection

from application.ports.ledger_history import BookedBy
from domain.shared.ids import AccountId
from tests.contract.conftest import make_postgres_ports
from tests.contract.ports import Ports
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected
from tests.soak.plan import Plan

PAUSE_SECONDS: Final = 0.3
FOLD_MIN: Final = 50
FOLD_MAX: Final = 20_000
# Of the moments that were looked at, so many are added up once more in the end.
AGAIN_MAX: Final = 50
# Times of booking are told apart by it, and closed time excludes its end.
TICK: Final = timedelta(microseconds=1)
# What each account of a tenant ($1) had at $2, positive on its normal side, added up anew.
REPLAYED: Final = """
SELECT a.id, (CASE WHEN a.type IN ('asset', 'expense') THEN -1 ELSE 1 END * coalesce((
  SELECT sum(e.units) FROM aksum.ledger_entries e
  WHERE e.tenant_id = a.tenant_id AND e.account_id = a.id AND e.booked_at <= $2), 0))::text AS units
FROM aksum.ledger_accounts a WHERE a.tenant_id = $1
"""

Posted = Mapping[AccountId, int]


class Historian:
    """Compares every moment it meets with the replay, then and again later, and folds meanwhile."""

    def __init__(self, ports: Ports, admin: Connection, plan: Plan) -> None:
        self._ports = ports
        self._admin = admin
        self._plan = plan
        self._chosen = random.Random(plan.seed)
        self._seen: dict[datetime, Posted] = {}
        self.compared = 0
        self.folds = 0

    async def look(self) -> None:
        """At the last moment that is final, and at one before it that was looked at already."""
        closed = await self._ports.ledger_clock.advance()
        if closed is None:
            return
        latest = closed - TICK
        replayed = await self._replayed(latest)
        assert await self._read(latest) == replayed, latest
        self._seen[latest] = replayed
        earlier = self._chosen.choice(sorted(self._seen))
        assert await self._read(earlier) == self._seen[earlier], earlier
        self.compared += 1
        await self._fold(closed)
        assert await self._read(latest) == replayed, latest

    async def look_again(self) -> None:
        """When all is written: nothing was booked into any of these moments since."""
        moments = sorted(self._seen)
        for at in self._chosen.sample(moments, min(len(moments), AGAIN_MAX)):
            assert await self._replayed(at) == self._seen[at], at
            assert await self._read(at) == self._seen[at], at

    async def _replayed(self, at: datetime) -> Posted:
        rows = await self._admin.fetch(REPLAYED, self._plan.tenant_id, at)
        return {AccountId(row["id"]): int(row["units"]) for row in rows}

    async def _read(self, at: datetime) -> Posted:
        wanted = await self._admin.fetch(
            "SELECT id FROM aksum.ledger_accounts WHERE tenant_id = $1", self._plan.tenant_id
        )
        async with self._ports.uow.begin(self._plan.tenant_id) as tx:
            return await tx.history.posted([row["id"] for row in wanted], BookedBy(at))

    async def _fold(self, closed: datetime) -> None:
        async with self._ports.worker_uow.begin(self._plan.tenant_id) as tx:
            folded = await tx.folds.fold(
                closed, transactions_min=FOLD_MIN, transactions_max=FOLD_MAX
            )
            await tx.commit()
        self.folds += folded is not None


async def watch(database: Database, plan: Plan, done: asyncio.Event) -> Historian:
    """Looks until `done`, and at everything once more then."""
    async with make_postgres_ports(database) as ports, connected(database.admin_url) as admin:
        historian = Historian(ports, admin, plan)
        while not done.is_set():
            await historian.look()
            await asyncio.sleep(PAUSE_SECONDS)
        await historian.look_again()
    return historian
