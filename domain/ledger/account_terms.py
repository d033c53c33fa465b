"""The terms of an account after it was opened: its credit line, and whether it is still open.

A credit line of N is a floor of -N. Only accounts with a floor have terms to change: the others
are never refused anything, and closing one would stop everybody's postings.
"""

from msgspec.structs import replace

from ..shared.errors import Conflict, RuleViolation
from ..shared.money import UNITS_LIMIT
from .account import Account, AccountStatus
from .balance import Balance


class CreditLineInvalid(RuleViolation):
    code = "credit_line_invalid"


class AccountNotStrict(RuleViolation):
    """The account has no floor, and never will: it was opened without one."""

    code = "account_not_strict"


class AccountClosed(RuleViolation):
    code = "account_closed"


class AccountNotEmpty(Conflict):
    """Something is posted or held on it; `posted_units` and `held_units` say how much."""

    code = "account_not_empty"


class AccountAwaited(Conflict):
    """An order that is not finished would pay into it."""

    code = "account_awaited"


class FloorAboveAvailable(RuleViolation):
    """The account is already below that floor; `available_units` is where it stands."""

    code = "floor_above_available"


def credit_line_floor(line_units: int) -> int:
    """The floor that allows `line_units` of credit. Raises `CreditLineInvalid`."""
    if type(line_units) is not int or not 0 <= line_units < UNITS_LIMIT:
        raise CreditLineInvalid("a credit line is a whole number of units, zero for none")
    return -line_units


def with_floor(account: Account, balance: Balance, floor_units: int) -> Account:
    """Raises `AccountNotStrict`, `AccountClosed`, `CreditLineInvalid`, `FloorAboveAvailable`."""
    require_changeable(account)
    if not -UNITS_LIMIT < floor_units <= 0:
        raise CreditLineInvalid("a floor is zero, or below it by the credit line")
    available = balance.available(account.type)
    if available < floor_units:
        raise FloorAboveAvailable(
            "what is available is less than that floor", available_units=available
        )
    return replace(account, floor_units=floor_units)


def closed(account: Account, balance: Balance, *, awaited: bool) -> Account:
    """A closed account has no credit line.

    `awaited` when an open order would pay into it: what an LP has executed must find its account.
    Raises as above, `AccountNotEmpty` and `AccountAwaited`.
    """
    require_changeable(account)
    posted = balance.posted(account.type)
    if posted != 0 or balance.held != 0:
        raise AccountNotEmpty(
            "only an account with nothing on it can be closed",
            posted_units=posted,
            held_units=balance.held,
        )
    if awaited:
        raise AccountAwaited("an order that is not finished would pay into the account")
    return replace(account, floor_units=0, status=AccountStatus.CLOSED)


def require_changeable(account: Account) -> None:
    """Raises `AccountNotStrict` and `AccountClosed`."""
    if not account.strict:
        raise AccountNotStrict("an account without a floor has no terms to change")
    if account.status is AccountStatus.CLOSED:
        raise AccountClosed("the account is closed")
