"""The life of a settlement on PostgreSQL: every trade in one, agreed, reconciled, paid by two."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.memory.liquidity import CAPABILITIES, MemoryLiquidityProvider
from adapters.postgres.ledger_clock import PostgresLedgerClock
from application.errors import IdempotencyKeyReused
from application.liquidity.settle_with_lp import SettleCommand, SettleWithLp
from application.ports.reconciliation import Statement
from domain.ledger.account import AccountKey
from domain.ledger.chart import AccountCode
from domain.ledger.commands import Post
from domain.ledger.entry import Entry, JournalTransaction
from domain.liquidity.capabilities import Settlement
from domain.liquidity.exposure import LpTerms, PaysFirst
from domain.liquidity.netting import (
    LpSettlement,
    SettlementAmountInvalid,
    SettlementNotReady,
    SettlementNotReconciled,
    SettlementPaysLater,
    SettlementState,
)
from domain.reconciliation.source import Source, SourceKind
from domain.shared.ids import OperatorId, SettlementId, StatementId, TransactionId
from domain.shared.money import AssetCode
from domain.shared.price import parse_price
from domain.tenants.operator import Operator, SecondOperatorRequired
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepting, quoted
from tests.integration.stack import BTC, PRIMARY, USDT, Stack, open_stack, request

NEEDED = 500 * 10**8
BOUGHT = 10**6
ABENA, KWAME = (Operator(OperatorId(UUID(int=n)), name) for n, name in ((1, "Abena"), (2, "Kwame")))
TERMS = LpTerms(
    lp=PRIMARY, asset=USDT.code, limit_units=10**18, pays_first=PaysFirst.THEM, value_days=1
)


class Desk:
    """One LP that settles after the trade, and what operators do with it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.clock = PostgresLedgerClock(stack.worker)
        self.settle = SettleWithLp(
            uow=stack.ops_uow,
            capacities=stack.capacities,
            providers=stack.lps,
            ledger_clock=self.clock,
            clock=stack.clock,
            ids=stack.ids,
        )

    async def trade(self) -> None:
        """0.01 BTC for 500 USDT, in the house's books as well."""
        tenant_id = await self.stack.tenant()
        customer_id = await self.stack.customer(tenant_id, usdt=1_000)
        await self.stack.refill.execute()
        quote = await quoted(self.stack, tenant_id, customer_id)
        await self.stack.accept_quote.execute(accepting(tenant_id, quote))
        await self.stack.mirror_all()

    async def last(self, asset: AssetCode) -> LpSettlement:
        async with self.stack.uow.begin(HOUSE_TENANT_ID) as tx:
            found = await tx.lp_settlements.last((PRIMARY, asset))
        assert found is not None
        return found

    async def get(self, settlement_id: SettlementId) -> LpSettlement:
        async with self.stack.ops_uow.begin(HOUSE_TENANT_ID) as tx:
            return await tx.lp_settlements.get(settlement_id)

    async def closed(self) -> None:
        """Until booking is closed before this moment."""
        now = self.stack.clock.now()
        async with asyncio.timeout(10):
            while (await self.clock.advance() or now) <= now:
                pass

    async def freeze(self, asset: AssetCode) -> LpSettlement:
        known = await self.last(asset)
        return (await self.settle.freeze(by(ABENA, known.id))).value

    async def reconciled(self, until: datetime) -> None:
        """The LP's list was read up to there, and nothing is left unexplained."""
        source = Source(
            name=PRIMARY,
            kind=SourceKind.LP_EXECUTIONS,
            account_code=AccountCode.LP_SETTLEMENT,
            account_owner=PRIMARY,
        )
        async with self.stack.worker_uow.begin(HOUSE_TENANT_ID) as tx:
            await tx.reconciliation.add_source(source)
            await tx.reconciliation.lock(PRIMARY)
            last = await tx.reconciliation.last_statement(PRIMARY)
            if last is not None and last.until >= until:
                return
            statement = Statement(
                id=StatementId(self.stack.ids.new()),
                source=PRIMARY,
                since=until - timedelta(days=1),
                until=until,
                list_from=until,
                digest=self.stack.ids.new().bytes * 2,
                positions=(),
                created_at=self.stack.clock.now(),
            )
            await tx.reconciliation.add_statement(statement, ())
            await tx.commit()

    async def agreed(self, asset: AssetCode) -> LpSettlement:
        known = await self.freeze(asset)
        assert known.until is not None
        await self.reconciled(known.until)
        stated = by(ABENA, known.id, units=known.net_units, ref="their file")
        return (await self.settle.confirm(stated)).value

    async def balance(self, asset: AssetCode) -> int:
        key = AccountKey(AccountCode.LP_SETTLEMENT, asset, PRIMARY)
        async with self.stack.uow.begin(HOUSE_TENANT_ID) as tx:
            (account_id,) = (await tx.accounts.resolve((key,))).values()
            return (await tx.accounts.get(account_id)).posted


