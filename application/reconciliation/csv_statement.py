"""Statements as CSV files, for whoever sends no other kind. docs/reconciliation.md has the columns.

A file is complete: it opens, moves and closes every asset it names, or it is refused as a whole.
"""

import csv
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from application.ports.clock import IdGenerator
from application.ports.reconciliation import Statement
from application.reconciliation.reading import StatementRead, StatementUnreadable, exact
from domain.assets.catalog import Catalog
from domain.reconciliation.gates import StatementNotContinuous, require_sums
from domain.reconciliation.sides import Line
from domain.reconciliation.source import Source
from domain.shared.errors import DomainError
from domain.shared.ids import LineId
from domain.shared.money import AssetCode

COLUMNS: Final = ("record", "asset", "amount", "date", "reference", "batch")
OPENING, LINE, CLOSING = "opening", "line", "closing"
BYTES_MAX: Final = 16 * 1024 * 1024
ROWS_MAX: Final = 50_000
REFERENCE_LENGTH_MAX: Final = 128
DAY: Final = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    record: str
    asset: AssetCode
    units: int
    on: date
    reference: str
    batch: str | None


def read_csv(
    content: bytes, source: Source, catalog: Catalog, ids: IdGenerator, *, today: date
) -> StatementRead:
    """Raises `StatementUnreadable`, which names the row.

    Nothing is dated after `today`: the next file would have to wait for that day.
    """
    if len(content) > BYTES_MAX:
        raise StatementUnreadable(f"a file has at most {BYTES_MAX} bytes")
    rows = list(_rows(content, catalog))
    opening, closing = _balances(rows, OPENING), _balances(rows, CLOSING)
    lines = tuple(_line(row, ids) for row in rows if row.record == LINE)
    if not opening or opening.keys() != closing.keys():
        raise StatementUnreadable("every asset has one opening and one closing row")
    if strange := {line.asset for line in lines} - opening.keys():
        raise StatementUnreadable(f"{min(strange)} has lines, and no opening and closing row")
    first = min(row.on for row in rows if row.record == OPENING)
    last = max(row.on for row in rows if row.record == CLOSING)
    if any(not first <= row.on <= last for row in rows):
        raise StatementUnreadable(f"rows are dated from {first} to {last}, opening to closing")
    if last > today:
        raise StatementUnreadable(f"a row is dated {last}, which is still to come")
    until = _midnight(last + timedelta(days=1))
    return StatementRead(
        source=source,
        since=_midnight(first),
        until=until,
        list_from=until,
        digest=hashlib.sha256(content).digest(),
        lines=lines,
        may_repeat=False,
        opening=opening,
        closing=closing,
        assets=frozenset(opening),
    )


def check_file(read: StatementRead, previous: Statement | None) -> None:
    """Gate 1. Raises `StatementUnbalanced` or `StatementNotContinuous`."""
    if previous is not None and read.since < previous.until:
        raise StatementNotContinuous(
            f"the file begins on {read.since.date()}, and the one before ended on "
            f"{previous.until.date() - timedelta(days=1)}"
        )
    before = () if previous is None else previous.positions
    closings = {each.asset: each.closing for each in before}
    sums: defaultdict[AssetCode, int] = defaultdict(int)
    for line in read.lines:
        sums[line.asset] += line.units
    for asset, opening in sorted((read.opening or {}).items()):
        require_sums(
            asset,
            opening=opening,
            lines=sums[asset],
            closing=(read.closing or {})[asset],
            previous_closing=closings.get(asset),
        )


def _rows(content: bytes, catalog: Catalog) -> Iterator[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StatementUnreadable("the file is not UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise StatementUnreadable(f"the first row is {','.join(COLUMNS)}")
        for fields in reader:
            if reader.line_num > ROWS_MAX:
                raise StatementUnreadable(f"a file has at most {ROWS_MAX} rows")
            yield _row(fields, reader.line_num, catalog)
    except csv.Error as error:
        raise StatementUnreadable(f"row {reader.line_num}: {error}") from None


def _row(fields: list[str], number: int, catalog: Catalog) -> Row:
    where = f"row {number}"
    if len(fields) != len(COLUMNS):
        raise StatementUnreadable(f"{where}: {len(fields)} columns, not {len(COLUMNS)}")
    record, asset, amount, on, reference, batch = fields
    if record not in (OPENING, LINE, CLOSING):
        raise StatementUnreadable(f"{where}: a record is opening, line or closing")
    if len(max(reference, batch, key=len)) > REFERENCE_LENGTH_MAX:
        raise StatementUnreadable(f"{where}: references have at most {REFERENCE_LENGTH_MAX}")
    if (record == LINE) != bool(reference):
        raise StatementUnreadable(f"{where}: lines, and only lines, have a reference")
    if not all(each.isprintable() for each in (reference, batch)):
        raise StatementUnreadable(f"{where}: a control character")
    try:
        units = exact(amount, asset, catalog, where=where)
        return Row(
            number=number,
            record=record,
            asset=AssetCode(asset),
            units=units,
            on=_day(on),
            reference=reference,
            batch=batch or None,
        )
    except DomainError as error:
        raise StatementUnreadable(f"{where}: {error.detail.removeprefix(f'{where}: ')}") from None
    except ValueError:
        raise StatementUnreadable(f"{where}: a date is YYYY-MM-DD") from None


def _day(text: str) -> date:
    """`fromisoformat` also takes `20260302` and `2026-W10-1`."""
    if DAY.fullmatch(text) is None:
        raise ValueError(text)
    return date.fromisoformat(text)


def _balances(rows: list[Row], record: str) -> Mapping[AssetCode, int]:
    found: dict[AssetCode, int] = {}
    for row in rows:
        if row.record == record:
            if row.asset in found:
                raise StatementUnreadable(f"row {row.number}: a second {record} of {row.asset}")
            found[row.asset] = row.units
    return found


def _line(row: Row, ids: IdGenerator) -> Line:
    if row.units == 0:
        raise StatementUnreadable(f"row {row.number}: a line moves something")
    return Line(
        id=LineId(ids.new()),
        ref=row.reference,
        asset=row.asset,
        units=row.units,
        value_on=row.on,
        batch_ref=row.batch,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
