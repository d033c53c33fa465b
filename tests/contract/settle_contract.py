"""Recording what an LP did: whole, once, and only by whoever holds the lease."""

import asyncio
from contextlib import suppress

import msgspec
import pytest
from msgspec.structs import replace

from application.ports.intents import IntentKind
from application.ports.trading import OpenExecution
from application.ports.unit_of_work import Transaction
from domain.ledger.hold import HoldState
from domain.liquidity.resolution import AttemptStatus
from domain.orders.events import Rejected
from domain.orders.lifecycle import apply
from domain.orders.order import Order, OrderStatus
from domain.shared.errors import InvariantViolation
from domain.shared.ids import HoldId
from domain.shared.side import Side
from tests.contract.world import EVIDENCE, LONG_LEASE, Party, World


class SettleContract:
    @pytest.mark.parametrize("side", Side)
    async def test_settling_moves_what_was_quoted(self, world: World, side: Side) -> None:
        party = await world.party()
        pay = world.new_quote(party, side=side)
        before = [
            (await world.view(party.tenant_id, account_id)).posted
            for account_id in (pay.pay_account_id, pay.receive_account_id)
        ]
        quote = (await world.trade(party, side=side)).execution.stored.quote
        after = [
            await world.view(party.tenant_id, account_id)
            for account_id in (pay.pay_account_id, pay.receive_account_id)
        ]
        assert [view.posted for view in after] == [
            before[0] - quote.pay.units,
            before[1] + quote.receive.units,
        ]
        assert [view.available for view in after] == [view.posted for view in after]

    async def test_settled_order_is_final_with_its_fill_and_attempt(self, world: World) -> None:
        party = await world.party()
        settled = await world.trade(party)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            detail = await tx.orders.detail(settled.order.id)
            hold = await tx.journal.hold(HoldId(settled.order.id))
            posted = await tx.journal.transaction(settled.transaction.id)
            opened = await tx.trading.open_execution(settled.order.id, lease_token=1)
        attempt = detail.attempt
        assert attempt is not None
        assert hold is not None
        assert (detail.order, detail.transaction_id) == (settled.order, settled.transaction.id)
        assert (attempt.status, attempt.lp_execution_id) == (AttemptStatus.FILLED, "exec-1")
        assert attempt.reported_base_units == settled.reported_base_units
        assert attempt.reported_quote_units == settled.reported_quote_units
        assert attempt.resolved_by == EVIDENCE.resolved_by
        assert msgspec.json.decode(attempt.evidence or b"") == msgspec.json.decode(EVIDENCE.seen)
        assert (hold.state, hold.captured) == (HoldState.CAPTURED, hold.units)
        assert posted.transaction == replace(settled.transaction, captures=())
        assert opened is None

    async def test_settling_leaves_the_mirror_to_do_and_nothing_else(self, world: World) -> None:
        party = await world.party()
        settled = await world.trade(party)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            again = await tx.intents.lease(
                IntentKind.SETTLE_EXECUTION, (settled.order.id,), duration=LONG_LEASE
            )
            (mirror,) = await tx.intents.lease(
                IntentKind.MIRROR, (settled.transaction.id,), duration=LONG_LEASE
            )
        assert again == ()
        assert msgspec.json.decode(mirror.payload or b"") == msgspec.json.decode(settled.mirror)

    async def test_settling_twice_happens_once(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        first, second = [await world.settlement(party, execution) for _ in range(2)]
        assert await world.settle(party, first)
        assert not await world.settle(party, second)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.orders.get(execution.order.id) == first.order

    async def test_stale_lease_settles_nothing(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        settled = await world.settlement(party, replace(execution, lease_token=7))
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert not await tx.trading.settle(settled)
            await try_to_commit(tx)
        await assert_open(world, party, execution)

    async def test_execution_that_was_read_too_early_settles_nothing(self, world: World) -> None:
        """The lease is right and the order is not as the caller knows it."""
        party = await world.party()
        execution = await world.execution(party)
        settled = await world.settlement(party, execution)
        newer = replace(execution, order=replace(execution.order, version=2))
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.trading.keep_open(
                execution,
                newer.order,
                status=AttemptStatus.UNKNOWN,
                evidence=EVIDENCE,
                looks=0,
                look_again_in=None,
                at=newer.order.updated_at,
                announcement=None,
            )
            await tx.commit()
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert not await tx.trading.settle(settled)
            await try_to_commit(tx)
        await assert_open(world, party, newer)
        assert await world.settle(party, await world.settlement(party, newer))

    async def test_rejecting_gives_the_hold_back(self, world: World) -> None:
        party = await world.party()
        before = await world.view(party.tenant_id, party.usdt)
        execution = await world.execution(party)
        order = rejected(world, execution)
        assert await reject(world, party, execution, order)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            detail = await tx.orders.detail(order.id)
            hold = await tx.journal.hold(HoldId(order.id))
            again = await tx.intents.lease(
                IntentKind.SETTLE_EXECUTION, (order.id,), duration=LONG_LEASE
            )
            opened = await tx.trading.open_execution(order.id, lease_token=1)
        assert detail.attempt is not None
        assert hold is not None
        assert (detail.order, detail.transaction_id) == (order, None)
        assert (detail.order.status, detail.order.reject_reason) == (
            OrderStatus.REJECTED,
            "price_moved",
        )
        assert (detail.attempt.status, detail.attempt.resolved_by) == (
            AttemptStatus.REJECTED,
            EVIDENCE.resolved_by,
        )
        assert (hold.state, hold.released) == (HoldState.RELEASED, hold.units)
        assert await world.view(party.tenant_id, party.usdt) == before
        assert (again, opened) == ((), None)

    async def test_stale_lease_rejects_nothing(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        stale = replace(execution, lease_token=7)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            order = rejected(world, execution)
            assert not await tx.trading.reject(
                stale,
                order,
                evidence=EVIDENCE,
                at=order.updated_at,
                announcement=world.news(execution.order, order),
            )
            await try_to_commit(tx)
        await assert_open(world, party, execution)

    async def test_what_is_settled_cannot_be_rejected_and_the_other_way_round(
        self, world: World
    ) -> None:
        party = await world.party()
        filled = await world.trade(party)
        execution = await world.execution(party)
        settled = await world.settlement(party, execution)
        assert await reject(world, party, execution, rejected(world, execution))
        assert not await world.settle(party, settled)
        order = rejected(world, filled.execution)
        assert not await reject(world, party, filled.execution, order)

    async def test_fill_and_rejection_at_once_have_one_winner(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        settled = await world.settlement(party, execution)
        order = rejected(world, execution)
        done = await asyncio.gather(
            world.settle(party, settled),
            reject(world, party, execution, order),
            world.settle(party, await world.settlement(party, execution)),
        )
        assert done.count(True) == 1
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert (await tx.orders.get(order.id)).is_final

    async def test_without_commit_nothing_is_settled(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        settled = await world.settlement(party, execution)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.trading.settle(settled)
        await assert_open(world, party, execution)
        assert await world.settle(party, settled)


def rejected(world: World, execution: OpenExecution) -> Order:
    event = Rejected(order_id=execution.order.id, at=world.now, reason="price_moved")
    return apply(execution.order, event)


async def reject(world: World, party: Party, execution: OpenExecution, order: Order) -> bool:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        done = await tx.trading.reject(
            execution,
            order,
            evidence=EVIDENCE,
            at=order.updated_at,
            announcement=world.news(execution.order, order),
        )
        if done:
            await tx.commit()
    return done


async def try_to_commit(tx: Transaction) -> None:
    """Whether a store refuses this or has nothing to write: nothing may come of it."""
    with suppress(InvariantViolation):
        await tx.commit()


async def assert_open(world: World, party: Party, execution: OpenExecution) -> None:
    """The order waits as before, its funds are held, and its lease is the same."""
    pay = execution.stored.quote.pay
    async with world.ports.uow.begin(party.tenant_id) as tx:
        opened = await tx.trading.open_execution(
            execution.order.id, lease_token=execution.lease_token
        )
        hold = await tx.journal.hold(HoldId(execution.order.id))
        account = await tx.accounts.get(execution.stored.pay_account_id)
    assert opened is not None
    assert hold is not None
    assert opened.order == execution.order
    assert (hold.state, hold.remaining) == (HoldState.ACTIVE, pay.units)
    assert account.posted - account.available == pay.units
