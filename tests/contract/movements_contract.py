import pytest

from domain.shared.errors import NotFound
from domain.shared.ids import DepositId, TransferId
from tests.contract.isolation_contract import add_movements, new_deposit, new_key
from tests.contract.world import World


class MovementsContract:
    async def test_added_deposit_and_transfer_are_read_back(self, world: World) -> None:
        party = await world.party()
        deposit = new_deposit(world, party, world.now)
        transfer = await add_movements(world, party, new_key(world), deposit)
        async with world.ports.uow.begin(party.tenant_id) as tx:
            assert await tx.deposits.get(deposit.id) == deposit
            assert await tx.transfers.get(transfer.id) == transfer

    async def test_unknown_deposit_and_transfer_are_not_found(self, world: World) -> None:
        async with world.ports.uow.begin(await world.tenant()) as tx:
            with pytest.raises(NotFound):
                await tx.deposits.get(DepositId(world.id()))
            with pytest.raises(NotFound):
                await tx.transfers.get(TransferId(world.id()))