def post_trade(stack: Stack) -> MemoryLiquidityProvider:
    return MemoryLiquidityProvider(
        PRIMARY,
        clock=stack.clock,
        prices={"BTC-USDT": parse_price("50000")},
        capabilities=replace(CAPABILITIES, settlement=Settlement.POST_TRADE),
    )


def by(
    operator: Operator,
    settlement_id: SettlementId,
    *,
    units: int | None = None,
    ref: str | None = None,
    reason: str | None = None,
    key: str | None = None,
) -> SettleCommand:
    return SettleCommand(
        settlement_id=settlement_id,
        by=operator,
        units=units,
        ref=ref,
        reason=reason,
        request=None if key is None else request(key),
    )


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with open_stack(database) as stack:
        stack.lps[PRIMARY] = post_trade(stack)
        await stack.capacities.agree(TERMS, reason="test")
        await stack.capacities.agree(replace(TERMS, asset=BTC.code), reason="test")
        desk = Desk(stack)
        assert await desk.settle.open_missing() == 2
        assert await desk.settle.open_missing() == 0
        yield desk


async def test_settlement_from_the_trade_to_the_last_payment(desk: Desk) -> None:
    await desk.trade()
    await desk.trade()
    assert (await desk.balance(USDT.code), await desk.balance(BTC.code)) == (
        -2 * NEEDED,
        2 * BOUGHT,
    )
    await desk.closed()
    owed, owing = await desk.agreed(BTC.code), await desk.agreed(USDT.code)
    assert (owed.state, owed.net_units, owed.entries) == (
        SettlementState.CONFIRMED,
        2 * BOUGHT,
        2,
    )
    assert (owing.state, owing.net_units) == (SettlementState.CONFIRMED, -2 * NEEDED)

    pay = by(ABENA, owing.id, units=2 * NEEDED, ref="wire 7")
    with pytest.raises(SettlementPaysLater):
        await desk.settle.propose(pay)
    got = (await desk.settle.receive(by(KWAME, owed.id, units=2 * BOUGHT, ref="tx 1"))).value
    assert (got.state, await desk.balance(BTC.code)) == (SettlementState.SETTLED, 0)

    await desk.settle.propose(pay)
    with pytest.raises(SecondOperatorRequired):
        await desk.settle.pay(pay)
    # Proposed anew after the second operator had looked.
    await desk.settle.propose(replace(pay, units=2 * NEEDED - 1))
    with pytest.raises(SettlementNotReady, match="another payment"):
        await desk.settle.pay(replace(pay, by=KWAME))
    await desk.settle.propose(pay)
    assert await desk.balance(USDT.code) == -2 * NEEDED
    done = (await desk.settle.pay(replace(pay, by=KWAME))).value
    assert (done.state, done.left_units) == (SettlementState.SETTLED, 0)
    assert (await desk.balance(USDT.code), await desk.balance(BTC.code)) == (0, 0)
    async with desk.stack.uow.begin(HOUSE_TENANT_ID) as tx:
        steps = await tx.lp_settlements.steps(owing.id)
    assert [step.by and step.by.name for step in steps] == [None, *["Abena"] * 5, "Kwame"]
    assert (await desk.stack.verified()).passed
    # What was paid is in no later settlement: it settled this one.
    await desk.trade()
    await desk.closed()
    after = await desk.freeze(USDT.code)
    assert (after.net_units, after.number, after.since) == (-NEEDED, 2, owing.until)


async def test_trade_still_open_when_another_is_frozen_is_in_the_next_settlement(
    desk: Desk,
) -> None:
    """Booked before, committed after: it is in exactly one of the two."""
    await desk.trade()
    async with desk.stack.worker_uow.begin(HOUSE_TENANT_ID) as late:
        keys = (
            AccountKey(AccountCode.LP_SETTLEMENT, USDT.code, PRIMARY),
            AccountKey(AccountCode.CUSTODY, USDT.code),
        )
        accounts = await late.accounts.resolve(keys)
        now = desk.stack.clock.now()
        posting = JournalTransaction(
            id=TransactionId(desk.stack.ids.new()),
            template="trade_mirror",
            reference="late",
            effective_on=now.date(),
            entries=(
                Entry(accounts[keys[0]], USDT.code, 7),
                Entry(accounts[keys[1]], USDT.code, -7),
            ),
        )
        (outcome,) = await late.journal.post((Post(posting, now),))
        assert outcome.accepted
        await desk.trade()
        for _ in range(4):
            await desk.clock.advance()
        try:
            first = await desk.freeze(USDT.code)
        except SettlementNotReady:
            first = None
        await late.commit()
    await desk.closed()
    second = await desk.freeze(USDT.code)
    found = [each for each in (first, second) if each is not None]
    assert sum(each.net_units or 0 for each in found) == -2 * NEEDED - 7
    assert await desk.balance(USDT.code) == -2 * NEEDED - 7
    assert sum(each.entries or 0 for each in found) == 3
    if first is not None:
        assert (first.until, second.number) == (second.since, 2)


