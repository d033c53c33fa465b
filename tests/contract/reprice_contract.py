"""Moving an order to another LP: one statement, and only after a definitive refusal."""

from datetime import timedelta

from msgspec.structs import replace

from application.ports.trading import OpenExecution, Repricing
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import AttemptStatus
from domain.orders.events import OutcomeBecameUnknown, Submitted
from domain.orders.lifecycle import apply
from domain.orders.repricing import client_ref_of
from domain.shared.ids import TenantId
from tests.contract.world import EVIDENCE, LONG_LEASE, World

BACKUP = LpName("sandbox_b")


def repricing(world: World, execution: OpenExecution) -> Repricing:
    order, at = execution.order, world.now
    return Repricing(
        execution=execution,
        order=replace(
            apply(replace(order, outcome=None), Submitted(order_id=order.id, at=at)),
            outcome=order.outcome,
        ),
        attempt=replace(
            execution.attempt,
            number=2,
            lp=BACKUP,
            lp_quote_id="backup-quote",
            lp_base_units=execution.attempt.lp_base_units + 1,
            lp_quote_units=execution.attempt.lp_quote_units - 1,
            client_ref=client_ref_of(execution.attempt.client_ref, 2),
            status=AttemptStatus.SENDING,
            created_at=at,
        ),
        evidence=EVIDENCE,
        lease=LONG_LEASE,
        at=at,
    )


async def reprice(world: World, tenant_id: TenantId, wanted: Repricing) -> bool:
    async with world.ports.uow.begin(tenant_id) as tx:
        done = await tx.trading.reprice(wanted)
        if done:
            await tx.commit()
    return done


class RepriceContract:
    async def test_refused_attempt_is_followed_by_one_with_its_own_lp(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        wanted = repricing(world, execution)
        assert await reprice(world, party.tenant_id, wanted)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            detail = await tx.orders.detail(execution.order.id)
            opened = await tx.trading.open_execution(
                execution.order.id, lease_token=execution.lease_token
            )
        assert detail.attempt == wanted.attempt
        (first,) = detail.earlier
        assert (first.status, first.resolved_by) == (AttemptStatus.REJECTED, EVIDENCE.resolved_by)
        assert opened is not None
        assert (opened.order, opened.attempt) == (wanted.order, wanted.attempt)
        held = (await world.view(party.tenant_id, party.usdt)).balance.held
        assert held == execution.stored.quote.pay.units
        settled = await world.settlement(party, opened)
        assert await world.settle(party, settled)

    async def test_order_moves_once_whoever_comes_second(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        assert await reprice(world, party.tenant_id, repricing(world, execution))
        assert not await reprice(world, party.tenant_id, repricing(world, execution))

    async def test_lost_lease_moves_nothing(self, world: World) -> None:
        party = await world.party()
        execution = replace(await world.execution(party), lease_token=99)
        assert not await reprice(world, party.tenant_id, repricing(world, execution))

    async def test_unknown_outcome_is_never_followed_by_another_attempt(self, world: World) -> None:
        party = await world.party()
        execution = await world.execution(party)
        unknown = OutcomeBecameUnknown(order_id=execution.order.id, at=world.now, cause="lost")
        order = apply(execution.order, unknown)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.trading.keep_open(
                execution,
                order,
                status=AttemptStatus.UNKNOWN,
                evidence=EVIDENCE,
                looks=0,
                look_again_in=None,
                at=world.now + timedelta(0),
                announcement=world.news(execution.order, order),
            )
            await tx.commit()
        after = replace(
            execution, order=order, attempt=replace(execution.attempt, status=AttemptStatus.UNKNOWN)
        )
        assert not await reprice(world, party.tenant_id, repricing(world, after))
        # Nor for a caller who missed that it became unknown.
        blind = replace(after, order=replace(order, outcome=None))
        assert not await reprice(world, party.tenant_id, repricing(world, blind))
