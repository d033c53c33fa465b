from collections.abc import Collection, Mapping

from adapters.memory.store import Rows
from application.errors import IdempotencyInProgress
from application.ports.transfer_batches import ItemAnswer, TransferBatch
from domain.shared.errors import NotFound
from domain.shared.ids import TransferBatchId


class MemoryTransferBatches:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def add(self, batch: TransferBatch) -> None:
        deciding = (answer for answer in batch.answers if answer.decides)
        for answer in sorted(deciding, key=lambda each: each.key):
            await self._rows.item_answers.lock(answer.key)
            if self._rows.item_answers.get(answer.key) is not None:
                self._rows.session.spoil()
                raise IdempotencyInProgress("a key of the batch has just been used")
            self._rows.item_answers.put(answer.key, answer)
        self._rows.transfer_batches.add(batch.id, batch)

    async def get(self, batch_id: TransferBatchId) -> TransferBatch:
        batch = self._rows.transfer_batches.get(batch_id)
        if batch is None:
            raise NotFound("no such batch of transfers")
        return batch

    async def answered(self, keys: Collection[str]) -> Mapping[str, ItemAnswer]:
        found = ((key, self._rows.item_answers.get(key)) for key in keys)
        return {key: answer for key, answer in found if answer is not None}
