"""Quotes: offered in one statement, claimed by `trading.reserve`, expired by a sweeper."""

from datetime import datetime

import asyncpg

from adapters.postgres.connection import Connection
from adapters.postgres.quote_rows import COLUMNS, encode_breakdown, quote_from
from application.errors import IdempotencyInProgress
from application.ports.idempotency import IdempotentRequest
from application.ports.trading import StoredQuote
from domain.quotes.lifecycle import QuoteNotFound
from domain.shared.ids import QuoteId, TenantId
from domain.shared.price import format_price

OFFER = f"""
WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', '50ms', true)),
customer AS (
  SELECT 1 FROM customers, patience
  WHERE tenant_id = $1 AND id = $3 AND status = 'active'),
keyed AS (
  INSERT INTO idempotency_keys (tenant_id, key, fingerprint, resource, resource_id)
  SELECT $1, $25, $26, 'quote', $2 FROM customer
  ON CONFLICT (tenant_id, key) DO NOTHING RETURNING 1)
INSERT INTO quotes (tenant_id, {COLUMNS})
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
  $21, $22, $23, $24
FROM keyed RETURNING 1
"""
EXPIRE_DUE = """
WITH due AS (
  SELECT id FROM quotes WHERE tenant_id = $1 AND status = 'open' AND expires_at <= $2
  ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)
UPDATE quotes q SET status = 'expired', updated_at = $2, version = q.version + 1
FROM due WHERE q.tenant_id = $1 AND q.id = due.id RETURNING 1
"""


class PostgresQuotes:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def offer(self, stored: StoredQuote, request: IdempotentRequest) -> bool:
        quote = stored.quote
        try:
            offered = await self._connection.fetchval(
                OFFER,
                self._tenant_id,
                quote.id,
                quote.customer_id,
                quote.instrument,
                quote.side.value,
                quote.fixed.value,
                quote.base_units,
                quote.quote_units,
                format_price(quote.price),
                quote.fee_units,
                encode_breakdown(quote.breakdown),
                quote.lp,
                quote.lp_quote_id,
                quote.lp_base_units,
                quote.lp_quote_units,
                quote.lp_expires_at,
                stored.pay_account_id,
                stored.receive_account_id,
                quote.expires_at,
                quote.status.value,
                quote.order_id,
                quote.version,
                quote.created_at,
                quote.updated_at,
                request.key,
                request.fingerprint,
            )
        except asyncpg.LockNotAvailableError:
            raise IdempotencyInProgress(
                "the first request with this key has not finished", key=request.key
            ) from None
        return offered is not None

    async def get(self, quote_id: QuoteId) -> StoredQuote:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM quotes WHERE tenant_id = $1 AND id = $2",
            self._tenant_id,
            quote_id,
        )
        if row is None:
            raise QuoteNotFound("no such quote")
        return quote_from(row)

    async def expire_due(self, *, now: datetime, limit: int) -> int:
        rows = await self._connection.fetch(EXPIRE_DUE, self._tenant_id, now, limit)
        return len(rows)
