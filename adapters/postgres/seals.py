"""Seals, and the journal's rows as they are sealed: all columns, whatever columns there are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from adapters.postgres.connection import Connection, Row
from application.ports.seals import Leaf, Place, StoredRow
from domain.ledger.canonical import ACCOUNT_PREFIX, FORMAT, FORMATS, Fields, JournalRow
from domain.ledger.merkle import HASH_BYTES
from domain.ledger.seal import BlockHeader, Seal
from domain.shared.errors import InvariantViolation
from domain.shared.ids import TenantId, TransactionId

ID_BYTES: Final = 16
LEAF_BYTES: Final = ID_BYTES + HASH_BYTES

SEAL_COLUMNS = """tenant_id, block_no, epoch, format, booked_from, booked_to, transactions, entries,
  merkle_root, previous_hash, reason, declared_by, sealed_at, hash, signature, key_id"""
HEAD = f"""
SELECT {SEAL_COLUMNS} FROM ledger_seals WHERE tenant_id = $1 ORDER BY block_no DESC LIMIT 1
"""
AFTER = f"""
SELECT {SEAL_COLUMNS} FROM ledger_seals WHERE tenant_id = $1 AND block_no > $2
ORDER BY block_no LIMIT $3
"""
COVERING = f"""
SELECT {SEAL_COLUMNS} FROM ledger_seals
WHERE tenant_id = $1 AND booked_to > $2 AND reason IS NULL ORDER BY booked_to LIMIT 1
"""
LEAVES = "SELECT leaves FROM ledger_seals WHERE tenant_id = $1 AND block_no = $2"
ADD = f"""
INSERT INTO ledger_seals ({SEAL_COLUMNS}, leaves)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
ON CONFLICT DO NOTHING
"""
# Only what is leakproof may be asked of an index before the policy is: COALESCE and the cast of a
# text are not, and in a sub-select are evaluated beforehand.
BOOKED = """ledger_transactions WHERE tenant_id = $1
  AND booked_at >= (SELECT coalesce($2::timestamptz, '-infinity')) AND booked_at < $3::timestamptz
"""
END_OF_BLOCK = f"""
WITH beyond AS (SELECT booked_at AS at FROM {BOOKED} ORDER BY booked_at OFFSET $4 LIMIT 1)
SELECT CASE
  WHEN EXISTS (SELECT FROM beyond) THEN (
    SELECT CASE WHEN EXISTS (SELECT FROM {BOOKED} AND booked_at < beyond.at) THEN beyond.at
      ELSE coalesce((SELECT min(booked_at) FROM {BOOKED} AND booked_at > beyond.at), $3) END
    FROM beyond)
  WHEN EXISTS (SELECT FROM {BOOKED}) THEN $3 END
"""
# Formats to come add to these.
OF_ACCOUNT = ", ".join(f"a.{name} AS {ACCOUNT_PREFIX}{name}" for name in FORMATS[FORMAT].account)
# JSON has one way to write a time or a number, whatever a session or a database is set to.
ROW = f"""to_json(t)::text AS header, (
    SELECT json_agg(n ORDER BY n.leg)::text FROM (
      SELECT e.*, {OF_ACCOUNT} FROM ledger_entries e
      LEFT JOIN ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id
      WHERE e.tenant_id = t.tenant_id AND e.transaction_id = t.id) n) AS entries"""
PAGE = f"""
SELECT {ROW} FROM ledger_transactions t
WHERE t.tenant_id = $1 AND t.booked_at < $3::timestamptz
  AND t.booked_at >= (SELECT coalesce($4::text::timestamptz, $2, '-infinity'))
  AND ($4::text IS NULL OR (t.booked_at, t.id) > ((SELECT $4::text::timestamptz), $5::uuid))
