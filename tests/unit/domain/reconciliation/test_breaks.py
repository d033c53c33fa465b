"""How a break ends, and every way in which it does not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.reconciliation import breaks
from domain.reconciliation.breaks import (
    Break,
    BreakNotOpen,
    BreakState,
    Resolution,
    WriteOffNotProposed,
)
from domain.reconciliation.findings import BreakType, Finding
from domain.shared.errors import InvariantViolation
from domain.shared.ids import BreakId, MatchId, TransactionId
from domain.tenants.operator import SecondOperatorRequired
from tests.unit.domain.reconciliation.sides import MONDAY, USDT, item, line

NOW: Final = datetime(2026, 3, 4, tzinfo=UTC)
TRANSACTION, MATCH = TransactionId(UUID(int=8)), MatchId(UUID(int=9))
FOUND: Final = Finding(
    type=BreakType.AMOUNT,
    asset=USDT,
    units=-2,
    line=line(1, "a", 5),
    item=item(1, "a b", 7, on=MONDAY + timedelta(days=1)),
    detail="differs",
)
OF_BALANCE: Final = Finding(type=BreakType.AMOUNT, asset=USDT, units=3, detail="balance")


def a_break(finding: Finding = FOUND) -> Break:
    return breaks.opened(finding, break_id=BreakId(UUID(int=1)), source="lp", at=NOW)


def proposed(by: str = "maker") -> Break:
    return breaks.proposed(a_break(), by=by, reason="lost", at=NOW)


def approve(known: Break, *, by: str = "checker") -> Break:
    return breaks.approved(known, by=by, transaction_id=TRANSACTION, match_id=MATCH, at=NOW)


def adjust(known: Break) -> Break:
    return breaks.adjusted(known, by="maker", transaction_id=TRANSACTION, match_id=MATCH, at=NOW)


def end_by_match(known: Break) -> Break:
    return breaks.matched(known, match_id=MATCH, by=None, at=NOW)


def test_break_is_aged_from_the_earlier_of_its_dates() -> None:
    found = a_break()
    assert found.value_on == MONDAY
    assert found.refs == ("a", "b")
    assert a_break(OF_BALANCE).value_on == NOW.date()


def test_write_off_needs_somebody_else() -> None:
    closed = approve(proposed())
    assert (closed.state, closed.resolution) == (BreakState.CLOSED, Resolution.WRITE_OFF)
    assert closed.proposal is not None
    assert (closed.proposal.proposed_by, closed.proposal.approved_by) == ("maker", "checker")
    with pytest.raises(SecondOperatorRequired):
        approve(proposed(), by="maker")


@pytest.mark.parametrize("name", ["MAKER", " maker ", "\uff4daker"])
def test_the_same_name_written_differently_is_no_second_operator(name: str) -> None:
    with pytest.raises(SecondOperatorRequired):
        approve(proposed(), by=name)


def test_write_off_that_nobody_proposed_cannot_be_approved() -> None:
    for known in (a_break(), breaks.withdrawn(proposed(), at=NOW), approve(proposed())):
        with pytest.raises(WriteOffNotProposed):
            approve(known)


@pytest.mark.parametrize(
    "change",
    [
        adjust,
        end_by_match,
        lambda known: breaks.assigned(known, "zola", at=NOW),
        lambda known: breaks.proposed(known, by="maker", reason="again", at=NOW),
        lambda known: breaks.seen_again(known, replace(FOUND, units=-3), at=NOW),
    ],
)
def test_closed_break_never_changes(change: Callable[[Break], Break]) -> None:
    for closed in (adjust(a_break()), end_by_match(a_break()), approve(proposed())):
        with pytest.raises(BreakNotOpen):
            change(closed)


def test_proposed_write_off_is_not_adjusted_meanwhile_but_may_turn_out_a_match() -> None:
    with pytest.raises(BreakNotOpen):
        adjust(proposed())
    closed = end_by_match(proposed())
    assert (closed.resolution, closed.proposal) == (Resolution.MATCH, None)


def test_other_amount_takes_the_proposal_back() -> None:
    again = breaks.seen_again(proposed(), replace(FOUND, units=-3), at=NOW)
    assert (again.state, again.proposal, again.units) == (BreakState.OPEN, None, -3)


def test_other_type_of_the_same_amount_keeps_the_proposal() -> None:
    again = breaks.seen_again(proposed(), replace(FOUND, type=BreakType.FEE), at=NOW)
    assert (again.state, again.type) == (BreakState.PROPOSED, BreakType.FEE)


def test_nothing_new_leaves_the_version_alone() -> None:
    known = a_break()
    assert breaks.seen_again(known, FOUND, at=NOW + timedelta(days=1)) is known
    assert breaks.assigned(known, "zola", at=NOW).version == 2


def test_only_a_difference_of_balances_ends_without_a_match() -> None:
    ended = breaks.matched(a_break(OF_BALANCE), match_id=None, by=None, at=NOW)
    assert ended.resolution is Resolution.MATCH
    with pytest.raises(InvariantViolation):
        breaks.matched(a_break(), match_id=None, by=None, at=NOW)
