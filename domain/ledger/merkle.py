"""Merkle trees of RFC 6962, §2.1, with SHA-256.

A leaf is hashed behind a byte 0 and a pair of nodes behind a byte 1, so that neither can pass for
the other. A tree that is no power of two is split at the largest one below its size.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from ..shared.errors import invariant

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf_hash(content: bytes) -> bytes:
    return sha256(_LEAF + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


class MerkleRoot:
    """The root of leaves as they come, kept in as many hashes as their count has binary ones."""

    def __init__(self) -> None:
        self.leaves = 0
        # Roots of full trees, the largest first; no two are of one size.
        self._full: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        carried, size = leaf, self.leaves
        while size & 1:
            carried = node_hash(self._full.pop(), carried)
            size >>= 1
        self._full.append(carried)
        self.leaves += 1

    def value(self) -> bytes:
        if not self._full:
            return EMPTY_ROOT
        *larger, root = self._full
        for left in reversed(larger):
            root = node_hash(left, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    tree = MerkleRoot()
    for leaf in leaves:
        tree.add(leaf)
    return tree.value()


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes beside the way from a leaf up to the root, the lowest first."""
    invariant(0 <= index < len(leaves), "no such leaf")
    path: list[bytes] = []
    first, end = 0, len(leaves)
    while end - first > 1:
        # Down from the root; what is met first is the last on the way up.
        split = first + (1 << (end - first - 1).bit_length() - 1)
        if index < split:
            path.append(root_of(leaves[split:end]))
            end = split
        else:
            path.append(root_of(leaves[first:split]))
            first = split
    return tuple(reversed(path))


def is_included(
    leaf: bytes, path: Sequence[bytes], *, index: int, leaves: int, root: bytes
) -> bool:
    """Whether `leaf` stands at `index` in the tree of that many leaves with this root."""
    if not 0 <= index < leaves:
        return False
    node, place, last = leaf, index, leaves - 1
    for beside in path:
        if last == 0:
            return False  # longer than the tree is high
        if place & 1 or place == last:
            node = node_hash(beside, node)
            # On the right edge, levels without a neighbour are passed over.
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root
