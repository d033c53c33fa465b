"""What one operator proposes and another approves."""

from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from application.ledger.change_terms import credit_line_units
from application.ports.change_requests import (
    AccountTerms,
    ChangeRequest,
    ChangeState,
    CreditLine,
    ResolveOrder,
    kind_of,
)
from domain.assets.asset import Asset
from domain.orders.by_hand import ManualOutcome
from domain.shared.ids import IdPrefix, TenantId, encode_id
from domain.tenants.operator import Operator
from entrypoints.http.paging import PageQuery
from entrypoints.http.schemas.values import (
    AccountRef,
    AssetText,
    Body,
    ChangeRequestRef,
    DecimalText,
    EvidenceRef,
    Line,
    OperatorRef,
    OrderRef,
    PositiveDecimal,
    Query,
    TenantRef,
    Timestamp,
    decimal,
    timestamp,
)


class TermsKind(StrEnum):
    CREDIT_LINE = "credit_line"
    CLOSE_ACCOUNT = "close_account"


class ChangeKind(StrEnum):
    CREDIT_LINE = "credit_line"
    CLOSE_ACCOUNT = "close_account"
    RESOLVE_ORDER = "resolve_order"


class CreateChangeRequestBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """`credit_line` goes with its kind, and only there: what the account may owe, 0 for nothing."""

    tenant_id: TenantRef
    account_id: AccountRef
    kind: TermsKind
    reason: Annotated[Line, Meta(description="Kept for ever: a ticket, no names of customers.")]
    credit_line: PositiveDecimal | None = None


class DecideChangeRequestBody(Body, frozen=True, kw_only=True):
    """`tenant_id` is that of the request."""

    tenant_id: TenantRef


class ChangeRequestQuery(Query, frozen=True, kw_only=True):
    tenant_id: TenantRef


class ChangeRequestsQuery(PageQuery, frozen=True, kw_only=True):
    tenant_id: TenantRef
    state: ChangeState | None = None


class OperatorBody(msgspec.Struct, frozen=True, kw_only=True):
    """`id` stays when the operator's key is rotated or replaced."""

    id: OperatorRef
    name: str


class ProposedOutcomeBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the LP did with the order, by the evidence of that SHA-256. Nothing, when rejected."""

    order_id: OrderRef
    outcome: ManualOutcome
    lp_execution_id: str | None
    base_amount: DecimalText | None
    quote_amount: DecimalText | None
    evidence_id: EvidenceRef
    evidence_sha256: str


class ChangeRequestBody(msgspec.Struct, frozen=True, kw_only=True):
    """Both credit lines are null when an account is to be closed; `resolution` is of an order, and
    then there is no account.

    `credit_line_before` is what was seen by who proposed it: an approval that finds another is
    refused. Who rejects may be who proposed; who approves is not.
    """

    id: ChangeRequestRef
    tenant_id: TenantRef
    kind: ChangeKind
    account_id: AccountRef | None
    asset: AssetText | None
    credit_line_before: DecimalText | None
    credit_line: DecimalText | None
    resolution: ProposedOutcomeBody | None
    reason: str
    state: ChangeState
    proposed_by: OperatorBody
    decided_by: OperatorBody | None
    created_at: Timestamp
    updated_at: Timestamp
    version: int


class AboutAccount(NamedTuple):
    asset: Asset


class AboutOrder(NamedTuple):
    base: Asset
    quote: Asset


def change_request_body(
    request: ChangeRequest, about: AboutAccount | AboutOrder, *, tenant_id: TenantId
) -> ChangeRequestBody:
    change, decided = request.change, request.decided_by
    account_id, asset, resolution = None, None, None
    lines: tuple[str | None, str | None] = (None, None)
    if isinstance(about, AboutAccount) and not isinstance(change, ResolveOrder):
        account_id, asset = encode_id(IdPrefix.ACCOUNT, change.account_id), about.asset.code
        lines = _lines(change, about.asset)
    if isinstance(about, AboutOrder) and isinstance(change, ResolveOrder):
        resolution = _resolution(change, about)
    return ChangeRequestBody(
        id=encode_id(IdPrefix.CHANGE_REQUEST, request.id),
        tenant_id=encode_id(IdPrefix.TENANT, tenant_id),
        kind=ChangeKind(kind_of(change)),
        account_id=account_id,
        asset=asset,
        credit_line_before=lines[0],
        credit_line=lines[1],
        resolution=resolution,
        reason=request.reason,
        state=request.state,
        proposed_by=operator_body(request.proposed_by),
        decided_by=None if decided is None else operator_body(decided),
        created_at=timestamp(request.proposed_at),
        updated_at=timestamp(request.decided_at or request.proposed_at),
        version=1 if decided is None else 2,
    )


def operator_body(operator: Operator) -> OperatorBody:
    return OperatorBody(id=encode_id(IdPrefix.OPERATOR, operator.id), name=operator.name)


def _lines(change: AccountTerms, asset: Asset) -> tuple[str | None, str | None]:
    if not isinstance(change, CreditLine):
        return None, None
    before, after = (credit_line_units(each) for each in (change.floor_before, change.floor_units))
    return decimal(before, asset), decimal(after, asset)


def _resolution(change: ResolveOrder, about: AboutOrder) -> ProposedOutcomeBody:
    base, quote = change.base_units, change.quote_units
    return ProposedOutcomeBody(
        order_id=encode_id(IdPrefix.ORDER, change.order_id),
        outcome=change.outcome,
        lp_execution_id=change.lp_execution_id,
        base_amount=None if base is None else decimal(int(base), about.base),
        quote_amount=None if quote is None else decimal(int(quote), about.quote),
        evidence_id=encode_id(IdPrefix.EVIDENCE, change.evidence_id),
        evidence_sha256=change.evidence_sha256,
    )
