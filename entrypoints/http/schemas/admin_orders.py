"""Orders as operators see them: with what was tried at which LP, and what went wrong there."""

from typing import Annotated

import msgspec
from msgspec import Meta

from application.ports.incidents import OrderEvidence
from application.ports.trading import LpAttempt
from domain.assets.asset import Asset
from domain.liquidity.resolution import AttemptStatus
from domain.orders.by_hand import ManualOutcome
from domain.orders.incident import ExecutionIncident, IncidentKind, Legs
from domain.orders.order import OrderStatus, OutcomeFlag
from domain.shared.ids import IdPrefix, TenantId, encode_id
from entrypoints.http.paging import PageQuery
from entrypoints.http.schemas.change_requests import OperatorBody, operator_body
from entrypoints.http.schemas.orders import OrderBody
from entrypoints.http.schemas.values import (
    Body,
    DecimalText,
    EvidenceRef,
    IncidentRef,
    Line,
    OrderRef,
    PositiveDecimal,
    Query,
    TenantRef,
    Timestamp,
    decimal,
    timestamp,
)

# A body has at most 64 KiB: what is longer, such as a screenshot, is attached with `aksum`.
EVIDENCE_TEXT_LENGTH_MAX = 20_000


class AdminOrdersQuery(PageQuery, frozen=True, kw_only=True):
    tenant_id: TenantRef
    status: OrderStatus | None = None
    outcome: OutcomeFlag | None = None


class AdminOrderQuery(Query, frozen=True, kw_only=True):
    tenant_id: TenantRef


class AttemptBody(msgspec.Struct, frozen=True, kw_only=True):
    """`base_amount` and `quote_amount` as that LP quoted, `reported_…` as it says it traded."""

    attempt: int
    lp: str
    status: AttemptStatus
    lp_quote_id: str
    lp_execution_id: str | None
    base_amount: DecimalText
    quote_amount: DecimalText
    reported_base_amount: DecimalText | None
    reported_quote_amount: DecimalText | None
    looks: int
    resolved_by: str | None
    lp_expires_at: Timestamp
    created_at: Timestamp


class EvidenceBody(msgspec.Struct, frozen=True, kw_only=True):
    id: EvidenceRef
    name: str
    sha256: str
    bytes: int
    added_by: OperatorBody
    created_at: Timestamp


class AdminOrderListBody(msgspec.Struct, frozen=True, kw_only=True):
    """`in_review`: open for so long that two operators may resolve it on the LP's own word."""

    tenant_id: TenantRef
    in_review: bool
    order: OrderBody


class AdminOrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """`attempts` from the first to the last; only the last one can be open."""

    tenant_id: TenantRef
    in_review: bool
    order: OrderBody
    attempts: list[AttemptBody]
    evidence: list[EvidenceBody]


class CreateResolutionBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A fill has the LP's own id and amounts; a rejection has none of the three.

    `evidence` is what the LP says, word for word; it is kept for ever.
    """

    tenant_id: TenantRef
    outcome: ManualOutcome
    evidence: Annotated[str, Meta(min_length=1, max_length=EVIDENCE_TEXT_LENGTH_MAX)]
    evidence_name: Line
    reason: Line
    lp_execution_id: Line | None = None
    base_amount: PositiveDecimal | None = None
    quote_amount: PositiveDecimal | None = None


class IncidentsQuery(PageQuery, frozen=True, kw_only=True):
    tenant_id: TenantRef
    open: bool | None = None


class CloseIncidentBody(Body, frozen=True, kw_only=True):
    tenant_id: TenantRef
    note: Line


class IncidentBody(msgspec.Struct, frozen=True, kw_only=True):
    """`reported_…` are null when the LP says that it did not trade."""

    id: IncidentRef
    tenant_id: TenantRef
    order_id: OrderRef
    attempt: int
    lp: str
    kind: IncidentKind
    quoted_base_amount: DecimalText
    quoted_quote_amount: DecimalText
    reported_base_amount: DecimalText | None
    reported_quote_amount: DecimalText | None
    detail: str
    state: str
    note: str | None
    closed_by: OperatorBody | None
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def attempt_body(attempt: LpAttempt, base: Asset, quote: Asset) -> AttemptBody:
    reported = (attempt.reported_base_units, attempt.reported_quote_units)
    settled = attempt.status in (AttemptStatus.FILLED, AttemptStatus.REJECTED)
    return AttemptBody(
        attempt=attempt.number,
        lp=attempt.lp,
        status=attempt.status,
        lp_quote_id=attempt.lp_quote_id,
        lp_execution_id=attempt.lp_execution_id,
        base_amount=decimal(attempt.lp_base_units, base),
        quote_amount=decimal(attempt.lp_quote_units, quote),
        reported_base_amount=None if reported[0] is None else decimal(reported[0], base),
        reported_quote_amount=None if reported[1] is None else decimal(reported[1], quote),
        looks=attempt.looks,
        resolved_by=attempt.resolved_by if settled else None,
        lp_expires_at=timestamp(attempt.lp_expires_at),
        created_at=timestamp(attempt.created_at),
    )


def evidence_body(evidence: OrderEvidence) -> EvidenceBody:
    return EvidenceBody(
        id=encode_id(IdPrefix.EVIDENCE, evidence.id),
        name=evidence.name,
        sha256=evidence.sha256.hex(),
        bytes=len(evidence.content),
        added_by=operator_body(evidence.added_by),
        created_at=timestamp(evidence.added_at),
    )


def incident_body(
    incident: ExecutionIncident, base: Asset, quote: Asset, *, tenant_id: TenantId
) -> IncidentBody:
    reported: Legs | None = incident.reported
    return IncidentBody(
        id=encode_id(IdPrefix.INCIDENT, incident.id),
        tenant_id=encode_id(IdPrefix.TENANT, tenant_id),
        order_id=encode_id(IdPrefix.ORDER, incident.order_id),
        attempt=incident.attempt,
        lp=incident.lp,
        kind=incident.kind,
        quoted_base_amount=decimal(incident.quoted.base_units, base),
        quoted_quote_amount=decimal(incident.quoted.quote_units, quote),
        reported_base_amount=None if reported is None else decimal(reported.base_units, base),
        reported_quote_amount=None if reported is None else decimal(reported.quote_units, quote),
        detail=incident.detail,
        state="open" if incident.is_open else "closed",
        note=incident.note,
        closed_by=None if incident.closed_by is None else operator_body(incident.closed_by),
        created_at=timestamp(incident.opened_at),
        updated_at=timestamp(incident.closed_at or incident.opened_at),
        version=1 if incident.is_open else 2,
    )
