import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from application import crash_points
from application.background import Background
from application.errors import NoLiquidity, Overloaded
from application.idempotency import Answer
from application.in_flight import InFlight
from application.jobs.work_policy import WORK
from application.liquidity.price_guard import LpPrice, PriceGuard, for_operators
from application.orders.explain_refusal import ExplainRefusal
from application.orders.opening import execution_key
from application.orders.record_outcome import RecordOutcome, evidence_of
from application.ports.catalog import Platform, PlatformView
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.intents import IntentKind
from application.ports.liquidity import LiquidityProvider
from application.ports.standing import Standings
from application.ports.trading import OpenExecution, Reservation
from application.ports.unit_of_work import UnitOfWork
from domain.assets.catalog import Catalog
from domain.assets.instrument import Instrument
from domain.liquidity.outcome import (
    Filled,
    LpExecute,
    Outcome,
    Pending,
    Rejected,
    Unknown,
)
from domain.liquidity.price_guard import GuardStage, PriceGuardRefused
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import next_look
from domain.orders.announcements import order_reserved
from domain.orders.order import Order
from domain.quotes.limits import check_open
from domain.quotes.quote import Quote
from domain.shared.ids import EventId, IdPrefix, OrderId, QuoteId, TenantId, encode_id
from domain.tenants.tenant import require_active

# The LP must have been called before the deadline; the lease outlasts every timeout of the call and
# of the record, so that the resolver never works beside a request that is still alive.
SEND_WITHIN: Final = timedelta(seconds=5)
ANSWER_WITHIN: Final = timedelta(seconds=5)
# An LP that works asynchronously is asked again within the request, until the answer is due.
POLL_EVERY: Final = timedelta(milliseconds=200)
POLLS_MAX: Final = 15
RESOLVED_BY: Final = "request"
UNCONFIRMED: Final = "the price of the quote cannot be confirmed just now"

_log = logging.getLogger(__name__)


class _Unconfirmed(Exception):
    def __init__(self, instrument: Instrument, refusal: PriceGuardRefused) -> None:
        super().__init__(refusal.detail)
        self.instrument = instrument
        self.refusal = refusal


class AcceptQuoteCommand(msgspec.Struct, frozen=True, kw_only=True):
    tenant_id: TenantId
    request: IdempotentRequest
    quote_id: QuoteId
    client_order_id: str | None = None
    scenario: str | None = None


