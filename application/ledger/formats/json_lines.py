"""One transaction per line, as JSON. Amounts are texts: no reader may round them."""

from typing import Final

import msgspec

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


class EntryLine(msgspec.Struct, frozen=True, kw_only=True):
    """`seq` and `balance_after` number and add up the entries of accounts with a floor."""

    leg: int
    account_id: str
    account: str
    asset: str
    amount: str
    seq: int | None
    balance_after: str | None


class TransactionLine(msgspec.Struct, frozen=True, kw_only=True):
    book: str
    id: str
    booked_at: str
    effective_on: str
    template: str
    reference: str
    reverses: str | None
    mirror_of: str | None
    entries: tuple[EntryLine, ...]


def _header(_: Scales) -> str:
    return ""


def _transaction(exported: ExportedTransaction, scales: Scales) -> str:
    transaction = exported.posted.transaction
    line = TransactionLine(
        book=book_name(exported.tenant_id),
        id=transaction_text(transaction.id),
        booked_at=time_text(exported.posted.booked_at),
        effective_on=transaction.effective_on.isoformat(),
        template=transaction.template,
        reference=transaction.reference,
        reverses=reverses_text(exported),
        mirror_of=mirror_text(exported),
        entries=tuple(
            EntryLine(
                leg=entry.leg,
                account_id=encode_id(IdPrefix.ACCOUNT, entry.account_id),
                account=full_name(exported.tenant_id, account),
                asset=entry.asset,
                amount=amount_text(entry.units, entry.asset, scales),
                seq=entry.account_seq,
                balance_after=None
                if entry.balance_after is None
                else amount_text(entry.balance_after, entry.asset, scales),
            )
            for entry, account in zip(exported.posted.entries, exported.accounts, strict=True)
        ),
    )
    return f"{msgspec.json.encode(line).decode()}\n"


JSONL: Final = BookFormat(header=_header, account=no_account, transaction=_transaction)
