"""Seals as lines of JSON in one file for each tenant, in a folder outside the database.

Only ever appended to, so that the folder can be on storage that takes no other change. A line that
a crash cut short, or filled up with zeros, is left as it is: the next writer begins a new one, with
the same words.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from application import crash_points
from application.ports.seals import AnchorUnreadable
from domain.ledger.account_name import HOUSE_BOOK, book_name
from domain.ledger.seal import Seal, header_fields
from domain.ledger.seal_chain import Anchored
from domain.shared.ids import IdInvalid, IdPrefix, TenantId, decode_id
from domain.tenants.tenant import HOUSE_TENANT_ID

ENDING: Final = ".jsonl"
# A line has about 800 bytes, and a reason at most 2,000 more: the last whole one is within this.
TAIL_BYTES: Final = 64 * 1024
# What a file system may leave at the end of a file that grew just before the power went off.
NEVER_WRITTEN: Final = b"\0"


class Line(msgspec.Struct, frozen=True):
    """`block` holds the fields of the header as they are hashed; the rest is hexadecimal."""

    block: Mapping[str, str | None]
    hash: str
    signature: str
    key_id: str


_DECODER: Final = msgspec.json.Decoder(Line)


class FileSealAnchor:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def exists(self) -> bool:
        return await asyncio.to_thread(self._folder.is_dir)

    async def tenants(self) -> tuple[TenantId, ...]:
        names = await asyncio.to_thread(
            lambda: sorted(path.stem for path in self._folder.glob(f"*{ENDING}"))
        )
        return tuple(map(_tenant, names))

    async def head(self, tenant_id: TenantId) -> Anchored | None:
        return await asyncio.to_thread(_last, self._path(tenant_id))

    async def append(self, seals: Sequence[Seal]) -> None:
        if seals:
            path = self._path(seals[0].header.tenant_id)
            await asyncio.to_thread(_append, path, b"".join(map(_line, seals)))

    async def lines(self, tenant_id: TenantId) -> tuple[Anchored | None, ...]:
        return await asyncio.to_thread(lambda: tuple(_read(self._path(tenant_id))))

    def _path(self, tenant_id: TenantId) -> Path:
        return self._folder / f"{book_name(tenant_id)}{ENDING}"


def _tenant(name: str) -> TenantId:
    try:
        return HOUSE_TENANT_ID if name == HOUSE_BOOK else TenantId(decode_id(IdPrefix.TENANT, name))
    except IdInvalid:
        raise AnchorUnreadable(f"{name}{ENDING} belongs to no tenant") from None


def _append(path: Path, lines: bytes) -> None:
    """One write under a lock, on the disk with its folder's entry when it returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o644)
    with os.fdopen(descriptor, "ab", buffering=0) as file:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        rest = b"\n" + lines if torn else lines
        if crash_points.armed:
            crash_points.reach_in_thread(crash_points.ANCHOR_BEFORE_WRITE)
            # A test may cut it short here, as a machine that goes down may.
            half, rest = rest[: len(rest) // 2], rest[len(rest) // 2 :]
            file.write(half)
            crash_points.reach_in_thread(crash_points.ANCHOR_TORN)
        file.write(rest)
        if crash_points.armed:
            crash_points.reach_in_thread(crash_points.ANCHOR_WRITTEN)
        os.fsync(descriptor)
        if crash_points.armed:
            crash_points.reach_in_thread(crash_points.ANCHOR_SYNCED)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _line(seal: Seal) -> bytes:
    line = Line(header_fields(seal.header), seal.hash.hex(), seal.signature.hex(), seal.key_id)
    return msgspec.json.encode(line) + b"\n"


def _read(path: Path) -> Iterator[Anchored | None]:
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    # What stands behind the last line's end was cut short, and is written again.
    for line, following in pairwise(lines):
        anchored = _parsed(line)
        torn = anchored is None and following.startswith(line.rstrip(NEVER_WRITTEN))
        if line and not torn:
            yield anchored


def _last(path: Path) -> Anchored | None:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return None
    for line in reversed(lines[:-1]):
        anchored = _parsed(line)
        if anchored is not None:
            return anchored
    if size == 0 or len(lines) == 1:
        return None
    raise AnchorUnreadable(f"the end of {path} is no seal")


def _parsed(line: bytes) -> Anchored | None:
    try:
        found = _DECODER.decode(line)
        return Anchored(
            epoch=int(found.block["epoch"] or ""),
            number=int(found.block["number"] or ""),
            hash=bytes.fromhex(found.hash),
            begins_epoch=found.block["reason"] is not None,
        )
    except (msgspec.MsgspecError, ValueError, KeyError):
        return None