class AcceptQuote:
    """- A quote is accepted at most once, in time, and only with the funds to pay for it.
    - Nor when independent references do not confirm its LP's price once more (`PriceGuard`):
      nothing is held then, and the quote stays open.
    - Nor after its customer was suspended, its instrument or its LP halted since it was made, or
      either of the two accounts closed. Once accepted, the account it pays into stays open.
    - Nor while its LP fails, or could not be asked afterwards what it did: nothing is reserved.
    - The funds are held and the attempt is on record before the LP is called.
    - The LP is called once. What cannot be proven leaves the order pending with its outcome
      unknown: the funds stay held, no other LP is tried, and the answer says so.
    - A caller who hangs up cancels nothing.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        platform: Platform,
        standings: Standings,
        providers: Mapping[LpName, LiquidityProvider],
        guard: PriceGuard,
        record: RecordOutcome,
        explain: ExplainRefusal,
        in_flight: InFlight,
        background: Background,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._standings = standings
        self._providers = providers
        self._guard = guard
        self._record = record
        self._explain = explain
        self._in_flight = in_flight
        self._background = background
        self._clock = clock
        self._ids = ids

    async def execute(self, command: AcceptQuoteCommand) -> Answer[Order]:
        """The order, final if the LP answered in time. Raises the refusals of acceptance."""
        require_active(await self._platform.tenant(command.tenant_id))
        reserving = self._background.start(self._reserve(command))
        reserved = await asyncio.shield(reserving)
        if isinstance(reserved, Answer):
            return reserved
        execution, executing = reserved
        done, _ = await asyncio.wait({executing}, timeout=ANSWER_WITHIN.total_seconds())
        # A failure after the reservation is the resolver's to mend: the order stands, pending.
        if done and not executing.cancelled() and executing.exception() is None:
            return Answer(executing.result())
        try:
            return Answer(await self._record.recorded(command.tenant_id, execution.order.id))
        except Overloaded:
            # That would tell the client that nothing was done, and the funds are held.
            return Answer(execution.order)

    async def _reserve(
        self, command: AcceptQuoteCommand
    ) -> Answer[Order] | tuple[OpenExecution, asyncio.Task[Order]]:
        async with self._in_flight.entry(command.tenant_id, command.request.key) as first:
            reservation = self._reservation(command)
            # A copy has nothing to reserve: it asks what became of the first.
            view = await self._platform.view()
            execution = await self._confirmed(reservation, command, view) if first else None
            if execution is None:
                return await self._explain.execute(command.tenant_id, reservation)
        # Started here and not by the caller, who may have hung up by now.
        executing = self._carry_out(command, execution, view.catalog)
        return execution, self._background.start(executing)

    async def _confirmed(
        self, reservation: Reservation, command: AcceptQuoteCommand, view: PlatformView
    ) -> OpenExecution | None:
        """What this process does not know fresh prices of is tried once more when it does."""
        try:
            return await self._claim(reservation, command.tenant_id, view)
        except _Unconfirmed as first:
            if first.refusal.is_lp_at_fault:
                raise _not_executed(first) from first
            await self._guard.ready(first.instrument)
        try:
            return await self._claim(reservation, command.tenant_id, view)
        except _Unconfirmed as second:
            raise _not_executed(second) from second

    async def _claim(
        self,
        reservation: Reservation,
        tenant_id: TenantId,
        view: PlatformView,
        *,
        probes: bool = False,
    ) -> OpenExecution | None:
        """Raises `InstrumentHalted` or `NoLiquidity`: the same request may succeed later.

        `probes`: it is the one execution that an LP is tried with.
        """
        standings = await self._standings.view()
        async with self._uow.begin(tenant_id) as tx:
            execution = await tx.trading.reserve(reservation)
            if execution is None:
                return None
            quote = execution.stored.quote
            check_open(view.catalog.instrument(quote.instrument))
            standing = standings.of(quote.lp, quote.instrument)
            if not (probes or standing.may_execute):
                raise NoLiquidity("the quote's liquidity provider takes no orders just now")
            self._require_confirmed(quote, view)
            if probes or not standing.claim_execution:
                if crash_points.armed:
                    await crash_points.reach(crash_points.ACCEPT_BEFORE_RESERVE)
                await tx.commit()
                return execution
        # Rolled back: whether this is the one execution that may be tried is not for a transaction
        # of a tenant to find out.
        if not await self._standings.claim_execution(quote.lp, quote.instrument):
            raise NoLiquidity("the quote's liquidity provider is being tried by another order")
        return await self._claim(reservation, tenant_id, view, probes=True)

    def _require_confirmed(self, quote: Quote, view: PlatformView) -> None:
        """At once: a transaction is open. Raises `_Unconfirmed`."""
        instrument = view.catalog.instrument(quote.instrument)
        price = LpPrice(
            lp=quote.lp,
            instrument=instrument,
            base_units=quote.lp_base_units,
            quote_units=quote.lp_quote_units,
        )
        try:
            self._guard.judge(price, view.guard, stage=GuardStage.EXECUTE)
        except PriceGuardRefused as refusal:
            raise _Unconfirmed(instrument, refusal) from refusal

    def _reservation(self, command: AcceptQuoteCommand) -> Reservation:
        now = self._clock.now()
        order_id = OrderId(self._ids.new())
        return Reservation(
            request=command.request,
            quote_id=command.quote_id,
            order_id=order_id,
            client_order_id=command.client_order_id,
            client_ref=encode_id(IdPrefix.ORDER, order_id),
            deadline=now + SEND_WITHIN,
            lease=WORK[IntentKind.SETTLE_EXECUTION].lease,
            at=now,
            announcement=order_reserved(
                EventId(self._ids.new()),
                order_id=order_id,
                quote_id=command.quote_id,
                client_order_id=command.client_order_id,
                at=now,
            ),
        )

    async def _carry_out(
        self, command: AcceptQuoteCommand, execution: OpenExecution, catalog: Catalog
    ) -> Order:
        if crash_points.armed:
            await crash_points.reach(crash_points.ACCEPT_RESERVED)
        outcome = await self._call(execution, command.scenario)
        if crash_points.armed:
            await crash_points.reach(crash_points.ACCEPT_LP_ANSWERED)
        for poll in range(POLLS_MAX + 1):
            if isinstance(outcome, Filled | Rejected):
                return await self._record.settled(
                    command.tenant_id,
                    execution,
                    outcome,
                    catalog=catalog,
                    evidence=evidence_of(outcome, resolved_by=RESOLVED_BY),
                )
            polling = isinstance(outcome, Pending) and poll < POLLS_MAX
            if poll == 0 or not polling:
                kept = await self._keep_open(
                    command, execution, outcome, catalog=catalog, last=not polling
                )
                if crash_points.armed:
                    await crash_points.reach(crash_points.ACCEPT_KEPT_OPEN)
                if kept is None or not polling:
                    break
                execution = kept
            await asyncio.sleep(POLL_EVERY.total_seconds())
            outcome = await self._look(execution)
        return await self._record.recorded(command.tenant_id, execution.order.id)

    async def _call(self, execution: OpenExecution, scenario: str | None) -> Outcome:
        attempt, quote = execution.attempt, execution.stored.quote
        provider = self._providers.get(attempt.lp)
        view = await self._platform.view()
        # A last look: a process that was suspended in between must not send any more. Nobody else
        # sends for this attempt, so not having sent is proof.
        deadline = _send_before(execution)
        if self._clock.now() >= deadline:
            return Rejected(reason="deadline_passed", detail="not sent: too late")
        if provider is None:
            return Rejected(reason="lp_unavailable", detail="not sent: the LP is not configured")
        if crash_points.armed:
            await crash_points.reach(crash_points.ACCEPT_BEFORE_LP)
        return await provider.execute_quote(
            LpExecute(
                order_id=attempt.order_id,
                lp_quote_id=attempt.lp_quote_id,
                client_ref=attempt.client_ref,
                instrument=view.catalog.instrument(quote.instrument),
                side=quote.side,
                base_units=quote.lp_base_units,
                quote_units=quote.lp_quote_units,
                lp_expires_at=attempt.lp_expires_at,
                deadline=deadline,
                scenario=scenario,
            )
        )

    async def _look(self, execution: OpenExecution) -> Outcome:
        attempt, quote = execution.attempt, execution.stored.quote
        view = await self._platform.view()
        seen = await self._providers[attempt.lp].get_execution(
            execution_key(execution, view.catalog.instrument(quote.instrument))
        )
        # The LP acknowledged it: whatever else a lookup says now, it is pending until settled.
        return (
            seen
            if isinstance(seen, Filled | Rejected)
            else Pending(lp_execution_id=attempt.lp_execution_id)
        )

    async def _keep_open(
        self,
        command: AcceptQuoteCommand,
        execution: OpenExecution,
        outcome: Pending | Unknown,
        *,
        catalog: Catalog,
        last: bool,
    ) -> OpenExecution | None:
        return await self._record.still_open(
            command.tenant_id,
            execution,
            outcome,
            catalog=catalog,
            evidence=evidence_of(outcome, resolved_by=RESOLVED_BY),
            # The resolver counts its own, so that it looks often at first.
            looks=0,
            look_again_in=timedelta(milliseconds=next_look(0)) if last else None,
        )


def _not_executed(why: _Unconfirmed) -> NoLiquidity:
    """The client hears no more than that; operators find the rest in the log."""
    _log.warning("not executed: %s: %s", why.instrument.symbol, for_operators(why.refusal))
    return NoLiquidity(UNCONFIRMED)


def _send_before(execution: OpenExecution) -> datetime:
    """Some LPs execute an expired quote, at the market: theirs must not even be sent."""
    attempt = execution.attempt
    return min(attempt.deadline, attempt.lp_expires_at)
