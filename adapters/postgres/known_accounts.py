"""Ids of accounts that exist, remembered per process: an account's id never changes."""

from typing import Final

from domain.ledger.account import AccountKey
from domain.shared.ids import AccountId, TenantId

KNOWN_MAX: Final = 100_000


class KnownAccounts:
    """Forgets everything when full, which costs one look-up each and needs no bookkeeping."""

    def __init__(self) -> None:
        self._ids: dict[tuple[TenantId, AccountKey], AccountId] = {}

    def forget(self) -> None:
        """At every new connection: behind it may be a database restored to before they existed.

        No restore leaves a connection standing, so what is known was read since the last one.
        """
        self._ids.clear()

    def get(self, tenant_id: TenantId, key: AccountKey) -> AccountId | None:
        return self._ids.get((tenant_id, key))

    def remember(self, tenant_id: TenantId, key: AccountKey, account_id: AccountId) -> None:
        if len(self._ids) >= KNOWN_MAX:
            self._ids.clear()
        self._ids[tenant_id, key] = account_id
