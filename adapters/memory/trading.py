"""The steps of a trade. Locks go in one order: key, quote, order, intent, attempt, ledger."""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec.structs import replace

from adapters.memory.events import MemoryOutbox
from adapters.memory.idempotency import MemoryIdempotencyRecords
from adapters.memory.intents import MemoryIntents
from adapters.memory.journal import MemoryJournal
from adapters.memory.lp_quotas import MemoryLpQuotas
from adapters.memory.store import Draw, Rows
from application.errors import IdempotencyInProgress
from application.orders.opening import opened
from application.ports.idempotency import IdempotencyRecord
from application.ports.intents import IntentKind
from application.ports.parties import CustomerStatus
from application.ports.trading import (
    Evidence,
    LpAttempt,
    OpenExecution,
    Repricing,
    Reservation,
    Settlement,
    StoredQuote,
)
from domain.ledger.account import AccountStatus
from domain.ledger.commands import Command, PlaceHold, Post, ReleaseHold
from domain.ledger.hold import new_hold
from domain.liquidity import quotas
from domain.liquidity.exposure import delivered
from domain.liquidity.quotas import LpQuota
from domain.liquidity.resolution import AttemptStatus
from domain.orders.order import Order
from domain.quotes.lifecycle import QuoteAlreadyAccepted, QuoteExpired, accept
from domain.quotes.quote import Quote
from domain.shared.errors import InvariantViolation, invariant
from domain.shared.events import Announcement
from domain.shared.ids import HoldId, IdPrefix, OrderId, encode_id

# Of an unknown outcome nobody refuses anything.
_MAY_BE_REFUSED = frozenset({AttemptStatus.SENDING, AttemptStatus.PENDING})


