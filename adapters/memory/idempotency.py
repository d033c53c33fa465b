from datetime import timedelta
from typing import Final

from adapters.memory.store import Rows
from application.errors import IdempotencyInProgress, Overloaded
from application.ports.idempotency import IdempotencyRecord

PATIENCE: Final = timedelta(milliseconds=50)


class MemoryIdempotencyRecords:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def find(self, key: str) -> IdempotencyRecord | None:
        return self._rows.idempotency.get(key)

    async def claim(self, record: IdempotencyRecord) -> IdempotencyRecord | None:
        records = self._rows.idempotency
        first = records.get(record.key)
        if first is not None:
            return first
        try:
            await records.lock(record.key, patience=PATIENCE)
        except Overloaded:
            raise IdempotencyInProgress(
                "the first request with this key has not finished", key=record.key
            ) from None
        first = records.get(record.key)
        if first is None:
            records.put(record.key, record)
        else:
            records.unlock(record.key)
        return first
