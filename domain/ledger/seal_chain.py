"""What must hold between seals, and between the chain and what was written down outside of it.

Nothing here checks a signature or reads a row: that takes keys, and the journal.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from .seal import FIRST_BLOCK, GENESIS, NO_HASH, Contents, Seal, block_hash, sealed_until


class Disagreement(msgspec.Struct, frozen=True):
    """`check` is a stable name; `number` is the block's, or that of the first of many."""

    check: str
    number: int
    detail: str


HASH: Final = "seal_hash_is_its_headers"
LINK: Final = "seal_continues_the_chain"
RANGE: Final = "seal_ranges_are_contiguous"
KEY: Final = "seal_key_was_not_retired"
ROWS: Final = "sealed_rows_are_unchanged"
CUT: Final = "sealed_blocks_are_there"
ANCHORED: Final = "seal_is_the_anchored_one"
ANCHOR_ORDER: Final = "seal_anchor_is_in_order"


class ChainWalk:
    """Follows a tenant's seals in order of their numbers, from the first."""

    def __init__(self) -> None:
        self._before: Seal | None = None
        self._retired: set[str] = set()

    def follow(self, seal: Seal) -> Iterator[Disagreement]:
        before = self._before
        self._before = seal
        yield from _link_disagreements(before, seal)
        if before is not None and before.key_id != seal.key_id:
            self._retired.add(before.key_id)
        if seal.key_id in self._retired:
            # Whoever still has an old key must not be able to continue with it.
            yield Disagreement(KEY, seal.header.number, f"key {seal.key_id} was replaced before")


def _link_disagreements(before: Seal | None, seal: Seal) -> Iterator[Disagreement]:
    header = seal.header
    number = FIRST_BLOCK if before is None else before.header.number + 1
    if block_hash(header) != seal.hash:
        yield Disagreement(HASH, header.number, "the header was changed, or its hash")
    if header.number != number:
        yield Disagreement(LINK, number, f"block {header.number} stands in its place")
        return
    if header.previous_hash != (NO_HASH if before is None else before.hash):
        yield Disagreement(LINK, number, "it does not name the hash of the block before")
    if not _epoch_follows(before, seal):
        yield Disagreement(LINK, number, f"epoch {header.epoch} does not follow")
    if header.booked_from != (GENESIS if before is None else sealed_until(before)):
        yield Disagreement(RANGE, number, "it does not begin where the block before ends")


def _epoch_follows(before: Seal | None, seal: Seal) -> bool:
    known = 1 if before is None else before.header.epoch
    if seal.header.reason is None:
        return seal.header.epoch == known
    return seal.header.epoch > known


def rows_disagreement(seal: Seal, found: Contents) -> Disagreement | None:
    header = seal.header
    if found == Contents(header.transactions, header.entries, header.merkle_root):
        return None
    detail = "a column of a row was changed"
    if (found.transactions, found.entries) != (header.transactions, header.entries):
        detail = (
            f"sealed were {header.transactions} transactions with {header.entries} entries, "
            f"there are {found.transactions} with {found.entries}"
        )
    return Disagreement(ROWS, header.number, detail)


class Anchored(msgspec.Struct, frozen=True, kw_only=True):
    """A block as it was written down outside the database."""

    epoch: int
    number: int
    hash: bytes
    begins_epoch: bool


def anchored(seal: Seal) -> Anchored:
    header = seal.header
    return Anchored(
        epoch=header.epoch,
        number=header.number,
        hash=seal.hash,
        begins_epoch=header.reason is not None,
    )


class Expected:
    """The chain that there should be by what was written down: hashes by number, from block 1.

    A block that begins an epoch takes the place of all that had its number or a higher one.
    """

    def __init__(self) -> None:
        self.epoch = 1
        self._hashes: list[bytes] = []

    def __len__(self) -> int:
        return len(self._hashes)

    def hash_of(self, number: int) -> bytes | None:
        return self._hashes[number - 1] if 0 < number <= len(self._hashes) else None

    def follow(self, line: Anchored) -> Disagreement | None:
        if self.hash_of(line.number) == line.hash:
            return None  # written down twice, by two who caught up
        place = line.number - 1
        if line.begins_epoch and line.epoch > self.epoch and place <= len(self._hashes):
            del self._hashes[place:]
            self.epoch = line.epoch
        elif line.epoch != self.epoch or place != len(self._hashes):
            detail = f"epoch {line.epoch} follows {len(self._hashes)} blocks of {self.epoch}"
            return Disagreement(ANCHOR_ORDER, line.number, detail)
        self._hashes.append(line.hash)
        return None

    def disagreement(self, seal: Seal) -> Disagreement | None:
        """Between a block that is there and what was written down under its number, if it was."""
        anchored = self.hash_of(seal.header.number)
        if anchored is None or anchored == seal.hash:
            return None
        number = seal.header.number
        return Disagreement(ANCHORED, number, "another block was anchored under this number")

    def missing_after(self, number: int) -> Disagreement | None:
        """When the chain that is there ends with `number`."""
        if number >= len(self._hashes):
            return None
        detail = f"blocks up to {len(self._hashes)} were anchored, and are not in the database"
        return Disagreement(CUT, number + 1, detail)
