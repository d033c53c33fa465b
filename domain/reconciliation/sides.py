"""The two sides: a line of a statement, and an entry in our books. Both count from our view.

Units are positive where what lies with the source grows, so that equal amounts have equal signs.
"""

from datetime import date, datetime

import msgspec

from ..shared.errors import RuleViolation
from ..shared.ids import AccountId, LineId, TransactionId
from ..shared.money import AssetCode, check_limit


class LineInvalid(RuleViolation):
    code = "statement_line_invalid"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """`ref` is the source's own name for it, `batch_ref` the name of a payment it is a part of.

    `other_ref` helps people and lookups to find it; nothing is matched by it.
    Raises `LineInvalid` or `AmountInvalid`.
    """

    id: LineId
    ref: str
    asset: AssetCode
    units: int
    value_on: date
    batch_ref: str | None = None
    other_ref: str | None = None

    def __post_init__(self) -> None:
        if type(self.units) is not int or self.units == 0:
            raise LineInvalid("a line moves a whole number of units, never zero", ref=self.ref)
        check_limit(self.units)


class ItemKey(msgspec.Struct, frozen=True, order=True):
    """A transaction has at most one entry on an account."""

    account_id: AccountId
    transaction_id: TransactionId


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """`refs` are all names the source may know it by, `batch_ref` as with lines."""

    key: ItemKey
    asset: AssetCode
    units: int
    refs: tuple[str, ...]
    booked_at: datetime
    batch_ref: str | None = None

    @property
    def value_on(self) -> date:
        return self.booked_at.date()
