"""What an operator takes back is taken back once, in both books, and both add up all the while."""

import asyncio
from datetime import timedelta

import pytest

from adapters.system.ids import SystemIds
from application.errors import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InsufficientFunds,
    Overloaded,
)
from application.ledger.mirror_to_house import MirrorToHouse
from application.ledger.reverse_transaction import Reversal, ReverseCommand, ReverseTransaction
from application.ports.intents import DueIntent, IntentKind
from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Post
from domain.ledger.entry import JournalTransaction, MirrorOf
from domain.ledger.period import PeriodClosed
from domain.ledger.reversible import (
    NotReversible,
    OriginalNotFound,
    OriginalReversed,
    ReasonInvalid,
    ReversalDayInvalid,
)
from domain.shared.errors import InvariantViolation
from domain.shared.ids import IdPrefix, OperatorId, TenantId, TransactionId, encode_id
from domain.tenants.operator import Operator
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.contract.ledger_audit_contract import difference, findings, on_its_way
from tests.contract.world import ENOUGH_USDT, LONG_LEASE, USDT, Party, World

OTHER_WAY = ENOUGH_USDT + 5


class ReversalContract:
    async def test_transfer_is_taken_back_and_the_reason_kept(self, world: World) -> None:
        payer = await world.party()
        payee = await world.party(payer.tenant_id)
        moving = await moved(world, payer, payee, 7)
        done = await reverse(world, payer.tenant_id, moving.id)
        assert not done.mirrored
        assert done.transaction.reverses == moving.id
        assert done.transaction.reference == moving.reference
        assert await posted(world, payer) == await posted(world, payee) == ENOUGH_USDT
        async with world.ports.ops_uow.begin(payer.tenant_id) as tx:
            kept = await tx.corrections.of(done.transaction.id)
        assert kept is not None
        assert (kept.reverses, kept.reason, kept.made_by) == (moving.id, "paid twice", "Abena")
        assert await findings(world, payer.tenant_id) == []

    async def test_reversed_deposit_is_reversed_in_the_house_too(self, world: World) -> None:
        party = await world.party()
        deposit = await world.deposit(party, USDT, 5)
        await mirror(world, party.tenant_id, deposit.id)
        await sound(world, party.tenant_id)
        done = await reverse(world, party.tenant_id, deposit.id)
        await sound(world, party.tenant_id)
        assert done.mirrored
        await mirror(world, party.tenant_id, done.transaction.id)
        await sound(world, party.tenant_id)
        assert await posted(world, party) == ENOUGH_USDT
        house = await mirror_of(world, party.tenant_id, done.transaction)
        original = await mirror_of(world, party.tenant_id, deposit)
        assert house is not None
        assert original is not None
        assert house.template == "reversal_mirror"
        assert house.reverses == original.id

    async def test_reversal_waits_for_the_mirror_of_what_it_reverses(self, world: World) -> None:
        party = await world.party()
        deposit = await world.deposit(party, USDT, 5)
        done = await reverse(world, party.tenant_id, deposit.id)
        await mirror(world, party.tenant_id, done.transaction.id)
        assert await mirror_of(world, party.tenant_id, done.transaction) is None
        await sound(world, party.tenant_id)
        await mirror(world, party.tenant_id, deposit.id)
        await sound(world, party.tenant_id)
        # It was put off for a moment, and not parked.
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.intents.make_due(IntentKind.MIRROR, done.transaction.id)
            await tx.commit()
        await mirror(world, party.tenant_id, done.transaction.id)
        assert await mirror_of(world, party.tenant_id, done.transaction) is not None
        await sound(world, party.tenant_id)

    async def test_deposit_and_its_reversal_are_mirrored_together(self, world: World) -> None:
        party = await world.party()
        deposit = await world.deposit(party, USDT, 5)
        done = await reverse(world, party.tenant_id, deposit.id)
        await mirror(world, party.tenant_id, done.transaction.id, deposit.id)
        assert await mirror_of(world, party.tenant_id, done.transaction) is not None
        await sound(world, party.tenant_id)

    async def test_mirror_followed_twice_is_posted_once(self, world: World) -> None:
        """As when a worker dies between the house's commit and the tenant's."""
        party = await world.party()
        deposit = await world.deposit(party, USDT, 5)
        done = await reverse(world, party.tenant_id, deposit.id)
        await mirror(world, party.tenant_id, deposit.id)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            (intent,) = await tx.intents.lease(
                IntentKind.MIRROR, (done.transaction.id,), duration=LONG_LEASE
            )
        await mirror(world, party.tenant_id, done.transaction.id)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            await tx.intents.add(IntentKind.MIRROR, done.transaction.id, payload=intent.payload)
            await tx.commit()
        await mirror(world, party.tenant_id, done.transaction.id)
        await sound(world, party.tenant_id)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert not await tx.intents.make_due(IntentKind.MIRROR, done.transaction.id)

    async def test_second_reversal_is_told_of_the_first(self, world: World) -> None:
        party = await world.party()
        deposit = await world.deposit(party, USDT, 5)
        first = await reverse(world, party.tenant_id, deposit.id)
        with pytest.raises(OriginalReversed) as refused:
            await reverse(world, party.tenant_id, deposit.id)
        named = encode_id(IdPrefix.TRANSACTION, first.transaction.id)
        assert refused.value.context == {"reversed_by": named}
        assert await posted(world, party) == ENOUGH_USDT

    async def test_same_key_again_gives_the_same_reversal(self, world: World) -> None:
        party = await world.party()
        deposit = await world.deposit(party, USDT, 5)
        first = await reverse(world, party.tenant_id, deposit.id, key="k")
        again = await reverse(world, party.tenant_id, deposit.id, key="k")
        assert (first.replayed, again.replayed) == (False, True)
        assert (again.transaction, again.mirrored) == (first.transaction, True)
        other = await world.deposit(party, USDT, 5)
        with pytest.raises(IdempotencyKeyReused):
            await reverse(world, party.tenant_id, other.id, key="k")
        assert await posted(world, party) == OTHER_WAY

    async def test_refusal_under_a_key_stands(self, world: World) -> None:
        payer = await world.party()
        payee = await world.party(payer.tenant_id, usdt_units=1)
        moving = await moved(world, payer, payee, 7)
        back = await moved(world, payee, payer, 8)
        with pytest.raises(InsufficientFunds):
            await reverse(world, payer.tenant_id, moving.id, key="k")
        await reverse(world, payer.tenant_id, back.id)
        with pytest.raises(InsufficientFunds):
            await reverse(world, payer.tenant_id, moving.id, key="k")
        await reverse(world, payer.tenant_id, moving.id, key="another")
        assert await posted(world, payee) == 1

    async def test_concurrent_reversals_have_one_winner(self, world: World) -> None:
        party = await world.party()
        deposit = await world.deposit(party, USDT, 5)
        results = await asyncio.gather(
            *(reverse(world, party.tenant_id, deposit.id) for _ in range(4)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Reversal) for each in results) == 1
        refused = (OriginalReversed, Overloaded, IdempotencyInProgress)
        assert all(isinstance(each, (Reversal, *refused)) for each in results)
        assert await posted(world, party) == ENOUGH_USDT

    async def test_unknown_original_is_not_found_in_another_tenants_books(
        self, world: World
    ) -> None:
        party = await world.party()
        deposit = await world.deposit(party, USDT, 5)
        with pytest.raises(OriginalNotFound):
            await reverse(world, await world.tenant(), deposit.id)

    async def test_trade_and_what_the_house_mirrors_are_not_reversed_by_hand(
        self, world: World
    ) -> None:
        party = await world.party()
        settled = await world.trade(party)
        await world.mirror(party.tenant_id, settled.transaction.id)
        mirrored = await mirror_of(world, party.tenant_id, settled.transaction)
        assert mirrored is not None
        deposit = await world.deposit(party, USDT, 5)
        reversal = await reverse(world, party.tenant_id, deposit.id)
        for tenant_id, transaction in (
            (party.tenant_id, settled.transaction),
            (HOUSE_TENANT_ID, mirrored),
            (party.tenant_id, reversal.transaction),
        ):
            with pytest.raises(NotReversible) as refused:
                await reverse(world, tenant_id, transaction.id)
            assert refused.value.context == {"template": transaction.template}

    async def test_day_must_be_open_and_lie_between_the_original_and_today(
        self, world: World
    ) -> None:
        payer = await world.party()
        payee = await world.party(payer.tenant_id)
        today = world.now.date()
        old = today - timedelta(days=10)
        moving = await moved(world, payer, payee, 7, days_ago=10)
        async with world.ports.ops_uow.begin(payer.tenant_id) as tx:
            assert await tx.journal.close_period(today - timedelta(days=5), by="Abena")
            await tx.commit()
        with pytest.raises(PeriodClosed):
            await reverse(world, payer.tenant_id, moving.id, days_ago=6)
        for wrong in (11, -1):
            with pytest.raises(ReversalDayInvalid) as refused:
                await reverse(world, payer.tenant_id, moving.id, days_ago=wrong)
            days = {"earliest": old.isoformat(), "latest": today.isoformat()}
            assert refused.value.context == days
        done = await reverse(world, payer.tenant_id, moving.id, days_ago=4)
        assert done.transaction.effective_on == today - timedelta(days=4)

    async def test_reversal_without_a_reason_is_refused(self, world: World) -> None:
        party = await world.party()
        deposit = await world.deposit(party, USDT, 5)
        for reason in ("", "  ", "a\nb", "x" * 501):
            with pytest.raises(ReasonInvalid):
                await reverse(world, party.tenant_id, deposit.id, reason=reason)
        assert await posted(world, party) == OTHER_WAY

    async def test_clearing_is_reversed_at_its_other_end(self, world: World) -> None:
        party = await world.party()
        deposit = await world.deposit(party, USDT, 5)
        await world.mirror(party.tenant_id, deposit.id)
        done = await reverse(world, party.tenant_id, deposit.id)
        await mirror(world, party.tenant_id, done.transaction.id)
        clearing = AccountKey(AccountCode.HOUSE_CLEARING, USDT.code)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            account_id = (await tx.accounts.resolve((clearing,)))[clearing]
            assert (await tx.accounts.get(account_id)).posted == ENOUGH_USDT


