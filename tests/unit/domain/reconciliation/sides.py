"""Lines and entries with only what a test is about."""

from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID

from domain.reconciliation.findings import Knowledge
from domain.reconciliation.matching import Name
from domain.reconciliation.sides import Item, ItemKey, Line
from domain.shared.ids import AccountId, LineId, TransactionId
from domain.shared.money import AssetCode

USDT: Final = AssetCode("USDT")
MONDAY: Final = date(2026, 3, 2)
UNTIL: Final = datetime(2026, 3, 31, tzinfo=UTC)


def line(
    number: int,
    ref: str,
    units: int,
    *,
    on: date = MONDAY,
    batch: str | None = None,
    asset: AssetCode = USDT,
) -> Line:
    return Line(
        id=LineId(UUID(int=number)),
        ref=ref,
        asset=asset,
        units=units,
        value_on=on,
        batch_ref=batch,
    )


def item(
    number: int,
    refs: str,
    units: int,
    *,
    on: date = MONDAY,
    batch: str | None = None,
    asset: AssetCode = USDT,
) -> Item:
    """`refs` are separated by spaces."""
    return Item(
        key=ItemKey(AccountId(UUID(int=1)), TransactionId(UUID(int=number))),
        asset=asset,
        units=units,
        refs=tuple(refs.split()),
        booked_at=datetime.combine(on, time(9), UTC),
        batch_ref=batch,
    )


def knowing(
    *,
    unfinished: dict[str, str] | None = None,
    pending: frozenset[str] = frozenset(),
    failed: frozenset[str] = frozenset(),
    earlier: frozenset[Name] = frozenset(),
    until: datetime = UNTIL,
) -> Knowledge:
    return Knowledge(
        unfinished=unfinished or {}, pending=pending, failed=failed, earlier=earlier, until=until
    )
