"""A seal binds a block of journal transactions, and by its hash every block before it.

A block is all transactions that a tenant's books have from one booking time to another, in order of
booking time and id. Blocks follow each other without gaps: where one ends, the next begins. Time
in which nothing was booked is sealed too, by a block of nothing, so that nothing can be put there.

An *epoch* is the life of a chain. After a restore to an earlier moment the blocks that were sealed
since are gone; a block that says so begins a new epoch behind the last one that is there. It seals
no transactions, and carries the reason, and the names of the two who have declared it.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from ..shared.errors import RuleViolation
from ..shared.ids import TenantId
from ..tenants.operator import Operator, require_second_person
from .canonical import FORMAT, Fields, row_bytes, text_bytes
from .merkle import EMPTY_ROOT, HASH_BYTES

# Before anything was booked. What is found below it belongs to the first block all the same.
GENESIS: Final = datetime(1970, 1, 1, tzinfo=UTC)
NO_HASH: Final = bytes(HASH_BYTES)
FIRST_BLOCK: Final = 1
FIRST_EPOCH: Final = 1
TRANSACTIONS_MAX: Final = 10_000
REASON_LENGTH_MAX: Final = 500
DECLARED_BY_LENGTH_MAX: Final = 500
# The age of a chain's end at which the quiet since then is sealed.
QUIET_MAX: Final = timedelta(minutes=15)


class SealInvalid(RuleViolation):
    code = "seal_invalid"


class BlockHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What is hashed and signed. `booked_to` is outside, `booked_from` inside the block.

    `reason` and `declared_by` are None but in the first block of a later epoch, which is otherwise
    empty. `format` is that of the transactions' bytes, and may be one of later code. Raises
    `SealInvalid`.
    """

    tenant_id: TenantId
    epoch: int
    number: int
    format: int
    booked_from: datetime
    booked_to: datetime
    transactions: int
    entries: int
    merkle_root: bytes
    previous_hash: bytes
    reason: str | None
    declared_by: str | None
    sealed_at: datetime

    def __post_init__(self) -> None:
        if self.number < FIRST_BLOCK or self.epoch < FIRST_EPOCH:
            raise SealInvalid("blocks and epochs count from 1")
        if {len(self.merkle_root), len(self.previous_hash)} != {HASH_BYTES}:
            raise SealInvalid("a hash has 32 bytes")
        nothing = (self.transactions, self.entries, self.merkle_root) == (0, 0, EMPTY_ROOT)
        if self.reason is None and self.declared_by is None:
            whole = (self.transactions > 0 or nothing) and self.booked_from < self.booked_to
        else:
            whole = nothing and self.booked_from == self.booked_to
            whole = whole and 0 < len(self.reason or "") <= REASON_LENGTH_MAX
            whole = whole and 0 < len(self.declared_by or "") <= DECLARED_BY_LENGTH_MAX
        if not whole:
            raise SealInvalid("a block seals a time, or else begins an epoch for a reason")

    @property
    def reads_from(self) -> datetime | None:
        """None for the first block with rows, which has everything below its end."""
        return None if self.booked_from == GENESIS else self.booked_from


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """`hash` is that of the header, and what was signed."""

    header: BlockHeader
    hash: bytes
    signature: bytes
    key_id: str


class Contents(msgspec.Struct, frozen=True):
    """What a block's rows come to."""

    transactions: int
    entries: int
    merkle_root: bytes


NOTHING: Final = Contents(0, 0, EMPTY_ROOT)


def next_block(
    tenant_id: TenantId,
    head: Seal | None,
    contents: Contents,
    *,
    booked_to: datetime,
    at: datetime,
) -> BlockHeader:
    return BlockHeader(
        tenant_id=tenant_id,
        epoch=FIRST_EPOCH if head is None else head.header.epoch,
        number=FIRST_BLOCK if head is None else head.header.number + 1,
        format=FORMAT,
        booked_from=sealed_until(head),
        booked_to=booked_to,
        transactions=contents.transactions,
        entries=contents.entries,
        merkle_root=contents.merkle_root,
        previous_hash=NO_HASH if head is None else head.hash,
        reason=None,
        declared_by=None,
        sealed_at=at,
    )


def end_of_quiet(head: Seal | None, closed_until: datetime) -> datetime | None:
    """Where a block of nothing ends, when nothing was booked behind `head`; None while it is young.

    A chain begins with the first transaction: before it there is nothing to be put beside.
    """
    if head is None or closed_until - sealed_until(head) < QUIET_MAX:
        return None
    return closed_until


def declared_by(one: Operator, other: Operator) -> str:
    """Two people, as a block names them. Raises `SecondOperatorRequired`."""
    require_second_person(one, other)
    return f"{one.name} and {other.name}"


def new_epoch(
    tenant_id: TenantId,
    head: Seal | None,
    *,
    after: int,
    reason: str,
    by: tuple[Operator, Operator],
    at: datetime,
) -> BlockHeader:
    """Begins an epoch above both the chain's and `after`, the last that anybody knows of.

    Raises `SecondOperatorRequired`, `SealInvalid`.
    """
    known = FIRST_EPOCH if head is None else head.header.epoch
    return BlockHeader(
        tenant_id=tenant_id,
        epoch=max(known, after) + 1,
        number=FIRST_BLOCK if head is None else head.header.number + 1,
        format=FORMAT,
        booked_from=sealed_until(head),
        booked_to=sealed_until(head),
        transactions=0,
        entries=0,
        merkle_root=EMPTY_ROOT,
        previous_hash=NO_HASH if head is None else head.hash,
        reason=reason,
        declared_by=declared_by(*by),
        sealed_at=at,
    )


def sealed_until(head: Seal | None) -> datetime:
    return GENESIS if head is None else head.header.booked_to


def header_fields(header: BlockHeader) -> Fields:
    """As text, in the order in which it is hashed. `header_from` reads it back."""
    return {
        "tenant_id": str(header.tenant_id),
        "epoch": str(header.epoch),
        "number": str(header.number),
        "format": str(header.format),
        "booked_from": _instant(header.booked_from),
        "booked_to": _instant(header.booked_to),
        "transactions": str(header.transactions),
        "entries": str(header.entries),
        "merkle_root": header.merkle_root.hex(),
        "previous_hash": header.previous_hash.hex(),
        "reason": header.reason,
        "declared_by": header.declared_by,
        "sealed_at": _instant(header.sealed_at),
    }


def header_bytes(header: BlockHeader) -> bytes:
    return text_bytes("aksum block 1") + row_bytes(header_fields(header))


def block_hash(header: BlockHeader) -> bytes:
    return sha256(header_bytes(header)).digest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