ORDER BY t.booked_at, t.id LIMIT $6
"""
ONE = f"SELECT t.booked_at, {ROW} FROM ledger_transactions t WHERE t.tenant_id = $1 AND t.id = $2"

_ROW: Final = msgspec.json.Decoder(dict[str, object])
_ROWS: Final = msgspec.json.Decoder(list[dict[str, object]])


class PostgresSeals:
    def __init__(self, connection: Connection, tenant_id: TenantId) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    async def head(self) -> Seal | None:
        row = await self._connection.fetchrow(HEAD, self._tenant_id)
        return None if row is None else _seal(row)

    async def after(self, number: int, *, limit: int) -> tuple[Seal, ...]:
        rows = await self._connection.fetch(AFTER, self._tenant_id, number, limit)
        return tuple(map(_seal, rows))

    async def covering(self, booked_at: datetime) -> Seal | None:
        row = await self._connection.fetchrow(COVERING, self._tenant_id, booked_at)
        return None if row is None else _seal(row)

    async def leaves(self, number: int) -> tuple[Leaf, ...]:
        found = await self._connection.fetchval(LEAVES, self._tenant_id, number) or b""
        starts = range(0, len(found) - LEAF_BYTES + 1, LEAF_BYTES)
        return tuple(_leaf(found[start : start + LEAF_BYTES]) for start in starts)

    async def add(self, seal: Seal, leaves: Sequence[Leaf]) -> bool:
        header = seal.header
        answered = await self._connection.execute(
            ADD,
            self._tenant_id,
            header.number,
            header.epoch,
            header.format,
            header.booked_from,
            header.booked_to,
            header.transactions,
            header.entries,
            header.merkle_root,
            header.previous_hash,
            header.reason,
            header.declared_by,
            header.sealed_at,
            seal.hash,
            seal.signature,
            seal.key_id,
            b"".join(leaf.transaction_id.bytes + leaf.hash for leaf in leaves),
        )
        return answered == "INSERT 0 1"

    async def end_of_block(
        self, since: datetime | None, until: datetime, *, transactions_max: int
    ) -> datetime | None:
        found: datetime | None = await self._connection.fetchval(
            END_OF_BLOCK, self._tenant_id, since, until, transactions_max
        )
        return found

    async def page(
        self, since: datetime | None, until: datetime, *, after: Place | None, limit: int
    ) -> tuple[JournalRow, ...]:
        rows = await self._connection.fetch(
            PAGE,
            self._tenant_id,
            since,
            until,
            None if after is None else after.booked_at,
            None if after is None else after.id,
            limit,
        )
        return tuple(map(_journal_row, rows))

    async def row(self, transaction_id: TransactionId) -> StoredRow | None:
        row = await self._connection.fetchrow(ONE, self._tenant_id, transaction_id)
        return None if row is None else StoredRow(_journal_row(row), row["booked_at"])


def _seal(row: Row) -> Seal:
    return Seal(
        header=BlockHeader(
            tenant_id=TenantId(row["tenant_id"]),
            epoch=row["epoch"],
            number=row["block_no"],
            format=row["format"],
            booked_from=row["booked_from"],
            booked_to=row["booked_to"],
            transactions=row["transactions"],
            entries=row["entries"],
            merkle_root=row["merkle_root"],
            previous_hash=row["previous_hash"],
            reason=row["reason"],
            declared_by=row["declared_by"],
            sealed_at=row["sealed_at"],
        ),
        hash=row["hash"],
        signature=row["signature"],
        key_id=row["key_id"],
    )


def _leaf(packed: bytes) -> Leaf:
    return Leaf(TransactionId(UUID(bytes=packed[:ID_BYTES])), packed[ID_BYTES:])


def _journal_row(row: Row) -> JournalRow:
    entries = () if row["entries"] is None else _ROWS.decode(row["entries"])
    return JournalRow(_fields(_ROW.decode(row["header"])), tuple(map(_fields, entries)))


def _fields(columns: Mapping[str, object]) -> Fields:
    return {
        name: value if value is None or type(value) is str else _text(name, value)
        for name, value in columns.items()
    }


def _text(name: str, value: object) -> str:
    if type(value) is int:
        return str(value)
    raise InvariantViolation(f"no text is agreed for what column {name} holds")
