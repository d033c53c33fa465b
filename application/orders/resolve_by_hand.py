"""What became of an order, said by two people on the LP's own word."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from application import crash_points
from application.idempotency import Answer
from application.jobs.work_policy import WORK
from application.ledger.change_terms import (
    ChangeOutdated,
    DecideCommand,
    open_request,
    replayed,
)
from application.orders.opening import execution_key
from application.orders.record_outcome import RecordOutcome
from application.ports.catalog import Platform
from application.ports.change_requests import ChangeRequest, ChangeState, ResolveOrder
from application.ports.clock import Clock, IdGenerator
from application.ports.idempotency import IdempotentRequest
from application.ports.incidents import OrderEvidence
from application.ports.intents import IntentKind
from application.ports.liquidity import LiquidityProvider
from application.ports.trading import Evidence, LpAttempt, OpenExecution, OrderDetail
from application.ports.unit_of_work import Transaction, UnitOfWork
from domain.ledger.reversible import require_reason
from domain.liquidity.outcome import Filled, NotSeen, Outcome
from domain.liquidity.quote import LpName
from domain.liquidity.resolution import contradicts
from domain.orders.by_hand import (
    ManualOutcome,
    ManualResolution,
    as_outcome,
    evidence_digest,
    require_review,
)
from domain.orders.incident import ExecutionIncident, IncidentKind, Legs
from domain.shared.errors import Conflict, InvariantViolation
from domain.shared.ids import (
    ChangeRequestId,
    EvidenceId,
    IdPrefix,
    IncidentId,
    OrderId,
    TenantId,
    encode_id,
)
from domain.tenants.operator import Operator, require_second_person

RESOLVED_BY: Final = "operators"


class OrderBeingLookedUp(Conflict):
    """Somebody asks the LP at this moment. The same request may come again."""

    code = "order_being_looked_up"


class ProposeResolution(msgspec.Struct, frozen=True, kw_only=True):
    """`evidence` is what the LP says, as bytes: a text, a screenshot, a mail."""

    tenant_id: TenantId
    order_id: OrderId
    resolution: ManualResolution
    evidence_name: str
    evidence: bytes
    reason: str
    by: Operator
    request: IdempotentRequest | None = None


class ResolveByHand:
    """- An order whose outcome is open for longer than its review takes to begin may be resolved by
      two operators: one proposes with the LP's own words attached, another approves.
    - The evidence is kept with its hash, and never changed.
    - Nothing changes before the approval: the resolver goes on looking, and proof it finds wins.
      Then the proposal has lapsed.
    - Approved, the order is booked as if its LP had answered so. What the LP shows later and says
      otherwise becomes an incident, never a change.
    """

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        platform: Platform,
        providers: Mapping[LpName, LiquidityProvider],
        record: RecordOutcome,
        clock: Clock,
        ids: IdGenerator,
    ) -> None:
        self._uow = uow
        self._platform = platform
        self._providers = providers
        self._record = record
        self._clock = clock
        self._ids = ids

    async def propose(self, command: ProposeResolution) -> Answer[ChangeRequest]:
        """Raises `NotFound`, `OrderNotInReview`, `EvidenceInvalid` or `ReasonInvalid`."""
        reason = require_reason(command.reason)
        digest = evidence_digest(command.evidence_name, command.evidence)
        async with self._uow.begin(command.tenant_id) as tx:
            change_id = ChangeRequestId(self._ids.new())
            if (replay := await replayed(tx, command.request, change_id)) is not None:
                return replay
            now = self._clock.now()
            detail = await tx.orders.detail(command.order_id)
            require_review(detail.order, now=now)
            attempt = _attempt(detail)
            evidence = OrderEvidence(
                id=EvidenceId(self._ids.new()),
                order_id=command.order_id,
                name=command.evidence_name,
                content=command.evidence,
                sha256=digest,
                added_by=command.by,
                added_at=now,
            )
            await tx.order_evidence.add(evidence)
            proposed = ChangeRequest(
                id=change_id,
                change=_change(command.resolution, attempt, evidence),
                reason=reason,
                proposed_by=command.by,
                proposed_at=now,
            )
            await tx.change_requests.add(proposed)
            if crash_points.armed:
                await crash_points.reach(crash_points.BY_HAND_BEFORE_PROPOSED)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.BY_HAND_PROPOSED)
        return Answer(proposed)

    async def approve(self, command: DecideCommand) -> Answer[ChangeRequest]:
        """Raises `NotFound`, `ChangeDecided`, `SecondOperatorRequired`, `ChangeOutdated` when proof
        was found meanwhile, and `OrderBeingLookedUp`.
        """
        catalog = (await self._platform.view()).catalog
        async with self._uow.begin(command.tenant_id) as tx:
            if (replay := await replayed(tx, command.request, command.change_id)) is not None:
                return replay
            proposed = await open_request(tx, command.change_id)
            require_second_person(proposed.proposed_by, command.by)
            change = proposed.change
            if not isinstance(change, ResolveOrder):
                raise InvariantViolation("not about an order")
            execution = await _taken_over(tx, change)
            applied = replace(
                proposed,
                state=ChangeState.APPLIED,
                decided_by=command.by,
                decided_at=self._clock.now(),
            )
            await tx.change_requests.decide(applied)
            order = await self._record.within(
                tx,
                command.tenant_id,
                execution,
                as_outcome(_resolution(change), said_at=proposed.proposed_at),
                catalog=catalog,
                evidence=_evidence(applied, change),
            )
            if order is None:
                raise _lapsed()
            if crash_points.armed:
                await crash_points.reach(crash_points.BY_HAND_BEFORE_COMMIT)
            await tx.commit()
        if crash_points.armed:
            await crash_points.reach(crash_points.BY_HAND_COMMITTED)
        return Answer(applied)

    async def recheck(self, tenant_id: TenantId, order_id: OrderId) -> ExecutionIncident | None:
        """Asks the LP about an order that people resolved. The incident, if it says otherwise."""
        async with self._uow.begin(tenant_id) as tx:
            detail = await tx.orders.detail(order_id)
            quote_id = detail.order.quote_id
            stored = None if quote_id is None else await tx.quotes.get(quote_id)
        attempt = detail.attempt
        if attempt is None or stored is None or attempt.resolved_by != RESOLVED_BY:
            return None
        provider = self._providers.get(attempt.lp)
        if provider is None:
            return None
        execution = OpenExecution(order=detail.order, stored=stored, attempt=attempt, lease_token=0)
        instrument = (await self._platform.view()).catalog.instrument(detail.order.instrument)
        seen = await provider.get_execution(execution_key(execution, instrument))
        if not _denies(attempt, seen):
            return None
        incident = self._incident(attempt, seen)
        async with self._uow.begin(tenant_id) as tx:
            if not await tx.incidents.open(incident):
                return None
            await tx.commit()
        return incident

    def _incident(self, attempt: LpAttempt, seen: Outcome | NotSeen) -> ExecutionIncident:
        filled = seen if isinstance(seen, Filled) else None
        return ExecutionIncident(
            id=IncidentId(self._ids.new()),
            order_id=attempt.order_id,
            attempt=attempt.number,
            lp=attempt.lp,
            kind=IncidentKind.CONTRADICTS_RESOLUTION,
            quoted=Legs(attempt.lp_base_units, attempt.lp_quote_units),
            reported=None if filled is None else Legs(filled.base_units, filled.quote_units),
            detail=f"resolved as {attempt.status.value}, and the LP now says "
            f"{seen.__struct_config__.tag}",
            opened_at=self._clock.now(),
        )


def _denies(attempt: LpAttempt, seen: Outcome | NotSeen) -> bool:
    """Also another amount or another execution than what two people have said."""
    if contradicts(attempt.status, seen):
        return True
    said = (
        attempt.lp_execution_id,
        attempt.reported_base_units,
        attempt.reported_quote_units,
    )
    return isinstance(seen, Filled) and said != (
        seen.lp_execution_id,
        seen.base_units,
        seen.quote_units,
    )


def _attempt(detail: OrderDetail) -> LpAttempt:
    if detail.attempt is None:
        raise InvariantViolation("an rfq order has an attempt")
    return detail.attempt


def _change(
    resolution: ManualResolution, attempt: LpAttempt, evidence: OrderEvidence
) -> ResolveOrder:
    base, quote = resolution.base_units, resolution.quote_units
    return ResolveOrder(
        order_id=attempt.order_id,
        attempt=attempt.number,
        outcome=resolution.outcome,
        lp_execution_id=resolution.lp_execution_id,
        base_units=None if base is None else str(base),
        quote_units=None if quote is None else str(quote),
        evidence_id=evidence.id,
        evidence_sha256=evidence.sha256.hex(),
    )


def _resolution(change: ResolveOrder) -> ManualResolution:
    base, quote = change.base_units, change.quote_units
    return ManualResolution(
        outcome=ManualOutcome(change.outcome),
        lp_execution_id=change.lp_execution_id,
        base_units=None if base is None else int(base),
        quote_units=None if quote is None else int(quote),
    )


def _evidence(applied: ChangeRequest, change: ResolveOrder) -> Evidence:
    """What is on record of the attempt, beside the request and the evidence it names."""
    seen = {
        "outcome": change.outcome.value,
        "change": encode_id(IdPrefix.CHANGE_REQUEST, applied.id),
        "evidence": encode_id(IdPrefix.EVIDENCE, change.evidence_id),
        "sha256": change.evidence_sha256,
    }
    return Evidence(seen=msgspec.json.encode(seen), resolved_by=RESOLVED_BY)


async def _taken_over(tx: Transaction, change: ResolveOrder) -> OpenExecution:
    """Leased to this transaction, so that neither request nor resolver is at it."""
    kind = IntentKind.SETTLE_EXECUTION
    order = await tx.orders.get(change.order_id)
    if order.is_final:
        raise _lapsed()
    if not await tx.intents.make_due(kind, change.order_id):
        raise OrderBeingLookedUp("somebody looks it up at this moment: ask again")
    leased = await tx.intents.lease(kind, (change.order_id,), duration=WORK[kind].lease)
    if not leased:
        raise OrderBeingLookedUp("somebody looks it up at this moment: ask again")
    execution = await tx.trading.open_execution(change.order_id, lease_token=leased[0].lease_token)
    if execution is None or execution.attempt.number != change.attempt:
        raise _lapsed()
    return execution


def _lapsed() -> ChangeOutdated:
    return ChangeOutdated("the order's outcome was proven since: there is nothing left to resolve")
