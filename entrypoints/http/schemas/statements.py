"""An account's statement over a time: opening balance, every entry, closing balance."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from application.ports.ledger import AccountView
from application.ports.ledger_history import STATEMENT_LINES_MAX, StatementLine
from domain.assets.catalog import Catalog
from domain.shared.errors import invariant
from domain.shared.ids import IdPrefix, encode_id
from entrypoints.http.moments import Instant
from entrypoints.http.schemas.ledger import EntryBody, line_body
from entrypoints.http.schemas.values import (
    AccountRef,
    AssetText,
    DecimalText,
    Query,
    Timestamp,
    decimal,
)

# One less than can be read, so that what was left out is noticed.
LINES_MAX: Final = STATEMENT_LINES_MAX - 1
COLUMNS: Final = ("line", "booked_at", "transaction_id", "type", "reference", "amount", "balance")


class StatementQuery(Query, frozen=True, kw_only=True):
    from_: Annotated[Instant, Meta(description="The first instant of it.")] = msgspec.field(
        name="from"
    )
    to: Annotated[
        Instant, Meta(description="The first instant after it, so the next begins here. Past.")
    ]
    format: Literal["json", "csv"] = "json"


class StatementBody(msgspec.Struct, frozen=True, kw_only=True):
    """`entries` are oldest first, at most 9,999; `closing` is `opening` and their sum."""

    account_id: AccountRef
    asset: AssetText
    from_: Timestamp = msgspec.field(name="from")
    to: Timestamp
    opening: DecimalText
    entries: list[EntryBody]
    closing: DecimalText


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """`lines` are oldest first, `begins` and `ends` as shown. Balances in units."""

    view: AccountView
    begins: str
    ends: str
    opening: int
    lines: Sequence[StatementLine]
    closing: int


def statement_of(
    view: AccountView, newest_first: Sequence[StatementLine], before: int, times: tuple[str, str]
) -> Statement:
    """`before` is what was posted when it begins. Every line is checked against its balance."""
    sign = view.account.type.normal_sign
    lines = list(reversed(newest_first))
    # What was booked between the two readings is in one of them only: the lines are one reading.
    opening = lines[0].balance_after - sign * lines[0].entry.units if lines else before
    balance = opening
    for line in lines:
        balance += sign * line.entry.units
        invariant(balance == line.balance_after, "a statement does not add up")
    return Statement(
        view=view, begins=times[0], ends=times[1], opening=opening, lines=lines, closing=balance
    )


def statement_body(statement: Statement, catalog: Catalog) -> StatementBody:
    account = statement.view.account
    asset = catalog.asset(account.asset)
    return StatementBody(
        account_id=encode_id(IdPrefix.ACCOUNT, account.id),
        asset=asset.code,
        from_=statement.begins,
        to=statement.ends,
        opening=decimal(statement.opening, asset),
        entries=[line_body(line, catalog) for line in statement.lines],
        closing=decimal(statement.closing, asset),
    )


def statement_csv(body: StatementBody) -> bytes:
    """RFC 4180: a line `opening`, one `entry` each, and a line `closing`."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    rows.writerow(("opening", body.from_, "", "", "", "", body.opening))
    for each in body.entries:
        told = (each.booked_at, each.transaction_id, each.type, each.reference, each.amount)
        rows.writerow(("entry", *told, each.balance_after))
    rows.writerow(("closing", body.to, "", "", "", "", body.closing))
    return text.getvalue().encode()
