"""Settlements with LPs: one after the other, exact, and every step on record."""

import asyncio
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from application.ports.lp_settlements import SettlementFilter, SettlementStep
from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Post
from domain.ledger.entry import Entry, JournalTransaction
from domain.liquidity.exposure import LpTerms
from domain.liquidity.netting import (
    Action,
    LpSettlement,
    SettlementState,
    frozen,
    opened,
    proposed,
)
from domain.liquidity.quote import LpName
from domain.shared.errors import NotFound
from domain.shared.ids import OperatorId, SettlementId, TenantId
from domain.tenants.operator import Operator, SecondOperatorRequired
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.contract.world import USDT, World

NET = -500


class LpSettlementsContract:
    async def test_opened_settlement_is_there_with_its_step(self, world: World) -> None:
        terms = new_terms(world)
        made = await opening(world, terms)
        assert made is not None
        async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
            assert await tx.lp_settlements.get(made.id) == made
            assert await tx.lp_settlements.last((terms.lp, terms.asset)) == made
            (step,) = await tx.lp_settlements.steps(made.id)
        assert (step.version, step.action, step.by) == (1, Action.OPEN, None)

    async def test_unknown_settlement_is_not_found(self, world: World) -> None:
        async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
            with pytest.raises(NotFound):
                await tx.lp_settlements.get(SettlementId(world.id()))

    async def test_two_who_open_at_once_open_one(self, world: World) -> None:
        terms = new_terms(world)
        made = await asyncio.gather(*(opening(world, terms) for _ in range(4)))
        assert len([each for each in made if each is not None]) == 1

    async def test_next_one_waits_for_the_end_of_the_one_before(self, world: World) -> None:
        terms = new_terms(world)
        first = await opening(world, terms)
        assert first is not None
        assert await opening(world, terms, number=2) is None
        first = await freezing(world, first)
        second = await opening(world, terms, previous=first)
        assert second is not None
        assert (second.number, second.since) == (2, first.until)

    async def test_frozen_and_proposed_comes_back_as_it_was_kept(self, world: World) -> None:
        kept = await proposing(world, by=person(world, "Abena"))
        async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
            assert await tx.lp_settlements.get(kept.id) == kept
            steps = await tx.lp_settlements.steps(kept.id)
        assert [step.action for step in steps] == [
            Action.OPEN,
            Action.FREEZE,
            Action.CONFIRM,
            Action.PROPOSE,
        ]
        assert steps[-1].by == (kept.proposal and kept.proposal.by)

    async def test_store_refuses_a_payment_made_by_who_proposed_it(self, world: World) -> None:
        abena, kwame = person(world, "Abena"), person(world, "Kwame")
        kept = await proposing(world, by=abena)
        paid = replace(
            kept,
            state=SettlementState.SETTLED,
            settled_units=-NET,
            proposal=None,
            version=kept.version + 1,
        )
        async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
            await tx.lp_settlements.get(kept.id)
            with pytest.raises(SecondOperatorRequired):
                await tx.lp_settlements.update(paid, step(paid, Action.PAY, by=abena))
        async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
            await tx.lp_settlements.get(kept.id)
            await tx.lp_settlements.update(paid, step(paid, Action.PAY, by=kwame))
            await tx.commit()
        async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
            assert await tx.lp_settlements.get(kept.id) == paid

    async def test_net_is_of_the_period_and_without_payments(self, world: World) -> None:
        terms = new_terms(world)
        key = (terms.lp, terms.asset)
        since = world.now
        await booked(world, terms, 7, template="trade_mirror")
        await booked(world, terms, -9, template="trade_mirror")
        await booked(world, terms, 4, template="lp_settlement_paid")
        world.pass_time()
        until = world.now
        async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
            assert await tx.lp_settlements.net(key, since=None, until=until) == (-2, 2)
            assert await tx.lp_settlements.net(key, since=since, until=until) == (-2, 2)
            assert await tx.lp_settlements.net(key, since=until, until=until) == (0, 0)
            other = (LpName("nobody"), terms.asset)
            assert await tx.lp_settlements.net(other, since=None, until=until) == (0, 0)

    async def test_what_an_lp_still_has_to_pay_of_a_day_is_counted(self, world: World) -> None:
        terms = new_terms(world)
        first = await opening(world, terms)
        assert first is not None
        kept = await freezing(world, first, net_units=30)
        assert kept.value_date is not None
        async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
            assert await tx.lp_settlements.owed_to_us(terms.lp, kept.value_date) == 1
            assert await tx.lp_settlements.owed_to_us(terms.lp, date(2020, 1, 1)) == 0
            assert await tx.lp_settlements.owed_to_us(LpName("nobody"), kept.value_date) == 0

    async def test_pages_are_newest_first_and_by_lp_and_state(self, world: World) -> None:
        terms = new_terms(world)
        first = await opening(world, terms)
        assert first is not None
        first = await freezing(world, first)
        second = await opening(world, terms, previous=first)
        assert second is not None
        mine = SettlementFilter(lp=terms.lp)
        async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
            page = tx.lp_settlements.page
            assert await page(mine, before=None, limit=9) == (second, first)
            assert await page(mine, before=None, limit=1) == (second,)
            assert await page(mine, before=second.id, limit=9) == (first,)
            only = SettlementFilter(lp=terms.lp, state=SettlementState.FROZEN)
            assert await page(only, before=None, limit=9) == (first,)


