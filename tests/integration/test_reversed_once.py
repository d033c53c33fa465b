"""A transaction is reversed once, also when the register of reversals has lost that it was."""

import pytest

from domain.ledger.reversible import OriginalReversed
from tests.contract.conftest import make_postgres_ports
from tests.contract.reversal_contract import moved, posted, reverse
from tests.contract.world import World
from tests.fixtures.postgres_servers import Database
from tests.integration.direct import connected


async def test_reversal_whose_register_was_emptied_is_not_made_again(database: Database) -> None:
    async with make_postgres_ports(database) as ports:
        world = World(ports)
        await world.prepare()
        payer = await world.party()
        payee = await world.party(payer.tenant_id)
        moving = await moved(world, payer, payee, 7)
        await reverse(world, payer.tenant_id, moving.id)
        before = await posted(world, payer)
        async with connected(database.admin_url) as admin, admin.transaction():
            await admin.execute("ALTER TABLE aksum.ledger_reversals DISABLE TRIGGER USER")
            assert await admin.execute("DELETE FROM aksum.ledger_reversals") == "DELETE 1"
            await admin.execute("ALTER TABLE aksum.ledger_reversals ENABLE TRIGGER USER")
        with pytest.raises(OriginalReversed):
            await reverse(world, payer.tenant_id, moving.id)
        assert await posted(world, payer) == before
