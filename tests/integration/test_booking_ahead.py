"""Nobody books further ahead of the clock than is allowed, and who finds such a time is told."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import asyncpg
import pytest
from asyncpg import Connection

from adapters.postgres.connection import create_pool
from adapters.postgres.inspection import PostgresInspection
from application.errors import Overloaded
from application.ledger.sealing_lag import SealingLag
from application.ledger.verify_ledger import VerifyLedger
from domain.ledger.commands import PlaceHold, Post
from domain.ledger.outcomes import OutcomeCode
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.contract.conftest import make_postgres_ports
from tests.contract.holds_contract import do, hold_on
from tests.contract.journal_contract import pair
from tests.contract.world import Party, World
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected, set_tenant, undone

WITHIN: Final = timedelta(seconds=5)
BEYOND: Final = timedelta(minutes=1)
HEADER: Final = """
INSERT INTO aksum.ledger_transactions (tenant_id, id, template, reference, effective_on, booked_at)
VALUES ($1, $2, 'transfer', 'x', current_date, clock_timestamp() + $3)
"""
ENTRIES: Final = """
INSERT INTO aksum.ledger_entries (tenant_id, transaction_id, leg, account_id, asset, units,
  account_seq, balance_after, booked_at)
SELECT $1, $2, e.* , clock_timestamp() + $3
FROM (VALUES (0, $4::uuid, 'USDT', 1, 9, 9), (1, $5::uuid, 'USDT', -1, 9, 9)) e
"""
LAST_BOOKED: Final = """
SELECT last_booked_at FROM aksum.ledger_balances WHERE tenant_id = $1 AND account_id = $2
"""
SET_AHEAD: Final = """
UPDATE aksum.ledger_balances SET last_booked_at = clock_timestamp() + $3
WHERE tenant_id = $1 AND account_id = $2
"""
CLOSE_AHEAD: Final = """
UPDATE aksum.ledger_clock SET mark_at = clock_timestamp() + $1, mark_xid = '1',
  closed_until = clock_timestamp() + $1
"""


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with make_postgres_ports(database) as ports:
        made = World(ports)
        await made.prepare()
        yield made


@pytest.fixture
async def admin(database: Database) -> AsyncIterator[Connection]:
    async with connected(database.admin_url) as connection:
        yield connection


@pytest.fixture
async def api(database: Database) -> AsyncIterator[Connection]:
    async with connected(database.api_url) as connection:
        yield connection


async def paid(world: World, payer: Party, payee: Party) -> OutcomeCode:
    batch = (Post(world.moving(payer.usdt, payee.usdt, 1), world.now),)
    (outcome,) = await world.ports.ledger.post(payer.tenant_id, batch)
    return outcome.code


async def refused_as_ahead(connection: Connection, statement: str, *args: object) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as error:
        async with connection.transaction():
            await connection.execute(statement, *args)
    assert error.value.constraint_name == "ledger_booked_ahead"


async def test_rows_booked_ahead_of_the_clock_are_refused(world: World, api: Connection) -> None:
    payer, payee = await pair(world)
    tenant_id = payer.tenant_id
    async with undone(api, tenant_id):
        for ahead in (BEYOND, timedelta(days=365 * 70)):
            entries = (tenant_id, world.id(), ahead, payer.usdt, payee.usdt)
            await refused_as_ahead(api, ENTRIES, *entries)
            await refused_as_ahead(api, HEADER, tenant_id, world.id(), ahead)
        # As far ahead as a clock may be behind what was booked by it.
        await api.execute(HEADER, tenant_id, world.id(), WITHIN)


async def test_account_booked_ahead_is_refused_and_infects_no_other(
    world: World, api: Connection, admin: Connection
) -> None:
    payer, payee = await pair(world)
    async with api.transaction():
        await set_tenant(api, payer.tenant_id)
        await api.execute(SET_AHEAD, payer.tenant_id, payer.usdt, timedelta(days=9))
    before = await admin.fetchval(LAST_BOOKED, payer.tenant_id, payee.usdt)
    for _ in range(2):
        with pytest.raises(Overloaded):
            await paid(world, payer, payee)
        with pytest.raises(Overloaded):
            await do(world, payer, Post(world.moving(payee.usdt, payer.usdt, 1), world.now))
    assert await admin.fetchval(LAST_BOOKED, payer.tenant_id, payee.usdt) == before
    other = await world.party(payer.tenant_id)
    assert await paid(world, other, payee) is OutcomeCode.OK


async def test_clock_behind_closed_time_makes_posting_wait_until_it_has_caught_up(
    world: World, admin: Connection
) -> None:
    payer, payee = await pair(world)
    trader = await world.party()
    settled = await world.settlement(trader, await world.execution(trader))
    before = await admin.fetchrow("SELECT * FROM aksum.ledger_clock")
    await admin.execute(CLOSE_AHEAD, BEYOND)
    with pytest.raises(Overloaded):
        await paid(world, payer, payee)
    with pytest.raises(Overloaded):
        await world.settle(trader, settled)
    await admin.execute(
        "UPDATE aksum.ledger_clock SET closed_until = $1, mark_at = $2, mark_xid = $3::text::xid8",
        before["closed_until"],
        before["mark_at"],
        None if before["mark_xid"] is None else str(before["mark_xid"]),
    )
    assert await paid(world, payer, payee) is OutcomeCode.OK
    assert await world.settle(trader, settled)


async def test_hold_leaves_the_time_of_the_last_booking_as_it_is(
    world: World, admin: Connection
) -> None:
    payer, _ = await pair(world)
    before = await admin.fetchval(LAST_BOOKED, payer.tenant_id, payer.usdt)
    assert await do(world, payer, PlaceHold(hold_on(world, payer, 1))) is OutcomeCode.OK
    assert await admin.fetchval(LAST_BOOKED, payer.tenant_id, payer.usdt) == before


async def test_times_ahead_of_the_clock_are_named_by_whoever_looks(
    world: World, admin: Connection, database: Database
) -> None:
    payer, _ = await pair(world)
    lag = SealingLag(uow=world.ports.ops_uow, clock=world.ports.clock)
    async with await create_pool(database.ops_url, size=1, application_name="test") as ops:
        inspection = PostgresInspection(ops)
        assert (await inspection.report()).booked_ahead == ()
        assert payer.tenant_id not in await lag.execute()
        async with admin.transaction():
            await admin.execute("ALTER TABLE aksum.ledger_transactions DISABLE TRIGGER not_ahead")
            await admin.execute(HEADER, payer.tenant_id, world.id(), timedelta(days=1))
        await admin.execute(SET_AHEAD, payer.tenant_id, payer.usdt, BEYOND)
        await admin.execute(CLOSE_AHEAD, BEYOND)
        ahead = (await inspection.report()).booked_ahead
        assert len(ahead) == 3
        assert payer.tenant_id in await lag.execute()
    found = (await VerifyLedger(audit=world.ports.ledger_audit).execute()).findings
    named = {(each.tenant_id, each.check) for each in found}
    assert (payer.tenant_id, "nothing_is_booked_ahead_of_the_clock") in named
    assert (HOUSE_TENANT_ID, "nothing_is_booked_ahead_of_the_clock") in named