async def reverse(
    world: World,
    tenant_id: TenantId,
    transaction_id: TransactionId,
    *,
    key: str | None = None,
    reason: str = " paid twice ",
    days_ago: int | None = None,
) -> Reversal:
    uow = world.ports.ops_uow
    use_case = ReverseTransaction(uow=uow, clock=world.ports.clock, ids=SystemIds())
    day = None if days_ago is None else world.now.date() - timedelta(days=days_ago)
    return await use_case.execute(
        ReverseCommand(
            tenant_id=tenant_id,
            transaction_id=transaction_id,
            reason=reason,
            by=Operator(OperatorId(world.id()), "Abena"),
            effective_on=day,
            key=key,
        )
    )


async def mirror(world: World, tenant_id: TenantId, *subjects: TransactionId) -> None:
    """As a worker does it."""
    follow = MirrorToHouse(uow=world.ports.uow, clock=world.ports.clock)
    await follow.execute([DueIntent(tenant_id, subject) for subject in subjects])


async def mirror_of(
    world: World, tenant_id: TenantId, transaction: JournalTransaction
) -> JournalTransaction | None:
    async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
        found = await tx.journal.mirror(
            MirrorOf(tenant_id, transaction.id), reference=transaction.reference
        )
    return None if found is None else found.transaction


async def sound(world: World, tenant_id: TenantId) -> None:
    """Nothing is amiss, and the two ends differ by exactly what is on its way."""
    assert await findings(world, tenant_id) == []
    moving = {
        asset: units for asset, units in (await on_its_way(world, tenant_id)).items() if units
    }
    assert await difference(world, tenant_id) == moving


async def moved(
    world: World, payer: Party, payee: Party, units: int, *, days_ago: int = 0
) -> JournalTransaction:
    moving = world.moving(payer.usdt, payee.usdt, units)
    day = moving.effective_on - timedelta(days=days_ago)
    moving = JournalTransaction(
        id=moving.id,
        template="transfer",
        reference=f"trf_{moving.id}",
        effective_on=day,
        entries=moving.entries,
    )
    async with world.ports.uow.begin(payer.tenant_id) as tx:
        await world.accept(tx, (Post(moving, world.now),))
        await tx.commit()
    return moving


async def posted(world: World, party: Party) -> int:
    view = await world.view(party.tenant_id, party.usdt)
    if view.available != view.posted:
        raise InvariantViolation("nothing is held here")
    return view.posted
