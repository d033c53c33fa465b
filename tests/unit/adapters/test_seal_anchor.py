"""The file outside the database: in order, on the disk, and readable after any crash."""

import json
from pathlib import Path

import pytest

from adapters.system.seal_anchor import FileSealAnchor
from application.ports.seals import AnchorUnreadable
from domain.ledger.seal import header_fields
from domain.shared.ids import IdPrefix, encode_id
from domain.tenants.tenant import HOUSE_TENANT_ID
from tests.unit.domain.ledger.seals import TENANT, chain, following, restarted


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


async def test_nothing_is_there_at_first(anchor: FileSealAnchor) -> None:
    assert not await anchor.exists()
    assert await anchor.tenants() == ()
    assert await anchor.head(TENANT) is None
    assert await anchor.lines(TENANT) == ()
    await anchor.append(())
    assert not await anchor.exists()


async def test_blocks_are_read_back_in_order(anchor: FileSealAnchor) -> None:
    first, second = chain(2)
    await anchor.append((first,))
    await anchor.append((second, restarted(second, after=6)))
    lines = await anchor.lines(TENANT)
    assert [(line.epoch, line.number, line.begins_epoch) for line in lines if line] == [
        (1, 1, False),
        (1, 2, False),
        (7, 3, True),
    ]
    assert await anchor.head(TENANT) == lines[-1]
    assert lines[0] is not None
    assert lines[0].hash == first.hash


async def test_each_tenant_has_a_file_of_its_own(anchor: FileSealAnchor, tmp_path: Path) -> None:
    await anchor.append(chain(2))
    await anchor.append(chain(1, tenant_id=HOUSE_TENANT_ID))
    assert set(await anchor.tenants()) == {TENANT, HOUSE_TENANT_ID}
    assert (tmp_path / "anchor" / "house.jsonl").is_file()
    assert await numbers(anchor) == [1, 2]


async def test_line_holds_the_header_as_it_is_hashed(anchor: FileSealAnchor, path: Path) -> None:
    (seal,) = chain(1)
    await anchor.append((seal,))
    line = json.loads(content(path))
    assert list(line["block"].items()) == list(header_fields(seal.header).items())
    assert bytes.fromhex(line["signature"]) == seal.signature
    assert (bytes.fromhex(line["hash"]), line["key_id"]) == (seal.hash, seal.key_id)


async def test_line_cut_short_at_any_byte_is_written_again(
    anchor: FileSealAnchor, path: Path
) -> None:
    first, second, third = chain(3)
    await anchor.append((first, second))
    whole = content(path)
    start = whole.index(b"\n") + 1
    for end in range(start, len(whole)):
        replace_with(path, whole[:end])
        assert await numbers(anchor) == [1]
        head = await anchor.head(TENANT)
        assert head is not None
        assert head.number == 1
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


async def test_head_of_a_long_file_is_its_last_line(anchor: FileSealAnchor) -> None:
    seals = chain(300)
    await anchor.append(seals)
    head = await anchor.head(TENANT)
    assert head is not None
    assert (head.number, head.hash) == (300, seals[-1].hash)
    await anchor.append((following(seals[-1]),))
    assert len(await anchor.lines(TENANT)) == 301
