"""One pass over all books: bounded, fair, and stopped by nobody but a missing key."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from typing_extensions import override

from adapters.memory.clock import ManualClock
from adapters.memory.ledger_clock import MemoryLedgerClock
from adapters.memory.seal_anchor import MemorySealAnchor
from adapters.memory.signing import MemoryKeys
from adapters.memory.store import BookedTransaction, Store
from adapters.memory.unit_of_work import MemoryUnitOfWork
from adapters.system.ids import SystemIds
from application.ledger.seal_ledger import BLOCKS_MAX, SealLedger, SealReport
from application.ports.parties import StoredTenant
from application.ports.signing import SignerUnavailable
from domain.ledger.entry import Entry, JournalTransaction
from domain.ledger.seal import Seal
from domain.shared.ids import AccountId, TenantId, TransactionId
from domain.shared.money import AssetCode
from domain.tenants.tenant import HOUSE_TENANT_ID, PricingPolicy, Tenant, TenantStatus

POLICY = PricingPolicy(platform_spread_ppm=0, tenant_spread_ppm=0, fee_ppm=0)
USDT = AssetCode("USDT")


class Refusing(MemorySealAnchor):
    """Has no room for one of the tenants."""

    unlucky: TenantId | None = None

    @override
    async def append(self, seals: Sequence[Seal]) -> None:
        if any(seal.header.tenant_id == self.unlucky for seal in seals):
            raise OSError("no space left on device")
        await super().append(seals)


class Platform:
    """Books in memory, sealed in blocks of one transaction."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = Store(clock=self.clock, ids=SystemIds())
        self.signer, self.anchor = MemoryKeys(), Refusing()
        self.signer.make_key()
        self.uow = MemoryUnitOfWork(self.store)
        self.seal_ledger = SealLedger(
            uow=self.uow,
            ledger_clock=MemoryLedgerClock(self.store),
            signer=self.signer,
            anchor=self.anchor,
            clock=self.clock,
            transactions_max=1,
        )

    async def tenant(self, tenant_id: TenantId | None = None, *, booked: int = 0) -> TenantId:
        made = tenant_id or TenantId(self.store.ids.new())
        tenant = Tenant(id=made, name="Books", status=TenantStatus.ACTIVE, pricing=POLICY)
        now = self.clock.now()
        async with self.uow.begin(made) as tx:
            await tx.tenants.add(StoredTenant(tenant=tenant, created_at=now, updated_at=now))
            await tx.commit()
        for _ in range(booked):
            self.book(made)
        return made

    def book(self, tenant_id: TenantId) -> None:
        self.clock.advance(timedelta(seconds=1))
        one, other = (AccountId(self.store.ids.new()) for _ in range(2))
        transaction = JournalTransaction(
            id=TransactionId(self.store.ids.new()),
            template="transfer",
            reference="trf_1",
            effective_on=self.clock.now().date(),
            entries=(Entry(one, USDT, -1), Entry(other, USDT, 1)),
        )
        booked = BookedTransaction(transaction, self.clock.now())
        self.store.transactions.apply(tenant_id, {transaction.id: booked})

    async def close(self) -> None:
        self.clock.advance(timedelta(seconds=1))
        await self.run()

    async def run(self) -> SealReport:
        return await self.seal_ledger.execute()


@pytest.fixture
async def platform() -> Platform:
    made = Platform()
    await made.tenant(HOUSE_TENANT_ID)
    return made


async def test_first_pass_only_marks_the_time_that_the_next_one_closes(platform: Platform) -> None:
    await platform.tenant(booked=1)
    assert (await platform.run()).closed_until is None
    platform.clock.advance(timedelta(seconds=1))
    assert (await platform.run()).blocks == 0
    assert (await platform.run()).blocks == 1


async def test_long_backlog_is_sealed_in_bounded_passes(platform: Platform) -> None:
    await platform.tenant(booked=2 * BLOCKS_MAX + 1)
    await platform.tenant(booked=1)
    await platform.close()
    reports = [await platform.run() for _ in range(4)]
    assert [(each.blocks, each.backlog) for each in reports] == [
        (BLOCKS_MAX + 1, 1),
        (BLOCKS_MAX, 1),
        (1, 0),
        (0, 0),
    ]


async def test_books_that_cannot_be_sealed_stop_no_others(platform: Platform) -> None:
    unlucky = await platform.tenant(booked=1)
    await platform.tenant(booked=1)
    await platform.close()
    platform.anchor.unlucky = unlucky
    report = await platform.run()
    assert report.blocks == 1
    assert [(each.tenant_id, each.code) for each in report.refused] == [(unlucky, "failed")]
    platform.anchor.unlucky = None
    assert (await platform.run()).refused == ()
    assert len(await platform.anchor.lines(unlucky)) == 1


async def test_missing_key_is_said_and_nothing_is_sealed(platform: Platform) -> None:
    tenant_id = await platform.tenant(booked=1)
    await platform.close()
    platform.signer.lose_key()
    with pytest.raises(SignerUnavailable):
        await platform.run()
    assert await platform.anchor.lines(tenant_id) == ()
    platform.signer.make_key()
    assert (await platform.run()).blocks == 1


async def test_key_is_asked_for_only_when_there_is_something_to_seal(platform: Platform) -> None:
    await platform.tenant()
    platform.signer.lose_key()
    await platform.close()
    assert (await platform.run()).refused == ()
