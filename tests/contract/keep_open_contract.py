"""An outcome that stays open: on record, the funds held, the next look due or the lease kept."""

from datetime import timedelta

import msgspec
from msgspec.structs import replace

from application.ports.intents import Intent, IntentKind
from application.ports.trading import Evidence, OpenExecution
from domain.liquidity.resolution import AttemptStatus
from domain.orders.announcements import order_changed
from domain.orders.events import LpPending, OutcomeBecameUnknown
from domain.orders.lifecycle import apply
from domain.orders.order import Order, OutcomeFlag
from domain.shared.ids import EventId, OrderId
from tests.contract.settle_contract import assert_open, try_to_commit
from tests.contract.world import CATALOG, EVIDENCE, LONG_LEASE, Party, World

AT_ONCE = timedelta(0)
LATER = timedelta(hours=1)


class KeepOpenContract:
    async def test_unknown_outcome_is_on_record_and_the_funds_stay_held(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        order = unknown(world, execution)
        assert await keep_open(world, party, execution, order, look_again_in=LATER)
        await assert_open(world, party, replace(execution, order=order))
        async with world.ports.uow.begin(party.tenant_id) as tx:
            detail = await tx.orders.detail(order.id)
        attempt = detail.attempt
        assert attempt is not None
        assert detail.order.outcome is OutcomeFlag.UNKNOWN
        assert (attempt.status, attempt.looks) == (AttemptStatus.UNKNOWN, 3)
        assert msgspec.json.decode(attempt.evidence or b"") == msgspec.json.decode(EVIDENCE.seen)

    async def test_acknowledged_execution_keeps_the_id_the_lp_gave_it(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        event = LpPending(order_id=execution.order.id, at=world.now, lp_execution_id="exec-9")
        order = apply(execution.order, event)
        acknowledged = replace(
            execution, attempt=replace(execution.attempt, lp_execution_id="exec-9")
        )
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.trading.keep_open(
                acknowledged,
                order,
                status=AttemptStatus.PENDING,
                evidence=None,
                looks=0,
                look_again_in=None,
                at=order.updated_at,
                announcement=None,
            )
            await tx.commit()
        async with world.ports.uow.begin(party.tenant_id) as tx:
            opened = await tx.trading.open_execution(order.id, lease_token=1)
        assert opened is not None
        assert (opened.attempt.status, opened.attempt.lp_execution_id) == (
            AttemptStatus.PENDING,
            "exec-9",
        )

    async def test_earlier_evidence_stays_when_there_is_no_new(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        order = unknown(world, execution)
        await keep_open(world, party, execution, order, look_again_in=None)
        again = replace(execution, order=order)
        later = unknown(world, again)
        assert await keep_open(world, party, again, later, look_again_in=None, evidence=None)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            attempt = (await tx.orders.detail(order.id)).attempt
        assert attempt is not None
        assert msgspec.json.decode(attempt.evidence or b"") == msgspec.json.decode(EVIDENCE.seen)

    async def test_look_again_at_once_gives_the_lease_to_the_next(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        order = unknown(world, execution)
        assert await keep_open(world, party, execution, order, look_again_in=AT_ONCE)
        (intent,) = await lease(world, party, order.id)
        assert intent.lease_token > execution.lease_token
        theirs = replace(execution, order=order, lease_token=intent.lease_token)
        late = await world.settlement(party, replace(execution, order=order))
        assert not await world.settle(party, late)
        assert await world.settle(party, await world.settlement(party, theirs))

    async def test_look_again_later_is_due_for_nobody_yet(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        order = unknown(world, execution)
        assert await keep_open(world, party, execution, order, look_again_in=LATER)
        assert await lease(world, party, order.id) == ()

    async def test_without_a_next_look_the_caller_keeps_the_lease(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        order = unknown(world, execution)
        assert await keep_open(world, party, execution, order, look_again_in=None)
        assert await lease(world, party, order.id) == ()
        mine = replace(execution, order=order)
        assert await world.settle(party, await world.settlement(party, mine))

    async def test_stale_lease_records_nothing(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        stale, order = replace(execution, lease_token=7), unknown(world, execution)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert not await tx.trading.keep_open(
                stale,
                order,
                status=AttemptStatus.UNKNOWN,
                evidence=EVIDENCE,
                looks=1,
                look_again_in=AT_ONCE,
                at=order.updated_at,
                announcement=world.news(execution.order, order),
            )
            await try_to_commit(tx)
        await assert_open(world, party, execution)
        assert await lease(world, party, execution.order.id) == ()

    async def test_settled_order_is_not_opened_again(self, world: World) -> None:
        party = await world.party()
        execution = (await world.trade(party)).execution
        order = unknown(world, execution)
        assert not await keep_open(world, party, execution, order, look_again_in=AT_ONCE)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert (await tx.orders.get(order.id)).is_final
            assert await tx.trading.open_execution(order.id, lease_token=1) is None

    async def test_unknown_order_has_no_open_execution(self, world: World) -> None:
        async with world.ports.uow.begin(await world.tenant()) as tx:
            assert await tx.trading.open_execution(OrderId(world.id()), lease_token=1) is None


def unknown(world: World, execution: OpenExecution) -> Order:
    event = OutcomeBecameUnknown(order_id=execution.order.id, at=world.now, cause="timeout")
    return apply(execution.order, event)


async def keep_open(
    world: World,
    party: Party,
    execution: OpenExecution,
    order: Order,
    *,
    look_again_in: timedelta | None,
    evidence: Evidence | None = EVIDENCE,
) -> bool:
    async with world.ports.uow.begin(party.tenant_id) as tx:
        kept = await tx.trading.keep_open(
            execution,
            order,
            status=AttemptStatus.UNKNOWN,
            evidence=evidence,
            looks=3,
            look_again_in=look_again_in,
            at=order.updated_at,
            announcement=order_changed(EventId(world.id()), execution.order, order, CATALOG),
        )
        if kept:
            await tx.commit()
    return kept


async def lease(world: World, party: Party, order_id: OrderId) -> tuple[Intent, ...]:
    kind = IntentKind.SETTLE_EXECUTION
    async with world.ports.uow.begin(party.tenant_id) as tx:
        leased = await tx.intents.lease(kind, (order_id,), duration=LONG_LEASE)
        await tx.commit()
    return leased
