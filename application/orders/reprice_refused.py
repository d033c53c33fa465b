import asyncio
import logging
from datetime import datetime
from typing import Final

from application import crash_points
from application.errors import NoLiquidity
from application.jobs.work_policy import WORK
from application.liquidity.price_guard import LpPrice, PriceGuard
from application.orders.attempt_tally import AttemptTally
from application.ports.clock import Clock
from application.ports.intents import IntentKind
from application.ports.standing import Standings
from application.ports.trading import Evidence, LpAttempt, OpenExecution, Repricing
from application.ports.unit_of_work import Lane, UnitOfWork
from application.quotes.ask_providers import AskProviders
from domain.assets.catalog import Catalog
from domain.liquidity.price_guard import GuardStage
from domain.liquidity.quote import LpQuote
from domain.liquidity.resolution import AttemptStatus
from domain.orders.events import Submitted
from domain.orders.lifecycle import apply
from domain.orders.repricing import (
    client_ref_of,
    may_reprice,
    refusal,
    reprice_request,
    send_by,
)
from domain.shared.ids import TenantId

LEASE: Final = WORK[IntentKind.SETTLE_EXECUTION].lease

_log = logging.getLogger(__name__)


class RepriceRefused:
    """- An order that its LP definitively refused is priced once more, at the next LP in line.
    - The customer's amounts stay; the offer must serve them at no loss to the house.
    - Independent references have to confirm its price, as for any execution.
    - Nothing is open while the backup is asked, and nothing is sent to it to execute before the
      refusal and the second attempt are committed together, fenced by lease and version.
    - With too little time left, no backup, or no offer that fits, there is no second attempt.
    - Nor when trying for one fails: the refusal is proof that the caller has yet to write down, and
      not every LP repeats it when it is asked later.
    - Whoever finds a refusal later, as the resolver does, rejects: the customer's wait is over by
      then, and the price they accepted too.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        ask: AskProviders,
        standings: Standings,
        guard: PriceGuard,
        tally: AttemptTally,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._tally = tally
        self._ask = ask
        self._standings = standings
        self._guard = guard
        self._clock = clock

    async def execute(
        self,
        tenant_id: TenantId,
        execution: OpenExecution,
        *,
        catalog: Catalog,
        evidence: Evidence,
        answer_by: datetime,
    ) -> OpenExecution | None:
        """The second attempt, committed and not sent. `evidence` proves that the first is over."""
        try:
            return await self._second(
                tenant_id, execution, catalog=catalog, evidence=evidence, answer_by=answer_by
            )
        except Exception:  # noqa: BLE001 - if it is committed all the same, the fence tells
            _log.exception("an order that its provider refused could not be tried again")
            return None

    async def _second(
        self,
        tenant_id: TenantId,
        execution: OpenExecution,
        *,
        catalog: Catalog,
        evidence: Evidence,
        answer_by: datetime,
    ) -> OpenExecution | None:
        quote, attempt = execution.stored.quote, execution.attempt
        if not may_reprice(
            quote, attempts=attempt.number, now=self._clock.now(), answer_by=answer_by
        ):
            return None
        if crash_points.armed:
            await crash_points.reach(crash_points.REPRICE_REFUSED)
        until = send_by(quote, answer_by=answer_by)
        offer = await self._offer(execution, catalog, until=until)
        at = self._clock.now()
        if offer is None or refusal(quote, offer, now=at) is not None or at >= until:
            return None
        standing = (await self._standings.view()).of(offer.lp, quote.instrument)
        # An LP on probation is tried with an execution of its own, not with a second attempt.
        if not standing.may_execute or standing.claim_execution:
            return None
        if crash_points.armed:
            await crash_points.reach(crash_points.REPRICE_QUOTED)
        return await self._commit(
            tenant_id, _repricing(execution, offer, evidence=evidence, deadline=until, at=at)
        )

    async def _offer(
        self, execution: OpenExecution, catalog: Catalog, *, until: datetime
    ) -> LpQuote | None:
        quote = execution.stored.quote
        instrument = catalog.instrument(quote.instrument)
        asked = reprice_request(quote, instrument)

        async def confirmed(offer: LpQuote) -> LpQuote:
            """That it does not fit this order is no fault of the LP's; an odd price is."""
            price = LpPrice(
                lp=offer.lp,
                instrument=instrument,
                base_units=offer.base_units,
                quote_units=offer.quote_units,
                rate=offer.rate,
            )
            await self._guard.check(price, stage=GuardStage.EXECUTE)
            return offer

        try:
            # A quote commits nobody, so the wait for one may be broken off.
            async with asyncio.timeout((until - self._clock.now()).total_seconds()):
                return await self._ask.ask(asked, accept=confirmed, tried={execution.attempt.lp})
        except (NoLiquidity, TimeoutError):
            return None

    async def _commit(self, tenant_id: TenantId, repricing: Repricing) -> OpenExecution | None:
        async with self._uow.begin(tenant_id, lane=Lane.RECORD) as tx:
            if not await tx.trading.reprice(repricing):
                return None
            if crash_points.armed:
                await crash_points.reach(crash_points.REPRICE_BEFORE_COMMIT)
            await tx.commit()
        self._tally.count(repricing.execution.attempt, AttemptStatus.REJECTED)
        if crash_points.armed:
            await crash_points.reach(crash_points.REPRICE_COMMITTED)
        return OpenExecution(
            order=repricing.order,
            stored=repricing.execution.stored,
            attempt=repricing.attempt,
            lease_token=repricing.execution.lease_token,
        )


def _repricing(
    execution: OpenExecution,
    offer: LpQuote,
    *,
    evidence: Evidence,
    deadline: datetime,
    at: datetime,
) -> Repricing:
    earlier = execution.attempt
    number = earlier.number + 1
    return Repricing(
        execution=execution,
        order=apply(execution.order, Submitted(order_id=execution.order.id, at=at)),
        attempt=LpAttempt(
            order_id=earlier.order_id,
            number=number,
            lp=offer.lp,
            lp_quote_id=offer.lp_quote_id,
            lp_base_units=offer.base_units,
            lp_quote_units=offer.quote_units,
            client_ref=client_ref_of(earlier.client_ref, number),
            status=AttemptStatus.SENDING,
            lp_expires_at=offer.expires_at,
            deadline=deadline,
            created_at=at,
        ),
        evidence=evidence,
        lease=LEASE,
        at=at,
    )
