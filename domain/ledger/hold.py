"""A hold sets units of an account aside until they are captured, in parts or at once, or returned.

At any time captured + released + remaining = units. A hold behind an order has no `expires_at`:
only proof of what happened ends it, never the clock.
"""

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from ..shared.errors import InvariantViolation, RuleViolation, invariant
from ..shared.ids import AccountId, HoldId
from ..shared.money import UNITS_LIMIT, AssetCode
from .outcomes import ERROR_CODES, OutcomeCode


class HoldInvalid(RuleViolation):
    code = "hold_invalid"


class HoldState(StrEnum):
    """`RELEASED` and `EXPIRED` holds may have been captured in part before they ended."""

    ACTIVE = "active"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """`remaining` is what is still set aside. Raises `HoldInvalid`."""

    id: HoldId
    account_id: AccountId
    asset: AssetCode
    units: int
    remaining: int
    captured: int = 0
    released: int = 0
    state: HoldState = HoldState.ACTIVE
    expires_at: datetime | None = None
    reference: str
    created_at: datetime

    def __post_init__(self) -> None:
        if type(self.units) is not int or not 0 < self.units < UNITS_LIMIT:
            raise HoldInvalid("a hold sets a whole, positive number of units aside")
        if min(self.remaining, self.captured, self.released) < 0:
            raise HoldInvalid("no part of a hold is negative")
        if self.captured + self.released + self.remaining != self.units:
            raise HoldInvalid("captured, released and remaining do not add up to the hold")
        if (self.remaining > 0) != (self.state is HoldState.ACTIVE):
            raise HoldInvalid("exactly the active holds have something remaining")
        if self.expires_at is not None and self.expires_at <= self.created_at:
            raise HoldInvalid("a hold expires after it was placed")

    def expired_by(self, at: datetime) -> bool:
        return self.expires_at is not None and at >= self.expires_at


def new_hold(
    hold_id: HoldId,
    account_id: AccountId,
    asset: AssetCode,
    units: int,
    *,
    reference: str,
    created_at: datetime,
    expires_at: datetime | None = None,
) -> Hold:
    return Hold(
        id=hold_id,
        account_id=account_id,
        asset=asset,
        units=units,
        remaining=units,
        expires_at=expires_at,
        reference=reference,
        created_at=created_at,
    )


def check_capture(hold: Hold, units: int, *, at: datetime) -> OutcomeCode:
    if hold.state is not HoldState.ACTIVE:
        return OutcomeCode.HOLD_NOT_ACTIVE
    # Refused even before the sweep: the money stays set aside until then, but not for this.
    if hold.expired_by(at):
        return OutcomeCode.HOLD_EXPIRED
    if units > hold.remaining:
        return OutcomeCode.HOLD_EXCEEDED
    return OutcomeCode.OK


def check_release(hold: Hold) -> OutcomeCode:
    if hold.state is not HoldState.ACTIVE:
        return OutcomeCode.HOLD_NOT_ACTIVE
    return OutcomeCode.OK


def check_expire(hold: Hold, *, at: datetime) -> OutcomeCode:
    if hold.state is not HoldState.ACTIVE:
        return OutcomeCode.HOLD_NOT_ACTIVE
    if not hold.expired_by(at):
        return OutcomeCode.HOLD_NOT_DUE
    return OutcomeCode.OK


def capture(hold: Hold, units: int, *, final: bool, at: datetime) -> Hold:
    """The hold after `units` of it were spent; `final` gives the rest back."""
    _require(check_capture(hold, units, at=at))
    invariant(units > 0, "a capture takes something")
    rest = hold.remaining - units
    return replace(
        hold,
        captured=hold.captured + units,
        released=hold.released + (rest if final else 0),
        remaining=0 if final else rest,
        state=HoldState.CAPTURED if final or rest == 0 else HoldState.ACTIVE,
    )


def release(hold: Hold) -> Hold:
    """The hold after all that remained was given back."""
    _require(check_release(hold))
    return _ended(hold, HoldState.RELEASED)


def expire(hold: Hold, *, at: datetime) -> Hold:
    """As `release`, but by the clock: refused before `expires_at` and always without one."""
    _require(check_expire(hold, at=at))
    return _ended(hold, HoldState.EXPIRED)


def _ended(hold: Hold, state: HoldState) -> Hold:
    return replace(hold, released=hold.released + hold.remaining, remaining=0, state=state)


def _require(code: OutcomeCode) -> None:
    # Callers check first, because a refusal is an answer; getting here with one is their bug.
    if code is not OutcomeCode.OK:
        raise InvariantViolation(ERROR_CODES[code])
