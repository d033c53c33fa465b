"""Rows of reconciliation to values and back."""

from collections.abc import Sequence

from adapters.postgres.connection import Row
from application.ports.reconciliation import LedgerEntry, Statement
from domain.ledger.chart import AccountCode
from domain.ledger.entry import MirrorOf
from domain.reconciliation.breaks import Break, BreakState, Proposal, Resolution
from domain.reconciliation.findings import BreakType
from domain.reconciliation.gates import Position
from domain.reconciliation.sides import Item, ItemKey, Line
from domain.reconciliation.source import Source, SourceKind
from domain.shared.ids import (
    AccountId,
    BreakId,
    LineId,
    MatchId,
    StatementId,
    TenantId,
    TransactionId,
)
from domain.shared.money import AssetCode


def source_from(row: Row) -> Source:
    return Source(
        name=row["name"],
        kind=SourceKind(row["kind"]),
        account_code=AccountCode(row["account_code"]),
        account_owner=row["account_owner"] or None,
    )


def statement_from(row: Row, positions: Sequence[Row]) -> Statement:
    return Statement(
        id=StatementId(row["id"]),
        source=row["source"],
        since=row["since"],
        until=row["until"],
        list_from=row["list_from"],
        digest=row["digest"],
        positions=tuple(
            position_from(each) for each in positions if each["statement_id"] == row["id"]
        ),
        created_at=row["created_at"],
    )


def position_from(row: Row) -> Position:
    return Position(
        asset=AssetCode(row["asset"]),
        opening=row["opening"],
        lines=row["lines"],
        other=row["other"],
        closing=row["closing"],
        reported=row["reported"],
        pending=row["pending"],
        opening_pending=row["opening_pending"],
        ledger=row["ledger"],
        breaks=row["breaks"],
    )


def line_from(row: Row) -> Line:
    return Line(
        id=LineId(row["id"]),
        ref=row["ref"],
        asset=AssetCode(row["asset"]),
        units=row["units"],
        value_on=row["value_on"],
        batch_ref=row["batch_ref"],
        other_ref=row["other_ref"],
    )


def entry_from(row: Row) -> LedgerEntry:
    mirrored = row["mirror_of"]
    return LedgerEntry(
        key=ItemKey(AccountId(row["account_id"]), TransactionId(row["transaction_id"])),
        asset=AssetCode(row["asset"]),
        units=row["units"],
        booked_at=row["booked_at"],
        template=row["template"],
        reference=row["reference"],
        mirror_of=(
            None
            if mirrored is None
            else MirrorOf(TenantId(row["mirror_tenant_id"]), TransactionId(mirrored))
        ),
    )


def break_from(row: Row) -> Break:
    line_id, match_id = row["line_id"], row["match_id"]
    resolution, posted = row["resolution"], row["resolution_transaction"]
    return Break(
        id=BreakId(row["id"]),
        source=row["source"],
        type=BreakType(row["type"]),
        asset=AssetCode(row["asset"]),
        units=row["units"],
        line_id=None if line_id is None else LineId(line_id),
        item=_item_from(row),
        refs=tuple(row["refs"]),
        detail=row["detail"],
        value_on=row["value_on"],
        state=BreakState(row["state"]),
        owner=row["owner"],
        proposal=_proposal_from(row),
        resolution=None if resolution is None else Resolution(resolution),
        resolved_by=row["resolved_by"],
        match_id=None if match_id is None else MatchId(match_id),
        transaction_id=None if posted is None else TransactionId(posted),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )


def break_values(known: Break) -> tuple[object, ...]:
    """In the order of `BREAK`."""
    return (
        known.id,
        known.source,
        known.type.value,
        known.asset,
        known.units,
        *_subject_values(known),
        known.detail,
        known.value_on,
        known.state.value,
        known.owner,
        *_proposal_values(known),
        *_resolution_values(known),
        known.version,
        known.created_at,
        known.updated_at,
    )


def changed_values(known: Break) -> tuple[object, ...]:
    """In the order of `UPDATE_BREAK`, after the tenant."""
    return (
        known.id,
        known.type.value,
        known.units,
        known.detail,
        known.state.value,
        known.owner,
        *_proposal_values(known),
        *_resolution_values(known),
        known.version,
        known.updated_at,
        *_subject_values(known),
        known.value_on,
    )


def _subject_values(known: Break) -> tuple[object, ...]:
    item = known.item
    if item is None:
        return (known.line_id, *([None] * 6), list(known.refs))
    return (
        known.line_id,
        item.key.account_id,
        item.key.transaction_id,
        item.units,
        list(item.refs),
        item.batch_ref,
        item.booked_at,
        list(known.refs),
    )


def _proposal_values(known: Break) -> tuple[object, ...]:
    asked = known.proposal
    if asked is None:
        return (None,) * 5
    return (
        asked.proposed_by,
        asked.proposed_at,
        asked.reason,
        asked.approved_by,
        asked.approved_at,
    )


def _resolution_values(known: Break) -> tuple[object, ...]:
    resolution = None if known.resolution is None else known.resolution.value
    return (resolution, known.resolved_by, known.match_id, known.transaction_id)


def _item_from(row: Row) -> Item | None:
    if row["transaction_id"] is None:
        return None
    return Item(
        key=ItemKey(AccountId(row["account_id"]), TransactionId(row["transaction_id"])),
        asset=AssetCode(row["asset"]),
        units=row["item_units"],
        refs=tuple(row["item_refs"]),
        booked_at=row["booked_at"],
        batch_ref=row["item_batch_ref"],
    )


def _proposal_from(row: Row) -> Proposal | None:
    if row["proposed_by"] is None:
        return None
    return Proposal(
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
        reason=row["proposed_reason"],
        approved_by=row["approved_by"],
        approved_at=row["approved_at"],
    )
