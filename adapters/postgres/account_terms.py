"""Changing the terms of an account: under the lock on its balance, as the domain decides.

The constraints on the balance row have the last word, for posts that come by any other path.
"""

import asyncpg

from adapters.postgres.account_rows import COLUMNS, account_from
from adapters.postgres.connection import Connection, Row
from application.ports.ledger import TermsChange
from domain.ledger.account import Account, AccountStatus
from domain.ledger.account_terms import FloorAboveAvailable, closed, with_floor
from domain.ledger.balance import Balance
from domain.shared.errors import NotFound
from domain.shared.ids import AccountId, TenantId

FLOOR = "ledger_balances_floor"
ACCOUNT = f"SELECT {COLUMNS} FROM ledger_accounts WHERE tenant_id = $1 AND id = $2"
LOCK_BALANCE = """
SELECT account_id, debits, credits, held, version FROM ledger_balances
WHERE tenant_id = $1 AND account_id = $2 FOR NO KEY UPDATE
"""
# Stronger than what postings take: orders that will pay into the account hold a weak lock on it
# until they are on record (`RESERVE`). Once this is granted, all of them can be seen.
LOCK_FOR_CLOSING = """
SELECT FROM ledger_balances WHERE tenant_id = $1 AND account_id = $2 FOR UPDATE
"""
AWAITED = """
SELECT EXISTS (
  SELECT FROM orders o JOIN quotes q ON q.tenant_id = o.tenant_id AND q.id = o.quote_id
  WHERE o.tenant_id = $1 AND o.status = 'pending' AND q.receive_account_id = $2)
"""
SET_BALANCE_TERMS = """
UPDATE ledger_balances SET floor_units = $3, closed = $4 WHERE tenant_id = $1 AND account_id = $2
"""
SET_ACCOUNT_TERMS = """
UPDATE ledger_accounts SET floor_units = $3, status = $4 WHERE tenant_id = $1 AND id = $2
"""


class AccountTerms:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def set_floor(self, account_id: AccountId, floor_units: int) -> TermsChange:
        before, balance = await self._locked(account_id)
        return await self._write(before, with_floor(before, balance, floor_units))

    async def close(self, account_id: AccountId) -> TermsChange:
        await self._connection.fetch(LOCK_FOR_CLOSING, self._tenant_id, account_id)
        awaited = await self._connection.fetchval(AWAITED, self._tenant_id, account_id)
        before, balance = await self._locked(account_id)
        return await self._write(before, closed(before, balance, awaited=awaited))

    async def _locked(self, account_id: AccountId) -> tuple[Account, Balance]:
        """The balance first: what the account's row says is then what it will go on saying."""
        row = await self._connection.fetchrow(LOCK_BALANCE, self._tenant_id, account_id)
        found = await self._connection.fetchrow(ACCOUNT, self._tenant_id, account_id)
        if found is None:
            raise NotFound("no such account")
        account = account_from(found)
        return account, Balance(account_id) if row is None else _balance(row)

    async def _write(self, before: Account, after: Account) -> TermsChange:
        is_closed = after.status is AccountStatus.CLOSED
        try:
            await self._connection.execute(
                SET_BALANCE_TERMS, self._tenant_id, after.id, after.floor_units, is_closed
            )
        except asyncpg.CheckViolationError as error:
            if error.constraint_name != FLOOR:
                raise
            raise FloorAboveAvailable("what is available is less than that floor") from error
        await self._connection.execute(
            SET_ACCOUNT_TERMS, self._tenant_id, after.id, after.floor_units, after.status.value
        )
        return TermsChange(before, after)


def _balance(row: Row) -> Balance:
    return Balance(row["account_id"], row["debits"], row["credits"], row["held"], row["version"])
