"""The whole ledger as it is committed, read in one go: nothing else runs in between."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import chain, islice

from adapters.memory import audit_checks, audit_links
from adapters.memory.store import Store
from application.ports.intents import IntentKind
from application.ports.verification import AccountTotal, Finding, LedgerAudit
from domain.ledger.account import Account
from domain.ledger.entry import MirrorOf
from domain.ledger.hold import HoldState
from domain.shared.ids import AccountId, TenantId
from domain.shared.money import AssetCode


class MemoryLedgerAudit:
    def __init__(self, store: Store) -> None:
        self._store = store

    def snapshot(self) -> AbstractAsyncContextManager[LedgerAudit]:
        """No method waits for anything, so neither does anybody who calls several."""
        return nullcontext(self)

    async def account_totals(self) -> AsyncIterator[AccountTotal]:
        snapshot = [
            self._total(tenant_id, account)
            for tenant_id in self._store.accounts.tenants
            for account in self._store.accounts.of(tenant_id).values()
        ]
        for total in snapshot:
            yield total

    async def findings(self, *, limit: int) -> tuple[Finding, ...]:
        checks = (*audit_checks.CHECKS, *audit_links.CHECKS)
        found: Iterator[Finding] = chain.from_iterable(
            check(self._store, tenant_id)
            for tenant_id in self._store.accounts.tenants
            for check in checks
        )
        return tuple(islice(found, limit))

    async def open_mirrors(self) -> tuple[tuple[TenantId, AssetCode, int], ...]:
        """In the sign of the entries of the tenant's house_clearing, credits positive."""
        sums: defaultdict[tuple[TenantId, AssetCode], int] = defaultdict(int)
        done = audit_links.mirrors(self._store)
        for tenant_id in self._store.transactions.tenants:
            intents = self._store.intents.of(tenant_id)
            for entry in audit_links.clearing_entries(self._store, tenant_id):
                is_done = done[MirrorOf(tenant_id, entry.transaction_id)] > 0
                if not is_done and (IntentKind.MIRROR, entry.transaction_id) in intents:
                    sums[tenant_id, entry.asset] += entry.units
        return tuple((*place, units) for place, units in sorted(sums.items()) if units != 0)

    def _total(self, tenant_id: TenantId, account: Account) -> AccountTotal:
        units = self._units(tenant_id, account.id)
        row = self._store.balances.of(tenant_id).get(account.id)
        stored = None if row is None else row.balance
        return AccountTotal(
            tenant_id=tenant_id,
            account=account,
            debits=-sum(each for each in units if each < 0),
            credits=sum(each for each in units if each > 0),
            entries=len(units),
            stored_debits=None if stored is None else stored.debits,
            stored_credits=None if stored is None else stored.credits,
            stored_held=None if stored is None else stored.held,
            stored_version=None if stored is None else stored.version,
            active_holds=self._held(tenant_id, account.id),
        )

    def _units(self, tenant_id: TenantId, account_id: AccountId) -> list[int]:
        entries = self._store.entries.of(tenant_id).values()
        return [entry.units for entry in entries if entry.account_id == account_id]

    def _held(self, tenant_id: TenantId, account_id: AccountId) -> int:
        holds = self._store.holds.of(tenant_id).values()
        return sum(
            hold.remaining
            for hold in holds
            if hold.account_id == account_id and hold.state is HoldState.ACTIVE
        )
