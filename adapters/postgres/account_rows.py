"""Rows of accounts as the values they stand for."""

from typing import Final

from adapters.postgres.connection import Row
from domain.ledger.account import Account, AccountKey, AccountStatus
from domain.ledger.chart import AccountCode, AccountType
from domain.shared.money import AssetCode

# Looked up, not called: thousands of rows a second are read in bulk posts.
CODES: Final = {code.value: code for code in AccountCode}
TYPES: Final = {each.value: each for each in AccountType}
STATUSES: Final = {status.value: status for status in AccountStatus}
COLUMNS = "id, owner, code, asset, type, floor_units, status, created_at"


def account_key(row: Row) -> AccountKey:
    return AccountKey(CODES[row["code"]], AssetCode(row["asset"]), row["owner"] or None)


def account_from(row: Row) -> Account:
    return Account(
        id=row["id"],
        key=account_key(row),
        type=TYPES[row["type"]],
        floor_units=row["floor_units"],
        status=STATUSES[row["status"]],
        created_at=row["created_at"],
    )
