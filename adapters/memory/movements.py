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

    async def get(self, transfer_id: TransferId) -> Transfer:
        transfer = self._rows.transfers.get(transfer_id)
        if transfer is None:
            raise NotFound("no such transfer")
        return transfer
