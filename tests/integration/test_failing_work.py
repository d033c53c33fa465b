"""Work that fails each time: it stops no other work, and ends with a person and its reason."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from adapters.memory.liquidity_faults import Armed, Fault
from application.errors import Overloaded
from application.jobs.put_off import put_off
from application.jobs.work_policy import WORK
from application.ledger.expire_holds import ExpireHolds
from application.ports.intents import IntentKind
from domain.ledger.commands import PlaceHold
from domain.ledger.hold import new_hold
from domain.orders.order import OrderStatus
from domain.shared.errors import InvariantViolation
from domain.shared.ids import HoldId, OrderId, TenantId
from tests.fixtures.postgres_servers import Database
from tests.integration.commands import accepted, quoted
from tests.integration.stack import PRIMARY, Stack, open_stack

BROKEN_QUOTE = "UPDATE aksum.quotes SET breakdown = '{}' WHERE id = $1"
BROKEN_MIRROR = "UPDATE aksum.intents SET payload = '{\"fact\": 1}' WHERE subject = $1"
ROW = "SELECT state, attempts, last_error, lease_until FROM aksum.intents WHERE subject = $1"
DEPOSITS = 5
FAILURES_MAX = WORK[IntentKind.MIRROR].retry.failures_max or 0
LEASE = timedelta(seconds=30)


@pytest.fixture
async def stack(database: Database) -> AsyncIterator[Stack]:
    async with open_stack(database) as opened:
        yield opened


async def as_owner(database: Database, statement: str, *args: object) -> asyncpg.Record | None:
    connection = await asyncpg.connect(database.admin_url)
    try:
        return await connection.fetchrow(statement, *args)
    finally:
        await connection.close()


async def row_of(database: Database, subject: UUID) -> asyncpg.Record:
    row = await as_owner(database, ROW, subject)
    assert row is not None
    return row


async def fail_until_parked(stack: Stack, tenant_id: TenantId, subject: UUID) -> None:
    for _ in range(FAILURES_MAX):
        await stack.make_due(subject, tenant_id)
        await stack.mirror_all()


async def test_mirror_that_cannot_be_followed_stops_no_other(
    stack: Stack, database: Database
) -> None:
    tenant_id = await stack.tenant()
    for _ in range(DEPOSITS):
        await stack.customer(tenant_id, usdt=1)
    (bad, *_) = await stack.due.due_intents(IntentKind.MIRROR, limit=1)
    await as_owner(database, BROKEN_MIRROR, bad.subject)

    await stack.mirror_all()

    verification = await stack.verified()
    assert verification.open_mirrors == 1
    row = await row_of(database, bad.subject)
    assert (row["state"], row["lease_until"]) == ("due", None)
    assert "ValidationError" in row["last_error"]
    await fail_until_parked(stack, tenant_id, bad.subject)
    assert (await row_of(database, bad.subject))["state"] == "parked"
    assert await stack.mirror_all() == 0


async def pending_order(stack: Stack, tenant_id: TenantId) -> OrderId:
    customer_id = await stack.customer(tenant_id, usdt=1_000_000)
    stack.lps[PRIMARY].arm(Armed(fault=Fault.EXECUTE_TIMEOUT_AFTER_COMMIT))
    order = await accepted(stack, tenant_id, await quoted(stack, tenant_id, customer_id))
    assert order.status is OrderStatus.PENDING
    return order.id


async def quote_of(stack: Stack, tenant_id: TenantId, order_id: OrderId) -> UUID:
    async with stack.uow.begin(tenant_id) as tx:
        order = await tx.orders.get(order_id)
    assert order.quote_id is not None
    return order.quote_id


async def test_order_that_cannot_be_read_is_tried_ever_later_and_never_given_up(
    stack: Stack, database: Database
) -> None:
    """Failing so and so often is no evidence: the order stays pending, its work due."""
    tenant_id = await stack.tenant()
    order_id = await pending_order(stack, tenant_id)
    await as_owner(database, BROKEN_QUOTE, await quote_of(stack, tenant_id, order_id))

    for failures in range(1, 2 * FAILURES_MAX + 1):
        await stack.make_due(order_id, tenant_id)
        with pytest.raises(Exception, match="field"):
            await stack.resolve_all()
        row = await row_of(database, order_id)
        assert (row["state"], row["attempts"], row["lease_until"]) == ("due", failures, None)
        assert row["last_error"]

    async with stack.uow.begin(tenant_id) as tx:
        order = await tx.orders.get(order_id)
    assert order.status is OrderStatus.PENDING


async def test_order_without_its_attempt_is_never_given_up(
    stack: Stack, database: Database
) -> None:
    tenant_id = await stack.tenant()
    order_id = await pending_order(stack, tenant_id)
    await as_owner(database, "DELETE FROM aksum.lp_attempts WHERE order_id = $1", order_id)
    await stack.make_due(order_id, tenant_id)
    with pytest.raises(InvariantViolation):
        await stack.resolve_all()
    assert (await row_of(database, order_id))["state"] == "due"


async def test_looks_that_record_something_are_no_failures(
    stack: Stack, database: Database
) -> None:
    tenant_id = await stack.tenant()
    order_id = await pending_order(stack, tenant_id)
    for _ in range(FAILURES_MAX + 2):
        stack.lps[PRIMARY].arm(Armed(fault=Fault.LOOKUP_5XX))
        await stack.make_due(order_id, tenant_id)
        assert await stack.resolve_all() == [False]
    row = await row_of(database, order_id)
    assert (row["state"], row["attempts"]) == ("due", 0)


async def test_busy_database_is_no_failure_of_the_work(stack: Stack) -> None:
    tenant_id = await stack.tenant()
    await stack.customer(tenant_id, usdt=1)

    class Busy:
        def begin(self, *_: object, **__: object) -> object:
            raise Overloaded("no database connection became free")

    due = await stack.due.due_intents(IntentKind.MIRROR, limit=10)
    stack.mirror._uow = Busy()  # type: ignore[assignment]
    with pytest.raises(Overloaded):
        await stack.mirror.execute(due)
    stack.mirror._uow = stack.worker_uow
    assert await stack.mirror_all() == 1


async def test_reason_is_one_line_that_the_database_takes(stack: Stack, database: Database) -> None:
    tenant_id = await stack.tenant()
    await stack.customer(tenant_id, usdt=1)
    (due,) = await stack.due.due_intents(IntentKind.MIRROR, limit=1)
    async with stack.worker_uow.begin(tenant_id) as tx:
        (intent,) = await tx.intents.lease(IntentKind.MIRROR, (due.subject,), duration=LEASE)
        await tx.commit()
    await put_off(stack.worker_uow, stack.clock, intent, ValueError("a\x00b" + "x" * 500 + "\nrow"))
    reason = (await row_of(database, due.subject))["last_error"]
    assert reason.startswith("ValueError: a?b")
    assert len(reason) <= 200


async def hold_until_now(stack: Stack, tenant_id: TenantId) -> UUID:
    """A hold that has just ended."""
    customer_id = await stack.customer(tenant_id, usdt=1)
    now = stack.clock.now()
    async with stack.uow.begin(tenant_id) as tx:
        (view,) = await tx.accounts.of_customer(customer_id)
        hold = new_hold(
            HoldId(stack.ids.new()),
            view.account.id,
            view.account.asset,
            1,
            reference="test",
            created_at=now - LEASE,
            expires_at=now,
        )
        (outcome,) = await tx.journal.post((PlaceHold(hold),))
        assert outcome.accepted
        await tx.commit()
    return hold.id


async def test_tenant_whose_hold_cannot_be_expired_stops_no_other(
    stack: Stack, database: Database
) -> None:
    broken, sound = [await hold_until_now(stack, await stack.tenant()) for _ in range(2)]
    await as_owner(
        database,
        "UPDATE aksum.ledger_balances SET held = 0 FROM aksum.ledger_holds h "
        "WHERE h.account_id = ledger_balances.account_id AND h.id = $1",
        broken,
    )
    expire = ExpireHolds(uow=stack.worker_uow, due=stack.due, clock=stack.clock)
    assert await expire.execute() == 1
    state = "SELECT state FROM aksum.ledger_holds WHERE id = $1"
    assert (await as_owner(database, state, sound))["state"] == "expired"  # type: ignore[index]
    assert (await as_owner(database, state, broken))["state"] == "active"  # type: ignore[index]
