"""The tree of RFC 6962: its known answers, and that a proof proves one leaf in one place."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.merkle import (
    EMPTY_ROOT,
    MerkleRoot,
    inclusion_path,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
)
from domain.shared.errors import InvariantViolation

CONTENTS = st.lists(st.binary(max_size=6), min_size=1, max_size=40)
# The inputs and roots that Certificate Transparency's implementations are tested with.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def naive_root(leaves: list[bytes]) -> bytes:
    """As the RFC words it."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


@pytest.mark.parametrize(("size", "root"), ROOTS.items())
def test_root_is_the_known_one(size: int, root: str) -> None:
    assert root_of(map(leaf_hash, INPUTS[:size])).hex() == root


def test_tree_without_leaves_has_the_hash_of_nothing() -> None:
    assert MerkleRoot().value() == EMPTY_ROOT == sha256(b"").digest()


@given(CONTENTS)
def test_root_made_as_leaves_come_is_that_of_the_definition(contents: list[bytes]) -> None:
    leaves = [leaf_hash(each) for each in contents]
    assert root_of(leaves) == naive_root(leaves)


@given(CONTENTS, st.data())
def test_any_changed_lost_or_added_leaf_changes_the_root(
    contents: list[bytes], data: st.DataObject
) -> None:
    leaves = [leaf_hash(each) for each in contents]
    place = data.draw(st.integers(0, len(leaves) - 1))
    other = leaf_hash(contents[place] + b"x")
    changed = [*leaves[:place], other, *leaves[place + 1 :]]
    lost = [*leaves[:place], *leaves[place + 1 :]]
    added = [*leaves[:place], other, *leaves[place:]]
    roots = [root_of(each) for each in (leaves, changed, lost, added)]
    assert len(set(roots)) == len(roots)


@given(CONTENTS)
def test_path_of_each_leaf_proves_it_and_nothing_else(contents: list[bytes]) -> None:
    leaves = [leaf_hash(bytes([place]) + each) for place, each in enumerate(contents)]
    root, size = root_of(leaves), len(leaves)
    for place, leaf in enumerate(leaves):
        path = inclusion_path(leaves, place)
        assert is_included(leaf, path, index=place, leaves=size, root=root)
        assert not is_included(leaf_hash(b"other"), path, index=place, leaves=size, root=root)
        assert not any(
            is_included(other, path, index=place, leaves=size, root=root)
            for other in leaves
            if other != leaf
        )
        assert not any(
            is_included(leaf, path, index=index, leaves=size, root=root)
            for index in range(-1, size + 1)
            if index != place
        )


@given(CONTENTS, st.data())
def test_path_with_any_byte_changed_proves_nothing(
    contents: list[bytes], data: st.DataObject
) -> None:
    leaves = [leaf_hash(each) for each in [*contents, b"one more"]]
    place = data.draw(st.integers(0, len(leaves) - 1))
    path = list(inclusion_path(leaves, place))
    bent = data.draw(st.integers(0, len(path) - 1))
    root, size = root_of(leaves), len(leaves)
    longer = [*path, leaf_hash(b"x")]
    changed = [*path[:bent], path[bent][:-1] + bytes([path[bent][-1] ^ 1]), *path[bent + 1 :]]
    for wrong in (longer, changed, path[:-1]):
        assert not is_included(leaves[place], wrong, index=place, leaves=size, root=root)


def test_node_is_no_leaf() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize("index", [-1, 1])
def test_path_of_a_leaf_that_is_not_there_is_a_bug(index: int) -> None:
    with pytest.raises(InvariantViolation):
        inclusion_path([leaf_hash(b"a")], index)
