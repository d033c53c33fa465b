"""The bytes that stand for a journal transaction when it is sealed: every column, in one order.

A *row* is a count of fields and then, for each, its name, a byte that says whether there is a
value, and the value as text. Every text is preceded by its length in bytes, every number is four
bytes, big-endian: no two different rows share their bytes, and NULL is not the empty text.

An entry names its account by an id, which says nothing about whose it is: so each entry also
carries the account's owner, code and type. A balance that changes hands changes what was sealed.

A new column of either table is a new format here, and never a change of an old one: what was sealed
must be found again as it was sealed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from ..shared.errors import InvariantViolation, invariant

Fields: TypeAlias = Mapping[str, str | None]

FORMAT: Final = 1
ACCOUNT_PREFIX: Final = "account_"
_SIZE_BYTES: Final = 4
_ABSENT: Final = b"\x00"
_PRESENT: Final = b"\x01"


class Columns(msgspec.Struct, frozen=True):
    """What is sealed of a journal transaction, in order: columns of its header and its entries.

    Behind its own columns an entry carries those of its `account`, as `account_` and their names.
    """

    header: tuple[str, ...]
    entry: tuple[str, ...]
    account: tuple[str, ...]

    @property
    def entry_with_account(self) -> tuple[str, ...]:
        return (*self.entry, *(f"{ACCOUNT_PREFIX}{name}" for name in self.account))


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
            account=("owner", "code", "type"),
        )
    }
)


class JournalRow(msgspec.Struct, frozen=True):
    """A transaction as it stands in the store: all columns as text, its entries by leg.

    Entries carry their accounts' as these stand now, NULL where there is no such account.

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
    """As `row_bytes` of the columns that the format names, one after the other."""
    prepared = _PREPARED[format_]
    parts = [prepared.title]
    _append_row(parts, row.header, prepared.header)
    parts.append(_size(len(row.entries)))
    for entry in row.entries:
        _append_row(parts, entry, prepared.entry)
    return b"".join(parts)


def row_bytes(fields: Fields) -> bytes:
    parts = [_size(len(fields))]
    for name, value in fields.items():
        parts.append(text_bytes(name))
        parts.append(_ABSENT if value is None else _PRESENT + text_bytes(value))
    return b"".join(parts)


def text_bytes(text: str) -> bytes:
    encoded = text.encode()
    return _size(len(encoded)) + encoded


def _size(number: int) -> bytes:
    invariant(0 <= number < 1 << 8 * _SIZE_BYTES, "too long to be sealed")
    return number.to_bytes(_SIZE_BYTES, "big")


# Millions of rows have the same columns, so what does not depend on their values is made once:
# their count, and for each its name followed by the byte for NULL, or for a value.
_Columns: TypeAlias = tuple[bytes, tuple[tuple[str, bytes, bytes], ...]]


class _Prepared(msgspec.Struct, frozen=True):
    title: bytes
    header: _Columns
    entry: _Columns


def _prepared(names: tuple[str, ...]) -> _Columns:
    return _size(len(names)), tuple(
        (name, text_bytes(name) + _ABSENT, text_bytes(name) + _PRESENT) for name in names
    )


_PREPARED: Final = {
    number: _Prepared(
        text_bytes(f"aksum transaction {number}"),
        _prepared(columns.header),
        _prepared(columns.entry_with_account),
    )
    for number, columns in FORMATS.items()
}


def _append_row(parts: list[bytes], fields: Fields, columns: _Columns) -> None:
    count, named = columns
    parts.append(count)
    try:
        for name, absent, present in named:
            value = fields[name]
            if value is None:
                parts.append(absent)
            else:
                encoded = value.encode()
                parts += (present, len(encoded).to_bytes(_SIZE_BYTES, "big"), encoded)
    except KeyError as missing:
        raise InvariantViolation(f"the journal has no column {missing}") from None
