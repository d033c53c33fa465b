"""What the formats have in common: their shape, and how values are written."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec

from application.ports.export import BookAccount, ExportedTransaction
from domain.shared.ids import IdPrefix, TransactionId, encode_id
from domain.shared.money import AssetCode, format_units

# Decimals by asset.
Scales: TypeAlias = Mapping[AssetCode, int]


class BookFormat(msgspec.Struct, frozen=True, kw_only=True):
    """Each part is whole lines with their ends, or nothing.

    `header` opens the file, `account` says that an account exists, `transaction` what was posted.
    """

    header: Callable[[Scales], str]
    account: Callable[[BookAccount], str]
    transaction: Callable[[ExportedTransaction, Scales], str]


def no_account(_: BookAccount) -> str:
    """For formats that know accounts by their entries alone."""
    return ""


def transaction_text(transaction_id: TransactionId) -> str:
    return encode_id(IdPrefix.TRANSACTION, transaction_id)


def reverses_text(exported: ExportedTransaction) -> str | None:
    reverses = exported.posted.transaction.reverses
    return None if reverses is None else transaction_text(reverses)


def mirror_text(exported: ExportedTransaction) -> str | None:
    """The transaction in a tenant's books that this one answers in the house's."""
    mirror_of = exported.posted.transaction.mirror_of
    return None if mirror_of is None else transaction_text(mirror_of.transaction_id)


def time_text(at: datetime) -> str:
    """In UTC and always to the microsecond, so that texts sort as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def amount_text(units: int, asset: AssetCode, scales: Scales) -> str:
    return format_units(units, scale=scales[asset])
