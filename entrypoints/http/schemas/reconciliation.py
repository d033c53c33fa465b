"""Runs of reconciliation and the breaks they leave."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from application.ports.reconciliation import Statement
from application.reconciliation.report import gates_passed, summary
from domain.assets.catalog import Catalog
from domain.reconciliation.ageing import AgeBucket, age_bucket
from domain.reconciliation.breaks import Break, BreakState, Resolution
from domain.reconciliation.findings import BreakType
from domain.reconciliation.gates import Position
from domain.shared.ids import IdPrefix, encode_id
from entrypoints.http.paging import PageQuery
from entrypoints.http.schemas.values import (
    AssetText,
    Body,
    BreakRef,
    DecimalText,
    Line,
    MatchRef,
    StatementRef,
    Timestamp,
    TransactionRef,
    decimal,
    timestamp,
)

OTHERS_MAX = 50
SourceText = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}(?![\s\S])")]
Moment = Annotated[datetime, Meta(tz=True)]


class CreateRunBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """`from` reads the source's list from further back, `to` ends the statement before now."""

    source: SourceText
    since: Moment | None = msgspec.field(name="from", default=None)
    until: Moment | None = msgspec.field(name="to", default=None)


class RunsQuery(PageQuery, frozen=True, kw_only=True):
    source: SourceText | None = None


class BreaksQuery(PageQuery, frozen=True, kw_only=True):
    """Without `state`, all that are not closed. `age` counts business days."""

    source: SourceText | None = None
    state: BreakState | None = None
    type: BreakType | None = None
    age: AgeBucket | None = None


class UpdateBreakBody(Body, frozen=True, kw_only=True):
    """Who looks after it."""

    owner: Line


class ResolutionAction(StrEnum):
    MATCH = "match"
    ADJUST = "adjust"
    PROPOSE_WRITE_OFF = "propose_write_off"
    APPROVE_WRITE_OFF = "approve_write_off"
    WITHDRAW_WRITE_OFF = "withdraw_write_off"


class ResolveBreakBody(Body, frozen=True, kw_only=True, omit_defaults=True):
    """`breaks` goes with `match` and `reason` with `propose_write_off`, and each only there."""

    action: ResolutionAction
    breaks: Annotated[list[BreakRef], Meta(min_length=1, max_length=OTHERS_MAX)] | None = None
    reason: Line | None = None


class PositionBody(msgspec.Struct, frozen=True, kw_only=True):
    """`reported`: the closing is the source's word, and not our own sum.

    The two `unexplained` are what gates one and three leave; both are zero when they pass.
    """

    asset: AssetText
    opening: DecimalText
    lines: DecimalText
    other: DecimalText
    closing: DecimalText
    reported: bool
    pending: DecimalText
    ledger: DecimalText
    breaks: DecimalText
    unexplained_by_lines: DecimalText
    unexplained_by_books: DecimalText
    passed: bool


class BreakGroupBody(msgspec.Struct, frozen=True, kw_only=True):
    asset: AssetText
    type: BreakType
    age: AgeBucket
    count: int
    net: DecimalText
    gross: DecimalText


class RunBody(msgspec.Struct, frozen=True, kw_only=True):
    """`breaks` are those of the source that are open now, and not those of the day of the run."""

    id: StatementRef
    source: str
    since: Timestamp
    until: Timestamp
    positions: list[PositionBody]
    breaks: list[BreakGroupBody]
    created_at: Timestamp
    updated_at: Timestamp
    version: int


class BreakBody(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` is what the source has and our books do not."""

    id: BreakRef
    source: str
    type: BreakType
    asset: AssetText
    amount: DecimalText
    state: BreakState
    age: AgeBucket
    value_on: Annotated[str, Meta(extra_json_schema={"format": "date"})]
    owner: str | None
    references: list[str]
    detail: str
    proposed_by: str | None
    reason: str | None
    approved_by: str | None
    resolution: Resolution | None
    resolved_by: str | None
    match_id: MatchRef | None
    transaction_id: TransactionRef | None
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def run_body(
    statement: Statement, open_breaks: Iterable[Break], catalog: Catalog, *, today: date
) -> RunBody:
    at = timestamp(statement.created_at)
    return RunBody(
        id=encode_id(IdPrefix.STATEMENT, statement.id),
        source=statement.source,
        since=timestamp(statement.since),
        until=timestamp(statement.until),
        positions=[_position(each, catalog) for each in statement.positions],
        breaks=[
            BreakGroupBody(
                asset=each.asset,
                type=each.type,
                age=each.age,
                count=each.count,
                net=decimal(each.units, catalog.asset(each.asset)),
                gross=decimal(each.gross_units, catalog.asset(each.asset)),
            )
            for each in summary(open_breaks, today=today)
        ],
        created_at=at,
        updated_at=at,
        version=1,
    )


def _position(position: Position, catalog: Catalog) -> PositionBody:
    asset = catalog.asset(position.asset)
    return PositionBody(
        asset=position.asset,
        opening=decimal(position.opening, asset),
        lines=decimal(position.lines, asset),
        other=decimal(position.other, asset),
        closing=decimal(position.closing, asset),
        reported=position.reported,
        pending=decimal(position.pending, asset),
        ledger=decimal(position.ledger, asset),
        breaks=decimal(position.breaks, asset),
        unexplained_by_lines=decimal(position.unexplained_by_lines, asset),
        unexplained_by_books=decimal(position.unexplained_by_books, asset),
        passed=gates_passed(position),
    )


def break_body(found: Break, catalog: Catalog, *, today: date) -> BreakBody:
    asked, posted, match_id = found.proposal, found.transaction_id, found.match_id
    return BreakBody(
        id=encode_id(IdPrefix.BREAK, found.id),
        source=found.source,
        type=found.type,
        asset=found.asset,
        amount=decimal(found.units, catalog.asset(found.asset)),
        state=found.state,
        age=age_bucket(found.value_on, today),
        value_on=found.value_on.isoformat(),
        owner=found.owner,
        references=list(found.refs),
        detail=found.detail,
        proposed_by=None if asked is None else asked.proposed_by,
        reason=None if asked is None else asked.reason,
        approved_by=None if asked is None else asked.approved_by,
        resolution=found.resolution,
        resolved_by=found.resolved_by,
        match_id=None if match_id is None else encode_id(IdPrefix.MATCH, match_id),
        transaction_id=None if posted is None else encode_id(IdPrefix.TRANSACTION, posted),
        created_at=timestamp(found.created_at),
        updated_at=timestamp(found.updated_at),
        version=found.version,
    )
