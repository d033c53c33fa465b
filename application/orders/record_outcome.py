"""Writing down what is known of an execution, by whoever knows it: the request or the resolver."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from application import crash_points
from application.liquidity.lp_account import account_of
from application.orders.attempt_tally import AttemptTally
from application.orders.settling import SettlementIds, account_keys, settlement
from application.ports.clock import Clock, IdGenerator
from application.ports.liquidity import LiquidityProvider
from application.ports.trading import Evidence, OpenExecution, Settlement
from application.ports.unit_of_work import Lane, Transaction, UnitOfWork
from domain.assets.catalog import Catalog
from domain.liquidity.outcome import Filled, NotSeen, Outcome, Pending, Rejected, Unknown
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import AttemptStatus
from domain.orders.announcements import order_changed
from domain.orders.events import LpPending, OutcomeBecameUnknown
from domain.orders.events import Rejected as OrderRejected
from domain.orders.incident import ExecutionIncident, IncidentKind, Legs, difference
from domain.orders.lifecycle import apply
from domain.orders.order import Order
from domain.shared.errors import InvariantViolation
from domain.shared.events import Announcement
from domain.shared.ids import EventId, FillId, IncidentId, OrderId, TenantId, TransactionId

Seen = Outcome | NotSeen
_ENCODER = msgspec.json.Encoder(enc_hook=str)


def evidence_of(seen: Seen, *, resolved_by: str) -> Evidence:
    return Evidence(seen=_ENCODER.encode(_as_text(seen)), resolved_by=resolved_by)


def _as_text(seen: Seen) -> dict[str, object]:
    # Units as text: JSON readers do not carry integers beyond 64 bits.
    fields = msgspec.structs.asdict(seen)
    shown = {key: str(value) if isinstance(value, int) else value for key, value in fields.items()}
    return {"outcome": seen.__struct_config__.tag, **shown}


class RecordOutcome:
    """- The customer's leg is booked as quoted, the LP's as it reported.
    - A rejection gives the hold back. Neither pending nor unknown ever does.
    - An LP that traded other than it quoted makes an incident, in the commit that books the fill.
    - Fenced: whoever lost the lease writes nothing and reads what the other one recorded.
    - Runs on connections of its own, so that an answer can always be written down.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        providers: Mapping[LpName, LiquidityProvider],
        tally: AttemptTally,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._uow = uow
        self._tally = tally
        self._providers = providers
        self._clock = clock
        self._ids = ids

    async def settled(
        self,
        tenant_id: TenantId,
        execution: OpenExecution,
        outcome: Filled | Rejected,
        *,
        catalog: Catalog,
        evidence: Evidence,
    ) -> Order:
        async with self._uow.begin(tenant_id, lane=Lane.RECORD) as tx:
            order = await self.within(
                tx, tenant_id, execution, outcome, catalog=catalog, evidence=evidence
            )
            if order is not None:
                if crash_points.armed:
                    await crash_points.reach(crash_points.RECORD_BEFORE_COMMIT)
                await tx.commit()
                filled = isinstance(outcome, Filled)
                status = AttemptStatus.FILLED if filled else AttemptStatus.REJECTED
                self._tally.count(execution.attempt, status)
                if crash_points.armed:
                    await crash_points.reach(crash_points.RECORD_COMMITTED)
                return order
        return await self.recorded(tenant_id, execution.order.id)

    async def within(
        self,
        tx: Transaction,
        tenant_id: TenantId,
        execution: OpenExecution,
        outcome: Filled | Rejected,
        *,
        catalog: Catalog,
        evidence: Evidence,
    ) -> Order | None:
        """Leaves it to the caller to commit. None when somebody else settled it meanwhile."""
        at = self._clock.now()
        if isinstance(outcome, Rejected):
            return await self._reject(
                tx, execution, outcome, catalog=catalog, evidence=evidence, at=at
            )
        settled = await self._settlement(
            tx, tenant_id, execution, outcome, catalog=catalog, evidence=evidence, at=at
        )
        if not await tx.trading.settle(settled):
            return None
        incident = self._incident(execution, outcome, at=at)
        if incident is not None:
            await tx.incidents.open(incident)
        return settled.order

    def _incident(
        self, execution: OpenExecution, filled: Filled, *, at: datetime
    ) -> ExecutionIncident | None:
        attempt = execution.attempt
        provider = self._providers.get(attempt.lp)
        quoted = Legs(attempt.lp_base_units, attempt.lp_quote_units)
        detail = difference(
            execution.order.side,
            quoted=quoted,
            reported=Legs(filled.base_units, filled.quote_units),
            improves=provider is not None and provider.capabilities.improves,
        )
        if detail is None:
            return None
        return ExecutionIncident(
            id=IncidentId(self._ids.new()),
            order_id=execution.order.id,
            attempt=attempt.number,
            lp=attempt.lp,
            kind=IncidentKind.AMOUNTS_DIFFER,
            quoted=quoted,
            reported=Legs(filled.base_units, filled.quote_units),
            detail=detail,
            opened_at=at,
        )

    async def _settlement(
        self,
        tx: Transaction,
        tenant_id: TenantId,
        execution: OpenExecution,
        filled: Filled,
        *,
        catalog: Catalog,
        evidence: Evidence,
        at: datetime,
    ) -> Settlement:
        keys = account_keys(execution.stored.quote)
        return settlement(
            execution,
            filled,
            tenant_id=tenant_id,
            accounts=await tx.accounts.resolve(keys.values()),
            ids=SettlementIds(
                fill=FillId(self._ids.new()),
                transaction=TransactionId(self._ids.new()),
                house_transaction=TransactionId(self._ids.new()),
                event=EventId(self._ids.new()),
            ),
            catalog=catalog,
            evidence=evidence,
            at=at,
            lp_account=account_of(self._providers, execution.attempt.lp),
        )

    async def _reject(
        self,
        tx: Transaction,
        execution: OpenExecution,
        rejected: Rejected,
        *,
        catalog: Catalog,
        evidence: Evidence,
        at: datetime,
    ) -> Order | None:
        event = OrderRejected(order_id=execution.order.id, at=at, reason=rejected.reason)
        order = apply(execution.order, event)
        announcement = self._announcement(execution.order, order, catalog)
        if announcement is None:
            raise InvariantViolation("a final order is news")
        done = await tx.trading.reject(
            execution, order, evidence=evidence, at=at, announcement=announcement
        )
        return order if done else None

    def _announcement(self, before: Order, after: Order, catalog: Catalog) -> Announcement | None:
        return order_changed(EventId(self._ids.new()), before, after, catalog)

    async def still_open(
        self,
        tenant_id: TenantId,
        execution: OpenExecution,
        outcome: Pending | Unknown,
        *,
        catalog: Catalog,
        evidence: Evidence,
        looks: int,
        look_again_in: timedelta | None,
    ) -> OpenExecution | None:
        """The execution as recorded, None when somebody else settled it meanwhile."""
        at = self._clock.now()
        order, status = _opened(execution.order, outcome, at=at)
        attempt = execution.attempt
        if isinstance(outcome, Pending) and outcome.lp_execution_id is not None:
            attempt = replace(attempt, lp_execution_id=outcome.lp_execution_id)
        after = replace(execution, attempt=attempt)
        async with self._uow.begin(tenant_id, lane=Lane.RECORD) as tx:
            kept = await tx.trading.keep_open(
                after,
                order,
                status=status,
                evidence=evidence,
                looks=looks,
                look_again_in=look_again_in,
                at=at,
                announcement=self._announcement(execution.order, order, catalog),
            )
            if not kept:
                return None
            if crash_points.armed:
                await crash_points.reach(crash_points.RECORD_OPEN_BEFORE_COMMIT)
            await tx.commit()
        self._tally.count(attempt, status)
        if crash_points.armed:
            await crash_points.reach(crash_points.RECORD_OPEN_COMMITTED)
        return replace(after, order=order, attempt=replace(attempt, status=status, looks=looks))

    async def recorded(self, tenant_id: TenantId, order_id: OrderId) -> Order:
        async with self._uow.begin(tenant_id) as tx:
            return await tx.orders.get(order_id)


def _opened(
    order: Order, outcome: Pending | Unknown, *, at: datetime
) -> tuple[Order, AttemptStatus]:
    if isinstance(outcome, Pending):
        pending = LpPending(order_id=order.id, at=at, lp_execution_id=outcome.lp_execution_id)
        return apply(order, pending), AttemptStatus.PENDING
    unknown = OutcomeBecameUnknown(order_id=order.id, at=at, cause=outcome.cause)
    return apply(order, unknown), AttemptStatus.UNKNOWN
