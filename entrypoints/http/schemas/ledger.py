"""Accounts, their statements, and the journal behind them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from application.ports.ledger import AccountView, PostedEntry, PostedTransaction
from application.ports.ledger_history import StatementLine, StatementRange
from domain.assets.catalog import Catalog
from domain.ledger.account import AccountStatus
from domain.ledger.chart import AccountCode
from domain.shared.ids import AccountId, IdPrefix, TransactionId, encode_id
from entrypoints.http.moments import AsOf, Instant, MomentPageQuery, past, until
from entrypoints.http.paging import PageQuery
from entrypoints.http.problems import invalid
from entrypoints.http.schemas.values import (
    AccountRef,
    AssetText,
    ClientText,
    CustomerRef,
    DecimalText,
    Timestamp,
    TransactionRef,
    decimal,
    timestamp,
)


class AccountsQuery(MomentPageQuery, frozen=True, kw_only=True):
    """Without `customer_id`, your own accounts: those that all your customers share."""

    customer_id: CustomerRef | None = None


class OwnAccountsQuery(MomentPageQuery, frozen=True, kw_only=True):
    """The accounts of the house."""


class EntriesQuery(PageQuery, frozen=True, kw_only=True):
    """`as_of` and `to` exclude each other."""

    as_of: AsOf | None = None
    from_: (
        Annotated[Instant, Meta(description="Booked then or later. Not in the future.")] | None
    ) = msgspec.field(name="from", default=None)
    to: Annotated[Instant, Meta(description="Booked before then. Not in the future.")] | None = None

    def range(self, now: datetime, *, before: TransactionId | None) -> StatementRange:
        """Raises `ApiError`."""
        if self.as_of is not None and self.to is not None:
            raise invalid("as_of and to exclude each other", parameter="to")
        ending = "as_of" if self.to is None else "to"
        begins = None if self.from_ is None else past(self.from_, now, parameter="from")
        booked_by = None if self.as_of is None else past(self.as_of, now, parameter="as_of")
        if self.to is not None:
            booked_by = until(past(self.to, now, parameter="to"), parameter="to")
        if begins is not None and booked_by is not None and booked_by < begins:
            raise invalid("this is before from", parameter=ending)
        return StatementRange(before=before, booked_from=begins, booked_by=booked_by)


class TransactionsQuery(PageQuery, frozen=True, kw_only=True):
    reference: Annotated[
        ClientText, Meta(description="The id of a business object: an order, a transfer, …")
    ]


class AccountBody(msgspec.Struct, frozen=True, kw_only=True):
    """`available` is what is posted less what is held for orders.

    `version` counts the entries. `customer_id` is null on your own accounts, such as your fees;
    `owner` then tells those of one code and asset apart, where there are several.
    With `as_of` or `effective_on`, `posted` is as it was then, also of an account that was opened
    later (nothing); `held` and `available` are null, because holds keep no history, and all else is
    as it is now. A moment that has just passed may still gain what is being booked.
    """

    id: AccountRef
    code: AccountCode
    customer_id: CustomerRef | None
    owner: str | None
    asset: AssetText
    status: AccountStatus
    posted: DecimalText
    held: DecimalText | None
    available: DecimalText | None
    created_at: Timestamp
    updated_at: Timestamp
    version: int


class EntryBody(msgspec.Struct, frozen=True, kw_only=True):
    """Credits are positive: on a customer's account, what comes in.

    `seq` numbers the entries of a customer's account without a gap, and `balance_after` is what was
    posted to the account with this entry. On accounts that customers share `seq` is null, and
    `balance_after` too where the entry is shown with its transaction; in the lists of such an
    account it is added up for you, and what has just passed may still gain what is being booked.
    """

    transaction_id: TransactionRef
    leg: int
    account_id: AccountRef
    asset: AssetText
    amount: DecimalText
    seq: int | None
    balance_after: DecimalText | None
    type: str
    reference: str
    booked_at: Timestamp


class TransactionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A journal transaction: its entries sum to nothing for each asset, and it never changes.

    `type` says what happened and `reference` to which object.
    """

    id: TransactionRef
    type: str
    reference: str
    effective_on: date
    reverses: TransactionRef | None
    entries: list[EntryBody]
    booked_at: Timestamp
    created_at: Timestamp
    updated_at: Timestamp
    version: int


def account_body(
    view: AccountView, catalog: Catalog, *, then: Mapping[AccountId, int] | None = None
) -> AccountBody:
    """`then` is what was posted at the moment that was asked for; None for the present."""
    account = view.account
    asset = catalog.asset(account.asset)
    return AccountBody(
        id=encode_id(IdPrefix.ACCOUNT, account.id),
        code=account.key.code,
        # The owner of a customer's account is the customer's id as text.
        customer_id=account.key.owner if account.key.code is AccountCode.CUSTOMER else None,
        owner=account.key.owner,
        asset=asset.code,
        status=account.status,
        posted=decimal(view.posted if then is None else then[account.id], asset),
        held=decimal(view.balance.held, asset) if then is None else None,
        available=decimal(view.available, asset) if then is None else None,
        created_at=timestamp(account.created_at),
        updated_at=timestamp(view.updated_at),
        version=view.balance.version,
    )


def line_body(line: StatementLine, catalog: Catalog) -> EntryBody:
    return entry_body(line.entry, catalog, after=line.balance_after)


def entry_body(entry: PostedEntry, catalog: Catalog, *, after: int | None = None) -> EntryBody:
    """`after` is the running balance, where the entry does not carry it itself."""
    asset = catalog.asset(entry.asset)
    after = entry.balance_after if after is None else after
    return EntryBody(
        transaction_id=encode_id(IdPrefix.TRANSACTION, entry.transaction_id),
        leg=entry.leg,
        account_id=encode_id(IdPrefix.ACCOUNT, entry.account_id),
        asset=asset.code,
        amount=decimal(entry.units, asset),
        seq=entry.account_seq,
        balance_after=None if after is None else decimal(after, asset),
        type=entry.template,
        reference=entry.reference,
        booked_at=timestamp(entry.booked_at),
    )


def transaction_body(posted: PostedTransaction, catalog: Catalog) -> TransactionBody:
    transaction = posted.transaction
    reverses = transaction.reverses
    booked_at = timestamp(posted.booked_at)
    return TransactionBody(
        id=encode_id(IdPrefix.TRANSACTION, transaction.id),
        type=transaction.template,
        reference=transaction.reference,
        effective_on=transaction.effective_on,
        reverses=None if reverses is None else encode_id(IdPrefix.TRANSACTION, reverses),
        entries=[entry_body(entry, catalog) for entry in posted.entries],
        booked_at=booked_at,
        created_at=booked_at,
        updated_at=booked_at,
        version=1,
    )
