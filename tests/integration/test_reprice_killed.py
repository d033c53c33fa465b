"""Processes that die between a refusal and the end of the second attempt: one execution at most."""

from collections.abc import AsyncIterator, Iterator
from typing import NoReturn

import pytest

from adapters.memory.liquidity_faults import Armed, Fault
from application import crash_points
from domain.liquidity.resolution import AttemptStatus
from domain.orders.order import OrderStatus
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, quoted
from tests.integration.stack import BACKUP, PRIMARY, Stack, open_stack

USDT = 1_000_000
# Where it ends; how many executions there are then; what the resolver makes of it.
DEATHS = {
    crash_points.REPRICE_REFUSED: (0, OrderStatus.REJECTED),
    crash_points.REPRICE_QUOTED: (0, OrderStatus.REJECTED),
    crash_points.REPRICE_BEFORE_COMMIT: (0, OrderStatus.REJECTED),
    crash_points.REPRICE_COMMITTED: (0, OrderStatus.PENDING),
    crash_points.ACCEPT_BEFORE_LP: (0, OrderStatus.PENDING),
    crash_points.ACCEPT_LP_ANSWERED: (1, OrderStatus.FILLED),
    crash_points.RECORD_BEFORE_COMMIT: (1, OrderStatus.FILLED),
    crash_points.RECORD_COMMITTED: (1, OrderStatus.FILLED),
}
# Reached by the first attempt as well: the process dies the second time it gets there.
AT_BOTH = {crash_points.ACCEPT_BEFORE_LP, crash_points.ACCEPT_LP_ANSWERED}


class Died(BaseException):
    """Nothing that the process had still to do is done; what was open is rolled back."""


class Death:
    def __init__(self, point: str) -> None:
        self._point = point
        self._spared = 1 if point in AT_BOTH else 0
        self.met = False

    async def reach(self, point: str) -> None:
        if point != self._point or self.met:
            return
        if self._spared:
            self._spared -= 1
            return
        self._die()

    def _die(self) -> NoReturn:
        self.met = True
        raise Died


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_armed() -> Iterator[None]:
    yield
    crash_points.install(None)


@pytest.mark.parametrize("point", DEATHS)
async def test_process_that_died_leaves_one_execution_at_most(stack: Stack, point: str) -> None:
    executions, becomes = DEATHS[point]
    tenant_id = await stack.tenant()
    customer_id = await stack.customer(tenant_id, usdt=USDT)
    quote = await quoted(stack, tenant_id, customer_id)
    stack.lps[PRIMARY].arm(Armed(fault=Fault.EXPIRED))
    death = Death(point)
    crash_points.install(death.reach)
    order = await accepted(stack, tenant_id, quote)
    crash_points.install(None)
    assert death.met
    assert len(stack.lps[BACKUP].executions) == executions

    if not order.is_final:
        await stack.make_due(order.id, tenant_id)
        await stack.resolve_all()
    async with stack.uow.begin(tenant_id) as tx:
        detail = await tx.orders.detail(order.id)
    assert len(stack.lps[PRIMARY].executions) == 0
    assert len(stack.lps[BACKUP].executions) == executions
    attempt = detail.attempt
    assert attempt is not None
    if becomes is OrderStatus.REJECTED:
        # The first LP's record is the refusal, or its silence when the quote is over.
        assert (attempt.lp, detail.earlier) == (PRIMARY, ())
    else:
        assert (attempt.lp, [each.lp for each in detail.earlier]) == (BACKUP, [PRIMARY])
    held = {each[1] for each in (await stack.balances(tenant_id, customer_id)).values()}
    if detail.order.is_final:
        assert held == {0}
        assert detail.order.status is becomes
        filled = [attempt.lp] if attempt.status is AttemptStatus.FILLED else []
        assert len(filled) == executions
    else:
        assert held == {0, quote.pay.units}
    await stack.mirror_all()
    assert (await stack.verified(full=True)).findings == ()
