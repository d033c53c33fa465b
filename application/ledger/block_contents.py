"""Reading the rows of one block: the same for whoever seals it and whoever checks the seal."""

from datetime import datetime
from uuid import UUID

import msgspec

from application.ports.seals import PAGE_MAX, Leaf, Place, Seals
from domain.ledger.canonical import transaction_bytes
from domain.ledger.merkle import MerkleRoot, leaf_hash
from domain.ledger.seal import Contents
from domain.shared.ids import TransactionId


class BlockContents(msgspec.Struct, frozen=True):
    contents: Contents
    leaves: tuple[Leaf, ...]


async def read_block(
    seals: Seals, since: datetime | None, until: datetime, *, format_: int
) -> BlockContents:
    """What was booked in the range, page by page; only the leaves are kept."""
    tree, leaves, entries = MerkleRoot(), list[Leaf](), 0
    after: Place | None = None
    while True:
        page = await seals.page(since, until, after=after, limit=PAGE_MAX)
        for row in page:
            leaf = Leaf(
                TransactionId(UUID(row.id)), leaf_hash(transaction_bytes(row, format_=format_))
            )
            tree.add(leaf.hash)
            leaves.append(leaf)
            entries += len(row.entries)
        if len(page) < PAGE_MAX:
            return BlockContents(Contents(tree.leaves, entries, tree.value()), tuple(leaves))
        after = Place(page[-1].booked_at, page[-1].id)
