"""The file outside the database: in order, on the disk, and readable after any crash."""

import json
from pathlib import Path

import pytest

from adapters.system.seal_anchor import FileSealAnchor
from application.ports.seals import AnchorUnreadable
from domain.ledger.seal import header_fields
from domain.ledger.seal_chain import anchored
from domain.shared.ids import IdPrefix, encode_id
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.unit.domain.ledger.seals import TENANT, chain

STEP = 17


@pytest.fixture
def anchor(tmp_path: Path) -> FileSealAnchor:
    return FileSealAnchor(tmp_path / "anchor")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "anchor" / f"{encode_id(IdPrefix.TENANT, TENANT)}.jsonl"


async def numbers(anchor: FileSealAnchor) -> list[int | None]:
    lines = await anchor.lines(TENANT)
    return [None if line is None else line.number for line in lines]


def content(path: Path) -> bytes:
    return path.read_bytes()


def replace_with(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def test_each_tenant_has_a_file_of_its_own(anchor: FileSealAnchor, path: Path) -> None:
    await anchor.append(chain(2))
    await anchor.append(chain(1, tenant_id=HOUSE_TENANT_ID))
    assert {each.name for each in path.parent.iterdir()} == {path.name, "house.jsonl"}


async def test_line_holds_the_header_as_it_is_hashed(anchor: FileSealAnchor, path: Path) -> None:
    (seal,) = chain(1)
    await anchor.append((seal,))
    line = json.loads(content(path))
    assert list(line["block"].items()) == list(header_fields(seal.header).items())
    assert bytes.fromhex(line["signature"]) == seal.signature
    assert (bytes.fromhex(line["hash"]), line["key_id"]) == (seal.hash, seal.key_id)


@pytest.mark.parametrize("zeros", [0, 1, 4096])
async def test_line_cut_short_at_any_byte_is_written_again(
    anchor: FileSealAnchor, path: Path, zeros: int
) -> None:
    """Cut off, or never written where the file had become longer already."""
    first, second, third = chain(3)
    await anchor.append((first, second))
    whole = content(path)
    start = whole.index(b"\n") + 1
    for end in range(start, len(whole)):
        replace_with(path, whole[:end] + bytes(zeros))
        assert await numbers(anchor) == [1]
        assert await anchor.head(TENANT) == anchored(first)
    # Each time waits for the disk, so not after every byte.
    for end in (*range(start, len(whole), STEP), *range(len(whole) - STEP, len(whole))):
        replace_with(path, whole[:end] + bytes(zeros))
        await anchor.append((second, third))
        # Where only the line's end was missing, the block is there twice: no harm.
        assert list(dict.fromkeys(await numbers(anchor))) == [1, 2, 3], end


async def test_first_line_cut_short_is_no_line(anchor: FileSealAnchor, path: Path) -> None:
    (first,) = chain(1)
    await anchor.append((first,))
    replace_with(path, content(path)[:20])
    assert await anchor.head(TENANT) is None
    await anchor.append((first,))
    assert await numbers(anchor) == [1]


@pytest.mark.parametrize("garbage", [b"garbage\n", b"{}\n", b'{"block": {}}\n', b"\xff\n"])
async def test_line_that_is_no_seal_is_not_passed_over(
    anchor: FileSealAnchor, path: Path, garbage: bytes
) -> None:
    first, second = chain(2)
    await anchor.append((first,))
    with path.open("ab") as file:
        file.write(garbage)
    assert await numbers(anchor) == [1, None]
    await anchor.append((second,))
    assert await numbers(anchor) == [1, None, 2]


async def test_file_without_any_seal_is_named(anchor: FileSealAnchor, path: Path) -> None:
    await anchor.append(chain(1))
    replace_with(path, b"garbage\nmore\n")
    with pytest.raises(AnchorUnreadable, match=path.name):
        await anchor.head(TENANT)


async def test_file_of_nobody_is_named(anchor: FileSealAnchor, path: Path) -> None:
    await anchor.append(chain(1))
    (path.parent / "ten_nobody.jsonl").touch()
    with pytest.raises(AnchorUnreadable, match="ten_nobody"):
        await anchor.tenants()
