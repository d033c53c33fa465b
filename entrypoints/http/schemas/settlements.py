"""Settlements with providers, and the steps that are taken with one."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from application.ports.lp_settlements import SettlementStep
from domain.assets.catalog import Catalog
from domain.liquidity.netting import Action, LpSettlement, SettlementState
from domain.shared.ids import IdPrefix, encode_id
from entrypoints.http.paging import PageQuery
from entrypoints.http.schemas.values import (
    AssetText,
    Body,
    DecimalText,
    Line,
    OperatorRef,
    SettlementRef,
    Timestamp,
    TransactionRef,
    decimal,
    timestamp,
)

LpText = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}(?![\s\S])", examples=["b2c2"])]


class SettlementAction(StrEnum):
    FREEZE = "freeze"
    CONFIRM = "confirm"
    PROPOSE_PAYMENT = "propose_payment"
    APPROVE_PAYMENT = "approve_payment"
    RECEIVE = "receive"
    DISPUTE = "dispute"
    REOPEN = "reopen"


class SettlementsQuery(PageQuery, frozen=True, kw_only=True):
    provider: LpText | None = None
    state: SettlementState | None = None


class SettlementStepBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """`amount` and `ref` go with `confirm`, `propose_payment`, `approve_payment` and `receive`;
    `reason` goes with `dispute` and `reopen`. To `confirm`, the amount is what the provider says it
    owes, below zero what it says that we owe. Who approves a payment says which: another may be
    proposed by now.
    """

    action: SettlementAction
    amount: DecimalText | None = None
    ref: Line | None = None
    reason: Line | None = None


class MadeByBody(msgspec.Struct, frozen=True, kw_only=True):
    id: OperatorRef
    name: str


class TakenStepBody(msgspec.Struct, frozen=True, kw_only=True):
    """`made_by` is null for what a worker did."""

    version: int
    action: Action
    state: SettlementState
    amount: DecimalText | None
    note: str | None
    transaction_id: TransactionRef | None
    made_by: MadeByBody | None
    made_at: Timestamp


class SettlementBody(msgspec.Struct, frozen=True, kw_only=True):
    """`net` is what the provider owes for what was booked in [`since`, `until`), below zero what is
    owed to it; `stated` is what it says itself. A proposed payment waits for a second operator.
    """

    id: SettlementRef
    provider: str
    asset: AssetText
    sequence: int
    state: SettlementState
    since: Timestamp | None
    until: Timestamp | None
    value_date: date | None
    net: DecimalText | None
    entries: int | None
    stated: DecimalText | None
    stated_ref: str | None
    difference: DecimalText | None
    settled: DecimalText
    left: DecimalText
    proposed: DecimalText | None
    proposed_ref: str | None
    proposed_by: MadeByBody | None
    reason: str | None
    steps: list[TakenStepBody]
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def settlement_body(
    found: LpSettlement, steps: tuple[SettlementStep, ...], catalog: Catalog
) -> SettlementBody:
    asset = catalog.asset(found.asset)

    def amount(units: int | None) -> str | None:
        return None if units is None else decimal(units, asset)

    proposal = found.proposal
    return SettlementBody(
        id=encode_id(IdPrefix.SETTLEMENT, found.id),
        provider=found.lp,
        asset=found.asset,
        sequence=found.number,
        state=found.state,
        since=None if found.since is None else timestamp(found.since),
        until=None if found.until is None else timestamp(found.until),
        value_date=found.value_date,
        net=amount(found.net_units),
        entries=found.entries,
        stated=amount(found.stated_units),
        stated_ref=found.stated_ref,
        difference=amount(found.difference_units),
        settled=decimal(found.settled_units, asset),
        left=decimal(found.left_units, asset),
        proposed=None if proposal is None else amount(proposal.units),
        proposed_ref=None if proposal is None else proposal.ref,
        proposed_by=(
            None
            if proposal is None
            else MadeByBody(id=encode_id(IdPrefix.OPERATOR, proposal.by.id), name=proposal.by.name)
        ),
        reason=found.reason,
        steps=[_step(each, catalog, found) for each in steps],
        created_at=timestamp(found.created_at),
        updated_at=timestamp(found.updated_at),
        version=found.version,
    )


def _step(step: SettlementStep, catalog: Catalog, found: LpSettlement) -> TakenStepBody:
    posted, by = step.transaction_id, step.by
    return TakenStepBody(
        version=step.version,
        action=step.action,
        state=step.state,
        amount=None if step.units is None else decimal(step.units, catalog.asset(found.asset)),
        note=step.note,
        transaction_id=None if posted is None else encode_id(IdPrefix.TRANSACTION, posted),
        made_by=(
            None if by is None else MadeByBody(id=encode_id(IdPrefix.OPERATOR, by.id), name=by.name)
        ),
        made_at=timestamp(step.at),
    )
