"""The three formats of an export: by example, and with whatever text may be in the books."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, localcontext
from pathlib import Path

import msgspec
import pytest
from hypothesis import given

from application.ledger.formats.csv_rows import COLUMNS, CSV
from application.ledger.formats.hledger_journal import HLEDGER
from application.ledger.formats.json_lines import JSONL, EntryLine, TransactionLine
from application.ports.export import ExportedTransaction
from domain.ledger.account_name import full_name
from domain.ledger.chart import AccountCode
from domain.shared.money import AssetCode
from tests.fixtures.book_readers import DIGITS, READERS, Balances, references_read
from tests.unit.application.ledger.posted import (
    SCALES,
    account,
    exported,
    odd_transactions,
    written,
)

PAGE = Path(__file__).parents[4] / "docs/ledger/export.md"
CUSTOMER = account(1, AccountCode.CUSTOMER, "C98", "cus_1")
CLEARING = account(2, AccountCode.HOUSE_CLEARING, "C98")
YEN = account(3, AccountCode.CUSTOMER, "JPY", "cus_1")
YEN_CLEARING = account(4, AccountCode.HOUSE_CLEARING, "JPY")
TRADE = exported(
    1, [(CUSTOMER, -5), (CLEARING, 5), (YEN_CLEARING, -(10**29)), (YEN, 10**29)], reverses=9
)


def test_journal_of_hledger_by_example() -> None:
    assert written(HLEDGER, [TRADE]) == (
        "decimal-mark .\n"
        "commodity 1000.00000000 BTC\n"
        'commodity 1000.000000000000000000 "C98"\n'
        "commodity 1000. JPY\n"
        "account Liabilities:Ten-00000000000000000000000007:Customer:Cus-1\n"
        "account Assets:Ten-00000000000000000000000007:House-clearing\n"
        "\n"
        "2026-03-01 * (txn_00000000000000000000000001) trade_filled | ord_1\n"
        "    ; booked_at:2026-03-02T09:30:00.000005Z, reverses:txn_00000000000000000000000009\n"
        "    Liabilities:Ten-00000000000000000000000007:Customer:Cus-1  "
        '0.000000000000000005 "C98"\n'
        "    Assets:Ten-00000000000000000000000007:House-clearing  "
        '-0.000000000000000005 "C98"\n'
        "    Assets:Ten-00000000000000000000000007:House-clearing  "
        "100000000000000000000000000000 JPY\n"
        "    Liabilities:Ten-00000000000000000000000007:Customer:Cus-1  "
        "-100000000000000000000000000000 JPY\n"
    )


def test_rows_by_example() -> None:
    odd = exported(1, [(CUSTOMER, -5), (CLEARING, 5)], reference='a "b", c\nd')
    rows = list(csv.reader(io.StringIO(written(CSV, [odd]), newline="")))
    assert rows[0] == list(COLUMNS)
    first, second = (dict(zip(COLUMNS, row, strict=True)) for row in rows[1:])
    assert first == {
        "book": "ten_00000000000000000000000007",
        "transaction_id": "txn_00000000000000000000000001",
        "booked_at": "2026-03-02T09:30:00.000005Z",
        "effective_on": "2026-03-01",
        "template": "trade_filled",
        "reference": 'a "b", c\nd',
        "reverses": "",
        "mirror_of": "",
        "leg": "0",
        "account_id": "acc_00000000000000000000000001",
        "account": "Liabilities:Ten-00000000000000000000000007:Customer:Cus-1",
        "asset": "C98",
        "amount": "-0.000000000000000005",
    }
    assert (second["leg"], second["amount"]) == ("1", "0.000000000000000005")


def test_line_by_example() -> None:
    (line,) = written(JSONL, [TRADE]).splitlines()
    told = msgspec.json.decode(line)
    assert told["id"] == "txn_00000000000000000000000001"
    assert told["reverses"] == "txn_00000000000000000000000009"
    assert told["mirror_of"] is None
    assert [entry["amount"] for entry in told["entries"]][2:] == [
        "-100000000000000000000000000000",
        "100000000000000000000000000000",
    ]


def test_page_names_every_column_and_field() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)`", page, re.MULTILINE) == list(COLUMNS)
    lines = page.partition("## JSON lines")[2].partition("## hledger")[0]
    fields = {*TransactionLine.__struct_fields__, *EntryLine.__struct_fields__}
    assert fields <= set(re.findall(r"`(\w+)`", lines))


@pytest.mark.parametrize("reader", READERS)
@given(found=odd_transactions())
def test_reader_arrives_at_exact_balances_whatever_the_texts_are(
    reader: str, found: list[ExportedTransaction]
) -> None:
    assert READERS[reader](written(HLEDGER, found)) == expected(found)


@given(found=odd_transactions())
def test_journal_gives_any_text_back(found: list[ExportedTransaction]) -> None:
    journal = written(HLEDGER, found)
    told = [(each.posted.transaction.template, each.posted.transaction.reference) for each in found]
    assert sorted(references_read(journal)) == sorted(told)


@given(found=odd_transactions())
def test_rows_and_lines_give_any_text_back(found: list[ExportedTransaction]) -> None:
    rows = list(csv.reader(io.StringIO(written(CSV, found), newline="")))[1:]
    lines = [msgspec.json.decode(line) for line in written(JSONL, found).split("\n")[:-1]]
    references = [each.posted.transaction.reference for each in found]
    assert [line["reference"] for line in lines] == references
    assert [row[COLUMNS.index("reference")] for row in rows] == [
        reference for reference in references for _ in range(2)
    ]


def expected(found: Sequence[ExportedTransaction]) -> Balances:
    sums: Counter[tuple[str, str]] = Counter()
    for each in found:
        for entry, to in zip(each.posted.entries, each.accounts, strict=True):
            sums[full_name(each.tenant_id, to), entry.asset] -= entry.units
    with localcontext(prec=DIGITS):
        return {
            (name, asset): Decimal(units).scaleb(-SCALES[AssetCode(asset)])
            for (name, asset), units in sums.items()
            if units != 0
        }
