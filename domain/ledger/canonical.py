"""The bytes that stand for a journal transaction when it is sealed: every column, in one order.

A *row* is a count of fields and then, for each, its name, a byte that says whether there is a
value, and the value as text. Every text is preceded by its length in bytes, every number is four
bytes, big-endian: no two different rows share their bytes, and NULL is not the empty text.

A new column of either table is a new format here, and never a change of an old one: what was sealed
must be found again as it was sealed.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from ..shared.errors import InvariantViolation, invariant

Fields: TypeAlias = Mapping[str, str | None]

FORMAT: Final = 1
_SIZE_BYTES: Final = 4
_ABSENT: Final = b"\x00"
_PRESENT: Final = b"\x01"


class Columns(msgspec.Struct, frozen=True):
    """Names of the columns of a journal transaction's two tables, in the order they are sealed."""

    header: tuple[str, ...]
    entry: tuple[str, ...]


FORMATS: Final[Mapping[int, Columns]] = MappingProxyType(
    {
        1: Columns(
            header=(
                "tenant_id",
                "id",
                "template",
                "reference",
                "effective_on",
                "reverses",
                "mirror_tenant_id",
                "mirror_of",
                "booked_at",
                "created_xid",
            ),
            entry=(
                "tenant_id",
                "transaction_id",
                "leg",
                "account_id",
                "asset",
                "units",
                "account_seq",
                "balance_after",
                "booked_at",
                "created_xid",
            ),
        )
    }
)


class JournalRow(msgspec.Struct, frozen=True):
    """A transaction as it stands in the store: all columns as text, its entries by leg.

    More columns than a format names are allowed, for they came later; fewer are a bug.
    """

    header: Fields
    entries: tuple[Fields, ...]

    @property
    def id(self) -> str:
        return self.header["id"] or ""

    @property
    def booked_at(self) -> str:
        return self.header["booked_at"] or ""


def transaction_bytes(row: JournalRow, *, format_: int = FORMAT) -> bytes:
    columns = FORMATS[format_]
    return b"".join(
        (
            text_bytes(f"aksum transaction {format_}"),
            row_bytes(_picked(row.header, columns.header)),
            _size(len(row.entries)),
            *(row_bytes(_picked(entry, columns.entry)) for entry in row.entries),
        )
    )


def row_bytes(fields: Fields) -> bytes:
    parts = [_size(len(fields))]
    for name, value in fields.items():
        parts.append(text_bytes(name))
        parts.append(_ABSENT if value is None else _PRESENT + text_bytes(value))
    return b"".join(parts)


def text_bytes(text: str) -> bytes:
    encoded = text.encode()
    return _size(len(encoded)) + encoded


def _picked(fields: Fields, names: Sequence[str]) -> Fields:
    try:
        return {name: fields[name] for name in names}
    except KeyError as missing:
        raise InvariantViolation(f"the journal has no column {missing}") from None


def _size(number: int) -> bytes:
    invariant(0 <= number < 1 << 8 * _SIZE_BYTES, "too long to be sealed")
    return number.to_bytes(_SIZE_BYTES, "big")
