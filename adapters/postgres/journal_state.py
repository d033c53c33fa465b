"""What a batch is decided against, locked in the one order: holds, then balances, each by id."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Final
from uuid import UUID

from adapters.postgres import array_text
from adapters.postgres.account_reader import AccountReader
from adapters.postgres.connection import Connection, Row
from adapters.postgres.journal_rows import HOLD_COLUMNS, hold_from
from domain.ledger.balance import Balance
from domain.ledger.commands import Batch, ExpireHold, PlaceHold, Post, ReleaseHold
from domain.ledger.entry import Entry
from domain.ledger.outcomes import Outcome, OutcomeCode
from domain.ledger.rules import LedgerState
from domain.ledger.state import Answer, Original
from domain.shared.ids import AccountId, HoldId, TenantId, TransactionId
from domain.shared.money import AssetCode

LOCK_HOLDS = f"""
SELECT {HOLD_COLUMNS} FROM ledger_holds h
JOIN ledger_accounts a ON a.tenant_id = h.tenant_id AND a.id = h.account_id
WHERE h.tenant_id = $1 AND h.id = ANY($2::uuid[]) ORDER BY h.id FOR NO KEY UPDATE OF h
"""
# The first columns are the fields of `Balance`.
LOCK_BALANCES = """
SELECT account_id, debits, credits, held, version, floor_units, closed,
  nullif(last_booked_at, '-infinity') AS last_booked_at
FROM ledger_balances
WHERE tenant_id = $1 AND account_id = ANY($2::text::uuid[])
ORDER BY account_id FOR NO KEY UPDATE
"""
BALANCE_FIELDS: Final = 5
POSTED = "SELECT id FROM ledger_transactions WHERE tenant_id = $1 AND id = ANY($2::text::uuid[])"
REVERSED_ENTRIES = """
SELECT transaction_id, account_id, asset, units FROM ledger_entries
WHERE tenant_id = $1 AND transaction_id = ANY($2::uuid[]) ORDER BY transaction_id, leg
"""
# The register keeps two at once apart. What it has lost is still said by the headers.
REVERSALS = """
SELECT reverses, id AS transaction_id FROM ledger_transactions
WHERE tenant_id = $1 AND reverses IS NOT NULL AND reverses = ANY($2::uuid[])
UNION ALL
SELECT reverses, transaction_id FROM ledger_reversals
WHERE tenant_id = $1 AND reverses = ANY($2::uuid[])
"""
ANSWERS = """
SELECT key, fingerprint, outcome, account_id, hold_id, transaction_id
FROM ledger_requests WHERE tenant_id = $1 AND key = ANY($2::text[])
"""
CLOSED_THROUGH = "SELECT max(closed_through) FROM ledger_periods WHERE tenant_id = $1"


class LockedState:
    """`last_booked_at` is the latest of the strict accounts that were loaded, if there is any."""

    last_booked_at: datetime | None = None

    def __init__(
        self, connection: Connection, tenant_id: TenantId, accounts: AccountReader
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._accounts = accounts

    async def load(self, batch: Batch) -> LedgerState:
        holds = await self._fetch(LOCK_HOLDS, sorted(_holds_named(batch)))
        known_holds = {hold.id: hold for hold in map(hold_from, holds)}
        accounts = _accounts_named(batch) | {hold.account_id for hold in known_holds.values()}
        balances = await self._of_ids(LOCK_BALANCES, accounts)
        posts = [command for command in batch if isinstance(command, Post)]
        posted = await self._of_ids(POSTED, [post.transaction.id for post in posts])
        terms = [(row["account_id"], row["floor_units"], row["closed"]) for row in balances]
        booked = [at for row in balances if (at := row["last_booked_at"]) is not None]
        self.last_booked_at = max(booked, default=None)
        return LedgerState(
            accounts=await self._accounts.read(accounts, terms),
            balances={
                row["account_id"]: Balance(*islice(row.values(), BALANCE_FIELDS))
                for row in balances
            },
            holds=known_holds,
            transactions={TransactionId(row["id"]) for row in posted},
            originals=await self._originals(posts),
            answers=await self._answers(batch),
            closed_through=await self._closed_through(posts),
        )

    async def _originals(self, posts: Iterable[Post]) -> Mapping[TransactionId, Original]:
        wanted = sorted({each for post in posts if (each := post.transaction.reverses) is not None})
        entries: dict[TransactionId, list[Entry]] = {}
        for row in await self._fetch(REVERSED_ENTRIES, wanted):
            entry = Entry(AccountId(row["account_id"]), AssetCode(row["asset"]), row["units"])
            entries.setdefault(row["transaction_id"], []).append(entry)
        rows = await self._fetch(REVERSALS, wanted)
        reversed_by = {row["reverses"]: TransactionId(row["transaction_id"]) for row in rows}
        return {
            each: Original(tuple(found), reversed_by.get(each)) for each, found in entries.items()
        }

    async def _answers(self, batch: Batch) -> Mapping[str, Answer]:
        keys = [command.request.key for command in batch if command.request is not None]
        return {row["key"]: _answer(row) for row in await self._fetch(ANSWERS, keys)}

    async def _closed_through(self, posts: Iterable[Post]) -> date | None:
        """Only for what is dated back: nothing is closed before a day has passed since."""
        if all(post.transaction.effective_on >= post.at.date() for post in posts):
            return None
        closed: date | None = await self._connection.fetchval(CLOSED_THROUGH, self._tenant_id)
        return closed

    async def _of_ids(self, query: str, ids: Collection[UUID]) -> Sequence[Row]:
        if not ids:
            return ()
        return await self._connection.fetch(query, self._tenant_id, array_text.ids(ids))

    async def _fetch(self, query: str, ids: Iterable[object]) -> Iterable[Row]:
        wanted = list(ids)
        return await self._connection.fetch(query, self._tenant_id, wanted) if wanted else ()


def _answer(row: Row) -> Answer:
    return Answer(
        fingerprint=row["fingerprint"],
        outcome=Outcome(
            code=OutcomeCode(row["outcome"]),
            account_id=row["account_id"],
            hold_id=row["hold_id"],
            transaction_id=row["transaction_id"],
        ),
    )


def _holds_named(batch: Batch) -> set[HoldId]:
    named: set[HoldId] = set()
    for command in batch:
        match command:
            case Post():
                for capture in command.transaction.captures:
                    named.add(capture.hold_id)
            case PlaceHold():
                named.add(command.hold.id)
            case ReleaseHold() | ExpireHold():
                named.add(command.hold_id)
    return named


def _accounts_named(batch: Batch) -> set[AccountId]:
    named: set[AccountId] = set()
    for command in batch:
        match command:
            case Post():
                for entry in command.transaction.entries:
                    named.add(entry.account_id)
            case PlaceHold():
                named.add(command.hold.account_id)
            case _:
                # Holds name their accounts themselves, once they are loaded.
                pass
    return named
