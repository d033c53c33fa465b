"""How a template is put together: amounts that may be zero become entries that may not."""

from collections.abc import Iterable
from datetime import date

import msgspec

from ...shared.ids import AccountId, TransactionId
from ...shared.money import AmountInvalid, AssetCode
from ..entry import Entry, HoldCapture, JournalTransaction, MirrorOf


class Header(msgspec.Struct, frozen=True):
    """What a template cannot know: ids come from outside, so that a retry builds the same thing.

    `reference` names the business object, `effective_on` the day it counts for.
    """

    transaction_id: TransactionId
    reference: str
    effective_on: date


class Leg(msgspec.Struct, frozen=True, gc=False):
    """An entry in the making: zero is allowed, and so is a second leg for one account."""

    account_id: AccountId
    asset: AssetCode
    units: int


def credit(account_id: AccountId, asset: AssetCode, units: int) -> Leg:
    return Leg(account_id, asset, units)


def debit(account_id: AccountId, asset: AssetCode, units: int) -> Leg:
    return Leg(account_id, asset, -units)


def journal(
    header: Header,
    template: str,
    legs: Iterable[Leg],
    *,
    captures: tuple[HoldCapture, ...] = (),
    mirror_of: MirrorOf | None = None,
) -> JournalTransaction:
    return JournalTransaction(
        id=header.transaction_id,
        template=template,
        reference=header.reference,
        effective_on=header.effective_on,
        entries=_netted(legs),
        captures=captures,
        mirror_of=mirror_of,
    )


def require_positive(units: int) -> None:
    """A negative amount would turn a fact around. Raises `AmountInvalid`."""
    if units <= 0:
        raise AmountInvalid("amount must be positive", units=units)


def _netted(legs: Iterable[Leg]) -> tuple[Entry, ...]:
    """One entry per account in order of first appearance; what nets to zero drops out."""
    sums: dict[tuple[AccountId, AssetCode], int] = {}
    for leg in legs:
        place = (leg.account_id, leg.asset)
        sums[place] = sums.get(place, 0) + leg.units
    return tuple(
        Entry(account_id, asset, units) for (account_id, asset), units in sums.items() if units != 0
    )
