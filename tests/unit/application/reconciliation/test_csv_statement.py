"""What a file may hold, and by which row a refusal is known."""

from datetime import UTC, date, datetime

import pytest

from adapters.system.ids import SystemIds
from application.ports.reconciliation import Statement
from application.reconciliation.csv_statement import check_file, read_csv
from application.reconciliation.reading import StatementRead, StatementUnreadable
from domain.assets.catalog import Catalog
from domain.ledger.chart import AccountCode
from domain.reconciliation.gates import Position, StatementNotContinuous, StatementUnbalanced
from domain.reconciliation.source import Source, SourceKind
from domain.shared.ids import StatementId
from domain.shared.money import AssetCode
from tests.unit.domain.builders import NGN, USDT

BANK = Source(name="bank", kind=SourceKind.CSV, account_code=AccountCode.CUSTODY)
CATALOG = Catalog({each.code: each for each in (NGN, USDT)}, {})
HEAD = "record,asset,amount,date,reference,batch"
NAIRA = AssetCode("NGN")
TODAY = date(2026, 3, 4)
GOOD = (
    HEAD,
    "opening,NGN,100.00,2026-03-02,,",
    "line,NGN,-20.5,2026-03-03,TX 1,",
    'line,NGN,0.500,2026-03-03,"TX, 2",PAY-7',
    "closing,NGN,80.00,2026-03-04,,",
)


def read(*rows: str) -> StatementRead:
    return read_csv("\r\n".join(rows).encode(), BANK, CATALOG, SystemIds(), today=TODAY)


def test_file_is_read_to_the_unit() -> None:
    found = read(*GOOD, "")
    assert [(each.ref, each.units, each.batch_ref) for each in found.lines] == [
        ("TX 1", -2_050, None),
        ("TX, 2", 50, "PAY-7"),
    ]
    assert found.lines[0].value_on == date(2026, 3, 3)
    assert (found.opening, found.closing) == ({NAIRA: 10_000}, {NAIRA: 8_000})
    assert found.since == datetime(2026, 3, 2, tzinfo=UTC)
    assert found.until == datetime(2026, 3, 5, tzinfo=UTC)
    assert found.assets == {NAIRA}
    check_file(found, None)


@pytest.mark.parametrize(
    ("closing", "told"),
    [
        ("2026-03-05", "which is still to come"),
        ("2062-03-04", "which is still to come"),
        ("9999-12-31", "a date is YYYY-MM-DD"),
        ("20260304", "a date is YYYY-MM-DD"),
        ("2026-W10-3", "a date is YYYY-MM-DD"),
    ],
)
def test_file_that_ends_in_the_future_or_on_no_day_is_refused(closing: str, told: str) -> None:
    with pytest.raises(StatementUnreadable) as refused:
        read(*GOOD[:-1], f"closing,NGN,80.00,{closing},,")
    assert told in refused.value.detail


def test_same_bytes_have_the_same_digest_and_no_others() -> None:
    assert read(*GOOD).digest == read(*GOOD).digest
    assert read(*GOOD).digest != read(*GOOD, "").digest


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("line,NGN,1.001,2026-03-03,a,", "row 5: 1.001 NGN is finer than 2 decimals"),
        ("line,NGN,1e3,2026-03-03,a,", "row 5: not a plain decimal number"),
        ("line,NGN,+1,2026-03-03,a,", "row 5: not a plain decimal number"),
        ("line,NGN,0,2026-03-03,a,", "row 5: a line moves something"),
        ("line,ABC,1,2026-03-03,a,", "row 5: no such asset"),
        ("line,NGN,1,03/03/2026,a,", "row 5: a date is YYYY-MM-DD"),
        ("line,NGN,1,2026-03-03,,", "row 5: lines, and only lines, have a reference"),
        ("opening,NGN,1,2026-03-03,a,", "row 5: lines, and only lines, have a reference"),
        ("opening,NGN,1,2026-03-03,,", "row 5: a second opening of NGN"),
        ("fee,NGN,1,2026-03-03,a,", "row 5: a record is opening, line or closing"),
        ("line,NGN,1,2026-03-03,a", "row 5: 5 columns, not 6"),
        ("line,NGN,1,2026-03-03,a\tb,", "row 5: a control character"),
        (f"line,NGN,1,2026-03-03,{'a' * 129},", "row 5: references have at most 128"),
        ("line,USDT,1,2026-03-03,a,", "USDT has lines, and no opening and closing row"),
        ("line,NGN,1,2026-03-09,a,", "rows are dated from 2026-03-02 to 2026-03-04"),
        (f"line,NGN,{'9' * 31},2026-03-03,a,", "row 5: amount is out of range"),
    ],
)
def test_bad_row_is_refused_and_named(row: str, told: str) -> None:
    with pytest.raises(StatementUnreadable) as refusal:
        read(*GOOD[:4], row, GOOD[4])
    assert refusal.value.detail.startswith(told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the first row is"),
        (b"asset,amount\n", "the first row is"),
        (HEAD.encode(), "every asset has one opening and one closing row"),
        (f"{HEAD}\nopening,NGN,1,2026-03-02,,\n".encode(), "every asset has one opening"),
        (b"\xff\xfe", "the file is not UTF-8"),
        (f'{HEAD}\n"a\n'.encode(), "row 2: "),
    ],
)
def test_what_is_no_statement_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(StatementUnreadable) as refusal:
        read_csv(content, BANK, CATALOG, SystemIds(), today=TODAY)
    assert refusal.value.detail.startswith(told)


def test_lines_must_lead_from_opening_to_closing() -> None:
    unbalanced = read(*GOOD[:4], "closing,NGN,80.01,2026-03-04,,")
    with pytest.raises(StatementUnbalanced):
        check_file(unbalanced, None)


@pytest.mark.parametrize(
    ("closing", "until", "continues"),
    [(10_000, 2, True), (9_999, 2, False), (10_000, 3, False)],
)
def test_file_continues_the_one_before(closing: int, until: int, continues: bool) -> None:
    position = Position(
        asset=NAIRA,
        opening=0,
        lines=closing,
        other=0,
        closing=closing,
        reported=True,
        pending=0,
        ledger=0,
        breaks=closing,
    )
    previous = Statement(
        id=StatementId(SystemIds().new()),
        source="bank",
        since=datetime(2026, 3, 1, tzinfo=UTC),
        until=datetime(2026, 3, until, tzinfo=UTC),
        list_from=datetime(2026, 3, until, tzinfo=UTC),
        digest=bytes(32),
        positions=(position,),
        created_at=datetime(2026, 3, 9, tzinfo=UTC),
    )
    if continues:
        check_file(read(*GOOD), previous)
        return
    with pytest.raises(StatementNotContinuous):
        check_file(read(*GOOD), previous)
