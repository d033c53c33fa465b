"""What one operator proposes and another approves."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from application.ledger.change_terms import credit_line_units
from application.ports.change_requests import ChangeRequest, ChangeState, CreditLine
from domain.assets.asset import Asset
from domain.shared.ids import IdPrefix, TenantId, encode_id
from entrypoints.http.paging import PageQuery
from entrypoints.http.schemas.values import (
    AccountRef,
    AssetText,
    Body,
    ChangeRequestRef,
    DecimalText,
    Line,
    OperatorRef,
    PositiveDecimal,
    Query,
    TenantRef,
    Timestamp,
    decimal,
    timestamp,
)


class ChangeKind(StrEnum):
    CREDIT_LINE = "credit_line"
    CLOSE_ACCOUNT = "close_account"


class CreateChangeRequestBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """`credit_line` goes with its kind, and only there: what the account may owe, 0 for nothing."""

    tenant_id: TenantRef
    account_id: AccountRef
    kind: ChangeKind
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


class ChangeRequestBody(msgspec.Struct, frozen=True, kw_only=True):
    """Both credit lines are null when an account is to be closed.

    `credit_line_before` is what was seen by who proposed it: an approval that finds another is
    refused. Who rejects may be who proposed; who approves is not.
    """

    id: ChangeRequestRef
    tenant_id: TenantRef
    kind: ChangeKind
    account_id: AccountRef
    asset: AssetText
    credit_line_before: DecimalText | None
    credit_line: DecimalText | None
    reason: str
    state: ChangeState
    proposed_by: OperatorBody
    decided_by: OperatorBody | None
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def change_request_body(
    request: ChangeRequest, asset: Asset, *, tenant_id: TenantId
) -> ChangeRequestBody:
    change, decided = request.change, request.decided_by
    line = change if isinstance(change, CreditLine) else None
    return ChangeRequestBody(
        id=encode_id(IdPrefix.CHANGE_REQUEST, request.id),
        tenant_id=encode_id(IdPrefix.TENANT, tenant_id),
        kind=ChangeKind.CLOSE_ACCOUNT if line is None else ChangeKind.CREDIT_LINE,
        account_id=encode_id(IdPrefix.ACCOUNT, change.account_id),
        asset=asset.code,
        credit_line_before=(
            None if line is None else decimal(credit_line_units(line.floor_before), asset)
        ),
        credit_line=None if line is None else decimal(credit_line_units(line.floor_units), asset),
        reason=request.reason,
        state=request.state,
        proposed_by=OperatorBody(
            id=encode_id(IdPrefix.OPERATOR, request.proposed_by.id), name=request.proposed_by.name
        ),
        decided_by=(
            None
            if decided is None
            else OperatorBody(id=encode_id(IdPrefix.OPERATOR, decided.id), name=decided.name)
        ),
        created_at=timestamp(request.proposed_at),
        updated_at=timestamp(request.decided_at or request.proposed_at),
        version=1 if decided is None else 2,
    )
