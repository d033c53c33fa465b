"""Small books to test against: ids count from one, so that failures can be read."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from domain.ledger.account import Account, AccountKey, AccountStatus, open_account
from domain.ledger.balance import Balance
from domain.ledger.chart import AccountCode
from domain.ledger.entry import Entry, HoldCapture, JournalTransaction
from domain.ledger.hold import Hold, new_hold
from domain.ledger.state import LedgerState
from domain.shared.ids import AccountId, HoldId, TransactionId
from domain.shared.money import AssetCode

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TODAY = date(2026, 3, 2)
LATER = NOW + timedelta(minutes=5)
BTC = AssetCode("BTC")
USDT = AssetCode("USDT")


def account_id(number: int) -> AccountId:
    return AccountId(UUID(int=number))


def transaction_id(number: int) -> TransactionId:
    return TransactionId(UUID(int=1_000 + number))


def hold_id(number: int) -> HoldId:
    return HoldId(UUID(int=2_000 + number))


def an_account(
    number: int,
    code: AccountCode = AccountCode.CUSTOMER,
    asset: AssetCode = USDT,
    *,
    closed: bool = False,
) -> Account:
    owner = f"owner_{number}" if code in OWNED else None
    account = open_account(account_id(number), AccountKey(code, asset, owner), at=NOW)
    if not closed:
        return account
    return Account(
        id=account.id,
        key=account.key,
        type=account.type,
        floor_units=account.floor_units,
        status=AccountStatus.CLOSED,
        created_at=NOW,
    )


OWNED = {AccountCode.CUSTOMER, AccountCode.TENANT_CLEARING, AccountCode.LP_INVENTORY}


def a_transaction(
    number: int,
    *entries: tuple[int, int],
    asset: AssetCode = USDT,
    captures: Iterable[HoldCapture] = (),
) -> JournalTransaction:
    """`entries` are pairs of account number and units."""
    return JournalTransaction(
        id=transaction_id(number),
        template="test",
        reference="ref_1",
        effective_on=TODAY,
        entries=tuple(Entry(account_id(account), asset, units) for account, units in entries),
        captures=tuple(captures),
    )


def a_hold(
    number: int,
    account: int,
    units: int,
    *,
    asset: AssetCode = USDT,
    expires_at: datetime | None = None,
) -> Hold:
    return new_hold(
        hold_id(number),
        account_id(account),
        asset,
        units,
        reference="ord_1",
        created_at=NOW,
        expires_at=expires_at,
    )


def books_of(
    accounts: Iterable[Account],
    *,
    funds: dict[int, int] | None = None,
    holds: Iterable[Hold] = (),
) -> LedgerState:
    """`funds` are what credits brought in by account number; holds are set aside from it."""
    accounts, holds = tuple(accounts), tuple(holds)
    funds = funds or {}
    return LedgerState(
        accounts={account.id: account for account in accounts},
        balances={
            account.id: Balance(
                account.id,
                credits=funds.get(account.id.int, 0),
                held=sum(hold.remaining for hold in holds if hold.account_id == account.id),
                version=1 if account.id.int in funds else 0,
            )
            for account in accounts
            if account.strict
        },
        holds={hold.id: hold for hold in holds},
    )
