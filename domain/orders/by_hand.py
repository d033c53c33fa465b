"""When people may say what became of an order, and what they have to bring.

A person is no proof. Two of them with the LP's own words are the last resort, for an order whose
LP has been asked for longer than any record of it takes to appear.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from ..liquidity.outcome import Filled, Rejected
from ..shared.errors import Conflict, RuleViolation
from ..shared.money import check_limit
from .order import Order, OrderStatus

# Open for so long, an order is a person's to look at: the resolver's first looks are over by far.
REVIEW_AFTER: Final = timedelta(minutes=15)
EVIDENCE_BYTES_MAX: Final = 1 << 20
EVIDENCE_NAME_LENGTH_MAX: Final = 200
EXECUTION_ID_LENGTH_MAX: Final = 100
REJECT_REASON: Final = "proven_by_operators"


class OrderNotInReview(Conflict):
    """It is final, or machines are still at it."""

    code = "order_not_in_review"


class ResolutionInvalid(RuleViolation):
    code = "resolution_invalid"


class EvidenceInvalid(RuleViolation):
    code = "evidence_invalid"


class ManualOutcome(StrEnum):
    FILLED = "filled"
    REJECTED = "rejected"


class ManualResolution(msgspec.Struct, frozen=True, kw_only=True):
    """What the LP did, by its own account. Raises `ResolutionInvalid`.

    The amounts are the LP's, in units of our scale; a rejection has neither amounts nor an id.
    """

    outcome: ManualOutcome
    lp_execution_id: str | None = None
    base_units: int | None = None
    quote_units: int | None = None

    def __post_init__(self) -> None:
        given = [self.lp_execution_id, self.base_units, self.quote_units]
        filled = self.outcome is ManualOutcome.FILLED
        if any((each is not None) is not filled for each in given):
            raise ResolutionInvalid("a fill has the LP's id and both amounts, a rejection none")
        for units in (self.base_units, self.quote_units):
            if units is not None:
                if units <= 0:
                    raise ResolutionInvalid("a fill moves both assets")
                check_limit(units)
        text = self.lp_execution_id
        if text is not None and not (0 < len(text) <= EXECUTION_ID_LENGTH_MAX and _is_plain(text)):
            raise ResolutionInvalid("the LP's id is 1 to 100 printable characters")


def reviewed_from(order: Order) -> datetime:
    return order.created_at + REVIEW_AFTER


def is_in_review(order: Order, *, now: datetime) -> bool:
    return order.status is OrderStatus.PENDING and now >= reviewed_from(order)


def require_review(order: Order, *, now: datetime) -> None:
    """Raises `OrderNotInReview`."""
    if order.is_final:
        raise OrderNotInReview("its outcome is known")
    if not is_in_review(order, now=now):
        raise OrderNotInReview(
            f"it is looked up by itself; people may resolve it from {reviewed_from(order)} on"
        )


def as_outcome(resolution: ManualResolution, *, said_at: datetime) -> Filled | Rejected:
    match resolution:
        case ManualResolution(
            lp_execution_id=str(execution_id), base_units=int(base), quote_units=int(quote)
        ):
            return Filled(
                lp_execution_id=execution_id,
                base_units=base,
                quote_units=quote,
                executed_at=said_at,
            )
        case _:
            return Rejected(reason=REJECT_REASON, detail="two operators, on the LP's word")


def evidence_digest(name: str, content: bytes) -> bytes:
    """SHA-256 of what is to be kept. Raises `EvidenceInvalid`."""
    if not (0 < len(name) <= EVIDENCE_NAME_LENGTH_MAX and _is_plain(name)):
        raise EvidenceInvalid("evidence has a name of 1 to 200 printable characters")
    if not 0 < len(content) <= EVIDENCE_BYTES_MAX:
        raise EvidenceInvalid("evidence is 1 byte to 1 MiB")
    return hashlib.sha256(content).digest()


def _is_plain(text: str) -> bool:
    return text.isprintable() and text == text.strip()
