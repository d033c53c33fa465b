"""What trades with an LP come to, one asset and one value date at a time, and how that is paid.

A settlement takes what was booked with the LP from where the one before it ended. Frozen, it says
what one side owes the other; confirmed, the LP says the same; it is paid in one go or in slices.
What the two sides do not agree on is disputed, with both figures kept, and nothing of it is paid.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from ..shared.errors import Conflict, RuleViolation
from ..shared.ids import SettlementId
from ..shared.money import AssetCode
from ..tenants.operator import Operator, require_second_person
from .exposure import LpTerms, PaysFirst
from .quote import LpName


class SettlementState(StrEnum):
    OPEN = "open"
    FROZEN = "frozen"
    CONFIRMED = "confirmed"
    PAYING = "paying"
    SETTLED = "settled"
    DISPUTED = "disputed"


class Action(StrEnum):
    """`PROPOSE` and `PAY` are ours to make, by two people; `RECEIVE` records what the LP paid."""

    OPEN = "open"
    FREEZE = "freeze"
    CONFIRM = "confirm"
    PROPOSE = "propose"
    PAY = "pay"
    RECEIVE = "receive"
    DISPUTE = "dispute"
    REOPEN = "reopen"


_S, _A = SettlementState, Action
# Where each action may begin. Where it ends follows from the amounts; see the functions below.
ALLOWED: Final[Mapping[Action, frozenset[SettlementState]]] = MappingProxyType(
    {
        _A.FREEZE: frozenset({_S.OPEN}),
        _A.CONFIRM: frozenset({_S.FROZEN}),
        _A.PROPOSE: frozenset({_S.CONFIRMED, _S.PAYING}),
        _A.PAY: frozenset({_S.CONFIRMED, _S.PAYING}),
        _A.RECEIVE: frozenset({_S.CONFIRMED, _S.PAYING}),
        _A.DISPUTE: frozenset({_S.FROZEN, _S.CONFIRMED, _S.PAYING}),
        _A.REOPEN: frozenset({_S.DISPUTED}),
    }
)


class SettlementNotReady(Conflict):
    """Its state excludes what was asked."""

    code = "settlement_not_ready"


class SettlementNotReconciled(Conflict):
    """Its period was not reconciled with the LP, or breaks of it are open."""

    code = "settlement_not_reconciled"


class SettlementAmountInvalid(RuleViolation):
    """Nothing is owed in that direction, or more than is left or than one slice may be."""

    code = "settlement_amount_invalid"


class SettlementPaysLater(Conflict):
    """The LP pays first, and has not paid all that it owes on this value date."""

    code = "settlement_pays_later"


class PaymentProposal(msgspec.Struct, frozen=True, kw_only=True):
    units: int
    ref: str
    by: Operator


class LpSettlement(msgspec.Struct, frozen=True, kw_only=True):
    """Of what was booked in [`since`, `until`); None means from ever, and that it is still open.

    `net_units` is what the LP owes us for it, below zero what we owe; `stated_units` is what the LP
    says. `settled_units` were paid so far, by whoever has to.
    """

    id: SettlementId
    lp: LpName
    asset: AssetCode
    number: int
    state: SettlementState
    since: datetime | None
    until: datetime | None = None
    value_date: date | None = None
    net_units: int | None = None
    entries: int | None = None
    stated_units: int | None = None
    stated_ref: str | None = None
    settled_units: int = 0
    proposal: PaymentProposal | None = None
    reason: str | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def left_units(self) -> int:
        """What is still to be paid."""
        return abs(self.net_units or 0) - self.settled_units

    @property
    def difference_units(self) -> int | None:
        """What the LP says that it owes, beyond what we say."""
        if self.stated_units is None or self.net_units is None:
            return None
        return self.stated_units - self.net_units


def opened(
    settlement_id: SettlementId, terms: LpTerms, previous: LpSettlement | None, *, at: datetime
) -> LpSettlement:
    """Where the one before it ended. Raises `SettlementNotReady` while that is open."""
    if previous is not None and previous.until is None:
        raise SettlementNotReady("the settlement before it is still open")
    return LpSettlement(
        id=settlement_id,
        lp=terms.lp,
        asset=terms.asset,
        number=1 if previous is None else previous.number + 1,
        state=SettlementState.OPEN,
        since=None if previous is None else previous.until,
        created_at=at,
        updated_at=at,
    )


def frozen(
    known: LpSettlement,
    *,
    until: datetime,
    net_units: int,
    entries: int,
    value_days: int,
    at: datetime,
) -> LpSettlement:
    _require(known, Action.FREEZE)
    if known.since is not None and until <= known.since:
        raise SettlementNotReady("no time has been closed since the settlement before it")
    return _changed(
        known,
        at,
        state=SettlementState.FROZEN,
        until=until,
        net_units=net_units,
        entries=entries,
        value_date=until.date() + timedelta(days=value_days),
    )


def confirmed(
    known: LpSettlement,
    *,
    stated_units: int,
    stated_ref: str,
    reconciled_until: datetime | None,
    open_breaks: int,
    at: datetime,
) -> LpSettlement:
    """What the LP states against what we say: another figure is a dispute.

    Raises `SettlementNotReady` or `SettlementNotReconciled`.
    """
    _require(known, Action.CONFIRM)
    if reconciled_until is None or known.until is None or reconciled_until < known.until:
        raise SettlementNotReconciled("its period was not reconciled with the provider to its end")
    if open_breaks:
        raise SettlementNotReconciled(
            f"{open_breaks} breaks of this asset are open", open_breaks=open_breaks
        )
    stated = replace(known, stated_units=stated_units, stated_ref=stated_ref)
    if stated_units != known.net_units:
        return _changed(
            stated,
            at,
            state=SettlementState.DISPUTED,
            reason="the provider states another amount",
        )
    return _changed(stated, at, state=_paid(stated, SettlementState.CONFIRMED), reason=None)


def proposed(
    known: LpSettlement,
    terms: LpTerms,
    *,
    units: int,
    ref: str,
    by: Operator,
    owed_to_us: int,
    at: datetime,
) -> LpSettlement:
    """A payment of ours, in place of one that was proposed before.

    `owed_to_us` is how many settlements of this LP with the same value date the LP has not paid in
    full. Raises `SettlementNotReady`, `SettlementAmountInvalid` or `SettlementPaysLater`.
    """
    _require(known, Action.PROPOSE)
    _require_amount(known, units, ours=True)
    _require_turn(terms, owed_to_us)
    if terms.slice_units is not None and units > terms.slice_units:
        raise SettlementAmountInvalid("more than is paid at once", most=str(terms.slice_units))
    return _changed(known, at, proposal=PaymentProposal(units=units, ref=ref, by=by))


def paid(
    known: LpSettlement,
    terms: LpTerms,
    *,
    units: int,
    ref: str,
    by: Operator,
    owed_to_us: int,
    at: datetime,
) -> LpSettlement:
    """As proposed, and by somebody else, who says what it is: another may be proposed by now.

    Raises as above, or `SecondOperatorRequired`.
    """
    _require(known, Action.PAY)
    if known.proposal is None:
        raise SettlementNotReady("no payment is proposed")
    require_second_person(known.proposal.by, by)
    if (units, ref) != (known.proposal.units, known.proposal.ref):
        raise SettlementNotReady("another payment is proposed than the one that was approved")
    _require_amount(known, known.proposal.units, ours=True)
    _require_turn(terms, owed_to_us)
    return _settled_by(known, known.proposal.units, at)


def received(known: LpSettlement, *, units: int, at: datetime) -> LpSettlement:
    """Raises `SettlementNotReady` or `SettlementAmountInvalid`."""
    _require(known, Action.RECEIVE)
    _require_amount(known, units, ours=False)
    return _settled_by(known, units, at)


def disputed(known: LpSettlement, *, reason: str, at: datetime) -> LpSettlement:
    """Nothing more of it is paid. What was paid stays paid."""
    _require(known, Action.DISPUTE)
    return _changed(known, at, state=SettlementState.DISPUTED, reason=reason, proposal=None)


def reopened(known: LpSettlement, *, reason: str, at: datetime) -> LpSettlement:
    """The dispute is over: the LP's figure is to be compared once more."""
    _require(known, Action.REOPEN)
    return _changed(
        known,
        at,
        state=SettlementState.FROZEN,
        stated_units=None,
        stated_ref=None,
        reason=reason,
    )


