"""Accounts that exist, remembered per process: neither an id nor being strict ever changes."""

from typing import Final

from domain.ledger.account import AccountKey
from domain.ledger.chart import CHART
from domain.shared.ids import AccountId, TenantId

KNOWN_MAX: Final = 100_000


class KnownAccounts:
    """Forgets everything when full, which costs one look-up each and needs no bookkeeping."""

    def __init__(self) -> None:
        self._ids: dict[tuple[TenantId, AccountKey], AccountId] = {}
        self._strict: dict[tuple[TenantId, AccountId], bool] = {}

    def forget(self) -> None:
        """At every new connection: behind it may be a database restored to before they existed.

        No restore leaves a connection standing, so what is known was read since the last one.
        """
        self._ids.clear()
        self._strict.clear()

    def is_strict(self, tenant_id: TenantId, account_id: AccountId) -> bool | None:
        """None of an account that was never resolved here."""
        return self._strict.get((tenant_id, account_id))

    def get(self, tenant_id: TenantId, key: AccountKey) -> AccountId | None:
        return self._ids.get((tenant_id, key))

    def remember(self, tenant_id: TenantId, key: AccountKey, account_id: AccountId) -> None:
        if len(self._ids) >= KNOWN_MAX:
            self.forget()
        self._ids[tenant_id, key] = account_id
        self._strict[tenant_id, account_id] = opens_strict(key)


def opens_strict(key: AccountKey) -> bool:
    return CHART[key.code].floor_units is not None
