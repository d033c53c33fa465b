"""The whole ledger as it is committed, read in one go: nothing else runs in between."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from itertools import chain, islice

from adapters.memory import audit_checks, audit_history, audit_links
from adapters.memory.audit_checks import Reading
from adapters.memory.ledger_folds import FOLD
from adapters.memory.store import Store
from application.ports.intents import IntentKind
from application.ports.verification import (
    AccountTotal,
    Finding,
    LedgerSnapshot,
    VerifiedMark,
)
from domain.ledger.account import Account
from domain.ledger.entry import MirrorOf
from domain.ledger.hold import HoldState
from domain.orders.order import OrderStatus
from domain.shared.ids import AccountId, OrderId, TenantId
from domain.shared.money import AssetCode


class MemoryLedgerAudit:
    def __init__(self, store: Store) -> None:
        self._store = store

    def snapshot(self, *, full: bool) -> AbstractAsyncContextManager[LedgerSnapshot]:
        """No method waits for anything, so neither does anybody who calls several."""
        return nullcontext(MemoryLedgerSnapshot(self._store, full=full))

    async def remember(self, mark: VerifiedMark) -> bool:
        verified = self._store.verified_before
        if mark.after is not None and verified.get(mark.tenant_id) != mark.after:
            return False
        verified[mark.tenant_id] = mark.booked_before
        return True


class MemoryLedgerSnapshot:
    """Row by row it reads what is newer than the marks. Sums are quick here, and made anew."""

    def __init__(self, store: Store, *, full: bool) -> None:
        self._store = store
        self._since = {} if full else dict(store.verified_before)

    async def account_totals(self) -> AsyncIterator[AccountTotal]:
        totals = [
            self._total(tenant_id, account)
            for tenant_id in self._store.accounts.tenants
            for account in self._store.accounts.of(tenant_id).values()
        ]
        for total in totals:
            yield total

    async def findings(self, *, limit: int) -> tuple[Finding, ...]:
        checks = (*audit_checks.CHECKS, *audit_history.CHECKS, *audit_links.CHECKS)
        found: Iterator[Finding] = chain.from_iterable(
            check(self._reading(tenant_id))
            for tenant_id in self._store.accounts.tenants
            for check in checks
        )
        return tuple(islice(found, limit))

    async def marks(self) -> tuple[VerifiedMark, ...]:
        closed = self._store.closed_until
        if closed is None:
            return ()
        return tuple(self._mark(tenant_id, closed) for tenant_id in self._store.tenants.tenants)

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
        posted = [
            entry
            for entry in self._store.entries.of(tenant_id).values()
            if entry.account_id == account.id
        ]
        units = [entry.units for entry in posted]
        reading = self._reading(tenant_id)
        row = self._store.balances.of(tenant_id).get(account.id)
        stored = None if row is None else row.balance
        return AccountTotal(
            tenant_id=tenant_id,
            account=account,
            debits=-sum(each for each in units if each < 0),
            credits=sum(each for each in units if each > 0),
            entries=len(units),
            entries_read=sum(reading.is_new(entry.booked_at) for entry in posted),
            stored_debits=None if stored is None else stored.debits,
            stored_credits=None if stored is None else stored.credits,
            stored_held=None if stored is None else stored.held,
            stored_version=None if stored is None else stored.version,
            active_holds=self._held(tenant_id, account.id),
        )

    def _reading(self, tenant_id: TenantId) -> Reading:
        return Reading(self._store, tenant_id, self._since.get(tenant_id))

    def _mark(self, tenant_id: TenantId, closed: datetime) -> VerifiedMark:
        """Up to the first that is closed but not folded yet."""
        folded = self._store.folds.of(tenant_id).get(FOLD)
        waiting = (
            booked.booked_at
            for booked in self._store.transactions.of(tenant_id).values()
            if booked.booked_at < closed and (folded is None or booked.booked_at >= folded)
        )
        pending = (
            order.id
            for order in self._store.orders.of(tenant_id).values()
            if order.status is OrderStatus.PENDING
        )
        since = self._since.get(tenant_id)
        reached = min(waiting, default=closed)
        return VerifiedMark(
            tenant_id=tenant_id,
            after=since,
            booked_before=reached if since is None else max(since, reached),
            orders_from=min(pending, default=OrderId(self._store.ids.new())),
        )

    def _held(self, tenant_id: TenantId, account_id: AccountId) -> int:
        holds = self._store.holds.of(tenant_id).values()
        return sum(
            hold.remaining
            for hold in holds
            if hold.account_id == account_id and hold.state is HoldState.ACTIVE
        )
