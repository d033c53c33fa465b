"""Accounts as a batch is decided by them: what never changes from memory, terms from the lock."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from msgspec.structs import replace

from adapters.postgres import array_text
from adapters.postgres.account_rows import COLUMNS, account_from
from adapters.postgres.connection import Connection
from domain.ledger.account import Account, AccountStatus
from domain.shared.ids import AccountId, TenantId

ACCOUNTS = f"""
SELECT {COLUMNS} FROM ledger_accounts WHERE tenant_id = $1 AND id = ANY($2::text::uuid[])
"""
CLOSED: Final = AccountStatus.CLOSED
OPEN: Final = AccountStatus.OPEN

# Of a strict account: its floor, and whether it is closed.
Terms: TypeAlias = tuple[AccountId, int, bool]


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
        self, account_ids: Iterable[AccountId], terms: Iterable[Terms]
    ) -> dict[AccountId, Account]:
        """Those that exist, under the `terms` that their locked balances have.

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
        for account_id, floor_units, closed in terms:
            account = found[account_id]
            status = CLOSED if closed else OPEN
            if account.status is not status or account.floor_units != floor_units:
                found[account_id] = replace(account, floor_units=floor_units, status=status)
        return found
