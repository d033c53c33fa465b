from datetime import datetime

from msgspec.structs import replace

from adapters.memory.idempotency import MemoryIdempotencyRecords
from adapters.memory.store import Rows
from application.ports.idempotency import IdempotencyRecord, IdempotentRequest
from application.ports.parties import CustomerStatus
from application.ports.trading import StoredQuote
from domain.quotes.lifecycle import QuoteNotFound, expire
from domain.quotes.quote import QuoteStatus
from domain.shared.ids import QuoteId


class MemoryQuotes:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def offer(self, stored: StoredQuote, request: IdempotentRequest) -> bool:
        customer = self._rows.customers.get(stored.quote.customer_id)
        if customer is None or customer.status is not CustomerStatus.ACTIVE:
            return False
        record = IdempotencyRecord(
            key=request.key,
            fingerprint=request.fingerprint,
            resource="quote",
            resource_id=stored.quote.id,
        )
        if await MemoryIdempotencyRecords(self._rows).claim(record) is not None:
            return False
        self._rows.quotes.add(stored.quote.id, stored)
        return True

    async def get(self, quote_id: QuoteId) -> StoredQuote:
        stored = self._rows.quotes.get(quote_id)
        if stored is None:
            raise QuoteNotFound("no such quote")
        return stored

    async def expire_due(self, *, now: datetime, limit: int) -> int:
        due = [each.quote.id for each in self._rows.quotes.values() if _is_due(each, now)]
        expired = 0
        for quote_id in sorted(due)[:limit]:
            # Somebody is accepting or expiring the ones that are locked.
            if not await self._rows.quotes.try_lock(quote_id):
                continue
            stored = await self.get(quote_id)
            if _is_due(stored, now):
                quote = expire(stored.quote, at=now)
                self._rows.quotes.put(quote_id, replace(stored, quote=quote))
                expired += 1
        return expired


def _is_due(stored: StoredQuote, now: datetime) -> bool:
    return stored.quote.status is QuoteStatus.OPEN and stored.quote.expires_at <= now
