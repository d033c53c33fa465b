"""The table of a settlement's states, and what amounts make of it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.liquidity import netting
from domain.liquidity.exposure import LpTerms, PaysFirst
from domain.liquidity.netting import (
    ALLOWED,
    Action,
    LpSettlement,
    SettlementAmountInvalid,
    SettlementNotReady,
    SettlementNotReconciled,
    SettlementPaysLater,
    SettlementState,
)
from domain.liquidity.quote import LpName
from domain.shared.ids import OperatorId, SettlementId
from domain.shared.money import AssetCode
from domain.tenants.operator import Operator, SecondOperatorRequired

NOW: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
END: Final = NOW + timedelta(hours=1)
TERMS: Final = LpTerms(lp=LpName("alpha"), asset=AssetCode("USDT"))
ABENA, KWAME = (Operator(OperatorId(UUID(int=n)), name) for n, name in ((1, "Abena"), (2, "Kwame")))
S: Final = SettlementState


def opened() -> LpSettlement:
    return netting.opened(SettlementId(UUID(int=1)), TERMS, None, at=NOW)


def frozen(net_units: int = -100) -> LpSettlement:
    return netting.frozen(opened(), until=END, net_units=net_units, entries=2, value_days=1, at=NOW)


def confirmed(known: LpSettlement, stated: int | None = None, *, breaks: int = 0) -> LpSettlement:
    return netting.confirmed(
        known,
        stated_units=known.net_units or 0 if stated is None else stated,
        stated_ref="file",
        reconciled_until=END,
        open_breaks=breaks,
        at=NOW,
    )


def proposed(known: LpSettlement, units: int = 100, terms: LpTerms = TERMS) -> LpSettlement:
    return netting.proposed(known, terms, units=units, ref="wire", by=ABENA, owed_to_us=0, at=NOW)


def paid(
    known: LpSettlement,
    by: Operator = KWAME,
    *,
    owed: int = 0,
    units: int | None = None,
    ref: str | None = None,
) -> LpSettlement:
    """As proposed, where nothing else is said."""
    proposal = known.proposal or netting.PaymentProposal(units=1, ref="none", by=ABENA)
    return netting.paid(
        known,
        TERMS,
        units=proposal.units if units is None else units,
        ref=proposal.ref if ref is None else ref,
        by=by,
        owed_to_us=owed,
        at=NOW,
    )


DOES: Final[Mapping[Action, Callable[[LpSettlement], LpSettlement]]] = {
    Action.FREEZE: lambda known: netting.frozen(
        known, until=END, net_units=-100, entries=1, value_days=0, at=NOW
    ),
    Action.CONFIRM: confirmed,
    Action.PROPOSE: proposed,
    Action.PAY: paid,
    Action.RECEIVE: lambda known: netting.received(known, units=100, at=NOW),
    Action.DISPUTE: lambda known: netting.disputed(known, reason="why", at=NOW),
    Action.REOPEN: lambda known: netting.reopened(known, reason="why", at=NOW),
}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("action", DOES)
def test_action_that_the_table_does_not_allow_is_refused(
    action: Action, state: SettlementState
) -> None:
    if state in ALLOWED[action]:
        return
    with pytest.raises(SettlementNotReady):
        DOES[action](replace(frozen(), state=state))


def test_every_action_but_opening_has_its_line() -> None:
    assert set(ALLOWED) == set(Action) - {Action.OPEN}
    assert not any(S.SETTLED in states for states in ALLOWED.values())


def test_agreed_amount_is_confirmed_and_another_is_a_dispute() -> None:
    assert confirmed(frozen()).state is S.CONFIRMED
    other = confirmed(frozen(), -97)
    assert (other.state, other.difference_units, other.net_units) == (S.DISPUTED, 3, -100)
    again = netting.reopened(other, reason="new file", at=NOW)
    assert (again.state, again.stated_units, again.difference_units) == (S.FROZEN, None, None)


def test_nothing_owed_is_settled_as_soon_as_it_is_agreed() -> None:
    assert confirmed(frozen(0)).state is S.SETTLED


@pytest.mark.parametrize("until", [None, END - timedelta(microseconds=1)])
def test_period_that_is_not_reconciled_to_its_end_is_not_confirmed(until: datetime | None) -> None:
    with pytest.raises(SettlementNotReconciled):
        netting.confirmed(
            frozen(),
            stated_units=-100,
            stated_ref="file",
            reconciled_until=until,
            open_breaks=0,
            at=NOW,
        )


def test_open_break_keeps_it_from_being_confirmed() -> None:
    with pytest.raises(SettlementNotReconciled):
        confirmed(frozen(), breaks=1)


def test_payment_takes_two_operators() -> None:
    known = proposed(confirmed(frozen()))
    with pytest.raises(SecondOperatorRequired):
        paid(known, ABENA)
    done = paid(known)
    assert (done.state, done.settled_units, done.proposal) == (S.SETTLED, 100, None)


def test_other_payment_than_the_one_approved_is_not_made() -> None:
    known = proposed(confirmed(frozen()))
    with pytest.raises(SettlementNotReady):
        paid(known, units=99)
    with pytest.raises(SettlementNotReady):
        paid(known, ref="another name")


@pytest.mark.parametrize("units", [0, -1, 101])
def test_no_more_is_paid_than_is_left(units: int) -> None:
    with pytest.raises(SettlementAmountInvalid):
        proposed(confirmed(frozen()), units)


def test_only_the_side_that_owes_pays() -> None:
    with pytest.raises(SettlementAmountInvalid):
        proposed(confirmed(frozen(100)))
    with pytest.raises(SettlementAmountInvalid):
        netting.received(confirmed(frozen(-100)), units=100, at=NOW)


def test_slice_is_the_most_that_is_paid_at_once() -> None:
    sliced = replace(TERMS, slice_units=60)
    with pytest.raises(SettlementAmountInvalid):
        proposed(confirmed(frozen()), 61, sliced)
    half = paid(proposed(confirmed(frozen()), 60, sliced))
    assert (half.state, half.left_units) == (S.PAYING, 40)


@pytest.mark.parametrize(
    ("first", "refused"),
    [(PaysFirst.THEM, True), (PaysFirst.US, False), (PaysFirst.EITHER, False)],
)
def test_who_pays_first_is_as_agreed(first: PaysFirst, refused: bool) -> None:
    terms = replace(TERMS, pays_first=first)
    known = confirmed(frozen())

    def propose() -> LpSettlement:
        return netting.proposed(known, terms, units=100, ref="wire", by=ABENA, owed_to_us=1, at=NOW)

    if not refused:
        assert propose().proposal is not None
        return
    with pytest.raises(SettlementPaysLater):
        propose()


def test_proposal_ends_with_a_dispute() -> None:
    known = netting.disputed(proposed(confirmed(frozen())), reason="why", at=NOW)
    assert known.proposal is None


def test_next_one_begins_where_the_one_before_ended() -> None:
    with pytest.raises(SettlementNotReady):
        netting.opened(SettlementId(UUID(int=2)), TERMS, opened(), at=NOW)
    following = netting.opened(SettlementId(UUID(int=2)), TERMS, frozen(), at=NOW)
    assert (following.since, following.number) == (END, 2)
    with pytest.raises(SettlementNotReady):
        netting.frozen(following, until=END, net_units=0, entries=0, value_days=0, at=NOW)


@given(st.integers(-(10**20), 10**20), st.lists(st.integers(1, 10**20), max_size=8))
def test_payments_never_come_to_more_than_is_owed(net_units: int, payments: list[int]) -> None:
    known = confirmed(frozen(net_units))
    for units in payments:
        if known.state is S.SETTLED:
            break
        most = min(units, known.left_units)
        if net_units < 0:
            known = paid(proposed(known, most))
        else:
            known = netting.received(known, units=most, at=NOW)
        assert 0 < known.settled_units <= abs(net_units)
    assert (known.state is S.SETTLED) == (known.left_units == 0)
