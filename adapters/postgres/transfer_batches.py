"""Batches of transfers: one row each, and one for every item, written as one statement."""

from collections.abc import Collection, Mapping

from adapters.postgres.connection import Connection, Row
from application.errors import IdempotencyInProgress
from application.ports.idempotency import Refusal
from application.ports.transfer_batches import ItemAnswer, TransferBatch
from domain.shared.errors import NotFound
from domain.shared.ids import TenantId, TransferBatchId, TransferId

ITEM = "key, fingerprint, transfer_id, code, detail, replayed, decides"

# By key, so that two batches that share keys wait for each other and not in a circle.
ADD = f"""
WITH batch AS (
  INSERT INTO transfer_batches (tenant_id, id, atomic, created_at) VALUES ($1, $2, $3, $4)
  RETURNING id)
INSERT INTO transfer_batch_items (tenant_id, batch_id, position, {ITEM})
SELECT $1, batch.id, i.* FROM batch, unnest($5::int[], $6::text[], $7::bytea[], $8::uuid[],
  $9::text[], $10::text[], $11::boolean[], $12::boolean[]) AS i (position, {ITEM})
ORDER BY i.key ON CONFLICT (tenant_id, key) WHERE decides DO NOTHING RETURNING 1
"""
BATCH = "SELECT atomic, created_at FROM transfer_batches WHERE tenant_id = $1 AND id = $2"
ITEMS = f"""
SELECT {ITEM} FROM transfer_batch_items WHERE tenant_id = $1 AND batch_id = $2 ORDER BY position
"""
ANSWERED = f"""
SELECT {ITEM} FROM transfer_batch_items
WHERE tenant_id = $1 AND key = ANY($2::text[]) AND decides
"""


class PostgresTransferBatches:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def add(self, batch: TransferBatch) -> None:
        answers = batch.answers
        refusals = [answer.refusal for answer in answers]
        written = await self._connection.fetch(
            ADD,
            self._tenant_id,
            batch.id,
            batch.atomic,
            batch.created_at,
            list(range(len(answers))),
            [answer.key for answer in answers],
            [answer.fingerprint for answer in answers],
            [answer.transfer_id for answer in answers],
            [None if refusal is None else refusal.code for refusal in refusals],
            [None if refusal is None else refusal.detail for refusal in refusals],
            [answer.replayed for answer in answers],
            [answer.decides for answer in answers],
        )
        if len(written) < len(answers):
            raise IdempotencyInProgress("a key of the batch has just been used")

    async def get(self, batch_id: TransferBatchId) -> TransferBatch:
        batch = await self._connection.fetchrow(BATCH, self._tenant_id, batch_id)
        if batch is None:
            raise NotFound("no such batch of transfers")
        rows = await self._connection.fetch(ITEMS, self._tenant_id, batch_id)
        return TransferBatch(
            id=batch_id,
            atomic=batch["atomic"],
            answers=tuple(_answer(row) for row in rows),
            created_at=batch["created_at"],
        )

    async def answered(self, keys: Collection[str]) -> Mapping[str, ItemAnswer]:
        rows = await self._connection.fetch(ANSWERED, self._tenant_id, list(keys))
        return {row["key"]: _answer(row) for row in rows}


def _answer(row: Row) -> ItemAnswer:
    transfer_id, code = row["transfer_id"], row["code"]
    return ItemAnswer(
        key=row["key"],
        fingerprint=row["fingerprint"],
        transfer_id=None if transfer_id is None else TransferId(transfer_id),
        refusal=None if code is None else Refusal(code, row["detail"]),
        replayed=row["replayed"],
        decides=row["decides"],
    )
