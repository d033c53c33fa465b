"""Which postings an operator may take back, and for which day.

A reversal undoes what the books say, never what happened outside of them. Where money or an
execution has really gone its way, books that deny it would differ from everybody else's: then the
correction is the fact that sets it right, and this says which.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from ..shared.errors import Conflict, NotFound, RuleViolation
from .entry import JournalTransaction

REASON_LENGTH_MAX: Final = 500

REVERSIBLE: Final = frozenset(
    {
        "transfer",
        "fee_charged",
        "deposit_confirmed",
        "withdrawal_returned",
        "network_fee_paid",
        "capital_paid_in",
    }
)
_BY_ITS_ORIGINAL: Final = "reverse the tenant's transaction that it mirrors; this one then follows"
# By template: what to do instead.
INSTEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "trade_filled": "the liquidity provider did execute it: trade the other way, or pay a fee "
        "or the difference back",
        "withdrawal_sent": "the money has left: book its return when it comes back",
        "reversal": "post the fact again: then each of the three says what it is",
        "trade_mirror": _BY_ITS_ORIGINAL,
        "deposit_mirror": _BY_ITS_ORIGINAL,
        "withdrawal_mirror": _BY_ITS_ORIGINAL,
        "withdrawal_return_mirror": _BY_ITS_ORIGINAL,
        "reversal_mirror": _BY_ITS_ORIGINAL,
    }
)


class OriginalNotFound(NotFound):
    code = "original_not_found"


class OriginalReversed(Conflict):
    """`reversed_by` names the transaction that did it."""

    code = "original_reversed"


class NotReversible(RuleViolation):
    """`template` is what was posted; the detail says what to do instead."""

    code = "not_reversible"


class ReversalDayInvalid(RuleViolation):
    """`earliest` and `latest` are the days that would do."""

    code = "reversal_day_invalid"


class ReasonInvalid(RuleViolation):
    code = "reason_invalid"


def require_reversible(original: JournalTransaction) -> None:
    """Raises `NotReversible`. A template that nobody thought about is not reversible."""
    if original.template in REVERSIBLE:
        return
    instead = INSTEAD.get(original.template, "nobody has decided that it may be")
    raise NotReversible(
        f"a {original.template} is not reversed by hand: {instead}", template=original.template
    )


def reversal_day(wanted: date | None, original: JournalTransaction, *, today: date) -> date:
    """The day a reversal counts for: today, unless an earlier one is wanted.

    Never before what it reverses, or a day in between would show less than nothing happened, and
    never in the future. `today` is the date in UTC. Raises `ReversalDayInvalid`.
    """
    day = today if wanted is None else wanted
    earliest = min(original.effective_on, today)
    if not earliest <= day <= today:
        raise ReversalDayInvalid(
            f"a reversal counts for a day from {earliest.isoformat()} to {today.isoformat()}",
            earliest=earliest.isoformat(),
            latest=today.isoformat(),
        )
    return day


def require_reason(text: str) -> str:
    """Without the space around it. Raises `ReasonInvalid`."""
    reason = text.strip()
    if not 0 < len(reason) <= REASON_LENGTH_MAX or not reason.isprintable():
        raise ReasonInvalid(f"a reason is one line of 1 to {REASON_LENGTH_MAX} characters")
    return reason