def new_terms(world: World) -> LpTerms:
    """With an LP of its own: settlements of the house are everybody's."""
    return LpTerms(lp=LpName(f"lp_{world.id().hex[-12:]}"), asset=USDT.code, value_days=2)


def person(world: World, name: str) -> Operator:
    return Operator(OperatorId(world.id()), name)


def step(after: LpSettlement, action: Action, *, by: Operator | None = None) -> SettlementStep:
    return SettlementStep(
        version=after.version, action=action, state=after.state, by=by, at=after.updated_at
    )


async def opening(
    world: World,
    terms: LpTerms,
    *,
    previous: LpSettlement | None = None,
    number: int | None = None,
    tenant_id: TenantId = HOUSE_TENANT_ID,
) -> LpSettlement | None:
    made = opened(SettlementId(world.id()), terms, previous, at=world.now)
    if number is not None:
        made = replace(made, number=number, since=world.now)
    async with world.ports.uow.begin(tenant_id) as tx:
        if not await tx.lp_settlements.add(made, step(made, Action.OPEN)):
            return None
        await tx.commit()
    return made


async def changing(world: World, after: LpSettlement, made: SettlementStep) -> LpSettlement:
    async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
        await tx.lp_settlements.get(after.id)
        await tx.lp_settlements.update(after, made)
        await tx.commit()
    return after


async def freezing(world: World, known: LpSettlement, *, net_units: int = NET) -> LpSettlement:
    after = frozen(
        known,
        until=world.now + timedelta(seconds=1),
        net_units=net_units,
        entries=3,
        value_days=2,
        at=world.now,
    )
    return await changing(world, after, step(after, Action.FREEZE))


async def proposing(world: World, *, by: Operator) -> LpSettlement:
    terms = new_terms(world)
    first = await opening(world, terms)
    assert first is not None
    known = await freezing(world, first)
    agreed = replace(
        known,
        state=SettlementState.CONFIRMED,
        stated_units=NET,
        stated_ref="their file",
        version=known.version + 1,
    )
    await changing(world, agreed, step(agreed, Action.CONFIRM, by=by))
    after = proposed(agreed, terms, units=-NET, ref="wire 7", by=by, owed_to_us=0, at=world.now)
    return await changing(world, after, step(after, Action.PROPOSE, by=by))


async def booked(world: World, terms: LpTerms, units: int, *, template: str) -> None:
    """`units` more that the LP owes us, against custody."""
    keys = (
        AccountKey(AccountCode.LP_SETTLEMENT, terms.asset, terms.lp),
        AccountKey(AccountCode.CUSTODY, terms.asset),
    )
    header = world.header(reference="ord_1")
    async with world.ports.uow.begin(HOUSE_TENANT_ID) as tx:
        accounts = await tx.accounts.resolve(keys)
        lp, custody = (accounts[key] for key in keys)
        transaction = JournalTransaction(
            id=header.transaction_id,
            template=template,
            reference=header.reference,
            effective_on=header.effective_on,
            entries=(Entry(lp, terms.asset, -units), Entry(custody, terms.asset, units)),
        )
        await world.accept(tx, (Post(transaction, world.now),))
        await tx.commit()
