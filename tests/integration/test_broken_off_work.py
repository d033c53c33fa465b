"""Work that is broken off, as by a process that has to stop, is anybody's at once."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from application import crash_points
from application.ports.intents import IntentKind
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected
from tests.integration.stack import Stack, open_stack
from tests.integration.test_failing_work import pending_order

SECONDS_MAX: Final = 20
ROW: Final = "SELECT lease_until, lease_token, attempts FROM aksum.intents WHERE subject = $1"


@pytest.fixture
async def stack(database_18: Database) -> AsyncIterator[Stack]:
    async with open_stack(database_18) as opened:
        yield opened


@pytest.fixture
async def admin(database_18: Database) -> AsyncIterator[asyncpg.Connection]:
    async with connected(database_18.admin_url) as connection:
        yield connection


class Stop:
    """Stops whoever comes to `point`, for ever."""

    def __init__(self, point: str) -> None:
        self.met = asyncio.Event()
        self._point = point

    async def __call__(self, reached: str) -> None:
        if reached == self._point:
            self.met.set()
            await asyncio.Event().wait()


@pytest.fixture
def unarmed() -> Iterator[None]:
    yield
    crash_points.install(None)


async def broken_off(work: Coroutine[Any, Any, object], point: str) -> None:
    """Begun, come to `point`, and cancelled there."""
    stop = Stop(point)
    crash_points.install(stop)
    task = asyncio.create_task(work)
    async with asyncio.timeout(SECONDS_MAX):
        await stop.met.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    crash_points.install(None)


async def is_free(admin: asyncpg.Connection, subject: UUID) -> bool:
    row = await admin.fetchrow(ROW, subject)
    return row is not None and (row["lease_until"], row["attempts"]) == (None, 0)


@pytest.mark.parametrize(
    "point",
    [
        crash_points.MIRROR_LEASED,
        crash_points.MIRROR_BEFORE_HOUSE,
        crash_points.MIRROR_HOUSE_POSTED,
    ],
)
async def test_mirrors_broken_off_are_given_back_and_followed_once(
    stack: Stack, admin: asyncpg.Connection, unarmed: None, point: str
) -> None:
    tenant_id = await stack.tenant()
    for _ in range(3):
        await stack.customer(tenant_id, usdt=1)
    due = await stack.due.due_intents(IntentKind.MIRROR, limit=10)

    await broken_off(stack.mirror_all(), point)

    assert all([await is_free(admin, each.subject) for each in due])
    assert await stack.mirror_all() == 3
    verified = await stack.verified()
    assert (verified.passed, verified.open_mirrors) == (True, 0)


@pytest.mark.parametrize(
    "point",
    [
        crash_points.RESOLVE_LEASED,
        crash_points.RESOLVE_LOOKED,
        crash_points.RECORD_BEFORE_COMMIT,
    ],
)
async def test_look_up_broken_off_is_given_back_and_settles_the_order_once(
    stack: Stack, admin: asyncpg.Connection, unarmed: None, point: str
) -> None:
    tenant_id = await stack.tenant()
    order_id = await pending_order(stack, tenant_id)
    await stack.make_due(order_id, tenant_id)

    await broken_off(stack.resolve_all(), point)

    assert await is_free(admin, order_id)
    assert await stack.resolve_all() == [True]
    assert await stack.mirror_all() == 2
    assert (await stack.verified()).passed


async def test_look_up_broken_off_after_its_commit_leaves_nothing_to_give_back(
    stack: Stack, admin: asyncpg.Connection, unarmed: None
) -> None:
    tenant_id = await stack.tenant()
    order_id = await pending_order(stack, tenant_id)
    await stack.make_due(order_id, tenant_id)
    await broken_off(stack.resolve_all(), crash_points.RECORD_COMMITTED)
    assert await admin.fetchrow(ROW, order_id) is None
    async with stack.uow.begin(tenant_id) as tx:
        assert (await tx.orders.get(order_id)).status == "filled"
