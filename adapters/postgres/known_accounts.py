"""Accounts that exist, remembered per process: of one only its terms ever change.

Those of a strict account are read with its balance, and the others have none.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from domain.ledger.account import Account, AccountKey
from domain.ledger.chart import CHART
from domain.shared.ids import AccountId, TenantId

KNOWN_MAX: Final = 100_000
NONE_MET: Final[Mapping[AccountId, Account]] = MappingProxyType({})


class KnownAccounts:
    """Forgets everything when full, which costs one look-up each and needs no bookkeeping."""

    def __init__(self) -> None:
        self._ids: dict[tuple[TenantId, AccountKey], AccountId] = {}
        self._strict: dict[tuple[TenantId, AccountId], bool] = {}
        self._met: dict[TenantId, dict[AccountId, Account]] = {}

    def forget(self) -> None:
        """At every new connection: behind it may be a database restored to before they existed.

        No restore leaves a connection standing, so what is known was read since the last one.
        """
        self._ids.clear()
        self._strict.clear()
        self._met.clear()

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

    def met(self, tenant_id: TenantId) -> Mapping[AccountId, Account]:
        """Accounts of the tenant that were posted to, under terms that may have changed since."""
        return self._met.get(tenant_id, NONE_MET)

    def meet(self, tenant_id: TenantId, accounts: Mapping[AccountId, Account]) -> None:
        """What went the long way because it was unknown goes at once the next time."""
        if len(self._ids) + len(accounts) > KNOWN_MAX:
            self.forget()
        for account_id, account in accounts.items():
            self.remember(tenant_id, account.key, account_id)
        self._met.setdefault(tenant_id, {}).update(accounts)


def opens_strict(key: AccountKey) -> bool:
    return CHART[key.code].floor_units is not None
