"""The steps of a trade, each one statement. See `trading_sql` for what they promise."""

from collections.abc import Callable
from datetime import datetime, timedelta

import asyncpg

from adapters.postgres.connection import Connection, text_units
from adapters.postgres.events import ANNOUNCED, announced
from adapters.postgres.journal_writes import raise_if_outrun
from adapters.postgres.order_rows import ATTEMPT, ORDER, attempt_from, order_from
from adapters.postgres.quote_rows import COLUMNS as QUOTE
from adapters.postgres.quote_rows import quote_from
from adapters.postgres.trading_sql import KEEP_OPEN, REJECT, REPRICE, RESERVE, SETTLE
from application.orders.opening import opened
from application.ports.trading import (
    Evidence,
    OpenExecution,
    Repricing,
    Reservation,
    Settlement,
)
from domain.liquidity.resolution import AttemptStatus
from domain.orders.order import Order
from domain.shared.errors import InvariantViolation
from domain.shared.events import Announcement
from domain.shared.ids import OrderId, TenantId
from domain.shared.price import format_price

OPEN_ORDER = f"SELECT {ORDER} FROM orders WHERE tenant_id = $1 AND id = $2 AND status = 'pending'"
OPEN_ATTEMPT = f"""
SELECT {ATTEMPT} FROM lp_attempts
WHERE tenant_id = $1 AND order_id = $2 AND state IN ('sending', 'pending', 'unknown')
ORDER BY attempt DESC LIMIT 1
"""
QUOTE_OF = f"SELECT {QUOTE} FROM quotes WHERE tenant_id = $1 AND id = $2"
NOTHING = (None,) * len(ANNOUNCED.split(","))
# The balance does not cover it, the account was closed, or the LP's quota does not cover it.
QUOTA_SHORT = "lp_quotas_covered"
REFUSED = ("ledger_balances_floor", "ledger_balances_closed", QUOTA_SHORT)


class PostgresTrading:
    def __init__(
        self, connection: Connection, tenant_id: TenantId, *, on_lost: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._on_lost = on_lost

    def _happened(self, returned: object) -> bool:
        if returned is None:
            self._on_lost()
        return returned is not None

    async def reserve(self, reservation: Reservation) -> OpenExecution | None:
        try:
            row = await self._connection.fetchrow(
                RESERVE,
                self._tenant_id,
                reservation.request.key,
                reservation.request.fingerprint,
                reservation.order_id,
                reservation.quote_id,
                reservation.at,
                reservation.client_order_id,
                reservation.client_ref,
                reservation.deadline,
                reservation.lease,
                reservation.announcement.id,
                reservation.announcement.type,
                reservation.announcement.resource_version,
                reservation.announcement.data.decode(),
            )
        except asyncpg.CheckViolationError as error:
            if error.constraint_name not in REFUSED:
                raise
            row = None
        except asyncpg.LockNotAvailableError:
            row = None
        if row is None:
            self._on_lost()
            return None
        return opened(quote_from(row), reservation)

    async def settle(self, settlement: Settlement) -> bool:
        try:
            done = await self._connection.fetchval(SETTLE, *self._settle_args(settlement))
        except asyncpg.CheckViolationError as error:
            raise_if_outrun(error)
            raise
        return self._happened(done)

    def _settle_args(self, settlement: Settlement) -> tuple[object, ...]:
        execution, fill = settlement.execution, settlement.fill
        transaction = settlement.transaction
        stored = execution.stored
        (capture,) = transaction.captures
        moves = sorted(
            (entry.account_id, entry)
            for entry in transaction.entries
            if entry.account_id in (stored.pay_account_id, stored.receive_account_id)
        )
        held = {stored.pay_account_id: -stored.quote.pay.units}
        return (
            *self._fence(execution, settlement.order),
            settlement.at,
            settlement.lp_execution_id,
            settlement.reported_base_units,
            settlement.reported_quote_units,
            settlement.evidence.seen,
            settlement.evidence.resolved_by,
            [account_id for account_id, _ in moves],
            text_units(entry.debit_units for _, entry in moves),
            text_units(entry.credit_units for _, entry in moves),
            text_units(held.get(account_id, 0) for account_id, _ in moves),
            transaction.id,
            transaction.template,
            transaction.reference,
            transaction.effective_on,
            [entry.account_id for entry in transaction.entries],
            [str(entry.asset) for entry in transaction.entries],
            text_units(entry.units for entry in transaction.entries),
            fill.id,
            format_price(fill.price),
            fill.base_units,
            fill.quote_units,
            fill.fee_units,
            fill.fee_asset,
            fill.source.value,
            fill.source_ref,
            fill.executed_at,
            settlement.mirror,
            capture.hold_id,
            capture.units,
            *announced(settlement.announcement),
        )

    async def reject(
        self,
        execution: OpenExecution,
        order: Order,
        *,
        evidence: Evidence,
        at: datetime,
        announcement: Announcement,
    ) -> bool:
        done = await self._connection.fetchval(
            REJECT,
            *self._fence(execution, order),
            at,
            order.reject_reason,
            evidence.seen,
            evidence.resolved_by,
            execution.stored.pay_account_id,
            *announced(announcement),
        )
        return self._happened(done)

    async def reprice(self, repricing: Repricing) -> bool:
        attempt = repricing.attempt
        try:
            done = await self._connection.fetchval(
                REPRICE,
                *self._fence(repricing.execution, repricing.order),
                repricing.at,
                repricing.evidence.seen,
                repricing.evidence.resolved_by,
                repricing.lease,
                attempt.number,
                attempt.lp,
                attempt.lp_quote_id,
                attempt.lp_base_units,
                attempt.lp_quote_units,
                attempt.client_ref,
                attempt.lp_expires_at,
                attempt.deadline,
            )
        except asyncpg.CheckViolationError as error:
            if error.constraint_name != QUOTA_SHORT:
                raise
            done = None
        return self._happened(done)

    async def keep_open(
        self,
        execution: OpenExecution,
        order: Order,
        *,
        status: AttemptStatus,
        evidence: Evidence | None,
        looks: int,
        look_again_in: timedelta | None,
        at: datetime,
        announcement: Announcement | None,
    ) -> bool:
        done = await self._connection.fetchval(
            KEEP_OPEN,
            *self._fence(execution, order),
            at,
            None if order.outcome is None else order.outcome.value,
            status.value,
            execution.attempt.lp_execution_id,
            None if evidence is None else evidence.seen,
            None if evidence is None else evidence.resolved_by,
            looks,
            look_again_in,
            *(NOTHING if announcement is None else announced(announcement)),
        )
        return self._happened(done)

    async def open_execution(self, order_id: OrderId, *, lease_token: int) -> OpenExecution | None:
        row = await self._connection.fetchrow(OPEN_ORDER, self._tenant_id, order_id)
        if row is None:
            return None
        attempt = await self._connection.fetchrow(OPEN_ATTEMPT, self._tenant_id, order_id)
        quote = await self._connection.fetchrow(QUOTE_OF, self._tenant_id, row["quote_id"])
        if attempt is None or quote is None:
            # Taken for final, it would stay pending with nobody to look at it ever again.
            raise InvariantViolation("an open rfq order has a quote and an attempt")
        return OpenExecution(
            order=order_from(row, ()),
            stored=quote_from(quote),
            attempt=attempt_from(attempt),
            lease_token=lease_token,
        )

    def _fence(self, execution: OpenExecution, order: Order) -> tuple[object, ...]:
        return (
            self._tenant_id,
            order.id,
            execution.lease_token,
            execution.attempt.number,
            execution.order.version,
            order.version,
        )
