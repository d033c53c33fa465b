"""No account's terms change without a record of two people's agreement in the same transaction."""

from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import pytest
from asyncpg import Connection

from tests.contract.account_terms_contract import set_floor
from tests.contract.conftest import make_postgres_ports
from tests.contract.journal_contract import pair
from tests.contract.world import Party, World
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected, set_tenant

ACCOUNT: Final = "UPDATE aksum.ledger_accounts SET floor_units = $2 WHERE id = $1"
BALANCE: Final = "UPDATE aksum.ledger_balances SET floor_units = $2 WHERE account_id = $1"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with make_postgres_ports(database) as ports:
        made = World(ports)
        await made.prepare()
        yield made


@pytest.fixture
async def api(database: Database) -> AsyncIterator[Connection]:
    async with connected(database.api_url) as connection:
        yield connection


async def change(connection: Connection, party: Party, floor: int, *statements: str) -> None:
    async with connection.transaction():
        await set_tenant(connection, party.tenant_id)
        for statement in statements:
            await connection.execute(statement, party.usdt, floor)


async def refusal(connection: Connection, party: Party, floor: int, *statements: str) -> str:
    """The constraint that is in the way."""
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await change(connection, party, floor, *statements)
    return str(error.value.constraint_name)


async def test_terms_without_a_record_do_not_commit(world: World, api: Connection) -> None:
    payer, _ = await pair(world)
    await set_floor(world, payer, -50)
    await set_floor(world, payer, 0)
    # As they once were, with a record of then; as they never were; and on one of the two rows.
    for floor in (-50, -500):
        found = await refusal(api, payer, floor, ACCOUNT, BALANCE)
        assert found == "ledger_accounts_recorded_terms"
    assert await refusal(api, payer, -50, BALANCE) == "ledger_balances_accounts_terms"
    assert await refusal(api, payer, -50, ACCOUNT) == "ledger_accounts_recorded_terms"
    assert (await world.view(payer.tenant_id, payer.usdt)).account.floor_units == 0
