"""The journal: lock, let the domain decide, write. And reading what was posted."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime
from uuid import UUID

import asyncpg

from adapters.postgres.connection import Connection
from adapters.postgres.journal_at_once import PostAtOnce, post_at_once
from adapters.postgres.journal_rows import (
    ENTRY_COLUMNS,
    HOLD_COLUMNS,
    entry_from,
    hold_from,
    transaction_from,
)
from adapters.postgres.journal_state import LockedState
from adapters.postgres.journal_writes import write
from application import crash_points
from application.errors import Overloaded
from application.ports.ledger import (
    PERIODS_MAX,
    REFERENCED_MAX,
    ClosedPeriod,
    PostedEntry,
    PostedTransaction,
)
from domain.ledger.account import Account
from domain.ledger.commands import Batch, Post
from domain.ledger.entry import MirrorOf
from domain.ledger.hold import Hold
from domain.ledger.outcomes import Outcome
from domain.ledger.rules import decide
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, HoldId, TenantId, TransactionId

ENTRIES = f"""
SELECT {ENTRY_COLUMNS} FROM ledger_entries e
JOIN ledger_transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
WHERE e.tenant_id = $1
"""
TRANSACTION = """
SELECT id, template, reference, effective_on, reverses, mirror_tenant_id, mirror_of, booked_at
FROM ledger_transactions WHERE tenant_id = $1 AND id = $2
"""
OF_REFERENCE = """
SELECT id, template, reference, effective_on, reverses, mirror_tenant_id, mirror_of, booked_at
FROM ledger_transactions
WHERE tenant_id = $1 AND reference = $2 AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4
"""
HOLD = f"""
SELECT {HOLD_COLUMNS} FROM ledger_holds h
JOIN ledger_accounts a ON a.tenant_id = h.tenant_id AND a.id = h.account_id
WHERE h.tenant_id = $1
"""
MIRROR = """
SELECT id FROM ledger_transactions
WHERE tenant_id = $1 AND reference = $2 AND mirror_tenant_id = $3 AND mirror_of = $4 LIMIT 1
"""
PERIODS = f"""
SELECT closed_through, closed_by, closed_at FROM ledger_periods
WHERE tenant_id = $1 ORDER BY closed_through DESC LIMIT {PERIODS_MAX}
"""
LOCK_CALENDAR = "SELECT aksum.lock_calendar($1, true)"
# Read after the calendar was locked (migration 0011): whoever did not see the period closed has
# booked and ended by now, at a later time than the clock shows only if that was set back.
CLOSE_PERIOD = """
INSERT INTO ledger_periods (tenant_id, closed_through, closed_by, closed_at)
SELECT $1, $2, $3, greatest(clock_timestamp(), interval '1 us' + (
  SELECT max(booked_at) FROM ledger_transactions WHERE tenant_id = $1))
WHERE NOT EXISTS (
  SELECT FROM ledger_periods WHERE tenant_id = $1 AND closed_through >= $2)
ON CONFLICT DO NOTHING RETURNING 1
"""


class PostgresJournal:
    """`is_strict` tells of accounts that were met before, `on_met` is told of those met now;
    `on_lost` forbids to commit.
    """

    def __init__(
        self,
        connection: Connection,
        tenant_id: TenantId,
        *,
        is_strict: Callable[[TenantId, AccountId], bool | None],
        on_met: Callable[[Iterable[Account]], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._is_strict = is_strict
        self._on_met = on_met
        self._on_lost = on_lost

    async def post(self, batch: Batch) -> tuple[Outcome, ...]:
        state = await LockedState(self._connection, self._tenant_id).load(batch)
        # What went the long way because it was unknown goes at once the next time.
        self._on_met(state.accounts.values())
        if crash_points.armed:
            await crash_points.reach(crash_points.JOURNAL_LOCKED)
        decision = decide(batch, state)
        await write(self._connection, self._tenant_id, decision.deltas)
        if crash_points.armed:
            await crash_points.reach(crash_points.JOURNAL_WRITTEN)
        return decision.outcomes

    async def post_at_once(self, post: Post) -> bool:
        at_once = PostAtOnce(self._tenant_id, is_strict=self._is_strict)
        arguments = at_once.arguments(post)
        done = arguments is not None and await post_at_once(self._connection, arguments)
        if not done:
            self._on_lost()
        elif crash_points.armed:
            await crash_points.reach(crash_points.JOURNAL_AT_ONCE)
        return done

    async def close_period(self, through: date, *, by: str) -> bool:
        try:
            await self._connection.fetchval(LOCK_CALENDAR, self._tenant_id)
        except asyncpg.LockNotAvailableError as error:
            raise Overloaded("somebody is posting what is dated back: try again") from error
        closed = await self._connection.fetchval(CLOSE_PERIOD, self._tenant_id, through, by)
        return closed is not None

    async def periods(self) -> tuple[ClosedPeriod, ...]:
        rows = await self._connection.fetch(PERIODS, self._tenant_id)
        return tuple(ClosedPeriod(**row) for row in rows)

    async def transaction(self, transaction_id: TransactionId) -> PostedTransaction:
        header = await self._connection.fetchrow(TRANSACTION, self._tenant_id, transaction_id)
        if header is None:
            raise NotFound("no such transaction")
        rows = await self._connection.fetch(
            ENTRIES + " AND e.transaction_id = $2 ORDER BY e.leg", self._tenant_id, transaction_id
        )
        entries = tuple(entry_from(row) for row in rows)
        return transaction_from(header, entries)

    async def of_reference(
        self, reference: str, *, after: TransactionId | None = None, limit: int = REFERENCED_MAX
    ) -> tuple[PostedTransaction, ...]:
        headers = await self._connection.fetch(
            OF_REFERENCE, self._tenant_id, reference, after, limit
        )
        rows = await self._connection.fetch(
            ENTRIES + " AND e.transaction_id = ANY($2::uuid[]) ORDER BY e.leg",
            self._tenant_id,
            [header["id"] for header in headers],
        )
        entries: defaultdict[UUID, list[PostedEntry]] = defaultdict(list)
        for entry in map(entry_from, rows):
            entries[entry.transaction_id].append(entry)
        return tuple(transaction_from(each, tuple(entries[each["id"]])) for each in headers)

    async def mirror(self, of: MirrorOf, *, reference: str) -> PostedTransaction | None:
        found = await self._connection.fetchval(
            MIRROR, self._tenant_id, reference, of.tenant_id, of.transaction_id
        )
        return None if found is None else await self.transaction(TransactionId(found))

    async def hold(self, hold_id: HoldId) -> Hold | None:
        row = await self._connection.fetchrow(HOLD + " AND h.id = $2", self._tenant_id, hold_id)
        return None if row is None else hold_from(row)

    async def expired_holds(self, *, now: datetime, limit: int) -> tuple[Hold, ...]:
        rows = await self._connection.fetch(
            HOLD + " AND h.state = 'active' AND h.expires_at <= $2 ORDER BY h.id LIMIT $3",
            self._tenant_id,
            now,
            limit,
        )
        return tuple(hold_from(row) for row in rows)