async def test_nothing_is_confirmed_before_it_is_reconciled(desk: Desk) -> None:
    await desk.trade()
    await desk.closed()
    known = await desk.freeze(USDT.code)
    stated = by(ABENA, known.id, units=-NEEDED, ref="their file")
    with pytest.raises(SettlementNotReconciled):
        await desk.settle.confirm(stated)
    assert known.until is not None
    await desk.reconciled(known.until - timedelta(milliseconds=1))
    with pytest.raises(SettlementNotReconciled):
        await desk.settle.confirm(stated)
    assert (await desk.get(known.id)).state is SettlementState.FROZEN


async def test_another_figure_is_a_dispute_that_nothing_is_paid_of(desk: Desk) -> None:
    await desk.trade()
    await desk.closed()
    known = await desk.freeze(USDT.code)
    assert known.until is not None
    await desk.reconciled(known.until)
    other = by(ABENA, known.id, units=-NEEDED + 3, ref="their file")
    held = (await desk.settle.confirm(other)).value
    assert (held.state, held.difference_units) == (SettlementState.DISPUTED, 3)
    with pytest.raises(SettlementNotReady):
        await desk.settle.propose(by(ABENA, known.id, units=1, ref="wire 7"))
    await desk.settle.reopen(by(KWAME, known.id, reason="they sent a new file"))
    stated = by(ABENA, known.id, units=-NEEDED, ref="their second file")
    assert (await desk.settle.confirm(stated)).value.state is SettlementState.CONFIRMED


async def test_payments_go_in_slices_and_a_repetition_pays_nothing_twice(desk: Desk) -> None:
    await desk.stack.capacities.agree(
        replace(TERMS, pays_first=PaysFirst.US, slice_units=NEEDED // 2), reason="test"
    )
    await desk.trade()
    await desk.closed()
    owing = await desk.agreed(USDT.code)
    with pytest.raises(SettlementAmountInvalid):
        await desk.settle.propose(by(ABENA, owing.id, units=NEEDED, ref="wire 7"))
    half = by(ABENA, owing.id, units=NEEDED // 2, ref="wire 7")
    await desk.settle.propose(half)
    second = replace(half, by=KWAME)
    paying = replace(second, request=request("pay once"))
    assert (await desk.settle.pay(paying)).value.state is SettlementState.PAYING
    assert (await desk.settle.pay(paying)).replayed
    assert await desk.balance(USDT.code) == -(NEEDED // 2)
    with pytest.raises(SettlementNotReady):
        await desk.settle.pay(second)
    await desk.settle.propose(half)
    assert (await desk.settle.pay(second)).value.state is SettlementState.SETTLED


async def test_what_the_provider_paid_is_booked_once_under_its_name(desk: Desk) -> None:
    await desk.trade()
    await desk.closed()
    owed = await desk.agreed(BTC.code)
    part = by(KWAME, owed.id, units=BOUGHT // 4, ref="tx 1")
    await desk.settle.receive(part)
    # By somebody else, who has seen the same line of the statement.
    again = await desk.settle.receive(replace(part, by=ABENA))
    assert (again.replayed, again.value.settled_units) == (True, BOUGHT // 4)
    with pytest.raises(IdempotencyKeyReused):
        await desk.settle.receive(replace(part, units=1))
    assert await desk.balance(BTC.code) == BOUGHT - BOUGHT // 4
    done = await desk.settle.receive(replace(part, ref="tx 2"))
    assert (done.replayed, done.value.settled_units) == (False, BOUGHT // 2)


async def test_two_who_freeze_at_once_freeze_one(desk: Desk) -> None:
    await desk.trade()
    await desk.closed()
    known = await desk.last(USDT.code)
    done = await asyncio.gather(
        *(desk.settle.freeze(by(ABENA, known.id)) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(each, SettlementNotReady) for each in done) == 3
    assert (await desk.last(USDT.code)).number == 2