def _settled_by(known: LpSettlement, units: int, at: datetime) -> LpSettlement:
    after = replace(known, settled_units=known.settled_units + units, proposal=None)
    return _changed(after, at, state=_paid(after, SettlementState.PAYING))


def _paid(known: LpSettlement, otherwise: SettlementState) -> SettlementState:
    return SettlementState.SETTLED if known.left_units == 0 else otherwise


def _require(known: LpSettlement, action: Action) -> None:
    if known.state not in ALLOWED[action]:
        raise SettlementNotReady(
            f"a settlement that is {known.state.value} cannot be asked to {action.value}",
            state=known.state.value,
        )


def _require_amount(known: LpSettlement, units: int, *, ours: bool) -> None:
    we_owe = (known.net_units or 0) < 0
    if we_owe is not ours:
        raise SettlementAmountInvalid("the other side has to pay this one")
    if not 0 < units <= known.left_units:
        raise SettlementAmountInvalid("more than is left to pay", left=str(known.left_units))


def _require_turn(terms: LpTerms, owed_to_us: int) -> None:
    if terms.pays_first is PaysFirst.THEM and owed_to_us:
        raise SettlementPaysLater(
            f"the provider pays first, and {owed_to_us} of its settlements of that day are not paid"
        )


def _changed(known: LpSettlement, at: datetime, **changes: object) -> LpSettlement:
    return replace(known, updated_at=at, version=known.version + 1, **changes)