class MemoryTrading:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._intents = MemoryIntents(rows)
        self._journal = MemoryJournal(rows)
        self._outbox = MemoryOutbox(rows)
        self._quotas = MemoryLpQuotas(rows)

    async def reserve(self, reservation: Reservation) -> OpenExecution | None:
        opened = await self._reserve(reservation)
        if opened is None:
            self._rows.session.spoil()
        return opened

    async def settle(self, settlement: Settlement) -> bool:
        execution = settlement.execution
        if not await self._is_ours(execution):
            return False
        filled = replace(
            await self._attempt(execution),
            status=AttemptStatus.FILLED,
            lp_execution_id=settlement.lp_execution_id,
            reported_base_units=settlement.reported_base_units,
            reported_quote_units=settlement.reported_quote_units,
            evidence=settlement.evidence.seen,
            resolved_by=settlement.evidence.resolved_by,
        )
        self._close(settlement.order, filled)
        await self._post(Post(settlement.transaction, settlement.at))
        await self._drawn(execution.order.id, quotas.filled)
        self._rows.fill_postings.add(settlement.fill.id, settlement.transaction.id)
        await self._intents.add(
            IntentKind.MIRROR, settlement.transaction.id, payload=settlement.mirror
        )
        await self._outbox.add(settlement.announcement)
        return True

    async def reject(
        self,
        execution: OpenExecution,
        order: Order,
        *,
        evidence: Evidence,
        at: datetime,
        announcement: Announcement,
    ) -> bool:
        if not await self._is_ours(execution):
            return False
        rejected = replace(
            await self._attempt(execution),
            status=AttemptStatus.REJECTED,
            evidence=evidence.seen,
            resolved_by=evidence.resolved_by,
        )
        self._close(order, rejected)
        await self._post(ReleaseHold(HoldId(order.id), at))
        await self._drawn(order.id, quotas.released)
        await self._outbox.add(announcement)
        return True

    async def reprice(self, repricing: Repricing) -> bool:
        execution, order = repricing.execution, repricing.order
        if not await self._is_ours(execution):
            return False
        attempt = await self._attempt(execution)
        if execution.order.outcome is not None or attempt.status not in _MAY_BE_REFUSED:
            self._rows.session.lose()
            return False
        refused = replace(
            attempt,
            status=AttemptStatus.REJECTED,
            evidence=repricing.evidence.seen,
            resolved_by=repricing.evidence.resolved_by,
        )
        self._rows.orders.put(order.id, order)
        self._rows.refused_attempts.add((order.id, attempt.number), refused)
        self._rows.attempts.put(order.id, repricing.attempt)
        if not await self._quotas.move(order.id, _draw(execution.stored.quote, repricing.attempt)):
            self._rows.session.lose()
            return False
        await self._intents.renew(IntentKind.SETTLE_EXECUTION, order.id, lease=repricing.lease)
        return True

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
        if not await self._is_ours(execution):
            return False
        invariant(not order.is_final, "an open execution has an open order")
        attempt = await self._attempt(execution)
        seen = attempt.evidence if evidence is None else evidence.seen
        still_open = replace(
            attempt,
            status=status,
            lp_execution_id=execution.attempt.lp_execution_id or attempt.lp_execution_id,
            evidence=seen,
            resolved_by=attempt.resolved_by if evidence is None else evidence.resolved_by,
            looks=looks,
        )
        self._rows.orders.put(order.id, order)
        self._rows.attempts.put(order.id, still_open)
        self._renew(order.id, look_again_in)
        if announcement is not None:
            await self._outbox.add(announcement)
        return True

    async def open_execution(self, order_id: OrderId, *, lease_token: int) -> OpenExecution | None:
        order = self._rows.orders.get(order_id)
        if order is None or order.is_final or order.quote_id is None:
            return None
        stored = self._rows.quotes.get(order.quote_id)
        attempt = self._rows.attempts.get(order_id)
        if stored is None or attempt is None:
            raise InvariantViolation("an open rfq order has a quote and an attempt")
        return OpenExecution(order=order, stored=stored, attempt=attempt, lease_token=lease_token)

    async def _reserve(self, reservation: Reservation) -> OpenExecution | None:
        if not await self._claim_key(reservation):
            return None
        stored = await self._claim_quote(reservation)
        if stored is None:
            return None
        execution = opened(stored, reservation)
        order, attempt = execution.order, execution.attempt
        if not await self._claim_client_order_id(order):
            return None
        if not await self._hold_funds(stored, order, at=reservation.at):
            return None
        if not await self._quotas.reserve(order.id, _draw(stored.quote, attempt)):
            return None
        self._rows.orders.add(order.id, order)
        self._rows.attempts.add(order.id, attempt)
        token = await self._intents.add_leased(
            IntentKind.SETTLE_EXECUTION, order.id, duration=reservation.lease
        )
        customers = (stored.quote.customer_id,)
        await self._outbox.add(replace(reservation.announcement, customer_ids=customers))
        return replace(execution, lease_token=token)

    async def _claim_key(self, reservation: Reservation) -> bool:
        record = IdempotencyRecord(
            key=reservation.request.key,
            fingerprint=reservation.request.fingerprint,
            resource="order",
            resource_id=reservation.order_id,
        )
        try:
            return await MemoryIdempotencyRecords(self._rows).claim(record) is None
        except IdempotencyInProgress:
            return False

    async def _claim_quote(self, reservation: Reservation) -> StoredQuote | None:
        await self._rows.quotes.lock(reservation.quote_id)
        stored = self._rows.quotes.get(reservation.quote_id)
        if stored is None:
            return None
        try:
            accepted = accept(stored.quote, order_id=reservation.order_id, at=reservation.at)
        except (QuoteAlreadyAccepted, QuoteExpired):
            return None
        customer = self._rows.customers.get(accepted.customer_id)
        if customer is None or customer.status is not CustomerStatus.ACTIVE:
            return None
        claimed = replace(stored, quote=accepted)
        self._rows.quotes.put(accepted.id, claimed)
        return claimed

    async def _claim_client_order_id(self, order: Order) -> bool:
        if order.client_order_id is None:
            return True
        await self._rows.client_order_ids.lock(order.client_order_id)
        if self._rows.client_order_ids.get(order.client_order_id) is not None:
            return False
        self._rows.client_order_ids.put(order.client_order_id, order.id)
        return True

    async def _hold_funds(self, stored: StoredQuote, order: Order, *, at: datetime) -> bool:
        pay = stored.quote.pay
        for account_id in sorted((stored.pay_account_id, stored.receive_account_id)):
            await self._rows.balances.lock(account_id)
        receiving = self._rows.accounts.get(stored.receive_account_id)
        if receiving is None or receiving.status is AccountStatus.CLOSED:
            return False
        hold = new_hold(
            HoldId(order.id),
            stored.pay_account_id,
            pay.asset,
            pay.units,
            reference=encode_id(IdPrefix.ORDER, order.id),
            created_at=at,
        )
        (outcome,) = await self._journal.post((PlaceHold(hold),))
        return outcome.accepted

    async def _drawn(self, order_id: OrderId, how: Callable[[LpQuota, int], LpQuota]) -> None:
        draw = self._rows.lp_draws.get(order_id)
        if draw is not None:
            await self._quotas.change(draw, how)

    async def _is_ours(self, execution: OpenExecution) -> bool:
        """Whether the order still waits for its LP and nobody else took the work over."""
        order_id = execution.order.id
        await self._rows.orders.lock(order_id)
        order = self._rows.orders.get(order_id)
        row = await self._intents.held(
            IntentKind.SETTLE_EXECUTION, order_id, token=execution.lease_token
        )
        if row is None or order is None or order.is_final:
            self._rows.session.lose()
            return False
        # Somebody recorded more about this order than the caller has read.
        if order.version != execution.order.version:
            self._rows.session.lose()
            return False
        return True

    async def _attempt(self, execution: OpenExecution) -> LpAttempt:
        order_id = execution.order.id
        await self._rows.attempts.lock(order_id)
        attempt = self._rows.attempts.get(order_id)
        if attempt is None:
            raise InvariantViolation("an open rfq order has a quote and an attempt")
        return attempt

    def _close(self, order: Order, attempt: LpAttempt) -> None:
        invariant(order.is_final, "a settled execution has a final order")
        self._rows.orders.put(order.id, order)
        self._rows.attempts.put(order.id, attempt)
        self._rows.intents.delete((IntentKind.SETTLE_EXECUTION, order.id))

    def _renew(self, order_id: OrderId, look_again_in: timedelta | None) -> None:
        """Something was recorded: failures are counted anew, and the lease perhaps given back."""
        key = (IntentKind.SETTLE_EXECUTION, order_id)
        row = self._rows.intents.get(key)
        if row is None:
            raise InvariantViolation("a lease was held for an intent that is not there")
        row = replace(row, attempts=0, last_error=None)
        if look_again_in is not None:
            due_at = self._rows.session.now() + look_again_in
            row = replace(row, lease_until=None, next_action_at=due_at)
        self._rows.intents.put(key, row)

    async def _post(self, command: Command) -> None:
        """The hold covers it, so a refusal is a bug: the exception undoes everything."""
        (outcome,) = await self._journal.post((command,))
        invariant(outcome.accepted, f"the ledger refused to settle: {outcome.error_code}")


def _draw(quote: Quote, attempt: LpAttempt) -> Draw:
    asset, units = delivered(
        quote.side,
        quote.base_asset,
        quote.quote_asset,
        base_units=attempt.lp_base_units,
        quote_units=attempt.lp_quote_units,
    )
    return Draw((attempt.lp, asset), units)
