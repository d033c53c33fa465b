from collections.abc import Collection, Mapping, Sequence

from adapters.memory.store import Rows
from application.ports.movements import Deposit, Transfer
from domain.shared.errors import NotFound
from domain.shared.ids import DepositId, TransferId


class MemoryDeposits:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, deposit: Deposit) -> None:
        self._rows.deposits.add(deposit.id, deposit)

    async def get(self, deposit_id: DepositId) -> Deposit:
        deposit = self._rows.deposits.get(deposit_id)
        if deposit is None:
            raise NotFound("no such deposit")
        return deposit


class MemoryTransfers:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, transfer: Transfer) -> None:
        self._rows.transfers.add(transfer.id, transfer)

    async def add_all(self, transfers: Sequence[Transfer]) -> None:
        for transfer in transfers:
            await self.add(transfer)

    async def get(self, transfer_id: TransferId) -> Transfer:
        transfer = self._rows.transfers.get(transfer_id)
        if transfer is None:
            raise NotFound("no such transfer")
        return transfer

    async def find_all(self, ids: Collection[TransferId]) -> Mapping[TransferId, Transfer]:
        found = ((each, self._rows.transfers.get(each)) for each in ids)
        return {each: transfer for each, transfer in found if transfer is not None}
