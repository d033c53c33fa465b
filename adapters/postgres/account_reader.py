"""Accounts as a batch is decided by them: what never changes from memory, terms from the lock."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from adapters.postgres import array_text
from adapters.postgres.account_rows import COLUMNS, account_from
from adapters.postgres.connection import Connection, Row
from domain.ledger.account import Account, AccountStatus
from domain.shared.ids import AccountId, TenantId

ACCOUNTS = f"""
SELECT {COLUMNS} FROM ledger_accounts WHERE tenant_id = $1 AND id = ANY($2::text::uuid[])
"""


class AccountReader:
    """Reads accounts that are not `known` yet, and notes them in `met`."""

    def __init__(
        self,
        connection: Connection,
        tenant_id: TenantId,
        *,
        known: Mapping[AccountId, Account],
        met: dict[AccountId, Account],
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._known = known
        self._met = met

    async def read(
        self, account_ids: Iterable[AccountId], locked: Iterable[Row]
    ) -> dict[AccountId, Account]:
        """Those that exist, under the terms of their `locked` balances.

        A balance has the same terms as its account, which a trigger sees to (migration 0015).
        """
        found: dict[AccountId, Account] = {}
        unknown: list[AccountId] = []
        for account_id in account_ids:
            account = self._known.get(account_id) or self._met.get(account_id)
            if account is None:
                unknown.append(account_id)
            else:
                found[account_id] = account
        if unknown:
            rows = await self._connection.fetch(ACCOUNTS, self._tenant_id, array_text.ids(unknown))
            read = {account.id: account for account in map(account_from, rows)}
            self._met.update(read)
            found |= read
        for row in locked:
            account = found[row["account_id"]]
            if account.floor_units != row["floor_units"] or account.closed != row["closed"]:
                found[account.id] = _under(row, account)
        return found


def _under(balance: Row, account: Account) -> Account:
    status = AccountStatus.CLOSED if balance["closed"] else AccountStatus.OPEN
    return replace(account, floor_units=balance["floor_units"], status=status)
