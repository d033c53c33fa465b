"""The journal: lock, let the domain decide, write. And reading what was posted."""

from collections.abc import Iterable
from datetime import datetime

from adapters.postgres.accounts import COLUMNS as ACCOUNT_COLUMNS
from adapters.postgres.accounts import account_from
from adapters.postgres.connection import BIGINT_MAX, Connection, Row
from adapters.postgres.journal_rows import (
    ENTRY_COLUMNS,
    HOLD_COLUMNS,
    entry_from,
    hold_from,
    transaction_from,
)
from adapters.postgres.journal_writes import write
from application.ports.ledger import REFERENCED_MAX, PostedEntry, PostedTransaction
from domain.ledger.balance import Balance
from domain.ledger.commands import Batch, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.hold import Hold
from domain.ledger.outcomes import Outcome
from domain.ledger.rules import LedgerState, decide
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, HoldId, TenantId, TransactionId

# One lock order everywhere: holds, then balances, each by id.
LOCK_HOLDS = f"""
SELECT {HOLD_COLUMNS} FROM ledger_holds h
JOIN ledger_accounts a ON a.tenant_id = h.tenant_id AND a.id = h.account_id
WHERE h.tenant_id = $1 AND h.id = ANY($2::uuid[]) ORDER BY h.id FOR NO KEY UPDATE OF h
"""
LOCK_BALANCES = """
SELECT account_id, debits, credits, held, version FROM ledger_balances
WHERE tenant_id = $1 AND account_id = ANY($2::uuid[]) ORDER BY account_id FOR NO KEY UPDATE
"""
ACCOUNTS = f"""
SELECT {ACCOUNT_COLUMNS} FROM ledger_accounts WHERE tenant_id = $1 AND id = ANY($2::uuid[])
"""
POSTED = "SELECT id FROM ledger_transactions WHERE tenant_id = $1 AND id = ANY($2::uuid[])"

ENTRIES = f"""
SELECT {ENTRY_COLUMNS} FROM ledger_entries e
JOIN ledger_transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
WHERE e.tenant_id = $1
"""
TRANSACTION = """
SELECT id, template, reference, effective_on, reverses, mirror_tenant_id, mirror_of, booked_at
FROM ledger_transactions WHERE tenant_id = $1 AND id = $2
"""
OF_REFERENCE = f"""
SELECT id FROM ledger_transactions WHERE tenant_id = $1 AND reference = $2
ORDER BY id LIMIT {REFERENCED_MAX}
"""
HOLD = f"""
SELECT {HOLD_COLUMNS} FROM ledger_holds h
JOIN ledger_accounts a ON a.tenant_id = h.tenant_id AND a.id = h.account_id
WHERE h.tenant_id = $1
"""


class PostgresJournal:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def post(self, batch: Batch) -> tuple[Outcome, ...]:
        state = await self._lock(batch)
        decision = decide(batch, state)
        await write(self._connection, self._tenant_id, decision.deltas)
        return decision.outcomes

    async def _lock(self, batch: Batch) -> LedgerState:
        holds = await self._fetch(LOCK_HOLDS, sorted(_holds_named(batch)))
        known_holds = {hold.id: hold for hold in map(hold_from, holds)}
        accounts = set(_accounts_named(batch)) | {hold.account_id for hold in known_holds.values()}
        balances = await self._fetch(LOCK_BALANCES, sorted(accounts))
        transactions = [post.transaction.id for post in batch if isinstance(post, Post)]
        posted = await self._fetch(POSTED, transactions) if transactions else ()
        found = map(account_from, await self._fetch(ACCOUNTS, sorted(accounts)))
        return LedgerState(
            accounts={account.id: account for account in found},
            balances={row["account_id"]: _balance(row) for row in balances},
            holds=known_holds,
            transactions={TransactionId(row["id"]) for row in posted},
        )

    async def _fetch(self, query: str, ids: Iterable[object]) -> Iterable[Row]:
        wanted = list(ids)
        return await self._connection.fetch(query, self._tenant_id, wanted) if wanted else ()

    async def transaction(self, transaction_id: TransactionId) -> PostedTransaction:
        header = await self._connection.fetchrow(TRANSACTION, self._tenant_id, transaction_id)
        if header is None:
            raise NotFound("no such transaction")
        rows = await self._connection.fetch(
            ENTRIES + " AND e.transaction_id = $2 ORDER BY e.leg", self._tenant_id, transaction_id
        )
        entries = tuple(entry_from(row) for row in rows)
        return transaction_from(header, entries)

    async def of_reference(self, reference: str) -> tuple[PostedTransaction, ...]:
        rows = await self._connection.fetch(OF_REFERENCE, self._tenant_id, reference)
        return tuple([await self.transaction(TransactionId(row["id"])) for row in rows])

    async def entries(
        self, account_id: AccountId, *, before_seq: int | None, limit: int
    ) -> tuple[PostedEntry, ...]:
        rows = await self._connection.fetch(
            ENTRIES + " AND e.account_id = $2 AND e.account_seq < $3 "
            "ORDER BY e.account_seq DESC LIMIT $4",
            self._tenant_id,
            account_id,
            BIGINT_MAX if before_seq is None else before_seq,
            limit,
        )
        return tuple(entry_from(row) for row in rows)

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


def _balance(row: Row) -> Balance:
    return Balance(row["account_id"], row["debits"], row["credits"], row["held"], row["version"])


def _holds_named(batch: Batch) -> set[HoldId]:
    named: set[HoldId] = set()
    for command in batch:
        match command:
            case Post():
                named.update(capture.hold_id for capture in command.transaction.captures)
            case PlaceHold():
                named.add(command.hold.id)
            case ReleaseHold() | ExpireHold():
                named.add(command.hold_id)
    return named


def _accounts_named(batch: Batch) -> Iterable[AccountId]:
    for command in batch:
        match command:
            case Post():
                for entry in command.transaction.entries:
                    yield entry.account_id
            case PlaceHold():
                yield command.hold.account_id
            case _:
                # Holds name their accounts themselves, once they are loaded.
                pass
