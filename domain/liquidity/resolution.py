"""When an execution whose outcome is open may be settled. Only evidence settles it, never a timer.

Proof that the LP traded is a positive record. Proof that it did not is its own rejection, or
absence that can no longer change: the LP refuses the quote once expired, every witness it offers
was asked after that moment plus a margin, and none knows the execution.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from ..shared.errors import invariant
from .outcome import Filled, NotSeen, Outcome, Pending, Rejected, Unknown
from .proofs import Absence

# Dense at first, because most lost replies belong to trades that finished; then patient, forever.
LOOK_DELAYS_MS: Final = (500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000)
LOOK_DELAY_STEADY_MS: Final = 60_000

ABSENCE_REASON: Final = "proven_absent"


class AttemptStatus(StrEnum):
    """`sending` is written before the first byte leaves: a crash after that is unknown."""

    SENDING = "sending"
    PENDING = "pending"
    UNKNOWN = "unknown"
    FILLED = "filled"
    REJECTED = "rejected"


OPEN: Final = frozenset({AttemptStatus.SENDING, AttemptStatus.PENDING, AttemptStatus.UNKNOWN})


class Proof(StrEnum):
    LP_RECORD = "lp_record"
    LP_REJECTION = "lp_rejection"
    ABSENCE = "absence"


class AttemptState(msgspec.Struct, frozen=True, kw_only=True):
    """`looks` counts finished lookups. `absence` is of the LP's table; None: never proven."""

    status: AttemptStatus
    lp_expires_at: datetime
    absence: Absence | None
    looks: int


class Settle(msgspec.Struct, frozen=True, kw_only=True, tag="settle"):
    outcome: Filled | Rejected
    proof: Proof


class KeepLooking(msgspec.Struct, frozen=True, kw_only=True, tag="keep_looking"):
    """Funds stay held and the LP stays pinned.

    `needs_operator`: further lookups alone cannot be expected to end it.
    """

    outcome: Pending | Unknown
    look_again_at: datetime
    needs_operator: bool


class AlreadySettled(msgspec.Struct, frozen=True, kw_only=True, tag="already_settled"):
    """A settled attempt never changes. `contradicted` evidence is a break for reconciliation."""

    contradicted: bool


Resolution = Settle | KeepLooking | AlreadySettled


def next_look(attempts_made: int) -> int:
    """Milliseconds to wait before the lookup that follows `attempts_made` earlier ones."""
    invariant(attempts_made >= 0, "a count is never negative")
    if attempts_made < len(LOOK_DELAYS_MS):
        return LOOK_DELAYS_MS[attempts_made]
    return LOOK_DELAY_STEADY_MS


def decide(
    attempt: AttemptState, seen: Outcome | NotSeen | None, *, now: datetime, margin: timedelta
) -> Resolution:
    """What `seen` proves; None means that nothing was looked up yet.

    `now` is when the lookup was sent, not when its answer came: a record asked for before the
    deadline proves nothing about the moment after it.
    """
    invariant(margin >= timedelta(0), "a margin is never negative")
    if attempt.status in (AttemptStatus.FILLED, AttemptStatus.REJECTED):
        return AlreadySettled(contradicted=contradicts(attempt.status, seen))
    match seen:
        case Filled():
            return Settle(outcome=seen, proof=Proof.LP_RECORD)
        case Rejected():
            return Settle(outcome=seen, proof=Proof.LP_REJECTION)
        case NotSeen() if _is_proof(attempt, seen, now=now, margin=margin):
            rejected = Rejected(reason=ABSENCE_REASON, detail=seen.detail)
            return Settle(outcome=rejected, proof=Proof.ABSENCE)
    looks = attempt.looks if seen is None else attempt.looks + 1
    return KeepLooking(
        outcome=_still_open(attempt.status, seen),
        look_again_at=now + timedelta(milliseconds=next_look(looks)),
        needs_operator=now > attempt.lp_expires_at + margin,
    )


def _is_proof(attempt: AttemptState, seen: NotSeen, *, now: datetime, margin: timedelta) -> bool:
    """Checks the deadline again, although `authoritative` promises it: two locks on one door."""
    return (
        seen.authoritative
        and attempt.absence is not None
        # One that was not asked may know it.
        and set(attempt.absence.witnesses) <= set(seen.witnesses)
        # An LP that acknowledged the request contradicts itself when it then knows nothing.
        and attempt.status is not AttemptStatus.PENDING
        and now > attempt.lp_expires_at + margin
    )


def _still_open(status: AttemptStatus, seen: Outcome | NotSeen | None) -> Pending | Unknown:
    match seen:
        case Pending():
            return seen
        # A lookup that fails does not take back what the LP acknowledged before.
        case _ if status is AttemptStatus.PENDING:
            return Pending()
        case Unknown():
            return seen
        case NotSeen():
            return Unknown(cause=f"not seen: {seen.detail}")
        case _:
            return Unknown(cause="not looked up yet")


def contradicts(status: AttemptStatus, seen: Outcome | NotSeen | None) -> bool:
    """Whether what an LP shows denies what was settled."""
    match seen:
        case Filled():
            return status is AttemptStatus.REJECTED
        case Rejected() | NotSeen(authoritative=True):
            return status is AttemptStatus.FILLED
        case Pending():
            # An LP that still works on something we settled.
            return True
        case _:
            return False
