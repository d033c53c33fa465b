"""An order that two operators end, in a real database, and what a scraper sees of it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.memory.liquidity_faults import Armed, Fault
from adapters.postgres.execution_watch import PostgresExecutionWatch
from application.ledger.change_terms import ChangeOutdated, DecideCommand
from application.orders.resolve_by_hand import (
    OrderBeingLookedUp,
    ProposeResolution,
    ResolveByHand,
)
from application.ports.change_requests import ChangeRequest
from application.ports.intents import IntentKind
from domain.liquidity.resolution import AttemptStatus
from domain.orders.by_hand import REVIEW_AFTER, ManualOutcome, ManualResolution
from domain.orders.order import Order, OrderStatus, OutcomeFlag
from domain.shared.ids import OperatorId, TenantId
from domain.tenants.operator import Operator
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, quoted
from tests.integration.direct import connected
from tests.integration.stack import PRIMARY, Stack, open_stack

USDT = 1_000_000
REJECTED = ManualResolution(outcome=ManualOutcome.REJECTED)


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


class Desk:
    def __init__(self, stack: Stack, tenant_id: TenantId, order: Order) -> None:
        self.stack, self.tenant_id, self.order = stack, tenant_id, order
        self.first = Operator(OperatorId(stack.ids.new()), "Ama")
        self.second = Operator(OperatorId(stack.ids.new()), "Kwame")
        self.use_case = ResolveByHand(
            uow=stack.ops_uow,
            platform=stack.platform,
            providers=stack.lps,
            record=stack.record_outcome(stack.ops_uow),
            clock=stack.clock,
            ids=stack.ids,
        )

    async def propose(self, resolution: ManualResolution = REJECTED) -> ChangeRequest:
        command = ProposeResolution(
            tenant_id=self.tenant_id,
            order_id=self.order.id,
            resolution=resolution,
            evidence_name="mail.eml",
            evidence=b"\x00\xff the LP's word",
            reason="OPS-1",
            by=self.first,
        )
        return (await self.use_case.propose(command)).value

    async def approve(self, change: ChangeRequest, *, by: Operator | None = None) -> None:
        command = DecideCommand(tenant_id=self.tenant_id, change_id=change.id, by=by or self.second)
        await self.use_case.approve(command)

    async def shown(self) -> Order:
        async with self.stack.uow.begin(self.tenant_id) as tx:
            return await tx.orders.get(self.order.id)

    async def open_since(self, duration: timedelta) -> None:
        """As if it had been made so long ago."""
        async with connected(self.stack.admin_url) as admin:
            await admin.execute(
                "UPDATE aksum.orders SET created_at = created_at - $2::interval WHERE id = $1",
                self.order.id,
                duration,
            )


async def a_desk(stack: Stack, fault: Fault = Fault.EXECUTE_TIMEOUT_BEFORE_COMMIT) -> Desk:
    tenant_id = await stack.tenant()
    customer_id = await stack.customer(tenant_id, usdt=USDT)
    stack.lps[PRIMARY].arm(Armed(fault=fault))
    order = await accepted(stack, tenant_id, await quoted(stack, tenant_id, customer_id))
    assert order.outcome is OutcomeFlag.UNKNOWN
    desk = Desk(stack, tenant_id, order)
    await desk.open_since(REVIEW_AFTER)
    return desk


async def test_fill_by_two_is_booked_and_verified(stack: Stack) -> None:
    desk = await a_desk(stack)
    filled = ManualResolution(
        outcome=ManualOutcome.FILLED,
        lp_execution_id="x-1",
        base_units=10**6,
        quote_units=499 * 10**8,
    )
    await desk.approve(await desk.propose(filled))
    order = await desk.shown()
    assert order.status is OrderStatus.FILLED
    assert order.fills[0].source_ref == "x-1"
    await stack.mirror_all()
    assert (await stack.verified(full=True)).findings == ()


async def test_rejection_by_two_gives_the_hold_back(stack: Stack) -> None:
    desk = await a_desk(stack)
    await desk.approve(await desk.propose())
    order = await desk.shown()
    assert order.status is OrderStatus.REJECTED
    async with stack.uow.begin(desk.tenant_id) as tx:
        detail = await tx.orders.detail(order.id)
        (account,) = [
            each
            for each in await tx.accounts.of_customer(order.customer_id)
            if each.account.asset == "USDT"
        ]
    assert detail.attempt is not None
    assert (detail.attempt.status, detail.attempt.resolved_by) == (
        AttemptStatus.REJECTED,
        "operators",
    )
    assert account.balance.held == 0
    assert (await stack.verified(full=True)).findings == ()


async def test_order_that_is_being_looked_up_is_not_taken_away(stack: Stack) -> None:
    desk = await a_desk(stack)
    change = await desk.propose()
    await stack.make_due(desk.order.id, desk.tenant_id)
    async with stack.uow.begin(desk.tenant_id) as tx:
        (leased,) = await tx.intents.lease(
            IntentKind.SETTLE_EXECUTION, (desk.order.id,), duration=timedelta(seconds=30)
        )
        await tx.commit()
    with pytest.raises(OrderBeingLookedUp):
        await desk.approve(change)
    assert (await desk.shown()).status is OrderStatus.PENDING
    async with stack.uow.begin(desk.tenant_id) as tx:
        assert await tx.intents.give_back(leased)
        await tx.commit()
    await desk.approve(change)
    assert (await desk.shown()).status is OrderStatus.REJECTED


async def test_proof_of_the_resolver_wins_over_a_proposal(stack: Stack) -> None:
    desk = await a_desk(stack, Fault.EXECUTE_TIMEOUT_AFTER_COMMIT)
    change = await desk.propose()
    await stack.make_due(desk.order.id, desk.tenant_id)
    assert await stack.resolve_all() == [True]
    with pytest.raises(ChangeOutdated):
        await desk.approve(change)
    assert (await desk.shown()).status is OrderStatus.FILLED


async def test_scraper_counts_what_is_open_of_all_tenants_and_names_none(stack: Stack) -> None:
    watch = PostgresExecutionWatch(stack.api)
    assert (await watch.counts()).attempts == ()
    first, second = await a_desk(stack), await a_desk(stack)
    (counted,) = (await watch.counts()).attempts
    assert (counted.lp, counted.state, counted.orders) == (PRIMARY, "unknown", 2)
    assert counted.oldest_at <= stack.clock.now()
    for desk in (first, second):
        await desk.approve(await desk.propose())
    assert (await watch.counts()).attempts == ()
    async with stack.api.acquire() as connection:
        assert await connection.fetch("SELECT * FROM lp_attempts") == []
