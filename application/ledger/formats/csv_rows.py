"""One row per entry, the header of its transaction in each. RFC 4180."""

import csv
import io
from collections.abc import Iterable
from typing import Final

from application.ledger.formats.book_text import (
    BookFormat,
    Scales,
    amount_text,
    mirror_text,
    no_account,
    reverses_text,
    time_text,
    transaction_text,
)
from application.ports.export import ExportedTransaction
from domain.ledger.account_name import book_name, full_name
from domain.shared.ids import IdPrefix, encode_id

# docs/ledger/export.md says what each holds.
COLUMNS: Final = (
    "book",
    "transaction_id",
    "booked_at",
    "effective_on",
    "template",
    "reference",
    "reverses",
    "mirror_of",
    "leg",
    "account_id",
    "account",
    "asset",
    "amount",
)


def _header(_: Scales) -> str:
    return _lines([COLUMNS])


def _transaction(exported: ExportedTransaction, scales: Scales) -> str:
    transaction = exported.posted.transaction
    header = (
        book_name(exported.tenant_id),
        transaction_text(transaction.id),
        time_text(exported.posted.booked_at),
        transaction.effective_on.isoformat(),
        transaction.template,
        transaction.reference,
        reverses_text(exported),
        mirror_text(exported),
    )
    return _lines(
        (
            *header,
            entry.leg,
            encode_id(IdPrefix.ACCOUNT, entry.account_id),
            full_name(exported.tenant_id, account),
            entry.asset,
            amount_text(entry.units, entry.asset, scales),
        )
        for entry, account in zip(exported.posted.entries, exported.accounts, strict=True)
    )


def _lines(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


CSV: Final = BookFormat(header=_header, account=no_account, transaction=_transaction)
