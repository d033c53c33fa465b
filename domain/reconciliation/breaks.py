"""A break and how it ends: by a match, by a posted adjustment, or by a write-off of two people.

There is no other way. Its owner is who looks after it and has no say in how it ends.
"""

from datetime import date, datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from ..shared.errors import Conflict, invariant
from ..shared.ids import BreakId, LineId, MatchId, TransactionId
from ..shared.money import AssetCode
from ..tenants.operator import SecondOperatorRequired, is_same_name
from .findings import BreakType, Finding
from .sides import Item


class BreakNotOpen(Conflict):
    code = "break_not_open"


class WriteOffNotProposed(Conflict):
    code = "write_off_not_proposed"


class BreakState(StrEnum):
    OPEN = "open"
    PROPOSED = "proposed"
    CLOSED = "closed"


class Resolution(StrEnum):
    MATCH = "match"
    ADJUSTMENT = "adjustment"
    WRITE_OFF = "write_off"


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A write-off that one operator asks for, and why."""

    proposed_by: str
    proposed_at: datetime
    reason: str
    approved_by: str | None = None
    approved_at: datetime | None = None


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """`units` as with `Finding`. `value_on` is the day it is aged from.

    `item` is a copy: what was booked does not change. `resolved_by` is the operator who adjusted or
    matched it, None where a run did.
    """

    id: BreakId
    source: str
    type: BreakType
    asset: AssetCode
    units: int
    line_id: LineId | None
    item: Item | None
    refs: tuple[str, ...]
    detail: str
    value_on: date
    state: BreakState = BreakState.OPEN
    owner: str | None = None
    proposal: Proposal | None = None
    resolution: Resolution | None = None
    resolved_by: str | None = None
    match_id: MatchId | None = None
    transaction_id: TransactionId | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def is_of_balance(self) -> bool:
        return self.line_id is None and self.item is None


def opened(finding: Finding, *, break_id: BreakId, source: str, at: datetime) -> Break:
    line, item = finding.line, finding.item
    dates = [each.value_on for each in (line, item) if each is not None]
    refs = (() if line is None else (line.ref,)) + (() if item is None else item.refs)
    return Break(
        id=break_id,
        source=source,
        type=finding.type,
        asset=finding.asset,
        units=finding.units,
        line_id=None if line is None else line.id,
        item=item,
        refs=tuple(dict.fromkeys(refs)),
        detail=finding.detail,
        value_on=min(dates, default=at.date()),
        created_at=at,
        updated_at=at,
    )


def seen_again(known: Break, finding: Finding, *, at: datetime) -> Break:
    """The same line or item looked at anew: what it differs from, and how, may have changed."""
    now = opened(finding, break_id=known.id, source=known.source, at=at)
    if _difference(known) == _difference(now):
        return known
    _require_unfinished(known)
    # Another amount is not what was proposed to be written off.
    withdrawn = known.units != now.units
    return _changed(
        known,
        at,
        type=now.type,
        units=now.units,
        line_id=now.line_id,
        item=now.item,
        refs=now.refs,
        detail=now.detail,
        value_on=known.value_on if now.is_of_balance else now.value_on,
        state=BreakState.OPEN if withdrawn else known.state,
        proposal=None if withdrawn else known.proposal,
    )


def assigned(known: Break, owner: str | None, *, at: datetime) -> Break:
    _require_unfinished(known)
    return _changed(known, at, owner=owner)


def proposed(known: Break, *, by: str, reason: str, at: datetime) -> Break:
    """Asks for a write-off. Raises `BreakNotOpen`."""
    _require_open(known)
    proposal = Proposal(proposed_by=by, proposed_at=at, reason=reason)
    return _changed(known, at, state=BreakState.PROPOSED, proposal=proposal)


def withdrawn(known: Break, *, at: datetime) -> Break:
    """Anybody may say no to a write-off, also who asked for it. Raises `WriteOffNotProposed`."""
    _require_proposed(known)
    return _changed(known, at, state=BreakState.OPEN, proposal=None)


def approved(
    known: Break, *, by: str, transaction_id: TransactionId, match_id: MatchId, at: datetime
) -> Break:
    """Raises `WriteOffNotProposed` or `SecondOperatorRequired`."""
    proposal = _require_proposed(known)
    if is_same_name(proposal.proposed_by, by):
        raise SecondOperatorRequired("a write-off is approved by another operator than proposed it")
    return _changed(
        known,
        at,
        state=BreakState.CLOSED,
        resolution=Resolution.WRITE_OFF,
        resolved_by=by,
        proposal=replace(proposal, approved_by=by, approved_at=at),
        transaction_id=transaction_id,
        match_id=match_id,
    )


def adjusted(
    known: Break, *, by: str, transaction_id: TransactionId, match_id: MatchId, at: datetime
) -> Break:
    """Raises `BreakNotOpen`."""
    _require_open(known)
    return _changed(
        known,
        at,
        state=BreakState.CLOSED,
        resolution=Resolution.ADJUSTMENT,
        resolved_by=by,
        transaction_id=transaction_id,
        match_id=match_id,
    )


def matched(known: Break, *, match_id: MatchId | None, by: str | None, at: datetime) -> Break:
    """`match_id` is None only for a difference of balances, which ends when they agree again."""
    invariant((match_id is None) == known.is_of_balance, "lines and items end in a match")
    # What has been found is no longer written off, proposed or not.
    _require_unfinished(known)
    return _changed(
        known,
        at,
        state=BreakState.CLOSED,
        resolution=Resolution.MATCH,
        resolved_by=by,
        match_id=match_id,
        proposal=None,
    )


def _difference(known: Break) -> tuple[object, ...]:
    return (known.type, known.units, known.line_id, known.item, known.detail)


def _changed(known: Break, at: datetime, **changes: object) -> Break:
    return replace(known, updated_at=at, version=known.version + 1, **changes)


def _require_open(known: Break) -> None:
    if known.state is not BreakState.OPEN:
        raise BreakNotOpen(f"the break is {known.state.value}", state=known.state.value)


def _require_unfinished(known: Break) -> None:
    if known.state is BreakState.CLOSED:
        raise BreakNotOpen("the break is closed", state=known.state.value)


def _require_proposed(known: Break) -> Proposal:
    if known.state is not BreakState.PROPOSED or known.proposal is None:
        raise WriteOffNotProposed("nobody has proposed to write it off")
    return known.proposal
