from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.ledger.commands import PlaceHold
from domain.ledger.hold import (
    HoldInvalid,
    HoldState,
    capture,
    check_capture,
    check_expire,
    check_release,
    expire,
    release,
)
from domain.ledger.outcomes import OutcomeCode
from domain.shared.errors import InvariantViolation
from tests.unit.domain.ledger.books import LATER, NOW, a_hold


@given(units=st.integers(1, 10**29), data=st.data())
def test_parts_always_add_up_to_the_hold(units: int, data: st.DataObject) -> None:
    hold = a_hold(1, 1, units)
    while hold.state is HoldState.ACTIVE:
        taken = data.draw(st.integers(0, hold.remaining))
        final = data.draw(st.booleans())
        hold = release(hold) if taken == 0 else capture(hold, taken, final=final, at=NOW)
        assert hold.captured + hold.released + hold.remaining == units
    assert hold.remaining == 0


def test_captured_in_parts_it_ends_with_the_last_unit() -> None:
    hold = capture(a_hold(1, 1, 100), 60, final=False, at=NOW)
    assert (hold.state, hold.captured, hold.remaining) == (HoldState.ACTIVE, 60, 40)
    hold = capture(hold, 40, final=False, at=NOW)
    assert (hold.state, hold.captured, hold.released) == (HoldState.CAPTURED, 100, 0)


def test_final_capture_gives_the_rest_back() -> None:
    hold = capture(a_hold(1, 1, 100), 60, final=True, at=NOW)
    assert (hold.state, hold.captured, hold.released) == (HoldState.CAPTURED, 60, 40)


def test_released_after_a_part_was_captured_it_is_released() -> None:
    hold = release(capture(a_hold(1, 1, 100), 60, final=False, at=NOW))
    assert (hold.state, hold.captured, hold.released) == (HoldState.RELEASED, 60, 40)


def test_hold_behind_an_order_never_expires() -> None:
    hold = a_hold(1, 1, 100)
    assert check_expire(hold, at=NOW + timedelta(days=36_500)) is OutcomeCode.HOLD_NOT_DUE


def test_expiry_counts_from_the_very_moment() -> None:
    hold = a_hold(1, 1, 100, expires_at=LATER)
    just_before = LATER - timedelta(microseconds=1)
    assert check_capture(hold, 1, at=just_before) is OutcomeCode.OK
    assert check_expire(hold, at=just_before) is OutcomeCode.HOLD_NOT_DUE
    assert check_capture(hold, 1, at=LATER) is OutcomeCode.HOLD_EXPIRED
    assert expire(hold, at=LATER).state is HoldState.EXPIRED


def test_ended_hold_is_beyond_every_change() -> None:
    hold = release(a_hold(1, 1, 100, expires_at=LATER))
    assert check_capture(hold, 1, at=NOW) is OutcomeCode.HOLD_NOT_ACTIVE
    assert check_release(hold) is OutcomeCode.HOLD_NOT_ACTIVE
    assert check_expire(hold, at=LATER) is OutcomeCode.HOLD_NOT_ACTIVE


def test_more_than_remains_is_refused() -> None:
    hold = capture(a_hold(1, 1, 100), 60, final=False, at=NOW)
    assert check_capture(hold, 41, at=NOW) is OutcomeCode.HOLD_EXCEEDED
    with pytest.raises(InvariantViolation):
        capture(hold, 41, final=False, at=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"units": 0, "remaining": 0},
        {"remaining": 99},
        {"remaining": 101, "released": -1},
        {"remaining": 0, "captured": 100},
        {"state": HoldState.RELEASED},
        {"expires_at": NOW},
    ],
)
def test_hold_that_does_not_add_up_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(HoldInvalid):
        replace(a_hold(1, 1, 100), **change)


def test_used_hold_cannot_be_placed() -> None:
    with pytest.raises(HoldInvalid):
        PlaceHold(capture(a_hold(1, 1, 100), 60, final=False, at=NOW))
